//! The way from an operation to the runner of its process, and back to those who wait for an order.
//!
//! Invariant: whatever goes this way is stored already. What gets lost on it costs time, never an order: its lease ends,
//! and a runner finds it in the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, mpsc, watch};
use uuid::Uuid;

use crate::checkout::Saga;
use crate::order::Order;
use crate::store::checkouts::Hold;

/// A saga under a hold of this process.
pub struct Held {
    /// The hold.
    pub hold: Hold,
    /// Its order.
    pub order: Order,
    /// Where it stands.
    pub saga: Saga,
    /// The card's token, while it is needed.
    pub card_token: Option<String>,
    /// When the hold began, or was renewed.
    pub since: Instant,
    /// What it belongs to.
    pub span: tracing::Span,
}

/// The way to the runner of this process. Cheap to clone.
#[derive(Clone)]
pub struct Checkouts {
    owner: Uuid,
    held: mpsc::UnboundedSender<Held>,
    wake: Arc<Notify>,
    watched: Watched,
}

impl Checkouts {
    /// The way to the runner of the process `owner`, and what the runner needs of it.
    #[must_use]
    pub fn new(owner: Uuid) -> (Self, mpsc::UnboundedReceiver<Held>) {
        let (held, inbox) = mpsc::unbounded_channel();
        let checkouts = Self {
            owner,
            held,
            wake: Arc::default(),
            watched: Watched::default(),
        };
        (checkouts, inbox)
    }

    /// Who holds the sagas of this process.
    #[must_use]
    pub fn owner(&self) -> Uuid {
        self.owner
    }

    /// Gives the runner a saga that was stored with a hold on it. Call it after the commit. Without a runner it waits
    /// for the end of its lease, no longer.
    pub fn hand_over(&self, held: Held) {
        // A closed channel means that the runner has ended: another process goes on.
        let _ = self.held.send(held);
    }

    /// Says that a saga has become due. Call it after the commit.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Returns when a saga has become due.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Tells those who watch an order what has become of it.
    pub(super) fn tell(&self, order: Order) {
        let watchers = self.watched.lock().remove(&order.id.0);
        if let Some(watchers) = watchers {
            watchers.send_replace(Some(Arc::new(order)));
        }
    }

    /// Watches for the end of an order's checkout in this process.
    #[must_use]
    pub fn watch(&self, order: Uuid) -> Watch {
        let mut all = self.watched.lock();
        let receiver = all
            .entry(order)
            .or_insert_with(|| watch::Sender::new(None))
            .subscribe();
        Watch {
            order,
            receiver,
            watched: self.watched.clone(),
        }
    }
}

type Watchers = HashMap<Uuid, watch::Sender<Option<Arc<Order>>>>;

#[derive(Clone, Default)]
struct Watched(Arc<Mutex<Watchers>>);

impl Watched {
    fn lock(&self) -> MutexGuard<'_, Watchers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits for the end of a checkout.
pub struct Watch {
    order: Uuid,
    receiver: watch::Receiver<Option<Arc<Order>>>,
    watched: Watched,
}

impl Watch {
    /// The order, once its checkout has ended here or a person has to see to it. What another process drives is never
    /// seen by this.
    pub async fn settled(&mut self) -> Arc<Order> {
        loop {
            if let Some(order) = &*self.receiver.borrow_and_update() {
                return Arc::clone(order);
            }
            if self.receiver.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut all = self.watched.lock();
        if all
            .get(&self.order)
            .is_some_and(|sender| sender.receiver_count() <= 1)
        {
            all.remove(&self.order);
        }
    }
}
