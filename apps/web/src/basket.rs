//! The basket as this browser shows it: what will be ordered, and what it showed as the price.
//!
//! Invariant: all lines are of one store, each has 1 to 99 of it, and no two lines are the same choice.

use bff_api::{Menu, Money, OrderLine, PlaceLine, PlaceOrder, PlacePayment};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::pickup::Picking;
use crate::selection::{MAX_QUANTITY, Selection};

/// The most lines the catalog accepts in one order.
pub const MAX_LINES: usize = 50;

/// Lines waiting to be ordered at one store. Kept in the browser as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basket {
    store_id: Option<Uuid>,
    lines: Vec<Line>,
}

/// One choice in the basket. Names and price are copies for display, refreshed from the menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What is ordered.
    pub variation_id: Uuid,
    /// With which options, in the menu's order.
    pub option_ids: Vec<Uuid>,
    /// How many.
    pub quantity: u32,
    /// Product name.
    pub product: String,
    /// Variation name.
    pub variation: String,
    /// Option names.
    pub options: Vec<String>,
    /// Slug of the drawing.
    pub image: String,
    /// Price of one as last seen.
    pub unit_price: Money,
    /// Whether the store has run out of it, or of something chosen with it.
    #[serde(default)]
    pub sold_out: bool,
    /// Why the server would not take it, until it is changed or tried again.
    #[serde(skip)]
    pub refused: Option<String>,
}

impl Line {
    fn is(&self, variation: Uuid, options: &[Uuid]) -> bool {
        self.variation_id == variation && self.option_ids == options
    }

    /// Price of the line as last seen.
    #[must_use]
    pub fn total(&self) -> Option<Money> {
        self.unit_price.checked_mul(self.quantity)
    }

    /// "Large, Oat, Vanilla".
    #[must_use]
    pub fn details(&self) -> String {
        let mut words = vec![self.variation.as_str()];
        words.extend(self.options.iter().map(String::as_str));
        words.join(", ")
    }
}

/// Why a choice did not get into the basket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A group still needs a choice, or the menu's price makes no sense.
    Incomplete,
    /// It can't be had.
    SoldOut,
    /// [`MAX_LINES`] different choices are in it already.
    Full,
}

/// What [`Basket::refresh`] found changed on the menu.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Names of what is no longer sold as chosen, and was taken out.
    pub removed: Vec<String>,
    /// Names of what was for sale before and is sold out now.
    pub sold_out: Vec<String>,
    /// Whether any price differs from the one seen before.
    pub repriced: bool,
}

impl Basket {
    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// What is in it.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The store it will be ordered at; `None` while empty.
    #[must_use]
    pub fn store(&self) -> Option<Uuid> {
        self.store_id.filter(|_| !self.is_empty())
    }

