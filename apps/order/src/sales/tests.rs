//! The sums of a report, and how long it may be.

use proptest::prelude::*;
use service::money::{Currency, Money};

use super::*;

fn day(offset: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 2)
        .and_then(|day| day.checked_add_days(Days::new(offset)))
        .expect("a day")
}

fn euro() -> Currency {
    "EUR".parse().expect("a currency")
}

#[test]
fn a_period_has_a_day_at_least_and_ninety_two_at_most() {
    let of = |to| Period::new(day(100), day(to)).err();
    assert_eq!(of(100), None);
    assert_eq!(of(99), Some(PeriodError::Backwards));
    assert_eq!(of(100 + MOST_DAYS - 1), None);
    assert_eq!(of(100 + MOST_DAYS), Some(PeriodError::Long));
    for far in [NaiveDate::MIN, NaiveDate::MAX] {
        assert_eq!(Period::new(far, far), Err(PeriodError::Year));
    }
}

#[test]
fn two_currencies_are_never_added() {
    let zloty: Currency = "PLN".parse().expect("a currency");
    let days = [(0, zloty), (1, euro()), (2, euro())].map(|(offset, currency)| Day {
        day: day(offset),
        figures: Figures {
            orders: 1,
            total: Money::new(100, currency),
            ..Figures::none(currency)
        },
    });
    let period = Period::new(day(0), day(2)).expect("a period");
    let taxes = [(0, zloty), (1, euro())].map(|(offset, currency)| DayTax {
        day: day(offset),
        currency,
        returned: false,
        sum: RateSum {
            rate_bp: 800,
            gross: 100,
            tax: 7,
        },
    });
    let store = StoreId(Uuid::nil());
    let made = report(store, period, days.into(), &taxes, Vec::new());
    let totals: Vec<_> = made
        .totals
        .iter()
        .map(|sum| (sum.total, sum.orders, sum.tax.len()))
        .collect();
    assert_eq!(
        totals,
        [
            (Money::new(100, zloty), 1, 1),
            (Money::new(200, euro()), 2, 1)
        ]
    );
}

proptest! {
    #[test]
    fn the_total_is_the_sum_of_the_days_and_of_their_taxes(
        rows in proptest::collection::vec((0..6_u64, 0..3_i32, any::<bool>(), 0..10_000_i64, 0..500_i64), 0..40),
    ) {
        let mut days: Vec<Day> = Vec::new();
        let mut taxes = Vec::new();
        for (offset, rate, returned, gross, tax) in &rows {
            if !days.iter().any(|one| one.day == day(*offset)) {
                let figures = Figures { orders: 1, gross: Money::new(*gross, euro()), ..Figures::none(euro()) };
                days.push(Day { day: day(*offset), figures });
            }
            let sum = RateSum { rate_bp: rate * 100, gross: *gross, tax: *tax };
            taxes.push(DayTax { day: day(*offset), currency: euro(), returned: *returned, sum });
        }
        let period = Period::new(day(0), day(5)).expect("a period");
        let made = report(StoreId(Uuid::nil()), period, days.clone(), &taxes, Vec::new());
        prop_assert_eq!(made.totals.len(), usize::from(!rows.is_empty()));
        for total in &made.totals {
            prop_assert_eq!(total.orders, i64::try_from(days.len()).expect("few"));
            let gross: i64 = days.iter().map(|one| one.figures.gross.amount).sum();
            prop_assert_eq!(total.gross.amount, gross);
            for (returned, own) in [(false, &total.tax), (true, &total.returned_tax)] {
                let sum: i64 = taxes.iter().filter(|one| one.returned == returned).map(|one| one.sum.tax).sum();
                prop_assert_eq!(own.iter().map(|one| one.tax.amount).sum::<i64>(), sum);
                prop_assert!(own.is_sorted_by(|one, next| one.rate_bp < next.rate_bp));
            }
        }
    }
}
