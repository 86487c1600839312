//! What a return is given for: shares of what a line cost, and of the tax contained in it; and the tax contained in an
//! amount that was given back without one. No IO.
//!
//! Invariant: with the last piece of a line all of what the line cost is given, in whatever parts the pieces came back and
//! whatever was rejected before; never is more given. What is rejected after that is left, to be given as a part of the
//! price. The same holds for the tax of each rate.

use service::money::Money;

use crate::order::{Line, Tax};
use crate::returns::ReturnLine;
use crate::totals::Taxed;

/// What of a line came back, or was given for, before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// How many pieces.
    pub units: i32,
    /// What was given for them, in minor units.
    pub for_units: i64,
    /// What was given of the price besides, in minor units.
    pub parts: i64,
}

/// What a line cost, in minor units: its total less its share of the discount. A tip is of no line, and stays.
#[must_use]
pub fn cost(line: &Line) -> i64 {
    line.line_total.amount - line.discount.amount
}

/// What is given for `units` more pieces of a line; nothing if there are not so many left. Largest remainder: of a total
/// that can't be divided the first pieces get a minor unit more. What was given as a part of the price is not given again.
#[must_use]
pub fn units(line: &Line, before: Before, units: i32) -> Option<i64> {
    let after = before.units.checked_add(units)?;
    if units < 1 || after > line.quantity {
        return None;
    }
    let given = before.for_units + before.parts;
    let share = first(cost(line), line.quantity, after) - before.for_units;
    Some(share.clamp(0, (cost(line) - given).max(0)))
}

/// `amount` of a line's price; nothing if less is left of it.
#[must_use]
pub fn part(line: &Line, before: Before, amount: i64) -> Option<i64> {
    let left = cost(line) - before.for_units - before.parts;
    (1..=left).contains(&amount).then_some(amount)
}

/// What the first `units` of `quantity` pieces cost together.
fn first(total: i64, quantity: i32, units: i32) -> i64 {
    let (quantity, units) = (i64::from(quantity), i64::from(units));
    let (each, rest) = (total.div_euclid(quantity), total.rem_euclid(quantity));
    each * units + rest.min(units)
}

/// The tax contained in what these lines, and perhaps the fee for bringing them, are given for, rate by rate: of the order's
/// tax the share that the returns have come to with this one, less what those before it had.
#[must_use]
pub fn tax(order: &[Tax], before: &[Tax], lines: &[ReturnLine], fee: Option<Taxed>) -> Vec<Tax> {
    let mut all = Vec::new();
    for whole in order {
        let own = lines
            .iter()
            .filter(|line| line.ordered.tax_rate_bp == whole.rate_bp);
        let fee = fee.filter(|fee| fee.rate_bp == whole.rate_bp);
        let gross: i64 = own.map(|line| line.amount.amount).sum();
        let gross = gross + fee.map_or(0, |fee| fee.gross.amount);
        if gross == 0 {
            continue;
        }
        all.push(more(whole, before, gross));
    }
    all
}

/// The tax contained in an amount that no line explains, rate by rate: it is spread over what is left of each rate after
/// what was given back before, by largest remainder. What is more than all of that is of the tip, and untaxed.
#[must_use]
pub fn tax_of_amount(order: &[Tax], before: &[Tax], amount: i64) -> Vec<Tax> {
    let left = order.iter().map(|whole| {
        let (gross, _) = given(before, whole.rate_bp);
        (whole.gross.amount - gross).max(0)
    });
    let shares = spread(amount, &left.collect::<Vec<_>>());
    let own = order.iter().zip(shares).filter(|(_, gross)| *gross > 0);
    own.map(|(whole, gross)| more(whole, before, gross))
        .collect()
}

/// What `gross` more of a rate contains: its share of the order's tax, less what was given back before.
fn more(whole: &Tax, before: &[Tax], gross: i64) -> Tax {
    let (had_gross, had) = given(before, whole.rate_bp);
    let share = share(whole.tax.amount, had_gross + gross, whole.gross.amount);
    let money = |amount| Money::new(amount, whole.gross.currency);
    Tax {
        rate_bp: whole.rate_bp,
        gross: money(gross),
        tax: money((share - had).clamp(0, gross)),
    }
}

/// Gross and tax of a rate in what was given back before.
fn given(before: &[Tax], rate_bp: i32) -> (i64, i64) {
    let own = before.iter().filter(|tax| tax.rate_bp == rate_bp);
    own.fold((0, 0), |(gross, tax), it| {
        (gross + it.gross.amount, tax + it.tax.amount)
    })
}

/// An amount, or as much of it as these parts hold, spread over them by largest remainder; of equal ones the first.
fn spread(amount: i64, parts: &[i64]) -> Vec<i64> {
    let all: i128 = parts.iter().copied().map(i128::from).sum();
    let amount = i128::from(amount.max(0)).min(all);
    if all == 0 {
        return vec![0; parts.len()];
    }
    // A share is no more than its part, and a remainder less than the divisor, so both fit again.
    let whole = |number: i128| i64::try_from(number).unwrap_or(i64::MAX);
    let products = parts.iter().map(|part| amount * i128::from(*part));
    let (mut shares, rests): (Vec<i64>, Vec<i128>) = products
        .map(|product| (whole(product / all), product % all))
        .unzip();
    let given: i64 = shares.iter().sum();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(rests[*place]));
    for place in order
        .into_iter()
        .take(usize::try_from(whole(amount) - given).unwrap_or(0))
    {
        shares[place] += 1;
    }
    shares
}

/// `part` of `whole` of an amount, half away from zero; all of it for the whole.
fn share(amount: i64, part: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 0;
    }
    let (amount, part, whole) = (i128::from(amount), i128::from(part), i128::from(whole));
    // Both are prices or taxes, so never negative.
    i64::try_from((2 * amount * part + whole) / (2 * whole)).unwrap_or(i64::MAX)
}
