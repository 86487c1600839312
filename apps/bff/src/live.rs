//! Orders as they change, on their way to the browsers that watch them.
//!
//! Invariant: a stream begins with a snapshot of the order service and then carries only what is newer; whenever it may
//! have missed something, it carries a snapshot again.

mod hub;
mod order_stream;
mod resync;
mod seat;
mod ticket_stream;
mod watcher;

pub use hub::{Hub, Subject};
pub use order_stream::order_stream;
pub use resync::{look_again, watch_sidecar};
pub use seat::{MOST_PER_SESSION, MOST_STREAMS, Seat};
pub use ticket_stream::ticket_stream;

use std::time::Duration;

use axum::response::sse::KeepAlive;

/// Keeps a quiet stream open, and shows both ends that it is.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A comment every fifteen seconds.
pub fn heartbeat() -> KeepAlive {
    KeepAlive::new().interval(HEARTBEAT).text("")
}
