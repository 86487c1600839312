//! This service as a consumer of events, whose dead letters can be redriven.
//!
//! Invariant: a redriven event goes the way that its delivery went.

use dapr_kit::CloudEvent;
use outbox::Consumer;
use serde_json::Value;
use service::clock::Clock;
use service::delivery::NotTaken;
use sqlx::{PgConnection, PgPool};

use crate::config::APP;
use crate::inbound::ORDER_COMPLETED;
use crate::ops::order_completed;
use crate::state::App;

impl Consumer for App {
    const APP: &'static str = APP;

    fn db(&self) -> &PgPool {
        &self.db
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }

    async fn take(
        &self,
        connection: &mut PgConnection,
        event: CloudEvent<Value>,
    ) -> Result<(), NotTaken> {
        if event.kind == ORDER_COMPLETED {
            order_completed::book(self, connection, &event).await?;
        }
        Ok(())
    }

    fn taken(&self) {
        self.outbox.wake();
    }
}
