//! What scripts of other sites may read here (CORS): the endpoints that clients in a browser need, for the origins of
//! registered clients.
//!
//! Invariant: no answer is shared together with a cookie (`Access-Control-Allow-Credentials` is never sent), and no
//! origin is named that no registered client is sent back to.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ORIGIN, VARY, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderValue};

use crate::paths::{DISCOVERY, JWKS, METADATA, TOKEN, USERINFO};
use crate::state::App;
use crate::store;

/// The endpoints.
const SHARED: [&str; 5] = [DISCOVERY, METADATA, JWKS, TOKEN, USERINFO];
/// No origin is longer.
const LONGEST: usize = 300;

/// The layer around all routes: says on an answer whether the script that asked may read it.
pub async fn share(State(app): State<App>, request: Request, next: Next) -> Response {
    if !SHARED.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let origin = other_origin(request.headers(), app.issuer().origin());
    let mut response = next.run(request).await;
    // Kept by somebody on the way, an answer must not be given to another origin.
    response
        .headers_mut()
        .append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin
        && is_registered(&app, &origin).await
    {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, WWW_AUTHENTICATE.into());
    }
    response
}

/// The origin of the page that asks, if it is another site's.
fn other_origin(headers: &HeaderMap, ours: &str) -> Option<HeaderValue> {
    let mut sent = headers.get_all(ORIGIN).iter();
    let (Some(origin), None) = (sent.next(), sent.next()) else {
        return None;
    };
    let text = origin.to_str().ok()?;
    let fits = text != ours && text.len() <= LONGEST && text.contains("://");
    fits.then(|| origin.clone())
}

/// Without a database nobody is: the answer itself does not suffer.
async fn is_registered(app: &App, origin: &HeaderValue) -> bool {
    let known = async {
        let origin = origin.to_str().unwrap_or_default();
        store::clients::has_origin(&mut *app.db.acquire().await?, origin).await
    };
    known.await.unwrap_or_else(|error: sqlx::Error| {
        tracing::warn!(%error, "whose origin it is can't be said now");
        false
    })
}
