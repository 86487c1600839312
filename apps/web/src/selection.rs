//! What a customer has chosen of one product, and what that costs.
//!
//! Invariant: no group ever holds more options than its `max`; too few is possible, and then nothing can be added to the
//! basket. What is sold out is never chosen anew.

use bff_api::{MenuOption, Money, OptionGroup, Product, Variation};
use uuid::Uuid;

/// The most of one line the catalog accepts.
pub const MAX_QUANTITY: u32 = 99;

/// One product's variation, options and quantity, as chosen so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    product: Product,
    variation: usize,
    chosen: Vec<Uuid>,
    quantity: u32,
}

impl Selection {
    /// Starts at the first variation and the default options that are there; `None` for a product that has no variation.
    #[must_use]
    pub fn of(product: Product) -> Option<Selection> {
        if product.variations.is_empty() {
            return None;
        }
        let chosen = product
            .option_groups
            .iter()
            .flat_map(|group| {
                let most = usize::try_from(group.max).unwrap_or(usize::MAX);
                group
                    .options
                    .iter()
                    .filter(|option| option.default && !option.sold_out)
                    .take(most)
            })
            .map(|option| option.id)
            .collect();
        let there = |variation: &Variation| !variation.sold_out;
        Some(Selection {
            variation: product.variations.iter().position(there).unwrap_or(0),
            product,
            chosen,
            quantity: 1,
        })
    }

    /// What is being chosen of.
    #[must_use]
    pub fn product(&self) -> &Product {
        &self.product
    }

    /// The variation chosen.
    #[must_use]
    pub fn variation(&self) -> &Variation {
        &self.product.variations[self.variation]
    }

    /// Every chosen option in the menu's order, defaults included.
    #[must_use]
    pub fn option_ids(&self) -> Vec<Uuid> {
        self.options().map(|(_, option)| option.id).collect()
    }

    /// Names of the chosen options, in the menu's order.
    #[must_use]
    pub fn option_names(&self) -> Vec<String> {
        self.options()
            .map(|(_, option)| option.name.clone())
            .collect()
    }

    /// Whether an option is chosen.
    #[must_use]
    pub fn has(&self, option: Uuid) -> bool {
        self.chosen.contains(&option)
    }

    /// How many of it.
    #[must_use]
    pub fn quantity(&self) -> u32 {
        self.quantity
    }

    /// Chooses a variation; one that is sold out or not this product's changes nothing.
    pub fn choose_variation(&mut self, variation: Uuid) {
        if let Some(index) = self
            .product
            .variations
            .iter()
            .position(|candidate| candidate.id == variation && !candidate.sold_out)
        {
            self.variation = index;
        }
    }

    /// Turns an option on or off within its group's limits. In a group of one the new option takes the old one's place;
    /// a full group refuses another, and a group that needs one keeps its last. What is sold out can't be turned on.
    pub fn toggle(&mut self, option: Uuid) {
        let Some(group) = self.group_of(option).cloned() else {
            return;
        };
        let gone = |candidate: &MenuOption| candidate.id == option && candidate.sold_out;
        if !self.has(option) && group.options.iter().any(gone) {
            return;
        }
        let count = self.count(&group);
        if self.has(option) {
            if count > group.min {
                self.chosen.retain(|chosen| *chosen != option);
            }
        } else if group.max == 1 {
            self.chosen
                .retain(|chosen| !group.options.iter().any(|other| other.id == *chosen));
            self.chosen.push(option);
        } else if count < group.max {
            self.chosen.push(option);
        }
    }

    /// Sets the quantity, kept within 1 and [`MAX_QUANTITY`].
    pub fn set_quantity(&mut self, quantity: u32) {
        self.quantity = quantity.clamp(1, MAX_QUANTITY);
    }

    /// Whether a group takes no further option.
    #[must_use]
    pub fn is_full(&self, group: &OptionGroup) -> bool {
        group.max > 1 && self.count(group) >= group.max
    }

    /// The first group that still needs a choice.
    #[must_use]
    pub fn missing(&self) -> Option<&OptionGroup> {
        self.product
            .option_groups
            .iter()
            .find(|group| self.count(group) < group.min)
    }

