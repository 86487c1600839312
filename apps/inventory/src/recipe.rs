//! What everything is made of: recipes, what an order needs by them, and what can't be made with what is left. No IO.
//!
//! Invariant: what no recipe names is not stocked: it is never short and never sold out.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::stock::{ItemId, Portion};

/// The most pieces of one line.
const MOST_PIECES: i64 = 99;
/// The most lines of one order.
const MOST_LINES: usize = 50;
/// The most options of one line.
const MOST_OPTIONS: usize = 50;

/// All recipes: for one piece of a variation, and for one choice of an option.
#[derive(Clone, Debug, Default)]
pub struct RecipeBook {
    /// By variation.
    pub variations: HashMap<Uuid, Vec<Portion>>,
    /// By option.
    pub options: HashMap<Uuid, Vec<Portion>>,
}

/// How many pieces a line is for: 1 to 99.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "i64")]
#[schemars(extend("minimum" = 1, "maximum" = MOST_PIECES))]
pub struct Pieces(i64);

impl TryFrom<i64> for Pieces {
    type Error = String;

    fn try_from(pieces: i64) -> Result<Self, String> {
        if (1..=MOST_PIECES).contains(&pieces) {
            Ok(Self(pieces))
        } else {
            Err(format!("must be 1 to {MOST_PIECES}"))
        }
    }
}

/// Options chosen with a line, at most 50. One may be chosen twice: it is then needed twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<Uuid>")]
#[schemars(extend("maxItems" = MOST_OPTIONS))]
pub struct Chosen(Vec<Uuid>);

impl TryFrom<Vec<Uuid>> for Chosen {
    type Error = String;

    fn try_from(options: Vec<Uuid>) -> Result<Self, String> {
        if options.len() <= MOST_OPTIONS {
            Ok(Self(options))
        } else {
            Err(format!("must be at most {MOST_OPTIONS}"))
        }
    }
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// What of the catalog.
    pub variation_id: Uuid,
    /// How many.
    pub quantity: Pieces,
    /// What is chosen with it.
    #[serde(default)]
    pub option_ids: Chosen,
}

/// The lines of an order: 1 to 50.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<Line>")]
#[schemars(extend("minItems" = 1, "maxItems" = MOST_LINES))]
pub struct Lines(Vec<Line>);

impl TryFrom<Vec<Line>> for Lines {
    type Error = String;

    fn try_from(lines: Vec<Line>) -> Result<Self, String> {
        if (1..=MOST_LINES).contains(&lines.len()) {
            Ok(Self(lines))
        } else {
            Err(format!("must be 1 to {MOST_LINES}"))
        }
    }
}

impl Lines {
    /// A line by itself.
    #[must_use]
    pub fn one(line: Line) -> Self {
        Self(vec![line])
    }
}

/// What an order needs: of each line, the items that it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs(Vec<BTreeMap<ItemId, i64>>);

impl Needs {
    /// What all lines need together, items ascending.
    #[must_use]
    pub fn total(&self) -> Vec<Portion> {
        let mut total: BTreeMap<ItemId, i64> = BTreeMap::new();
        for (item, quantity) in self.0.iter().flatten() {
            *total.entry(*item).or_default() += quantity;
        }
        let portion = |(item_id, quantity)| Portion { item_id, quantity };
        total.into_iter().map(portion).collect()
    }

    /// The places of the lines that can't be made from what the lines before them leave of `available`.
    #[must_use]
    pub fn short(&self, mut available: HashMap<ItemId, i64>) -> Vec<usize> {
        let mut short = Vec::new();
        for (place, line) in self.0.iter().enumerate() {
            let left = |item| available.get(item).copied().unwrap_or_default();
            if line.iter().all(|(item, quantity)| left(item) >= *quantity) {
                for (item, quantity) in line {
                    *available.entry(*item).or_default() -= quantity;
                }
            } else {
                short.push(place);
            }
        }
        short
    }
}

/// What can't be made, ids ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SoldOut {
    /// Not even one piece of these.
    pub variations: Vec<Uuid>,
    /// Not even one choice of these.
    pub options: Vec<Uuid>,
}

impl RecipeBook {
    /// What these lines take. The bounds of lines, pieces, options and recipes keep every sum far from overflow.
    #[must_use]
    pub fn needs(&self, lines: &Lines) -> Needs {
        let of_line = |line: &Line| {
            let mut needs: BTreeMap<ItemId, i64> = BTreeMap::new();
            let options = line.option_ids.0.iter();
            let options = options.filter_map(|option| self.options.get(option));
            let variation = self.variations.get(&line.variation_id).into_iter();
            for portion in variation.chain(options).flatten() {
                *needs.entry(portion.item_id).or_default() += portion.quantity * line.quantity.0;
            }
            needs
        };
        Needs(lines.0.iter().map(of_line).collect())
    }

    /// What can't be made of what is `available`; an item that the store does not keep is not.
    #[must_use]
    pub fn sold_out(&self, available: &HashMap<ItemId, i64>) -> SoldOut {
        let missing = |recipes: &HashMap<Uuid, Vec<Portion>>| {
            let left = |item| available.get(&item).copied().unwrap_or_default();
            let lacking = |recipe: &[Portion]| {
                let mut portions = recipe.iter();
                portions.any(|portion| left(portion.item_id) < portion.quantity)
            };
            let mut ids: Vec<Uuid> = recipes
                .iter()
                .filter(|(_, recipe)| lacking(recipe))
                .map(|(id, _)| *id)
                .collect();
            ids.sort_unstable();
            ids
        };
        SoldOut {
            variations: missing(&self.variations),
            options: missing(&self.options),
        }
    }
}

#[cfg(test)]
mod tests;
