//! This service as a consumer of events, which come alone or in bulk, and can be redriven.
//!
//! Invariant: a redriven event goes the way that its delivery went.

use dapr_kit::CloudEvent;
use outbox::Consumer;
use serde_json::Value;
use service::clock::Clock;
use service::delivery::NotTaken;
use sqlx::{PgConnection, PgPool};

use crate::config::APP;
use crate::inbound::{IDENTITY, INVENTORY, OURS, PAYMENT, SHIPPING};
use crate::ops::{on_account, on_inventory, on_order, on_payment, on_shipping};
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
        match event.source.as_str() {
            OURS => on_order::handle(connection, event).await,
            PAYMENT => on_payment::handle(connection, event).await,
            INVENTORY => on_inventory::handle(connection, event).await,
            SHIPPING => on_shipping::handle(self, connection, event).await,
            IDENTITY => on_account::handle(self, connection, &event).await,
            other => Err(NotTaken::Unusable(format!(
                "nothing is expected from `{other}`"
            ))),
        }
    }

    fn taken(&self) {
        self.outbox.wake();
        self.checkouts.wake();
    }
}
