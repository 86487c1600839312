//! What an order comes to: its goods, the fee for bringing it and the tip, and the tax contained in them. No IO.
//!
//! Invariant: the total is the goods, the fee and the tip; the rows of the tax have each rate once, in rising order, and
//! come to the total less the tip, which is not taxed. What is taxed at one rate is taxed as one sum.

use service::money::{Money, MoneyError};

use crate::order::Tax;

/// An amount with the tax that is contained in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taxed {
    /// The amount.
    pub gross: Money,
    /// The rate, in hundredths of a per cent.
    pub rate_bp: i32,
}

/// What an order comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    /// What is paid.
    pub total: Money,
    /// The tax contained in it.
    pub tax: Vec<Tax>,
}

/// The totals of goods that cost `goods` with `tax` contained in it, brought for `fee`, with a tip.
pub fn of(
    goods: Money,
    mut tax: Vec<Tax>,
    fee: Option<Taxed>,
    tip: Money,
) -> Result<Totals, MoneyError> {
    let mut total = goods.checked_add(tip)?;
    // A fee of nothing has no tax, and no row of its own.
    if let Some(fee) = fee.filter(|fee| fee.gross.amount != 0) {
        total = total.checked_add(fee.gross)?;
        match tax.iter_mut().find(|row| row.rate_bp == fee.rate_bp) {
            Some(row) => {
                row.gross = row.gross.checked_add(fee.gross)?;
                row.tax = contained(row.gross, row.rate_bp)?;
            }
            None => tax.push(Tax {
                rate_bp: fee.rate_bp,
                gross: fee.gross,
                tax: contained(fee.gross, fee.rate_bp)?,
            }),
        }
        tax.sort_by_key(|row| row.rate_bp);
    }
    Ok(Totals { total, tax })
}

/// The tax contained in a gross amount: `gross · rate / (1 + rate)`, rounded half away from zero (EN 16931).
fn contained(gross: Money, rate_bp: i32) -> Result<Money, MoneyError> {
    // 128 bits hold the product of any 64-bit amount and any rate, so nothing is lost before the division.
    let numerator = i128::from(gross.amount) * i128::from(rate_bp);
    let denominator = 10_000 + i128::from(rate_bp);
    if denominator <= 0 {
        return Err(MoneyError::Overflow);
    }
    let rounded = (2 * numerator.abs() + denominator) / (2 * denominator);
    let amount = i64::try_from(rounded * numerator.signum()).map_err(|_| MoneyError::Overflow)?;
    Ok(Money::new(amount, gross.currency))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn eur(amount: i64) -> Money {
        Money::new(amount, "EUR".parse().expect("a currency"))
    }

    fn row(rate_bp: i32, gross: i64) -> Tax {
        let gross = eur(gross);
        let tax = contained(gross, rate_bp).expect("a tax");
        Tax {
            rate_bp,
            gross,
            tax,
        }
    }

    fn fee(gross: i64, rate_bp: i32) -> Taxed {
        let gross = eur(gross);
        Taxed { gross, rate_bp }
    }

    #[test]
    fn a_fee_joins_the_tax_of_its_rate_or_makes_one() {
        let goods = vec![row(800, 890)];
        let same = of(eur(890), goods.clone(), Some(fee(250, 800)), eur(50)).expect("totals");
        assert_eq!(same.total, eur(1190));
        // 1140 · 8 / 108 is 84.44: not 66 and 19 of the two by themselves.
        assert_eq!(same.tax, [row(800, 1140)]);
        assert_eq!(same.tax[0].tax, eur(84));
        let other = of(eur(890), goods.clone(), Some(fee(250, 500)), eur(0)).expect("totals");
        assert_eq!(other.tax, [row(500, 250), row(800, 890)]);
        let free = of(eur(890), goods.clone(), Some(fee(0, 500)), eur(0)).expect("totals");
        assert_eq!((free.total, &free.tax), (eur(890), &goods));
        let fetched = of(eur(890), goods.clone(), None, eur(50)).expect("totals");
        assert_eq!((fetched.total, &fetched.tax), (eur(940), &goods));
    }

    proptest! {
        #[test]
        fn whatever_is_added_the_sums_are_right(
            goods in proptest::collection::btree_map(0..3_000i32, 1..1_000_000_000i64, 0..5),
            amount in 0..1_000_000i64,
            rate in 0..3_000i32,
            known: proptest::sample::Index,
            joins: bool,
            tip in 0..10_000i64,
        ) {
            let sum: i64 = goods.values().sum();
            let rows: Vec<_> = goods.iter().map(|(rate, gross)| row(*rate, *gross)).collect();
            let rate = if joins && !rows.is_empty() { known.get(&rows).rate_bp } else { rate };
            let totals = of(eur(sum), rows.clone(), Some(fee(amount, rate)), eur(tip)).expect("totals");
            prop_assert_eq!(totals.total, eur(sum + amount + tip));
            let gross: i64 = totals.tax.iter().map(|row| row.gross.amount).sum();
            prop_assert_eq!(gross + tip, totals.total.amount);
            prop_assert!(totals.tax.windows(2).all(|pair| pair[0].rate_bp < pair[1].rate_bp));
            for taxed in &totals.tax {
                // Whatever it was put together from, the tax of a rate is that of its sum.
                prop_assert_eq!(taxed, &row(taxed.rate_bp, taxed.gross.amount));
                prop_assert!((0..=taxed.gross.amount).contains(&taxed.tax.amount));
            }
        }

        #[test]
        fn no_amount_is_too_large_to_be_refused(goods: i64, amount: i64, rate: i32, tip: i64, tax: i64) {
            let rows = vec![Tax { rate_bp: rate, gross: eur(goods), tax: eur(tax) }];
            if let Ok(totals) = of(eur(goods), rows, Some(fee(amount, rate)), eur(tip)) {
                let exact = i128::from(goods) + i128::from(amount) + i128::from(tip);
                prop_assert_eq!(i128::from(totals.total.amount), exact);
            }
        }
    }

    #[test]
    fn currencies_do_not_mix() {
        let dollars = Taxed {
            gross: Money::new(250, "USD".parse().expect("a currency")),
            rate_bp: 800,
        };
        let mixed = of(eur(890), Vec::new(), Some(dollars), eur(0));
        assert_eq!(mixed, Err(MoneyError::Mixed));
    }
}
