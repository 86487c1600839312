//! `POST /events/order`: what we told of our own orders, heard by ourselves: it goes into the documents and the sales.
//!
//! Invariant: delivered twice or late, an event leaves what it leaves when delivered once and in time. So it needs no
//! inbox, which would keep what was dropped from being filled again.

use dapr_kit::CloudEvent;
use serde_json::Value;
use service::delivery::NotTaken;
use sqlx::PgConnection;

use crate::inbound;
use crate::store;

/// Keeps the event, and what it tells of what was sold.
pub async fn handle(
    connection: &mut PgConnection,
    event: CloudEvent<Value>,
) -> Result<(), NotTaken> {
    if let Some(told) = inbound::of_order(event)? {
        store::sales::take(connection, &told).await?;
    }
    Ok(())
}
