//! Reservations: what is held for an order, and what may become of it. No IO.
//!
//! Invariant: `released` is final. Reserve, commit and release are judged by the status alone, so they may be repeated
//! and come in any order.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::idempotency::Fingerprint;
use uuid::Uuid;

use crate::stock::{ItemId, Kind, Portion, StoreId};

/// How long stock is held for an order that neither confirms nor releases it.
pub const HELD_FOR: TimeDelta = TimeDelta::minutes(15);

/// Identifies an order of the order service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, JsonSchema)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct OrderId(pub Uuid);

/// What has become of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schemars(rename = "ReservationStatus")]
pub enum Status {
    /// The stock waits for the order.
    Held,
    /// The stock is sold.
    Committed,
    /// The stock is available again, and the order can't have it any more.
    Released,
    /// The stock is available again because the order took too long.
    Expired,
}

/// What committing has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// What is held is sold.
    Sell,
    /// What is no longer held is taken once more, and sold.
    TakeAgain,
    /// It is sold already.
    Done,
    /// The order was released, so the confirmation is an older one.
    Fenced,
}

/// What releasing has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// What is held or sold goes back, by movements of this kind.
    GiveBack(Kind),
    /// Nothing is held any more: only the status changes.
    Close,
    /// It is released already.
    Done,
}

impl Status {
    /// What committing has to do from here.
    #[must_use]
    pub fn commit(self) -> Commit {
        match self {
            Self::Held => Commit::Sell,
            Self::Expired => Commit::TakeAgain,
            Self::Committed => Commit::Done,
            Self::Released => Commit::Fenced,
        }
    }

    /// What releasing has to do from here.
    #[must_use]
    pub fn release(self) -> Release {
        match self {
            Self::Held => Release::GiveBack(Kind::Release),
            Self::Committed => Release::GiveBack(Kind::Restock),
            Self::Expired => Release::Close,
            Self::Released => Release::Done,
        }
    }
}

/// What was asked for in the store of an order that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Where.
    pub store_id: StoreId,
    /// Of the command that asked for it.
    pub fingerprint: Fingerprint,
    /// Until when it is held.
    pub expires_at: DateTime<Utc>,
}

/// The reservation of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Whose.
    pub order_id: OrderId,
    /// Nothing for a tombstone: an order that was released before it ever reserved.
    pub claim: Option<Claim>,
    /// What has become of it.
    pub status: Status,
    /// What is, or was, held: items ascending. Empty when nothing of the order is stocked.
    pub portions: Vec<Portion>,
    /// The sequence of its last event.
    pub version: i64,
}

impl Reservation {
    /// A new one.
    #[must_use]
    pub fn hold(
        order_id: OrderId,
        store_id: StoreId,
        fingerprint: Fingerprint,
        portions: Vec<Portion>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            order_id,
            claim: Some(Claim {
                store_id,
                fingerprint,
                expires_at: now + HELD_FOR,
            }),
            status: Status::Held,
            portions,
            version: 1,
        }
    }

    /// One that keeps a late reserve from taking anything.
    #[must_use]
    pub fn tombstone(order_id: OrderId) -> Self {
        Self {
            order_id,
            claim: None,
            status: Status::Released,
            portions: Vec::new(),
            version: 0,
        }
    }

    /// The same one after its next event.
    #[must_use]
    pub fn turn(self, status: Status) -> Self {
        Self {
            status,
            version: self.version + 1,
            ..self
        }
    }

    /// The portions' items.
    pub fn items(&self) -> impl Iterator<Item = ItemId> + '_ {
        self.portions.iter().map(|portion| portion.item_id)
    }
}

/// A reservation as the service answers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Reservation")]
pub struct Summary {
    /// Whose.
    pub order_id: OrderId,
    /// What has become of it.
    pub status: Status,
    /// Until when it is held; nothing for what is not held.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "optional_instant"
    )]
    pub expires_at: Option<DateTime<Utc>>,
}

impl From<&Reservation> for Summary {
    fn from(reservation: &Reservation) -> Self {
        let held = reservation.status == Status::Held;
        let expires_at = reservation.claim.map(|claim| claim.expires_at);
        Self {
            order_id: reservation.order_id,
            status: reservation.status,
            expires_at: expires_at.filter(|_| held),
        }
    }
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn optional_instant<S: serde::Serializer>(
    at: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => service::clock::rfc3339::serialize(at, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_released() {
        assert_eq!(Status::Released.commit(), Commit::Fenced);
        assert_eq!(Status::Released.release(), Release::Done);
    }

    #[test]
    fn what_was_sold_comes_back_as_restocked() {
        assert_eq!(
            Status::Committed.release(),
            Release::GiveBack(Kind::Restock)
        );
        assert_eq!(Status::Held.release(), Release::GiveBack(Kind::Release));
        assert_eq!(Status::Expired.release(), Release::Close);
    }
}
