//! Stock: items, the levels that stores have of them, and the movements that change a level. No IO.
//!
//! Invariant: every counter of a level is the sum of what its movements do to it ([`Kind::effect`]), and every kind does
//! the same to both sides of the level's equation.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::reservation::OrderId;
use crate::returned::ReturnId;

macro_rules! id {
    ($name:ident, $of:literal) => {
        #[doc = concat!("Identifies ", $of, ".")]
        #[derive(
            Clone,
            Copy,
            Debug,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            Serialize,
            Deserialize,
            sqlx::Type,
            JsonSchema,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);
    };
}

id!(StoreId, "a store of the catalog");
id!(
    ItemId,
    "an item: an ingredient or something that is sold as it comes"
);

/// What an item is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Unit {
    /// Grams.
    G,
    /// Millilitres.
    Ml,
    /// Pieces.
    Piece,
}

/// Why a level changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, sqlx::Type, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Kind {
    /// What was there when the store began to count.
    Initial,
    /// A delivery.
    Receipt,
    /// Spilt, spoilt, broken.
    Waste,
    /// A count found more or, below zero, less than was known of.
    Adjustment,
    /// Held for an order.
    Reservation,
    /// No longer held.
    Release,
    /// What was held left with its order.
    Sale,
    /// What was sold came back, its order being cancelled before it was made, or returned after it was handed over.
    Restock,
}

/// What is added to each counter of a level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Supply at the beginning.
    pub initial: i64,
    /// Supply by deliveries.
    pub received: i64,
    /// Supply by sales that were cancelled or returned.
    pub restocked: i64,
    /// Supply found, or missed, in a count.
    pub adjusted: i64,
    /// Free to be promised.
    pub available: i64,
    /// Promised to orders.
    pub reserved: i64,
    /// Gone with orders, those cancelled or returned later included.
    pub sold: i64,
    /// Gone otherwise.
    pub wasted: i64,
}

impl Kind {
    /// What a movement of `quantity` does to its level.
    #[must_use]
    pub fn effect(self, quantity: i64) -> Effect {
        let none = Effect::default();
        let (q, gone) = (quantity, -quantity);
        match self {
            Self::Initial => Effect {
                initial: q,
                available: q,
                ..none
            },
            Self::Receipt => Effect {
                received: q,
                available: q,
                ..none
            },
            Self::Waste => Effect {
                available: gone,
                wasted: q,
                ..none
            },
            Self::Adjustment => Effect {
                adjusted: q,
                available: q,
                ..none
            },
            Self::Reservation => Effect {
                available: gone,
                reserved: q,
                ..none
            },
            Self::Release => Effect {
                reserved: gone,
                available: q,
                ..none
            },
            Self::Sale => Effect {
                reserved: gone,
                sold: q,
                ..none
            },
            Self::Restock => Effect {
                restocked: q,
                available: q,
                ..none
            },
        }
    }
}

impl AddAssign for Effect {
    fn add_assign(&mut self, other: Self) {
        self.initial += other.initial;
        self.received += other.received;
        self.restocked += other.restocked;
        self.adjusted += other.adjusted;
        self.available += other.available;
        self.reserved += other.reserved;
        self.sold += other.sold;
        self.wasted += other.wasted;
    }
}

/// So much of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Portion {
    /// Of what.
    pub item_id: ItemId,
    /// In the item's unit.
    pub quantity: i64,
}

/// One change of one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Its own id.
    pub id: Uuid,
    /// Of what.
    pub item_id: ItemId,
    /// Why.
    pub kind: Kind,
    /// In the item's unit; below zero only for an adjustment.
    pub quantity: i64,
    /// In somebody's words.
    pub reason: Option<String>,
}

/// Movements in one store that are made together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Where.
    pub store_id: StoreId,
    /// For which order, if for one.
    pub order_id: Option<OrderId>,
    /// For which return of it, if for one.
    pub return_id: Option<ReturnId>,
    /// A token's subject, or the app id of whose event it was.
    pub actor: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub movements: Vec<Movement>,
}

impl Posting {
    /// What all movements together do to each level, items ascending: the order in which levels are locked.
    #[must_use]
    pub fn effects(&self) -> BTreeMap<ItemId, Effect> {
        let mut effects: BTreeMap<ItemId, Effect> = BTreeMap::new();
        for movement in &self.movements {
            *effects.entry(movement.item_id).or_default() +=
                movement.kind.effect(movement.quantity);
        }
        effects
    }
}

/// What a store has of an item. Its JSON is what the service answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Level {
    /// Where.
    pub store_id: StoreId,
    /// What.
    pub item_id: ItemId,
    /// The item's name.
    pub name: String,
    /// What it is counted in.
    pub unit: Unit,
    /// Free to be promised.
    pub available: i64,
    /// Promised to orders.
    pub reserved: i64,
    /// `available` and `reserved`: what is really there.
    pub on_hand: i64,
    /// Supply at the beginning.
    pub initial: i64,
    /// Supply by deliveries.
    pub received: i64,
    /// Supply by sales that were cancelled or returned.
    pub restocked: i64,
    /// Supply found, or missed, in a count.
    pub adjusted: i64,
    /// Gone with orders, those cancelled or returned later included.
    pub sold: i64,
    /// Gone otherwise.
    pub wasted: i64,
    /// Below it the stock is low.
    pub threshold: i64,
    /// Whether it is.
    pub low: bool,
    /// Counts its changes.
    pub version: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 8] = [
        Kind::Initial,
        Kind::Receipt,
        Kind::Waste,
        Kind::Adjustment,
        Kind::Reservation,
        Kind::Release,
        Kind::Sale,
        Kind::Restock,
    ];

    #[test]
    fn every_kind_keeps_the_equation() {
        for kind in KINDS {
            for quantity in [1, 7, -3] {
                let it = kind.effect(quantity);
                assert_eq!(
                    it.available + it.reserved + it.sold + it.wasted,
                    it.initial + it.received + it.restocked + it.adjusted,
                    "{kind:?}"
                );
                assert_ne!(it, Effect::default(), "{kind:?} does nothing");
            }
        }
    }

    #[test]
    fn movements_of_one_item_add_up() {
        let item = ItemId(Uuid::from_u128(1));
        let movement = |kind, quantity| Movement {
            id: Uuid::nil(),
            item_id: item,
            kind,
            quantity,
            reason: None,
        };
        let posting = Posting {
            store_id: StoreId(Uuid::nil()),
            order_id: None,
            return_id: None,
            actor: "somebody".to_owned(),
            at: DateTime::UNIX_EPOCH,
            movements: vec![
                movement(Kind::Adjustment, 2),
                movement(Kind::Reservation, 5),
                movement(Kind::Sale, 5),
            ],
        };
        let effects = posting.effects();
        assert_eq!(effects.len(), 1);
        let expected = Effect {
            adjusted: 2,
            available: -3,
            sold: 5,
            ..Effect::default()
        };
        assert_eq!(effects[&item], expected);
    }
}
