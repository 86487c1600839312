//! `GET /v1/shipments/{order}`: how far an order has come on its way, for whose it is and for the staff of its store.
//!
//! Invariant: shipment and tracking are of one snapshot.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use service::auth::Principal;
use service::database;
use service::extract::Path;
use service::money::Money;
use service::problem::Problem;

use crate::access::may_see;
use crate::address::Address;
use crate::error::Error;
use crate::events::optional_instant;
use crate::shipment::{OrderId, Reason, Status};
use crate::state::App;
use crate::store::tracking::Told;
use crate::store::{shipments, tracking};
use crate::zone::StoreId;

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Shipment")]
pub struct View {
    order_id: OrderId,
    store_id: StoreId,
    status: Status,
    /// The zone's name.
    zone: String,
    /// Tax included.
    fee: Money,
    /// From the order to the door.
    minutes: i32,
    /// Null once it is forgotten.
    address: Option<Address>,
    /// When it should be at the door; null while nobody drives, and after the end.
    #[serde(serialize_with = "optional_instant")]
    expected_at: Option<DateTime<Utc>>,
    /// Who drives.
    courier: Option<String>,
    /// What the carrier told, oldest first.
    tracking: Vec<Tracked>,
    /// Why it failed.
    reason: Option<Reason>,
}

/// One word of the carrier.
#[derive(Debug, Serialize, JsonSchema)]
struct Tracked {
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    at: DateTime<Utc>,
    status: Status,
    note: String,
}

impl From<Told> for Tracked {
    fn from(told: Told) -> Self {
        Self {
            at: told.at,
            status: told.status,
            note: told.note,
        }
    }
}

/// Answers 200 with the shipment, or 404 `shipment-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(order): Path<OrderId>,
) -> Result<Json<View>, Problem> {
    Ok(Json(read(&app, &principal, order).await?))
}

async fn read(app: &App, principal: &Principal, order: OrderId) -> Result<View, Error> {
    let mut snapshot = database::snapshot(&app.db).await?;
    let shipment = shipments::find(&mut snapshot, order)
        .await?
        .filter(|shipment| may_see(principal, shipment))
        .ok_or(Error::ShipmentNotFound)?;
    let told = tracking::of_order(&mut snapshot, order).await?;
    snapshot.commit().await?;
    Ok(View {
        order_id: shipment.order_id,
        store_id: shipment.store_id,
        status: shipment.status,
        zone: shipment.terms.zone,
        fee: shipment.terms.fee,
        minutes: shipment.terms.minutes,
        address: shipment.address,
        expected_at: shipment.expected_at,
        courier: shipment.courier,
        tracking: told.into_iter().map(Tracked::from).collect(),
        reason: shipment.reason,
    })
}
