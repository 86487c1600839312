//! What this service publishes on `inventory-events`: wire types, versioned by name.
//!
//! Invariant: of each subject the sequence rises with every event; no personal data in any of them. A field is only ever
//! added; anything else is a new version beside the old one (`events/*.json` are the golden samples).

use chrono::{DateTime, Utc};
use serde::Serialize;
use service::ids::Ids;

use crate::recipe::SoldOut;
use crate::reservation::{OrderId, Reservation, Status};
use crate::stock::{ItemId, Level, Portion, StoreId, Unit};

/// The CloudEvents source of everything published here.
const SOURCE: &str = "/inventory";

#[derive(Serialize)]
struct ReservationChanged<'a> {
    order_id: OrderId,
    store_id: StoreId,
    lines: &'a [Portion],
    status: Status,
    #[serde(with = "service::clock::rfc3339")]
    occurred_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct LevelChanged<'a> {
    store_id: StoreId,
    item_id: ItemId,
    name: &'a str,
    unit: Unit,
    available: i64,
    reserved: i64,
    on_hand: i64,
    version: i64,
    #[serde(with = "service::clock::rfc3339")]
    occurred_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct LowStock<'a> {
    store_id: StoreId,
    item_id: ItemId,
    name: &'a str,
    unit: Unit,
    available: i64,
    threshold: i64,
    #[serde(with = "service::clock::rfc3339")]
    occurred_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct AvailabilityChanged<'a> {
    store_id: StoreId,
    sold_out: &'a SoldOut,
    version: i64,
    #[serde(with = "service::clock::rfc3339")]
    occurred_at: DateTime<Utc>,
}

type Result = std::result::Result<outbox::Event, serde_json::Error>;

/// What happened to a reservation: nothing is told of a tombstone, which never held anything.
#[must_use]
pub fn of_reservation(reservation: &Reservation, ids: &Ids, now: DateTime<Utc>) -> Option<Result> {
    let kind = match reservation.status {
        Status::Held => "inventory.reserved.v1",
        Status::Committed => "inventory.committed.v1",
        Status::Released | Status::Expired => "inventory.released.v1",
    };
    let claim = reservation.claim?;
    let data = ReservationChanged {
        order_id: reservation.order_id,
        store_id: claim.store_id,
        lines: &reservation.portions,
        status: reservation.status,
        occurred_at: now,
    };
    let subject = reservation.order_id.0.to_string();
    Some(event(kind, subject, reservation.version, &data, ids, now))
}

/// Where a level stands. Its subject is `<store>:<item>`.
pub fn level_changed(level: &Level, ids: &Ids, now: DateTime<Utc>) -> Result {
    let data = LevelChanged {
        store_id: level.store_id,
        item_id: level.item_id,
        name: &level.name,
        unit: level.unit,
        available: level.available,
        reserved: level.reserved,
        on_hand: level.on_hand,
        version: level.version,
        occurred_at: now,
    };
    let subject = format!("{}:{}", level.store_id.0, level.item_id.0);
    event(
        "inventory.level_changed.v1",
        subject,
        level.version,
        &data,
        ids,
        now,
    )
}

/// The `alert`th time that a level has fallen below its threshold. Its subject is `<store>:<item>:alert`.
pub fn low_stock(level: &Level, alert: i64, ids: &Ids, now: DateTime<Utc>) -> Result {
    let data = LowStock {
        store_id: level.store_id,
        item_id: level.item_id,
        name: &level.name,
        unit: level.unit,
        available: level.available,
        threshold: level.threshold,
        occurred_at: now,
    };
    let subject = format!("{}:{}:alert", level.store_id.0, level.item_id.0);
    event("inventory.low_stock.v1", subject, alert, &data, ids, now)
}

/// What can't be made in a store, from version `version` on.
pub fn availability_changed(
    store_id: StoreId,
    sold_out: &SoldOut,
    version: i64,
    ids: &Ids,
    now: DateTime<Utc>,
) -> Result {
    let data = AvailabilityChanged {
        store_id,
        sold_out,
        version,
        occurred_at: now,
    };
    event(
        "inventory.availability_changed.v1",
        store_id.0.to_string(),
        version,
        &data,
        ids,
        now,
    )
}

fn event(
    kind: &str,
    subject: String,
    sequence: i64,
    data: &impl Serialize,
    ids: &Ids,
    now: DateTime<Utc>,
) -> Result {
    Ok(outbox::Event {
        id: ids.next(),
        source: SOURCE.to_owned(),
        kind: kind.to_owned(),
        subject,
        sequence,
        time: now,
        data: serde_json::to_value(data)?,
    })
}
