//! What a code takes off, and how it is spread over lines.

use chrono::TimeDelta;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

fn eur() -> Currency {
    "EUR".parse().expect("a currency")
}

fn money(amount: i64) -> Money {
    Money::new(amount, eur())
}

fn noon() -> DateTime<Utc> {
    "2026-03-02T12:00:00Z".parse().expect("an instant")
}

fn store() -> StoreId {
    StoreId(Uuid::from_u128(1))
}

/// A tenth off for a day, in every store.
fn tenth() -> Discount {
    Discount {
        id: DiscountId(Uuid::nil()),
        code: "SPRING10".to_owned(),
        store_id: None,
        percent_bp: Some(1000),
        amount: None,
        minimum: None,
        starts_at: noon(),
        ends_at: Some(noon() + TimeDelta::days(1)),
        active: true,
        version: 1,
    }
}

fn off(discount: &Discount, total: i64) -> Result<i64, NotGiven> {
    discount.off((store(), eur()), total, noon())
}

#[test]
fn a_code_is_letters_digits_and_dashes_in_capitals() {
    for (text, kept) in [
        ("spring-10", Some("SPRING-10")),
        ("ABCD", Some("ABCD")),
        ("abc", None),
        ("a b c d", None),
        ("ÄBCDE", None),
        ("ABCDEFGHIJKLMNOPQRSTUVWXY", None),
    ] {
        let code = Code::try_from(text.to_owned()).ok();
        assert_eq!(code.as_ref().map(Code::as_str), kept, "{text}");
    }
}

#[test]
fn a_part_is_rounded_half_away_from_zero_and_an_amount_ends_with_the_order() {
    for (total, part) in [(0, 0), (4, 0), (5, 1), (14, 1), (15, 2), (1000, 100)] {
        assert_eq!(off(&tenth(), total), Ok(part), "{total}");
    }
    let fixed = Discount {
        percent_bp: None,
        amount: Some(money(500)),
        ..tenth()
    };
    for (total, part) in [(0, 0), (499, 499), (500, 500), (9000, 500)] {
        assert_eq!(off(&fixed, total), Ok(part), "{total}");
    }
}

#[test]
fn it_is_given_in_its_time_at_its_stores_and_for_its_currency_alone() {
    let good = tenth();
    let day = TimeDelta::days(1);
    let here = (store(), eur());
    let at = |now| good.off(here, 1000, now);
    let moment = TimeDelta::milliseconds(1);
    assert_eq!(at(noon() - moment), Err(NotGiven::Code));
    assert_eq!(at(noon()), Ok(100));
    assert_eq!(at(noon() + day - moment), Ok(100));
    assert_eq!(at(noon() + day), Err(NotGiven::Code));

    let endless = Discount {
        ends_at: None,
        ..tenth()
    };
    assert_eq!(endless.off(here, 1000, noon() + day * 9000), Ok(100));
    for (other, expected) in [
        (
            Discount {
                active: false,
                ..tenth()
            },
            Err(NotGiven::Code),
        ),
        (
            Discount {
                store_id: Some(store()),
                ..tenth()
            },
            Ok(100),
        ),
        (
            Discount {
                store_id: Some(StoreId(Uuid::from_u128(2))),
                ..tenth()
            },
            Err(NotGiven::Code),
        ),
        (
            Discount {
                minimum: Some(money(1000)),
                ..tenth()
            },
            Ok(100),
        ),
        (
            Discount {
                minimum: Some(money(1001)),
                ..tenth()
            },
            Err(NotGiven::Below(money(1001))),
        ),
    ] {
        assert_eq!(off(&other, 1000), expected, "{other:?}");
    }
    let zloty = "PLN".parse().expect("a currency");
    let minimum = Discount {
        minimum: Some(money(1)),
        ..tenth()
    };
    assert_eq!(
        minimum.off((store(), zloty), 1000, noon()),
        Err(NotGiven::Code)
    );
    assert_eq!(tenth().off((store(), zloty), 1000, noon()), Ok(100));
}

#[test]
fn what_is_left_goes_to_the_largest_remainders_and_of_equal_ones_to_the_first() {
    for (amount, sizes, shares) in [
        (10, &[1, 1, 1][..], None),
        (2, &[1, 1, 1], Some(vec![1, 1, 0])),
        (100, &[100, 200], Some(vec![33, 67])),
        (1, &[300, 300, 400], Some(vec![0, 0, 1])),
        (0, &[5, 5], Some(vec![0, 0])),
        (0, &[0, 0], Some(vec![0, 0])),
        (0, &[], Some(vec![])),
        (1, &[0, 0], None),
        (-1, &[5], None),
        (1, &[5, -1], None),
    ] {
        assert_eq!(spread(amount, sizes), shares, "{amount} over {sizes:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shares_are_the_whole_amount_and_each_is_within_its_part_and_a_cent_of_its_due(
        sizes in vec(0_i64..=10_000_000_000, 1..50),
        part in any::<Index>(),
    ) {
        let whole: i64 = sizes.iter().sum();
        let amount = i64::try_from(part.index(usize::try_from(whole).expect("a size") + 1)).expect("an amount");
        let shares = spread(amount, &sizes).expect("within the whole");
        prop_assert_eq!(shares.iter().sum::<i64>(), amount);
        for (share, size) in shares.iter().zip(&sizes) {
            prop_assert!((0..=*size).contains(share));
            let off = i128::from(*share) * i128::from(whole) - i128::from(amount) * i128::from(*size);
            prop_assert!(off.abs() < i128::from(whole.max(1)));
        }
    }

    #[test]
    fn nobody_is_given_more_than_there_is_to_pay(
        // Of the size of discounts more often than not: among larger ones none is ever too small for what is taken off.
        total in prop_oneof![3 => 0..=2 * MOST, 1 => 0_i64..=i64::MAX],
        part in 1..=WHOLE,
        amount in 1..=MOST,
        percent: bool,
    ) {
        let discount = Discount {
            percent_bp: percent.then_some(part),
            amount: (!percent).then(|| money(amount)),
            ..tenth()
        };
        prop_assert!((0..=total).contains(&off(&discount, total).expect("given")));
    }

    #[test]
    fn no_numbers_make_it_panic(amount: i64, sizes in vec(any::<i64>(), 0..6)) {
        if let Some(shares) = spread(amount, &sizes) {
            prop_assert_eq!(shares.iter().sum::<i64>(), amount);
        }
    }
}
