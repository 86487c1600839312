//! How long we make others wait: by the machine's timer, or by a test's hand.
//!
//! Invariant: a pace of the hand never waits for time to pass, so no test depends on it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wait {
    /// A slow call.
    Slow,
    /// A call that hangs.
    Hang,
    /// An authorisation that is carried out late.
    Late,
    /// The next try of a webhook.
    Retry,
    /// A webhook that lets others pass.
    HeldBack,
}

#[derive(Debug, Default)]
struct Gates {
    reached: HashSet<Wait>,
    open: HashSet<Wait>,
}

/// A source of delays. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Pace(Option<Arc<watch::Sender<Gates>>>);

impl Pace {
    /// The machine's timer.
    #[must_use]
    pub fn real() -> Self {
        Self(None)
    }

    /// Every wait ends when [`Self::open`] says so, and not before.
    #[must_use]
    pub fn by_hand() -> Self {
        Self(Some(Arc::new(watch::Sender::default())))
    }

    /// Waits.
    pub async fn wait(&self, wait: Wait, time: Duration) {
        let Some(gates) = &self.0 else {
            return tokio::time::sleep(time).await;
        };
        gates.send_modify(|gates| {
            gates.reached.insert(wait);
        });
        Self::until(gates, |gates| gates.open.contains(&wait)).await;
    }

    /// Ends these waits, those to come too. Does nothing to the machine's timer.
    pub fn open(&self, wait: Wait) {
        if let Some(gates) = &self.0 {
            gates.send_modify(|gates| {
                gates.open.insert(wait);
            });
        }
    }

    /// Returns when somebody waits, or has waited, by hand.
    pub async fn reached(&self, wait: Wait) {
        if let Some(gates) = &self.0 {
            Self::until(gates, |gates| gates.reached.contains(&wait)).await;
        }
    }

    async fn until(gates: &watch::Sender<Gates>, condition: impl FnMut(&Gates) -> bool) {
        // The sender is held by whoever calls, so this can't fail.
        let _ = gates.subscribe().wait_for(condition).await;
    }
}
