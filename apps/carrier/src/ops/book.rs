//! `POST /v1/deliveries`: a shipper asks for a courier.
//!
//! Invariant: one key, one delivery; a key without a courier may be asked for again.

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use service::idempotency::Fingerprint;

use crate::book::Under;
use crate::conduct::Conduct;
use crate::delivery::{Delivery, State};
use crate::error::Error;
use crate::journal::Fact;
use crate::state::App;

/// Who drives, one after the other.
const COURIERS: [&str; 4] = ["Bruno", "Celia", "Dario", "Elif"];
const LONGEST: usize = 255;

/// What is asked for. It is shown to nobody and kept nowhere: it is whose door it is.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Booking {
    reference: String,
    collect_at: String,
    recipient: Recipient,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Recipient {
    name: String,
    street: String,
    extra: Option<String>,
    postcode: String,
    city: String,
    country: String,
    phone: Option<String>,
    note: Option<String>,
}

/// Answers 201 with the delivery, 200 when it was booked before; 409 `no_courier`, `key_reused` or `called_off`.
pub async fn handler(
    Shared(app): Shared<App>,
    headers: HeaderMap,
    booking: Result<Json<Booking>, JsonRejection>,
) -> Result<(StatusCode, Json<Delivery>), Error> {
    let key = key(&headers)?;
    let Json(booking) = booking.map_err(|_| Error::Invalid)?;
    let digest = Fingerprint::of(&booking).map_err(|_| Error::Invalid)?;
    let now = app.clock.now();
    let mut book = app.book();
    book.advance(now)?;
    match book.under(key) {
        Some(Under::Nothing) => return Err(Error::CalledOff),
        Some(Under::Delivery { digest: other, .. }) if other != digest.as_ref() => {
            return Err(Error::KeyReused);
        }
        Some(Under::Delivery { id, .. }) => {
            let delivery = book.delivery(id).cloned().ok_or(Error::NoDelivery)?;
            return match delivery.state {
                State::Cancelled => Err(Error::CalledOff),
                _ => Ok((StatusCode::OK, Json(delivery))),
            };
        }
        None => {}
    }
    let conduct = Conduct::at(&booking.recipient.postcode);
    let call = app.trouble.call("book", key);
    match conduct {
        Conduct::NobodyDrives => return Err(Error::NoCourier),
        Conduct::FoundLate if call <= 2 => return Err(Error::NoCourier),
        Conduct::FailsTwice if call <= 2 => return Err(Error::Broken),
        _ => {}
    }
    let id = app.ids.next();
    let delivery = Delivery {
        id: format!("dl_{}", id.simple()),
        reference: booking.reference,
        courier: COURIERS[usize::from(id.as_bytes()[15]) % COURIERS.len()].to_owned(),
        conduct,
        state: State::Accepted,
        at: now,
    };
    let fact = Fact::Booked {
        key: key.to_owned(),
        digest: digest.as_ref().to_vec(),
        delivery: delivery.clone(),
    };
    book.enter(now, fact)?;
    if conduct == Conduct::LosesAnswer {
        return Err(Error::Broken);
    }
    Ok((StatusCode::CREATED, Json(delivery)))
}

fn key(headers: &HeaderMap) -> Result<&str, Error> {
    let sent = headers.get("idempotency-key").ok_or(Error::Key)?;
    let key = sent.to_str().map_err(|_| Error::Key)?;
    let fits = (1..=LONGEST).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(key) } else { Err(Error::Key) }
}
