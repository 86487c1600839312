//! What every request to the public listener meets first: an answer that is kept ready is given at once, all else goes on
//! to the routes.
//!
//! Invariant: a ready answer is given out after the same judgement as any other; nothing is spent on it that only others
//! need: no matching of routes, no clone of the application, no span, no log line.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use axum::extract::ConnectInfo;
use axum::http::{Method, Request};
use axum::response::Response;
use axum::routing::future::RouteFuture;
use axum::{BoxError, Router};
use futures::future::Either;
use tower::Service;

use super::origin::judge;
use crate::catalogue::Catalogue;
use crate::state::App;

/// The way in. Cheap to clone, which the server does for each request.
#[derive(Clone)]
pub struct Entrance {
    kept: Arc<Kept>,
    routes: Router,
    peer: Option<SocketAddr>,
}

struct Kept {
    catalogue: Catalogue,
    origin: Arc<str>,
}

impl Entrance {
    /// The way to these routes.
    #[must_use]
    pub fn to(routes: Router, app: &App) -> Self {
        Self {
            kept: Arc::new(Kept {
                catalogue: app.catalogue.clone(),
                origin: app.public.origin.clone(),
            }),
            routes,
            peer: None,
        }
    }

    /// The way in for one connection.
    #[must_use]
    pub fn of(&self, peer: SocketAddr) -> Self {
        Self {
            peer: Some(peer),
            ..self.clone()
        }
    }
}

impl Kept {
    fn answer<B>(&self, request: &Request<B>) -> Option<Response> {
        let path = request.uri().path().strip_prefix("/api")?;
        if request.method() != Method::GET || !path.starts_with("/stores") {
            return None;
        }
        judge(request.method(), request.headers(), &self.origin).ok()?;
        self.catalogue.ready(path, request.headers())
    }
}

impl<B> Service<Request<B>> for Entrance
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, RouteFuture<Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // The routes are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if let Some(answer) = self.kept.answer(&request) {
            return Either::Left(ready(Ok(answer)));
        }
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        Either::Right(self.routes.call(request))
    }
}
