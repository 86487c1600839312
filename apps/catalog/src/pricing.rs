//! The price of an order: the menu's numbers and integer arithmetic, nothing a client says about money.
//!
//! Invariant: the total is the sum of the line totals less the discount, and of the gross amounts per tax rate, whatever
//! the lines' order; arithmetic that does not fit is an error, never a wrong number.

use std::collections::{BTreeMap, HashSet};
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::menu::{Menu, MenuOption, OptionGroup, OptionId, Product, Variation, VariationId};

/// An order has at most so many lines.
pub const MAX_LINES: usize = 50;
/// How many of a thing one line may ask for.
pub const QUANTITIES: RangeInclusive<i64> = 1..=99;

/// What somebody wants: ids and a number, no price.
#[derive(Debug, Clone)]
pub struct Line {
    /// Which variation.
    pub variation: VariationId,
    /// How many of it, not yet checked.
    pub quantity: i64,
    /// Which options, in any order.
    pub options: Vec<OptionId>,
}

/// An order with its prices, in the menu's words.
#[derive(Debug)]
pub struct Quote<'menu> {
    /// In the order they were asked for.
    pub lines: Vec<PricedLine<'menu>>,
    /// What is taken off: the sum of the lines' shares.
    pub discount: i64,
    /// What there is to pay.
    pub total: i64,
    /// One entry for each rate that occurs, lowest rate first.
    pub tax: Vec<TaxShare>,
}

/// One line with its prices.
#[derive(Debug)]
pub struct PricedLine<'menu> {
    /// The product.
    pub product: &'menu Product,
    /// Its variation.
    pub variation: &'menu Variation,
    /// What it costs without options.
    pub price: i64,
    /// The rate of the tax in it, in basis points.
    pub tax_rate_bp: u16,
    /// The chosen options with their groups and prices, in the menu's order.
    pub options: Vec<(&'menu OptionGroup, &'menu MenuOption, i64)>,
    /// How many.
    pub quantity: i64,
    /// One of it, options included.
    pub unit_price: i64,
    /// `unit_price` times `quantity`.
    pub line_total: i64,
    /// Its share of what is taken off, at most all of it.
    pub discount: i64,
}

/// What a line is priced at: all the money of it that is not arithmetic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinePrices {
    /// One of the variation.
    #[serde(rename = "p")]
    pub price: i64,
    /// The rate of the tax, in basis points.
    #[serde(rename = "r")]
    pub tax_rate_bp: u16,
    /// Each chosen option, by the options' ids: a menu may show them in another order tomorrow.
    #[serde(rename = "o")]
    pub options: Vec<i64>,
}

/// The part of the total that is taxed at one rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaxShare {
    /// The rate in basis points.
    pub rate_bp: u16,
    /// Sum of the line totals at this rate less their shares of the discount, tax included.
    pub gross: i64,
    /// The tax in it.
    pub tax: i64,
}

/// Why there is no price.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PricingError {
    /// The order cannot be placed as it is; at least one fault, in the order of the lines.
    #[error("the order has {} faults", .0.len())]
    Refused(Vec<Fault>),
    /// The menu's prices are beyond what 64 bits hold.
    #[error("an amount does not fit in 64 bits")]
    Overflow,
}

/// One thing that is wrong with an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// There is no line.
    Empty,
    /// There are more than [`MAX_LINES`].
    TooManyLines,
    /// A line names a variation that the store does not offer.
    UnknownVariation {
        /// Index of the line.
        line: usize,
    },
    /// A line's quantity is outside [`QUANTITIES`].
    Quantity {
        /// Index of the line.
        line: usize,
    },
    /// An option that this product does not have.
    OptionNotOffered {
        /// Index of the line.
        line: usize,
        /// Index among the line's options.
        option: usize,
    },
    /// An option named twice.
    OptionRepeated {
        /// Index of the line.
        line: usize,
        /// Index of the repetition among the line's options.
        option: usize,
    },
    /// Fewer or more options of a group than it wants.
    OptionCount {
        /// Index of the line.
        line: usize,
        /// The group's name.
        group: String,
        /// At least so many.
        min: u16,
        /// At most so many.
        max: u16,
    },
}

/// Prices an order from the menu, or names everything that is wrong with it.
pub fn price<'menu>(menu: &'menu Menu, lines: &[Line]) -> Result<Quote<'menu>, PricingError> {
    if lines.is_empty() {
        return Err(PricingError::Refused(vec![Fault::Empty]));
    }
    if lines.len() > MAX_LINES {
        return Err(PricingError::Refused(vec![Fault::TooManyLines]));
    }
    let mut faults = Vec::new();
    let mut priced = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let before = faults.len();
        let chosen = choose(menu, index, line, &mut faults);
        if let Some((product, variation, options)) = chosen
            && faults.len() == before
        {
            let line = PricedLine::new(product, variation, options, line.quantity)
                .ok_or(PricingError::Overflow)?;
            priced.push(line);
        }
    }
    if !faults.is_empty() {
        return Err(PricingError::Refused(faults));
    }
    Quote::new(priced).ok_or(PricingError::Overflow)
}

type Choice<'menu> = (
    &'menu Product,
    &'menu Variation,
    Vec<(&'menu OptionGroup, &'menu MenuOption)>,
);