    /// Whether what is chosen can't be had.
    #[must_use]
    pub fn is_sold_out(&self) -> bool {
        self.variation().sold_out || self.options().any(|(_, option)| option.sold_out)
    }

    /// Price of one; `None` only where a menu mixes currencies or overflows.
    #[must_use]
    pub fn unit_price(&self) -> Option<Money> {
        self.options()
            .try_fold(self.variation().price.clone(), |sum, (_, option)| {
                sum.checked_add(&option.price)
            })
    }

    /// Price of all of it.
    #[must_use]
    pub fn total(&self) -> Option<Money> {
        self.unit_price()?.checked_mul(self.quantity)
    }

    fn options(&self) -> impl Iterator<Item = (&OptionGroup, &MenuOption)> {
        self.product
            .option_groups
            .iter()
            .flat_map(|group| group.options.iter().map(move |option| (group, option)))
            .filter(|(_, option)| self.has(option.id))
    }

    fn group_of(&self, option: Uuid) -> Option<&OptionGroup> {
        self.product
            .option_groups
            .iter()
            .find(|group| group.options.iter().any(|candidate| candidate.id == option))
    }

    fn count(&self, group: &OptionGroup) -> u32 {
        let count = group
            .options
            .iter()
            .filter(|option| self.has(option.id))
            .count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

/// What a group asks for, in words: "Choose 1", "Up to 2", "Choose 1 to 3".
#[must_use]
pub fn rule(group: &OptionGroup) -> String {
    match (group.min, group.max) {
        (0, 1) => "Optional".into(),
        (0, max) => format!("Up to {max}"),
        (min, max) if min == max => format!("Choose {min}"),
        (min, max) => format!("Choose {min} to {max}"),
    }
}

/// Whether nothing of a product can be had: no variation is left, or too few options of a group that needs some.
#[must_use]
pub fn is_sold_out(product: &Product) -> bool {
    let short = |group: &OptionGroup| {
        let left = group.options.iter().filter(|option| !option.sold_out);
        u32::try_from(left.count()).is_ok_and(|left| left < group.min)
    };
    product
        .variations
        .iter()
        .all(|variation| variation.sold_out)
        || product.option_groups.iter().any(short)
}

/// The price a product starts from, with its default options; `None` for a product without a variation.
#[must_use]
pub fn starting_price(product: &Product) -> Option<Money> {
    let mut selection = Selection::of(product.clone())?;
    let cheapest = product
        .variations
        .iter()
        .min_by_key(|variation| (variation.sold_out, variation.price.amount))?;
    selection.choose_variation(cheapest.id);
    selection.unit_price()
}

#[cfg(test)]
mod tests {
    use super::{Selection, is_sold_out, rule, starting_price};
    use crate::fixture::{euro, id, latte};

    fn fresh() -> Selection {
        Selection::of(latte()).expect("a latte can be bought")
    }

    #[test]
    fn starts_with_the_first_variation_and_the_defaults() {
        let selection = fresh();
        assert_eq!(selection.variation().id, id(11));
        assert_eq!(selection.option_ids(), vec![id(21)]);
        assert_eq!(selection.total(), Some(euro(300)));
        assert_eq!(selection.missing(), None);
    }

    #[test]
    fn price_follows_variation_options_and_quantity() {
        let mut selection = fresh();
        selection.choose_variation(id(12));
        selection.toggle(id(22));
        selection.toggle(id(31));
        selection.set_quantity(3);
        assert_eq!(selection.unit_price(), Some(euro(510)));
        assert_eq!(selection.total(), Some(euro(1530)));
    }

    #[test]
    fn a_group_of_one_swaps_and_never_empties() {
        let mut selection = fresh();
        selection.toggle(id(22));
        assert_eq!(selection.option_ids(), vec![id(22)]);
        selection.toggle(id(22));
        assert_eq!(selection.option_ids(), vec![id(22)]);
    }

    #[test]
    fn a_full_group_refuses_another_and_frees_up_again() {
        let mut selection = fresh();
        let syrup = latte().option_groups[1].clone();
        selection.toggle(id(33));
        selection.toggle(id(31));
        assert!(selection.is_full(&syrup));
        selection.toggle(id(32));
        // In the menu's order, not the order of the clicks.
        assert_eq!(selection.option_ids(), vec![id(21), id(31), id(33)]);
        selection.toggle(id(31));
        selection.toggle(id(32));
        assert_eq!(selection.option_ids(), vec![id(21), id(32), id(33)]);
    }

    #[test]
    fn a_required_group_without_a_default_is_missing() {
        let mut product = latte();
        product.option_groups[0].options[0].default = false;
        let mut selection = Selection::of(product).expect("still for sale");
        assert_eq!(
            selection.missing().map(|group| group.name.as_str()),
            Some("Milk")
        );
        selection.toggle(id(22));
        assert_eq!(selection.missing(), None);
    }

    #[test]
    fn quantity_stays_in_range_and_strangers_change_nothing() {
        let mut selection = fresh();
        selection.set_quantity(0);
        assert_eq!(selection.quantity(), 1);
        selection.set_quantity(1_000_000);
        assert_eq!(selection.quantity(), 99);
        let before = selection.clone();
        selection.toggle(id(999));
        selection.choose_variation(id(999));
        assert_eq!(selection, before);
    }

    #[test]
    fn what_is_sold_out_is_not_chosen() {
        let mut product = latte();
        product.variations[0].sold_out = true;
        product.option_groups[0].options[0].sold_out = true;
        product.option_groups[1].options[2].sold_out = true;
        assert!(!is_sold_out(&product));
        assert_eq!(starting_price(&product), Some(euro(400)));
        let mut selection = Selection::of(product).expect("something is left");
        assert_eq!(selection.variation().id, id(12));
        assert_eq!(
            selection.missing().map(|group| group.name.as_str()),
            Some("Milk"),
            "its default is gone: the customer chooses"
        );
        for gone in [id(21), id(33)] {
            selection.toggle(gone);
            assert!(!selection.has(gone));
        }
        selection.choose_variation(id(11));
        assert_eq!(selection.variation().id, id(12));
        selection.toggle(id(22));
        assert_eq!(
            (selection.missing(), selection.is_sold_out()),
            (None, false)
        );
    }

    #[test]
    fn a_product_is_sold_out_with_its_last_variation_or_a_group_it_needs() {
        let mut product = latte();
        for variation in &mut product.variations {
            variation.sold_out = true;
        }
        assert!(is_sold_out(&product));
        let selection = Selection::of(product).expect("still shown");
        assert!(selection.is_sold_out());

        let mut product = latte();
        for option in &mut product.option_groups[1].options {
            option.sold_out = true;
        }
        assert!(!is_sold_out(&product), "syrup is a choice");
        for option in &mut product.option_groups[0].options {
            option.sold_out = true;
        }
        assert!(is_sold_out(&product), "without milk there is no latte");
    }

    #[test]
    fn overflow_and_mixed_currencies_have_no_price() {
        let mut product = latte();
        product.variations[0].price.amount = i64::MAX;
        let mut selection = Selection::of(product).expect("for sale");
        selection.set_quantity(2);
        assert_eq!(selection.total(), None);
        let mut product = latte();
        product.option_groups[0].options[0].price.currency = "PLN".into();
        assert_eq!(Selection::of(product).expect("for sale").total(), None);
    }

    #[test]
    fn rules_in_words() {
        let mut group = latte().option_groups[0].clone();
        assert_eq!(rule(&group), "Choose 1");
        group.max = 3;
        assert_eq!(rule(&group), "Choose 1 to 3");
        group.min = 0;
        assert_eq!(rule(&group), "Up to 3");
        group.max = 1;
        assert_eq!(rule(&group), "Optional");
    }

    #[test]
    fn starting_price_is_the_cheapest_variation() {
        let mut product = latte();
        product.variations.reverse();
        assert_eq!(starting_price(&product), Some(euro(300)));
        product.variations.clear();
        assert_eq!(starting_price(&product), None);
    }
}
