//! `GET /v1/stores/{store}/shipments`: what a store has under way, for its staff.
//!
//! Invariant: no address is in it: a board hangs where everybody passes. Who needs one opens the shipment.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use service::auth::Principal;
use service::extract::{Path, Query};
use service::money::Money;
use service::page::{Page, PageQuery};
use service::problem::Problem;
use uuid::Uuid;

use crate::access::staff_of;
use crate::error::Error;
use crate::events::optional_instant;
use crate::shipment::{OrderId, Reason, Shipment, Status};
use crate::state::App;
use crate::store::shipments;
use crate::zone::StoreId;

/// One of them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ShipmentUnderWay")]
pub struct Summary {
    order_id: OrderId,
    store_id: StoreId,
    status: Status,
    /// The zone's name.
    zone: String,
    /// Tax included.
    fee: Money,
    /// From the order to the door.
    minutes: i32,
    /// When it should be at the door; null while nobody drives.
    #[serde(serialize_with = "optional_instant")]
    expected_at: Option<DateTime<Utc>>,
    /// Who drives.
    courier: Option<String>,
    /// Why it failed.
    reason: Option<Reason>,
}

impl From<Shipment> for Summary {
    fn from(shipment: Shipment) -> Self {
        Self {
            order_id: shipment.order_id,
            store_id: shipment.store_id,
            status: shipment.status,
            zone: shipment.terms.zone,
            fee: shipment.terms.fee,
            minutes: shipment.terms.minutes,
            expected_at: shipment.expected_at,
            courier: shipment.courier,
            reason: shipment.reason,
        }
    }
}

/// Answers 200 with one page, oldest first, or 404 `store-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Summary>>, Problem> {
    let limit = page.limit()?;
    let after = page.cursor()?.map(|cursor| cursor.0);
    let found = under_way(&app, &principal, store, after, limit + 1).await?;
    Ok(Json(Page::cut(found, limit, |one| one.order_id.0)))
}

async fn under_way(
    app: &App,
    principal: &Principal,
    store: StoreId,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Summary>, Error> {
    staff_of(principal, store)?;
    let mut connection = app.db.acquire().await?;
    let orders = shipments::under_way(&mut connection, store, after, limit).await?;
    let found = shipments::read(&mut connection, &orders).await?;
    Ok(found.into_iter().map(Summary::from).collect())
}
