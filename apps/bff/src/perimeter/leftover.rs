//! What a client is still sending when its request has been answered.
//!
//! Invariant: it is taken before the answer goes out, within bounds. An HTTP/1.1 connection that is closed under a
//! sender is reset, and the sender may never read why (RFC 9112 §9.6).

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::EXPECT;
use axum::middleware::Next;
use axum::response::Response;
use futures::StreamExt as _;
use http_body::{Frame, SizeHint};

/// The most bytes of an unread body that are still taken: what a camera makes of a photograph, at least. Whoever sends one
/// that is too large is to read just that.
const MOST: usize = 16 * 1024 * 1024;
/// How long they are taken. Whoever is slower is cut off.
const DEADLINE: Duration = Duration::from_secs(2);

/// Where a body lies that was not read to its end.
type Place = Arc<Mutex<Option<Body>>>;

/// Takes the rest of a request that was answered before it had come whole.
pub async fn take(request: Request, next: Next) -> Response {
    // Who asks whether to send a body at all sends none to a refusal.
    if request.body().is_end_stream() || request.headers().contains_key(EXPECT) {
        return next.run(request).await;
    }
    let place = Place::default();
    let lent = |body| {
        let place = place.clone();
        Body::new(Lent { body, place })
    };
    let response = next.run(request.map(lent)).await;
    let rest = place.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(rest) = rest {
        // Too much or too slow: the answer goes out all the same.
        let _ = tokio::time::timeout(DEADLINE, drain(rest)).await;
    }
    response
}

async fn drain(body: Body) {
    let mut chunks = body.into_data_stream();
    let mut left = MOST;
    while left > 0
        && let Some(Ok(chunk)) = chunks.next().await
    {
        left = left.saturating_sub(chunk.len());
    }
}

/// A body that comes back when its reader drops it before its end.
struct Lent {
    body: Body,
    place: Place,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if !self.body.is_end_stream() {
            let rest = std::mem::take(&mut self.body);
            *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(rest);
        }
    }
}
