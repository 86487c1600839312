//! What a person means to order and likes to order, as the server keeps it; and the one rule by which two copies of a
//! basket become one.
//!
//! Invariant: a basket that was made by [`Basket::merged`] is of one store, has no choice twice, and stays within its
//! bounds, whatever it was made of.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::PlaceLine;

/// The most different choices in a basket, which is the most that the catalog takes in one order.
pub const MOST_LINES: usize = 50;
/// The most of one choice.
pub const MOST_OF_ONE: u32 = 99;
/// The most options of one choice.
pub const MOST_OPTIONS: usize = 50;
/// The most favourites of one person.
pub const MOST_FAVOURITES: usize = 50;
/// The longest name of a favourite, in characters.
pub const LONGEST_NAME: usize = 60;

/// What is to be ordered (`/api/basket`). Without names and prices: those are the menu's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basket {
    /// Where; `None` while it is empty.
    pub store_id: Option<Uuid>,
    /// What; at least one line when it is written.
    pub lines: Vec<PlaceLine>,
}

/// All favourites of a person (`/api/favourites`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Favourites {
    /// In the person's own order.
    pub items: Vec<Favourite>,
}

/// A choice that has a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Favourite {
    /// The person's word for it.
    pub name: String,
    /// On whose menu it was chosen.
    pub store_id: Uuid,
    /// From that menu.
    pub variation_id: Uuid,
    /// Every chosen option, defaults included.
    pub option_ids: Vec<Uuid>,
}

impl PlaceLine {
    /// Whether two lines are the same choice, in whatever order the options were named.
    #[must_use]
    pub fn is_same_choice(&self, other: &PlaceLine) -> bool {
        let sorted = |line: &PlaceLine| {
            let mut options = line.option_ids.clone();
            options.sort_unstable();
            options
        };
        self.variation_id == other.variation_id && sorted(self) == sorted(other)
    }
}

impl Basket {
    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Where it is to be ordered; `None` while it is empty.
    #[must_use]
    pub fn store(&self) -> Option<Uuid> {
        self.store_id.filter(|_| !self.is_empty())
    }

    /// How many there are of a choice.
    #[must_use]
    pub fn count_of(&self, choice: &PlaceLine) -> u32 {
        let same = self.lines.iter().filter(|line| line.is_same_choice(choice));
        same.fold(0, |sum, line| sum.saturating_add(line.quantity))
    }

    /// What is kept when `ours`, which was made of `base`, meets `theirs`, which was made of it too: what we changed is
    /// done to theirs. Of a choice that nobody knew before, the quantities add up. Of two stores ours wins, which is
    /// newer.
    #[must_use]
    pub fn merged(base: &Basket, theirs: &Basket, ours: &Basket) -> Basket {
        let elsewhere = |one: &Basket, other: &Basket| {
            let stores = (one.store(), other.store());
            matches!(stores, (Some(one), Some(other)) if one != other)
        };
        if elsewhere(theirs, ours) {
            return Basket::of(ours.store(), &ours.lines);
        }
        let nothing = Basket::default();
        // What was known of another store's basket says nothing about this one.
        let known = elsewhere(base, theirs) || elsewhere(base, ours);
        let base = if known { &nothing } else { base };
        let wanted = theirs.lines.iter().chain(&ours.lines).map(|line| {
            let grown = theirs.count_of(line).saturating_add(ours.count_of(line));
            PlaceLine {
                quantity: grown.saturating_sub(base.count_of(line)),
                ..line.clone()
            }
        });
        Basket::of(theirs.store().or(ours.store()), &wanted.collect::<Vec<_>>())
    }

