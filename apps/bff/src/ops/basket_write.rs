//! `PUT /api/basket`: the basket as it is from now on.
//!
//! Invariant: it replaces the version that its sender has seen and no other, and is kept for another thirty days.

use std::sync::{Arc, LazyLock};

use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use bff_api::Basket;
use service::problem::Problem;

use super::shelved;
use crate::contract::Contract;
use crate::error::Error;
use crate::shelf::{Basis, BasketId, Holder};
use crate::state::App;

static CONTRACT: LazyLock<Arc<Contract>> =
    LazyLock::new(|| Contract::of(&Method::PUT, "/api/basket"));

/// The handler.
pub async fn handle(State(app): State<App>, request: Request) -> Result<Response, Error> {
    let (head, body) = request.into_parts();
    let basis = Basis::of(&head.headers)?;
    let basket: Basket = shelved::body(&CONTRACT, &head, body).await?;
    distinct(&basket)?;
    let holder = match Holder::of(&app, &head.headers).await? {
        // There is nothing yet that could have been seen.
        Holder::Nobody if basis != Basis::Nothing => return Err(Error::Stale(None)),
        Holder::Nobody => Holder::Browser(BasketId::new(app.ids.random()?)),
        known => known,
    };
    let key = holder.key().ok_or(Error::NotFound)?;
    let written = app.shelf.write(&key, &basket, &basis).await?;
    let mut answer = shelved::answer(&written);
    if basis == Basis::Nothing {
        *answer.status_mut() = StatusCode::CREATED;
    }
    if let Holder::Browser(id) = &holder {
        answer.headers_mut().append(SET_COOKIE, id.cookie()?);
    }
    Ok(answer)
}

/// No choice may be there twice, whatever the order of its options: a schema can't say that.
fn distinct(basket: &Basket) -> Result<(), Error> {
    for (index, line) in basket.lines.iter().enumerate() {
        let before = basket.lines.iter().take(index);
        if before.into_iter().any(|other| other.is_same_choice(line)) {
            return Err(Error::Contract(
                Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid-body",
                    "The body has the wrong shape",
                )
                .field(
                    &format!("/lines/{index}"),
                    "the same choice is there already",
                ),
            ));
        }
    }
    Ok(())
}
