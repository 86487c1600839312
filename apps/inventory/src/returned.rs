//! Returns of goods that were sold: what comes back, and whether it can be sold again. No IO.
//!
//! Invariant: of no item comes back more than its order bought, over all of its returns.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::recipe::{Chosen, Line, Lines, Pieces, RecipeBook};
use crate::reservation::OrderId;
use crate::stock::{ItemId, Portion};

/// The most lines of one return: as many as an order has.
const MOST_LINES: usize = 50;

/// Identifies a return, by the order service's id of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, JsonSchema)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct ReturnId(pub Uuid);

/// What becomes of goods that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Goods {
    /// They are sold again.
    Restocked,
    /// They are thrown away.
    Wasted,
}

/// One line of a return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnedLine {
    /// What of the catalog.
    pub variation_id: Uuid,
    /// How many came back.
    pub quantity: Pieces,
    /// What was chosen with it.
    #[serde(default)]
    pub option_ids: Chosen,
    /// What becomes of them.
    pub goods: Goods,
}

/// The lines of a return: 1 to 50.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<ReturnedLine>")]
#[schemars(extend("minItems" = 1, "maxItems" = MOST_LINES))]
pub struct ReturnedLines(Vec<ReturnedLine>);

impl TryFrom<Vec<ReturnedLine>> for ReturnedLines {
    type Error = String;

    fn try_from(lines: Vec<ReturnedLine>) -> Result<Self, String> {
        if (1..=MOST_LINES).contains(&lines.len()) {
            Ok(Self(lines))
        } else {
            Err(format!("must be 1 to {MOST_LINES}"))
        }
    }
}

/// So much of an item came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Back {
    /// Of what.
    pub item_id: ItemId,
    /// In all.
    pub quantity: i64,
    /// Of that, thrown away.
    pub wasted: i64,
}

impl ReturnedLines {
    /// What these lines bring back, items ascending.
    #[must_use]
    pub fn back(&self, recipes: &RecipeBook) -> Vec<Back> {
        let mut all: BTreeMap<ItemId, (i64, i64)> = BTreeMap::new();
        for line in &self.0 {
            let pieces = Line {
                variation_id: line.variation_id,
                quantity: line.quantity,
                option_ids: line.option_ids.clone(),
            };
            for portion in recipes.needs(&Lines::one(pieces)).total() {
                let (quantity, wasted) = all.entry(portion.item_id).or_default();
                *quantity += portion.quantity;
                if line.goods == Goods::Wasted {
                    *wasted += portion.quantity;
                }
            }
        }
        let back = |(item_id, (quantity, wasted))| Back {
            item_id,
            quantity,
            wasted,
        };
        all.into_iter().map(back).collect()
    }
}

/// Whether an order that bought `sold` and of which `before` came back can bring `back` too.
#[must_use]
pub fn is_covered(sold: &[Portion], before: &[Portion], back: &[Back]) -> bool {
    let of = |portions: &[Portion], item: ItemId| -> i64 {
        let same = portions.iter().filter(|portion| portion.item_id == item);
        same.map(|portion| portion.quantity).sum()
    };
    back.iter().all(|it| {
        let left = of(sold, it.item_id) - of(before, it.item_id);
        it.quantity <= left
    })
}

/// A return as the service answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Returned")]
pub struct Summary {
    /// Which.
    pub return_id: ReturnId,
    /// Of which order.
    pub order_id: OrderId,
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const BEANS: ItemId = ItemId(Uuid::from_u128(1));
    const BUN: ItemId = ItemId(Uuid::from_u128(2));
    const COFFEE: Uuid = Uuid::from_u128(11);
    const CAKE: Uuid = Uuid::from_u128(12);

    fn book() -> RecipeBook {
        let portion = |item_id, quantity| Portion { item_id, quantity };
        RecipeBook {
            variations: HashMap::from([
                (COFFEE, vec![portion(BEANS, 18)]),
                (CAKE, vec![portion(BUN, 1)]),
            ]),
            options: HashMap::new(),
        }
    }

    fn line(variation_id: Uuid, quantity: i64, goods: Goods) -> ReturnedLine {
        ReturnedLine {
            variation_id,
            quantity: Pieces::try_from(quantity).expect("a few"),
            option_ids: Chosen::default(),
            goods,
        }
    }

    #[test]
    fn what_is_thrown_away_came_back_too() {
        let lines = ReturnedLines(vec![
            line(CAKE, 1, Goods::Restocked),
            line(COFFEE, 2, Goods::Wasted),
            line(CAKE, 2, Goods::Wasted),
        ]);
        let back = |item_id, quantity, wasted| Back {
            item_id,
            quantity,
            wasted,
        };
        assert_eq!(lines.back(&book()), [back(BEANS, 36, 36), back(BUN, 3, 2)]);
    }

    proptest! {
        #[test]
        fn no_sequence_of_returns_brings_back_more_than_was_bought(
            bought in 0..9i64,
            returns in prop::collection::vec((1..5i64, any::<bool>()), 0..9),
        ) {
            let sold = [Portion { item_id: BUN, quantity: bought }];
            let mut before = Vec::new();
            for (quantity, wasted) in returns {
                let goods = if wasted { Goods::Wasted } else { Goods::Restocked };
                let back = ReturnedLines(vec![line(CAKE, quantity, goods)]).back(&book());
                if is_covered(&sold, &before, &back) {
                    before.extend(back.iter().map(|it| Portion { item_id: it.item_id, quantity: it.quantity }));
                }
            }
            let all: i64 = before.iter().map(|portion| portion.quantity).sum();
            prop_assert!(all <= bought);
        }
    }
}
