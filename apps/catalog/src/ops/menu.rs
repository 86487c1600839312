//! `GET /v1/stores/{store}/menu`: what a store sells.
//!
//! Invariant: the answer comes from memory; see [`crate::menus`] for how old it may be. Whoever asks anew
//! (`Cache-Control: no-cache`), as a cache does that has heard of a change, gets it as it is now.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CACHE_CONTROL;
use axum::response::Response;
use service::extract::Path;
use service::problem::Problem;

use crate::menu::StoreId;
use crate::state::App;

/// Answers the menu, or 304.
pub async fn handler(
    State(app): State<App>,
    Path(store): Path<StoreId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = if asks_anew(&headers) {
        app.menus.current(store).await?
    } else {
        app.menus.recent(store).await?
    };
    Ok(snapshot.rendered.respond(&headers))
}

fn asks_anew(headers: &HeaderMap) -> bool {
    let said = headers.get_all(CACHE_CONTROL).iter();
    said.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|word| word.trim().eq_ignore_ascii_case("no-cache"))
}