    /// How many items in all.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.lines
            .iter()
            .fold(0, |sum, line| sum.saturating_add(line.quantity))
    }

    /// The sum as last seen; `None` while empty.
    #[must_use]
    pub fn total(&self) -> Option<Money> {
        let mut totals = self.lines.iter().map(Line::total);
        let first = totals.next()??;
        totals.try_fold(first, |sum, total| sum.checked_add(&total?))
    }

    /// Puts a choice in. The same choice again only raises the quantity; a choice at another store starts a new basket.
    pub fn add(&mut self, store: Uuid, selection: &Selection) -> Result<(), Refusal> {
        let unit_price = selection.unit_price().ok_or(Refusal::Incomplete)?;
        if selection.missing().is_some() {
            return Err(Refusal::Incomplete);
        }
        if selection.is_sold_out() {
            return Err(Refusal::SoldOut);
        }
        if self.store_id != Some(store) {
            *self = Basket {
                store_id: Some(store),
                lines: Vec::new(),
            };
        }
        self.put(selection, selection.quantity(), unit_price, false)
    }

    fn put(
        &mut self,
        selection: &Selection,
        quantity: u32,
        unit_price: Money,
        sold_out: bool,
    ) -> Result<(), Refusal> {
        let (variation, options) = (selection.variation(), selection.option_ids());
        if let Some(line) = self
            .lines
            .iter_mut()
            .find(|line| line.is(variation.id, &options))
        {
            line.quantity = line.quantity.saturating_add(quantity).min(MAX_QUANTITY);
            line.unit_price = unit_price;
            line.refused = None;
            return Ok(());
        }
        if self.lines.len() >= MAX_LINES {
            return Err(Refusal::Full);
        }
        self.lines.push(Line {
            variation_id: variation.id,
            option_ids: options,
            quantity: quantity.min(MAX_QUANTITY),
            product: selection.product().name.clone(),
            variation: variation.name.clone(),
            options: selection.option_names(),
            image: selection.product().image.clone(),
            unit_price,
            sold_out,
            refused: None,
        });
        Ok(())
    }

    /// What the server keeps of it.
    #[must_use]
    pub fn kept(&self) -> bff_api::Basket {
        let lines = self.lines.iter().map(|line| PlaceLine {
            variation_id: line.variation_id,
            quantity: line.quantity,
            option_ids: line.option_ids.clone(),
        });
        bff_api::Basket {
            store_id: self.store(),
            lines: lines.collect(),
        }
    }

    /// Whether the names and prices of all of a kept basket are known here, so that no menu is needed to show it.
    #[must_use]
    pub fn shows(&self, kept: &bff_api::Basket) -> bool {
        let same_store = kept.is_empty() || kept.store() == self.store();
        same_store && kept.lines.iter().all(|line| self.shown(line).is_some())
    }

    fn shown(&self, choice: &PlaceLine) -> Option<&Line> {
        let is = |line: &&Line| {
            line.variation_id == choice.variation_id
                && same_options(&line.option_ids, &choice.option_ids)
        };
        self.lines.iter().find(is)
    }

    /// Becomes what is kept, with names and prices from here and from the store's menu; says how many choices neither
    /// knows any more, which are left out.
    pub fn adopt(&mut self, kept: &bff_api::Basket, menu: Option<&Menu>) -> usize {
        let before = std::mem::take(self);
        self.store_id = kept.store();
        let known = before.store() == kept.store();
        let menu = menu.filter(|menu| kept.store() == Some(menu.store_id));
        let mut unknown = 0;
        for line in &kept.lines {
            if let Some(shown) = before.shown(line).filter(|_| known) {
                self.lines.push(Line {
                    quantity: line.quantity,
                    ..shown.clone()
                });
            } else if !menu.is_some_and(|menu| self.put_from(menu, line)) {
                unknown += 1;
            }
        }
        unknown
    }

    /// Puts what was ordered once in again, as far as the store's menu still has it; names what it has not. What is
    /// there of another store makes room.
    pub fn again(&mut self, menu: &Menu, lines: &[OrderLine]) -> Vec<String> {
        self.make_room(menu);
        let mut missing = Vec::new();
        for line in lines {
            let wish = PlaceLine {
                variation_id: line.variation_id,
                quantity: line.quantity,
                option_ids: line.options.iter().map(|option| option.id).collect(),
            };
            if !self.put_from(menu, &wish) {
                missing.push(line.product.clone());
            }
        }
        missing
    }

    /// Puts one choice in as [`Basket::again`] does; false if it is not to be had, and then nothing is changed.
    pub fn put_one(&mut self, menu: &Menu, wish: &PlaceLine) -> bool {
        let mut after = self.clone();
        after.make_room(menu);
        let put = after.put_from(menu, wish);
        if put {
            *self = after;
        }
        put
    }

    fn make_room(&mut self, menu: &Menu) {
        if self.store_id != Some(menu.store_id) {
            *self = Basket {
                store_id: Some(menu.store_id),
                lines: Vec::new(),
            };
        }
    }

    /// Puts a choice in by its ids; false if the menu does not allow it, or there is no room.
    fn put_from(&mut self, menu: &Menu, wish: &PlaceLine) -> bool {
        let Some((choice, sold_out)) = choice_on(menu, wish.variation_id, &wish.option_ids) else {
            return false;
        };
        let price = choice.unit_price();
        price.is_some_and(|price| self.put(&choice, wish.quantity, price, sold_out).is_ok())
    }

    /// Sets a line's quantity; 0 takes it out, more than 99 means 99. An index out of range changes nothing.
    pub fn set_quantity(&mut self, index: usize, quantity: u32) {
        match self.lines.get_mut(index) {
            Some(_) if quantity == 0 => {
                self.lines.remove(index);
            }
            Some(line) => {
                line.quantity = quantity.min(MAX_QUANTITY);
                line.refused = None;
            }
            None => {}
        }
    }

    /// Whether something in it can't be had, so that it can't be ordered as it is.
    #[must_use]
    pub fn has_sold_out(&self) -> bool {
        self.lines.iter().any(|line| line.sold_out)
    }

    /// Notes what the server said of single lines; none forgets what it said before. A line that is not there is nobody's.
    pub fn note(&mut self, refused: &[(usize, String)]) {
        for (index, line) in self.lines.iter_mut().enumerate() {
            let said = refused.iter().find(|(at, _)| *at == index);
            line.refused = said.map(|(_, words)| words.clone());
        }
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        *self = Basket::default();
    }

    /// Brings names and prices to those of the store's menu of now, and takes out what can't be ordered as chosen.
    pub fn refresh(&mut self, menu: &Menu) -> Changes {
        let mut changes = Changes::default();
        if self.store() != Some(menu.store_id) {
            return changes;
        }
        self.lines.retain_mut(|line| {
            let choice = choice_on(menu, line.variation_id, &line.option_ids);
            let Some((current, sold_out)) = choice else {
                changes.removed.push(line.product.clone());
                return false;
            };
            let Some(unit_price) = current.unit_price() else {
                changes.removed.push(line.product.clone());
                return false;
            };
            changes.repriced |= unit_price != line.unit_price;
            if sold_out && !line.sold_out {
                changes.sold_out.push(line.product.clone());
            }
            line.sold_out = sold_out;
            line.unit_price = unit_price;
            line.product.clone_from(&current.product().name);
            line.variation.clone_from(&current.variation().name);
            line.options = current.option_names();
            true
        });
        changes
    }

    /// The command that orders all of it; `None` while empty.
    #[must_use]
    pub fn to_order(&self, payment: PlacePayment, picking: Picking) -> Option<PlaceOrder> {
        Some(PlaceOrder {
            store_id: self.store()?,
            lines: self
                .lines
                .iter()
                .map(|line| PlaceLine {
                    variation_id: line.variation_id,
                    quantity: line.quantity,
                    option_ids: line.option_ids.clone(),
                })
                .collect(),
            payment,
            pickup: picking.slot,
            quote: None,
            tip: None,
            delivery: None,
        })
    }
}

fn same_options(one: &[Uuid], other: &[Uuid]) -> bool {
    one.len() == other.len() && one.iter().all(|option| other.contains(option))
}

/// A choice made again on the menu of now, and whether it is sold out; `None` when the menu no longer allows it.
fn choice_on(menu: &Menu, variation: Uuid, options: &[Uuid]) -> Option<(Selection, bool)> {
    let product = menu
        .categories
        .iter()
        .flat_map(|category| &category.products)
        .find(|product| product.variations.iter().any(|one| one.id == variation))?;
    // What is sold out stays in the basket for the customer to see: it may come back.
    let mut bare = product.clone();
    let mut sold_out = false;
    for one in &mut bare.variations {
        sold_out |= one.sold_out && one.id == variation;
        one.sold_out = false;
    }
    for group in &mut bare.option_groups {
        for option in &mut group.options {
            option.default = options.contains(&option.id);
            sold_out |= option.sold_out && option.default;
            option.sold_out = false;
        }
    }
    let mut selection = Selection::of(bare)?;
    selection.choose_variation(variation);
    let same = same_options(&selection.option_ids(), options) && selection.missing().is_none();
    same.then_some((selection, sold_out))
}

#[cfg(test)]
mod tests;
