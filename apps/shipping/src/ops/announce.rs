//! `PUT /v1/shipments/{order}`: an order is being placed that is to be delivered.
//!
//! Invariant: one order, one announcement; said again it finds the terms of the first time, whatever zones say by now.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::database;
use service::extract::{Json, Path};
use service::failpoint;
use service::idempotency::Fingerprint;
use service::money::Money;
use service::problem::Problem;
use sqlx::PgConnection;

use crate::address::{Address, Written};
use crate::error::Error;
use crate::ops::quote::terms;
use crate::shipment::{CustomerId, OrderId, Shipment, Status};
use crate::state::App;
use crate::store::{shipments, zones};
use crate::zone::StoreId;

/// The body.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Announce {
    store_id: StoreId,
    customer_id: CustomerId,
    address: Written,
    /// What the customer was shown.
    fee: Money,
}

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Announcement")]
pub struct Reply {
    order_id: OrderId,
    status: Status,
    /// The zone's name.
    zone: String,
    /// Tax included.
    fee: Money,
    /// In hundredths of a per cent.
    tax_rate_bp: i32,
    /// From the order to the door.
    minutes: i32,
}

/// What makes an announcement the same as another. The order is in it, so that equal addresses leave different
/// fingerprints.
#[derive(Serialize)]
struct Identity<'a> {
    order: OrderId,
    store: StoreId,
    customer: CustomerId,
    address: &'a Address,
    fee: Money,
}

/// Answers 201, or 200 when it was announced before; 409 `delivery-fee-changed` or
/// `shipment-exists`, 422 `address-invalid` or `address-out-of-reach`.
pub async fn handler(
    State(app): State<App>,
    Path(order): Path<OrderId>,
    Json(command): Json<Announce>,
) -> Result<(StatusCode, Answer<Reply>), Problem> {
    let (status, shipment) = announce(&app, order, &command).await?;
    let reply = Reply {
        order_id: shipment.order_id,
        status: shipment.status,
        zone: shipment.terms.zone,
        fee: shipment.terms.fee,
        tax_rate_bp: shipment.terms.tax_rate_bp,
        minutes: shipment.terms.minutes,
    };
    Ok((status, Answer(reply)))
}

async fn announce(
    app: &App,
    order: OrderId,
    command: &Announce,
) -> Result<(StatusCode, Shipment), Error> {
    let mut transaction = database::begin(&app.db).await?;
    let zones = zones::read(&mut transaction, command.store_id).await?;
    let zones = zones.ok_or(Error::OutOfReach)?;
    let address = command.address.read(zones.country);
    let address = address.map_err(Error::AddressInvalid)?;
    let fingerprint = Fingerprint::of(&Identity {
        order,
        store: command.store_id,
        customer: command.customer_id,
        address: &address,
        fee: command.fee,
    })?;
    if let Some(earlier) = again(&mut transaction, order, &fingerprint).await? {
        return Ok((StatusCode::OK, earlier));
    }
    let terms = terms(&zones, &address)?;
    if terms.fee != command.fee {
        return Err(Error::FeeChanged);
    }
    let shipment = Shipment::announce(
        order,
        command.store_id,
        command.customer_id,
        terms,
        address,
        app.clock.now(),
    );
    if !shipments::insert(&mut transaction, &shipment, &fingerprint).await? {
        // Another try of it has just committed.
        let earlier = again(&mut transaction, order, &fingerprint).await?;
        return Ok((StatusCode::OK, earlier.ok_or(sqlx::Error::RowNotFound)?));
    }
    failpoint::reach("shipping.announce.before_commit");
    transaction.commit().await?;
    failpoint::reach("shipping.announce.after_commit");
    Ok((StatusCode::CREATED, shipment))
}

/// What was announced for the order before, if it was announced alike.
async fn again(
    connection: &mut PgConnection,
    order: OrderId,
    fingerprint: &Fingerprint,
) -> Result<Option<Shipment>, Error> {
    let Some(earlier) = shipments::find(&mut *connection, order).await? else {
        return Ok(None);
    };
    let first = shipments::fingerprint(connection, order).await?;
    if first.as_deref() == Some(fingerprint.as_ref()) {
        Ok(Some(earlier))
    } else {
        Err(Error::ShipmentExists)
    }
}
