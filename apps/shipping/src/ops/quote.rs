//! `POST /v1/quotes`: whether an address is reached from a store, for what fee, and how soon.
//!
//! Invariant: nothing of it is kept.

use axum::Json as Answer;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::extract::Json;
use service::money::Money;
use service::problem::Problem;

use crate::address::{Address, Written};
use crate::error::Error;
use crate::shipment::Terms;
use crate::state::App;
use crate::store::zones;
use crate::zone::{StoreId, Zones};

/// The body.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    store_id: StoreId,
    address: Written,
}

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DeliveryQuote")]
pub struct Reply {
    /// As it was understood.
    address: Address,
    /// The zone's name.
    zone: String,
    /// Tax included.
    fee: Money,
    /// In hundredths of a per cent.
    tax_rate_bp: i32,
    /// From the order to the door.
    minutes: i32,
}

/// Answers 200; 422 `address-invalid` or `address-out-of-reach`.
pub async fn handler(
    State(app): State<App>,
    Json(request): Json<Request>,
) -> Result<Answer<Reply>, Problem> {
    let mut connection = app.db.acquire().await.map_err(Error::from)?;
    let zones = zones::read(&mut connection, request.store_id).await;
    let zones = zones.map_err(Error::from)?.ok_or(Error::OutOfReach)?;
    let address = request.address.read(zones.country);
    let address = address.map_err(Error::AddressInvalid)?;
    let terms = terms(&zones, &address)?;
    Ok(Answer(Reply {
        address,
        zone: terms.zone,
        fee: terms.fee,
        tax_rate_bp: terms.tax_rate_bp,
        minutes: terms.minutes,
    }))
}

/// On what terms an address is driven to.
pub fn terms(zones: &Zones, address: &Address) -> Result<Terms, Error> {
    let zone = zones.of(address).ok_or(Error::OutOfReach)?;
    Ok(Terms {
        zone: zone.name.clone(),
        fee: zone.fee,
        tax_rate_bp: zone.tax_rate_bp,
        minutes: zone.minutes,
    })
}
