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
use crate::inbound::{self, IDENTITY, ORDER};
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
            ORDER | IDENTITY => inbound::take(self, connection, &event).await,
            other => Err(NotTaken::Unusable(format!(
                "nothing is expected from `{other}`"
            ))),
        }
    }

    fn taken(&self) {
        self.outbox.wake();
        self.undone.notify_one();
    }
}
