//! The transactional outbox: events are stored in the transaction of their cause and published after it.
//!
//! Invariant: an event exists if and only if its transaction committed, and it is deleted only after the sidecar
//! took it. So every event is published at least once; consumers deduplicate by (`source`, `id`) and by `sequence`.
//!
//! The other side is here too: [`admit`] takes an event in the transaction of its effect, once, [`bulk`] takes deliveries
//! of many, and [`dead`] keeps what was given up.
//!
//! Published rows are deleted rather than marked: the topic is the record of what was published, and a table that
//! holds only what is pending keeps the relay's cost independent of history. Lives in schemas of its own, `outbox` and
//! `inbox`, with its own [`MIGRATOR`]; event types are the service's business.

pub mod bulk;
mod consumer;
pub mod dead;
mod event;
mod inbox;
mod relay;

use std::borrow::Cow;

use sqlx::migrate::Migrator;

pub use consumer::Consumer;
pub use event::{Event, append};
pub use inbox::{Admission, Incoming, admit};
pub use relay::{Relay, Waker};

/// Creates and upgrades the schemas `outbox` and `inbox`. Run it beside the service's own migrator.
pub static MIGRATOR: Migrator = Migrator {
    table_name: Cow::Borrowed("outbox._sqlx_migrations"),
    create_schemas: Cow::Borrowed(&[Cow::Borrowed("outbox")]),
    ..sqlx::migrate!("./migrations")
};
