//! `POST /events/payment`: what payment did for an order goes into its timeline, what it gave back onto its receipt.
//!
//! Invariant: delivered twice or late, an event leaves what it leaves when delivered once and in time. So it needs no
//! inbox, which would keep a dropped timeline from being filled again.

use dapr_kit::CloudEvent;
use serde_json::Value;
use service::delivery::NotTaken;
use sqlx::PgConnection;

use crate::inbound;
use crate::store;

/// Adds the event to the timeline of its order, if it is of a type that belongs there, and what it tells of money that
/// went back to the order's refunds, in the caller's transaction.
pub async fn handle(
    connection: &mut PgConnection,
    event: CloudEvent<Value>,
) -> Result<(), NotTaken> {
    let Some(news) = inbound::of_payment(event)? else {
        return Ok(());
    };
    store::timeline::insert(connection, &news.entry).await?;
    if let Some(refund) = news.refund {
        store::refunds::insert(connection, &refund).await?;
    }
    Ok(())
}
