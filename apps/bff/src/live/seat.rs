//! One open stream's place at the hub.
//!
//! Invariant: it is given back when dropped, however the stream ends.

use std::sync::Arc;

use bff_api::OrderChange;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};

use super::hub::{Hub, Subject};
use crate::session::SessionKey;

/// The most streams that one process serves.
pub const MOST_STREAMS: usize = 12_000;
/// The most streams of one session: more tabs than anybody has of one shop.
pub const MOST_PER_SESSION: usize = 16;

/// A place from which one subject is watched.
pub struct Seat {
    /// `None` only while being dropped.
    pub(super) changes: Option<broadcast::Receiver<Arc<OrderChange>>>,
    pub(super) missed: watch::Receiver<u64>,
    pub(super) ended: broadcast::Receiver<SessionKey>,
    pub(super) closing: watch::Receiver<bool>,
    pub(super) session: SessionKey,
    pub(super) subject: Subject,
    pub(super) hub: Hub,
    pub(super) _permit: OwnedSemaphorePermit,
}

/// What a seat hears.
pub(super) enum News {
    /// The subject changed.
    Change(Arc<OrderChange>),
    /// Something may have been missed: read a snapshot.
    Missed,
    /// The stream is over.
    End,
}

impl Seat {
    /// Waits for what comes next.
    pub(super) async fn news(&mut self) -> News {
        let Some(changes) = self.changes.as_mut() else {
            return News::End;
        };
        loop {
            return tokio::select! {
                biased;
                _ = self.closing.wait_for(|closing| *closing) => News::End,
                ended = self.ended.recv() => match ended {
                    Ok(ended) if ended == self.session => News::End,
                    Ok(_) => continue,
                    // Ours may have been among those that were missed: the snapshot asks for the session as well.
                    Err(RecvError::Lagged(_)) => News::Missed,
                    Err(RecvError::Closed) => News::End,
                },
                _ = self.missed.changed() => News::Missed,
                change = changes.recv() => match change {
                    Ok(change) => News::Change(change),
                    Err(RecvError::Lagged(_)) => News::Missed,
                    Err(RecvError::Closed) => News::End,
                },
            };
        }
    }

    /// Whose stream it is.
    pub(super) fn session(&self) -> &SessionKey {
        &self.session
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // First the receiver, so that the hub sees whether another is left.
        self.changes = None;
        self.hub.leave(self.subject, &self.session);
    }
}
