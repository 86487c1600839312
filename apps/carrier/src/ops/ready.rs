//! `POST /v1/deliveries/{id}/ready`: it can be fetched.
//!
//! Invariant: said again, it changes nothing.

use axum::Json;
use axum::extract::{Path, State as Shared};

use crate::delivery::{Delivery, State};
use crate::error::Error;
use crate::journal::Fact;
use crate::state::App;

/// Answers 200 with the delivery; 409 `called_off`, 404 `no_delivery`.
pub async fn handler(
    Shared(app): Shared<App>,
    Path(id): Path<String>,
) -> Result<Json<Delivery>, Error> {
    let now = app.clock.now();
    let mut book = app.book();
    book.advance(now)?;
    let delivery = book.delivery(&id).ok_or(Error::NoDelivery)?;
    match delivery.state {
        State::Cancelled => return Err(Error::CalledOff),
        State::Accepted => book.enter(
            now,
            Fact::Moved {
                id: id.clone(),
                state: State::Ready,
            },
        )?,
        _ => {}
    }
    let delivery = book.delivery(&id).cloned();
    delivery.map(Json).ok_or(Error::NoDelivery)
}
