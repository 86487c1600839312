//! What this service publishes on `shipping-events`: wire types, versioned by name.
//!
//! Invariant: of each shipment the sequence rises with every event; no address, no name and nothing else of a person in
//! any of them. A field is only ever added; anything else is a new version beside the old one (`events/*.json` are the
//! golden samples).

use chrono::{DateTime, Utc};
use serde::Serialize;
use service::ids::Ids;

use crate::shipment::{OrderId, Reason, Shipment, Status};
use crate::zone::StoreId;

/// The CloudEvents source of everything published here.
const SOURCE: &str = "/shipping";

/// The data of every event: where the shipment stands after the step.
#[derive(Serialize)]
struct ShipmentChanged {
    order_id: OrderId,
    store_id: StoreId,
    status: Status,
    version: i64,
    reason: Option<Reason>,
    #[serde(serialize_with = "optional_instant")]
    expected_at: Option<DateTime<Utc>>,
    #[serde(with = "service::clock::rfc3339")]
    occurred_at: DateTime<Utc>,
}

/// The event of this type about `shipment` as it stands, ready for the outbox.
pub fn of(shipment: &Shipment, kind: &str, ids: &Ids) -> Result<outbox::Event, serde_json::Error> {
    let data = ShipmentChanged {
        order_id: shipment.order_id,
        store_id: shipment.store_id,
        status: shipment.status,
        version: shipment.version,
        reason: shipment.reason,
        expected_at: shipment.expected_at,
        occurred_at: shipment.updated_at,
    };
    Ok(outbox::Event {
        id: ids.next(),
        source: SOURCE.to_owned(),
        kind: kind.to_owned(),
        subject: shipment.order_id.0.to_string(),
        sequence: shipment.version,
        time: shipment.updated_at,
        data: serde_json::to_value(data)?,
    })
}

/// Writes an instant as all others are written, or null.
pub fn optional_instant<S: serde::Serializer>(
    at: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => service::clock::rfc3339::serialize(at, serializer),
        None => serializer.serialize_none(),
    }
}
