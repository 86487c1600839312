//! The price of an order: the menu's numbers and integer arithmetic, nothing a client says about money.
//!
//! Invariant: the total is the sum of the line totals and of the gross amounts per tax rate, whatever the lines' order;
//! arithmetic that does not fit is an error, never a wrong number.

use std::collections::{BTreeMap, HashSet};
use std::ops::RangeInclusive;

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
    /// The chosen options with their groups, in the menu's order.
    pub options: Vec<(&'menu OptionGroup, &'menu MenuOption)>,
    /// How many.
    pub quantity: i64,
    /// One of it, options included.
    pub unit_price: i64,
    /// `unit_price` times `quantity`.
    pub line_total: i64,
}

/// The part of the total that is taxed at one rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaxShare {
    /// The rate in basis points.
    pub rate_bp: u16,
    /// Sum of the line totals at this rate, tax included.
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
        options.extend(chosen.map(|option| (group, option)));
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
        let unit_price = options
            .iter()
            .try_fold(variation.price, |sum, (_, option)| {
                sum.checked_add(option.price)
            })?;
        Some(Self {
            product,
            variation,
            options,
            quantity,
            unit_price,
            line_total: unit_price.checked_mul(quantity)?,
        })
    }
}

impl<'menu> Quote<'menu> {
    fn new(lines: Vec<PricedLine<'menu>>) -> Option<Self> {
        let mut total = 0_i64;
        let mut gross = BTreeMap::<u16, i64>::new();
        for line in &lines {
            total = total.checked_add(line.line_total)?;
            let sum = gross.entry(line.product.tax_rate_bp).or_default();
            *sum = sum.checked_add(line.line_total)?;
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
        Some(Self { lines, total, tax })
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