/// Finds what a line means in the menu; whatever is wrong with it goes to `faults`.
fn choose<'menu>(
    menu: &'menu Menu,
    index: usize,
    line: &Line,
    faults: &mut Vec<Fault>,
) -> Option<Choice<'menu>> {
    if !QUANTITIES.contains(&line.quantity) {
        faults.push(Fault::Quantity { line: index });
    }
    let Some((product, variation)) = menu.variation(line.variation) else {
        faults.push(Fault::UnknownVariation { line: index });
        return None;
    };
    let mut wanted = HashSet::with_capacity(line.options.len());
    for (option, id) in line.options.iter().enumerate() {
        let offered = product
            .option_groups
            .iter()
            .any(|group| group.options.iter().any(|it| it.id == *id));
        if !offered {
            faults.push(Fault::OptionNotOffered {
                line: index,
                option,
            });
        } else if !wanted.insert(*id) {
            faults.push(Fault::OptionRepeated {
                line: index,
                option,
            });
        }
    }
    let mut options = Vec::with_capacity(wanted.len());
    for group in &product.option_groups {
        let before = options.len();
        let chosen = group.options.iter().filter(|it| wanted.contains(&it.id));
        options.extend(chosen.map(|option| (&**group, option)));
        let count = options.len() - before;
        if count < usize::from(group.min) || count > usize::from(group.max) {
            faults.push(Fault::OptionCount {
                line: index,
                group: group.name.clone(),
                min: group.min,
                max: group.max,
            });
        }
    }
    Some((product, variation, options))
}

impl<'menu> PricedLine<'menu> {
    fn new(
        product: &'menu Product,
        variation: &'menu Variation,
        options: Vec<(&'menu OptionGroup, &'menu MenuOption)>,
        quantity: i64,
    ) -> Option<Self> {
        let options = options
            .into_iter()
            .map(|(group, option)| (group, option, option.price))
            .collect();
        let line = Self {
            product,
            variation,
            price: variation.price,
            tax_rate_bp: product.tax_rate_bp,
            options,
            quantity,
            unit_price: 0,
            line_total: 0,
            discount: 0,
        };
        line.summed()
    }

    /// The prices of this line, as it can be priced with again.
    #[must_use]
    pub fn prices(&self) -> LinePrices {
        let mut options: Vec<_> = self.options.iter().collect();
        options.sort_unstable_by_key(|(_, option, _)| option.id.0);
        LinePrices {
            price: self.price,
            tax_rate_bp: self.tax_rate_bp,
            options: options.into_iter().map(|(.., price)| *price).collect(),
        }
    }

    /// The same line at these prices; `None` if they are of other options.
    fn at(mut self, prices: &LinePrices) -> Option<Self> {
        if prices.options.len() != self.options.len() {
            return None;
        }
        let mut options: Vec<_> = self.options.iter_mut().collect();
        options.sort_unstable_by_key(|(_, option, _)| option.id.0);
        for ((.., price), quoted) in options.into_iter().zip(&prices.options) {
            *price = *quoted;
        }
        self.price = prices.price;
        self.tax_rate_bp = prices.tax_rate_bp;
        self.summed()
    }

    fn summed(mut self) -> Option<Self> {
        self.unit_price = self
            .options
            .iter()
            .try_fold(self.price, |sum, (.., price)| sum.checked_add(*price))?;
        self.line_total = self.unit_price.checked_mul(self.quantity)?;
        Some(self)
    }
}

impl<'menu> Quote<'menu> {
    fn new(lines: Vec<PricedLine<'menu>>) -> Option<Self> {
        let (mut total, mut discount) = (0_i64, 0_i64);
        let mut gross = BTreeMap::<u16, i64>::new();
        for line in &lines {
            let due = line.line_total.checked_sub(line.discount)?;
            total = total.checked_add(due)?;
            discount = discount.checked_add(line.discount)?;
            let sum = gross.entry(line.tax_rate_bp).or_default();
            *sum = sum.checked_add(due)?;
        }
        let tax = gross
            .into_iter()
            .map(|(rate_bp, gross)| {
                let tax = included_tax(gross, rate_bp)?;
                Some(TaxShare {
                    rate_bp,
                    gross,
                    tax,
                })
            })
            .collect::<Option<_>>()?;
        Some(Self {
            lines,
            discount,
            total,
            tax,
        })
    }

    /// The same order at these prices, one for each line; `None` if they are of another order.
    #[must_use]
    pub fn at(self, prices: &[LinePrices]) -> Option<Self> {
        if prices.len() != self.lines.len() {
            return None;
        }
        let lines = self.lines.into_iter().zip(prices);
        Self::new(
            lines
                .map(|(line, prices)| line.at(prices))
                .collect::<Option<_>>()?,
        )
    }

    /// The same order with these shares taken off its lines; `None` if a line has none, or less than its share.
    #[must_use]
    pub fn less(mut self, shares: &[i64]) -> Option<Self> {
        if shares.len() != self.lines.len() {
            return None;
        }
        for (line, share) in self.lines.iter_mut().zip(shares) {
            if !(0..=line.line_total).contains(share) {
                return None;
            }
            line.discount = *share;
        }
        Self::new(self.lines)
    }
}

/// The tax contained in a gross amount: `gross · rate / (1 + rate)`, rounded half away from zero (EN 16931).
fn included_tax(gross: i64, rate_bp: u16) -> Option<i64> {
    // 128 bits hold the product of any 64-bit amount and any rate, so nothing is lost before the division.
    let numerator = i128::from(gross) * i128::from(rate_bp);
    let denominator = 10_000 + i128::from(rate_bp);
    let rounded = (2 * numerator.abs() + denominator) / (2 * denominator);
    i64::try_from(rounded * numerator.signum()).ok()
}

#[cfg(test)]
mod tests;
