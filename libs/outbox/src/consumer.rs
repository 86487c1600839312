//! A service as a consumer of events.
//!
//! Invariant: an event takes one way, whether it is delivered alone, in bulk, or redriven by an operator.

use dapr_kit::CloudEvent;
use serde_json::Value;
use service::clock::Clock;
use service::delivery::NotTaken;
use sqlx::{PgConnection, PgPool};

/// A service that consumes events.
pub trait Consumer: Clone + Send + Sync + 'static {
    /// Its app-id, which the names of its dead-letter topics contain.
    const APP: &'static str;

    /// Its database.
    fn db(&self) -> &PgPool;

    /// The time.
    fn clock(&self) -> &Clock;

    /// Does in the caller's transaction what the event asks for, as its delivery would, once.
    fn take(
        &self,
        connection: &mut PgConnection,
        event: CloudEvent<Value>,
    ) -> impl Future<Output = Result<(), NotTaken>> + Send;

    /// What is to be done after the commit of what was taken.
    fn taken(&self);
}
