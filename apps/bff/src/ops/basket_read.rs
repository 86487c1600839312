//! `GET /api/basket`: what this person, or this browser, means to order.
//!
//! Invariant: it answers 200 either way, with a tag if there is something to change. What a browser brought to a sign-in
//! and could not be poured then, is now.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use bff_api::Basket;

use super::shelved;
use crate::cookies;
use crate::error::Error;
use crate::shelf::{BasketId, Found, Holder};
use crate::state::App;

/// The handler.
pub async fn handle(State(app): State<App>, headers: HeaderMap) -> Result<Response, Error> {
    let holder = Holder::of(&app, &headers).await?;
    let mut poured = false;
    if let Holder::Person(person) = &holder
        && let Some(brought) = BasketId::of(&headers)
    {
        poured = app.shelf.pour(&brought, *person).await?;
    }
    let found = match holder.key() {
        Some(key) => app.shelf.read(&key).await?,
        None => Found::<Basket>::default(),
    };
    let mut answer = shelved::answer(&found);
    if poured {
        let headers = answer.headers_mut();
        headers.append(SET_COOKIE, cookies::clear_basket());
    }
    Ok(answer)
}
