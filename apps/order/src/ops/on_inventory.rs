//! `POST /events/inventory`: what inventory did for an order goes into its timeline.
//!
//! Invariant: delivered twice or late, an event leaves what it leaves when delivered once and in time. So it needs no
//! inbox, which would keep a dropped timeline from being filled again.

use axum::extract::State;
use axum::http::StatusCode;
use dapr_kit::CloudEvent;
use serde_json::Value;
use service::delivery::not_taken;
use sqlx::PgConnection;

use crate::error::Error;
use crate::inbound::{self, EventError};
use crate::state::App;
use crate::store;

/// Answers 204.
pub async fn handler(
    State(app): State<App>,
    event: CloudEvent<Value>,
) -> Result<StatusCode, StatusCode> {
    let connection = app.db.acquire().await.map_err(Error::from);
    let mut connection = connection.map_err(not_taken)?;
    handle(&mut connection, event).await.map_err(not_taken)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds the event to the timeline of its order, if it is of a type that belongs there.
pub async fn handle(
    connection: &mut PgConnection,
    event: CloudEvent<Value>,
) -> Result<(), EventError> {
    if let Some(entry) = inbound::of_inventory(event)? {
        store::timeline::insert(connection, &entry).await?;
    }
    Ok(())
}