    /// These lines within the bounds; of a choice that is named again the first counts.
    fn of(store: Option<Uuid>, lines: &[PlaceLine]) -> Basket {
        let mut kept: Vec<PlaceLine> = Vec::new();
        for line in lines {
            let known = kept.iter().any(|other| other.is_same_choice(line));
            if line.quantity > 0 && !known && kept.len() < MOST_LINES {
                kept.push(PlaceLine {
                    quantity: line.quantity.min(MOST_OF_ONE),
                    ..line.clone()
                });
            }
        }
        Basket {
            store_id: store.filter(|_| !kept.is_empty()),
            lines: kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Basket, MOST_LINES};
    use crate::PlaceLine;
    use uuid::Uuid;

    fn line(variation: u128, quantity: u32, options: &[u128]) -> PlaceLine {
        PlaceLine {
            variation_id: Uuid::from_u128(variation),
            quantity,
            option_ids: options.iter().copied().map(Uuid::from_u128).collect(),
        }
    }

    fn basket(store: u128, lines: &[PlaceLine]) -> Basket {
        Basket {
            store_id: Some(Uuid::from_u128(store)),
            lines: lines.to_vec(),
        }
    }

    #[test]
    fn what_nobody_knew_of_the_other_adds_up() {
        let nothing = Basket::default();
        let theirs = basket(1, &[line(1, 2, &[8, 9]), line(2, 98, &[])]);
        let ours = basket(1, &[line(2, 3, &[]), line(1, 1, &[9, 8]), line(1, 1, &[8])]);
        let both = Basket::merged(&nothing, &theirs, &ours);
        let expected = [line(1, 3, &[8, 9]), line(2, 99, &[]), line(1, 1, &[8])];
        assert_eq!(both, basket(1, &expected));
        assert_eq!(Basket::merged(&nothing, &nothing, &ours).lines.len(), 3);
        assert_eq!(Basket::merged(&nothing, &theirs, &nothing), theirs);
    }

    #[test]
    fn of_two_stores_the_newer_wins() {
        let (theirs, ours) = (basket(1, &[line(1, 2, &[])]), basket(2, &[line(5, 1, &[])]));
        assert_eq!(Basket::merged(&Basket::default(), &theirs, &ours), ours);
        assert_eq!(Basket::merged(&theirs, &theirs, &ours), ours);
        // And what was known of the first store does not take away from the second.
        let grown = basket(2, &[line(1, 2, &[])]);
        assert_eq!(Basket::merged(&theirs, &ours, &grown).lines.len(), 2);
    }

    #[test]
    fn a_change_is_done_to_what_the_other_made_of_it() {
        let base = basket(1, &[line(1, 1, &[]), line(2, 1, &[]), line(3, 4, &[])]);
        // They: one more of 1, none of 2. We: 3 halved, and a 4.
        let theirs = basket(1, &[line(1, 2, &[]), line(3, 4, &[])]);
        let ours = basket(
            1,
            &[
                line(1, 1, &[]),
                line(2, 1, &[]),
                line(3, 2, &[]),
                line(4, 1, &[]),
            ],
        );
        let both = basket(1, &[line(1, 2, &[]), line(3, 2, &[]), line(4, 1, &[])]);
        assert_eq!(Basket::merged(&base, &theirs, &ours), both);
        // Emptied here, grown there: what was added there stays.
        let left = Basket::merged(&base, &theirs, &Basket::default());
        assert_eq!(left, basket(1, &[line(1, 1, &[])]));
        // Emptied there, grown here.
        let left = Basket::merged(&base, &Basket::default(), &ours);
        assert_eq!(left, basket(1, &[line(4, 1, &[])]));
        assert_eq!(
            Basket::merged(&base, &Basket::default(), &base),
            Basket::default()
        );
    }

    #[test]
    fn no_merge_leaves_the_bounds() {
        let many = |from: u128| -> Vec<_> {
            let numbers = from..from + 40;
            numbers.map(|number| line(number, u32::MAX, &[])).collect()
        };
        let (one, other) = (basket(1, &many(0)), basket(1, &many(20)));
        let both = Basket::merged(&Basket::default(), &one, &other);
        assert_eq!(both.lines.len(), MOST_LINES);
        assert!(both.lines.iter().all(|line| line.quantity == 99));
    }
}
