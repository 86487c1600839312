//! `PUT /v1/cancellations/{key}`: nothing is to be delivered under a key any more, whatever stands under it or may still
//! come.
//!
//! Invariant: afterwards no courier comes for the key, even if a booking under it is still on its way to us; unless the
//! goods have left already.

use axum::Json;
use axum::extract::{Path, State as Shared};
use serde_json::{Value, json};

use crate::book::Under;
use crate::conduct::Conduct;
use crate::delivery::State;
use crate::error::Error;
use crate::journal::Fact;
use crate::state::App;

/// Answers 200, also when it was done before; 409 `collected` when it is too late.
pub async fn handler(
    Shared(app): Shared<App>,
    Path(key): Path<String>,
) -> Result<Json<Value>, Error> {
    let now = app.clock.now();
    let mut book = app.book();
    book.advance(now)?;
    let done = Json(json!({ "state": State::Cancelled }));
    if let Some(under) = book.under(&key) {
        let Under::Delivery { id, .. } = under else {
            return Ok(done);
        };
        let delivery = book.delivery(id).ok_or(Error::NoDelivery)?;
        match delivery.state {
            State::Cancelled => return Ok(done),
            state if state.has_left() => return Err(Error::Collected),
            _ => {}
        }
        if delivery.conduct == Conduct::KeptTwice && app.trouble.call("call_off", &key) <= 2 {
            return Err(Error::Broken);
        }
    }
    book.enter(now, Fact::CalledOff { key })?;
    Ok(done)
}
