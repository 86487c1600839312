//! `POST /events/inventory`: what inventory did for an order goes into its timeline.
//!
//! Invariant: delivered twice or late, an event leaves what it leaves when delivered once and in time. So it needs no
//! inbox, which would keep a dropped timeline from being filled again.

use dapr_kit::CloudEvent;
use serde_json::Value;
use service::delivery::NotTaken;
use sqlx::PgConnection;

use crate::inbound;
use crate::store;

/// Adds the event to the timeline of its order, if it is of a type that belongs there.
pub async fn handle(
    connection: &mut PgConnection,
    event: CloudEvent<Value>,
) -> Result<(), NotTaken> {
    if let Some(entry) = inbound::of_inventory(event)? {
        store::timeline::insert(connection, &entry).await?;
    }
    Ok(())
}
