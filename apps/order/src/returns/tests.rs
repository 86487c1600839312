//! Random sequences of returns, rejected ones among them: never more than the line, and all of it for all of it.

use proptest::prelude::*;

use super::*;
use crate::delivery::{Courier, Delivery};
use crate::lifecycle::Fulfilment;
use crate::order::{CustomerId, Payment, PaymentMethod, PaymentStatus};
use crate::pickup::Pickup;

/// What was taken off each line before.
const OFF: i64 = 7;

/// What a line costs in all, by quantity, total and rate; totals need not be divisible, as after a discount.
type Ordered = (i32, i64, i32);

fn eur(amount: i64) -> Money {
    Money::new(amount, "EUR".parse().expect("a currency"))
}

/// The tax contained in `gross`, half away from zero.
fn contained(gross: i64, rate_bp: i32) -> i64 {
    let rate = i64::from(rate_bp);
    (2 * gross * rate + 10_000 + rate) / (2 * (10_000 + rate))
}

fn order(lines: &[Ordered]) -> Order {
    brought(lines, 0, 800)
}

/// The order, brought for a fee that is taxed at this rate.
fn brought(lines: &[Ordered], fee: i64, fee_rate: i32) -> Order {
    let line = |(quantity, total, rate): &Ordered| Line {
        variation_id: Uuid::from_u128(4),
        product: "Flat white".into(),
        variation: "Large".into(),
        options: Vec::new(),
        quantity: *quantity,
        unit_price: eur(total / i64::from(*quantity)),
        line_total: eur(total + OFF),
        discount: eur(OFF),
        tax_rate_bp: *rate,
    };
    let mut tax: Vec<Tax> = Vec::new();
    for rate_bp in [500, 800, 2300] {
        let own = lines.iter().filter(|(.., rate)| *rate == rate_bp);
        let goods: i64 = own.map(|(_, total, _)| total).sum();
        let gross = goods + if rate_bp == fee_rate { fee } else { 0 };
        tax.push(Tax {
            rate_bp,
            gross: eur(gross),
            tax: eur(contained(gross, rate_bp)),
        });
    }
    Order {
        id: OrderId(Uuid::from_u128(1)),
        number: OrderNumber(42),
        customer: CustomerId(Uuid::from_u128(2)),
        store_id: StoreId(Uuid::from_u128(3)),
        store_name: "Rynek".into(),
        business_day: chrono::NaiveDate::default(),
        placed_at: DateTime::UNIX_EPOCH,
        pickup: Pickup::stored(DateTime::UNIX_EPOCH, None),
        checkout: Checkout::Completed,
        fulfilment: Fulfilment::Delivered,
        payment: Payment {
            method: PaymentMethod::Card,
            status: PaymentStatus::Captured,
        },
        reason: None,
        lines: lines.iter().map(line).collect(),
        discount: None,
        delivery: Some(Delivery {
            fee: eur(fee),
            tax_rate_bp: fee_rate,
            minutes: 20,
            courier: Courier::Delivered,
        }),
        tip: eur(0),
        total: eur(lines.iter().map(|(_, total, _)| total).sum::<i64>() + fee),
        tax,
        version: 6,
    }
}

/// What an order's returns come to, those that were rejected left out: what the store adds up.
fn earlier(order: &Order, all: &[(Return, bool)]) -> Earlier {
    let live = || all.iter().filter(|(_, rejected)| !rejected);
    let mut lines = vec![Before::default(); order.lines.len()];
    for line in live().flat_map(|(it, _)| &it.lines) {
        let before = &mut lines[usize::try_from(line.line - 1).expect("a place")];
        before.units += line.quantity;
        if line.quantity > 0 {
            before.for_units += line.amount.amount;
        } else {
            before.parts += line.amount.amount;
        }
    }
    Earlier {
        count: i32::try_from(all.len()).expect("a few"),
        amount: live().map(|(it, _)| it.amount.amount).sum(),
        lines,
        tax: live().flat_map(|(it, _)| it.tax.clone()).collect(),
        fee: live().any(|(it, _)| it.fee.is_some()),
    }
}

fn wish(lines: Vec<Wanted>) -> Wish {
    Wish {
        id: ReturnId(Uuid::from_u128(9)),
        lines,
        fee: false,
        reason: Reason::Quality,
        note: None,
        asked_by: "barista".into(),
    }
}

fn ask(order: &Order, all: &[(Return, bool)], lines: Vec<Wanted>) -> Result<Return, Refused> {
    Return::ask(
        order,
        &earlier(order, all),
        wish(lines),
        DateTime::UNIX_EPOCH,
    )
}

/// The fee, and what is wished of lines.
fn ask_for_the_fee(
    order: &Order,
    all: &[(Return, bool)],
    lines: Vec<Wanted>,
) -> Result<Return, Refused> {
    let wish = Wish {
        fee: true,
        ..wish(lines)
    };
    Return::ask(order, &earlier(order, all), wish, DateTime::UNIX_EPOCH)
}

fn pieces(line: i32, units: i32) -> Wanted {
    Wanted {
        line,
        what: What::Units(units, Goods::Restocked),
    }
}

fn part(line: i32, amount: i64) -> Wanted {
    Wanted {
        line,
        what: What::Part(eur(amount)),
    }
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Pieces(i32, i32),
    Part(i32, i64),
    Both(i32, i32),
    Fee,
    FeeAndPieces(i32),
    Reject(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1..4i32, 1..4i32).prop_map(|(line, units)| Act::Pieces(line, units)),
        2 => (1..4i32, 1..900i64).prop_map(|(line, amount)| Act::Part(line, amount)),
        1 => (1..4i32, 1..3i32).prop_map(|(line, units)| Act::Both(line, units)),
        1 => Just(Act::Fee),
        1 => (1..4i32).prop_map(Act::FeeAndPieces),
        2 => (0..8usize).prop_map(Act::Reject),
    ]
}

/// Holds what was given of every line, and of every rate, against what it cost.
fn assert_within(order: &Order, all: &[(Return, bool)]) {
    let so_far = earlier(order, all);
    for (line, before) in order.lines.iter().zip(&so_far.lines) {
        assert!(before.units <= line.quantity);
        assert!(before.for_units + before.parts <= allot::cost(line));
    }
    for whole in &order.tax {
        let own = so_far.tax.iter().filter(|it| it.rate_bp == whole.rate_bp);
        let given: i64 = own.map(|it| it.tax.amount).sum();
        assert!(given <= whole.tax.amount, "{given} of {whole:?}");
    }
    for (it, _) in all {
        let lines: i64 = it.lines.iter().map(|line| line.amount.amount).sum();
        let lines = lines + it.fee.map_or(0, |fee| fee.amount);
        let rates: i64 = it.tax.iter().map(|tax| tax.gross.amount).sum();
        assert_eq!((lines, rates), (it.amount.amount, it.amount.amount));
        assert!(it.tax.iter().all(|it| it.tax.amount <= it.gross.amount));
    }
}

proptest! {
    #[test]
    fn no_sequence_of_returns_gives_more_than_was_paid_and_all_of_it_gives_exactly_that(
        lines in prop::collection::vec((1..7i32, 0..2_000i64, prop::sample::select(vec![500, 800, 2300])), 1..4),
        fee in 0..500i64,
        fee_rate in prop::sample::select(vec![500, 800, 2300]),
        acts in prop::collection::vec(act(), 0..16),
    ) {
        let order = brought(&lines, fee, fee_rate);
        let mut all: Vec<(Return, bool)> = Vec::new();
        for act in acts {
            let asked = match act {
                Act::Pieces(line, units) => ask(&order, &all, vec![pieces(line, units)]),
                Act::Part(line, amount) => ask(&order, &all, vec![part(line, amount)]),
                Act::Both(line, units) => {
                    ask(&order, &all, vec![pieces(line, units), pieces(line % 3 + 1, 1)])
                }
                Act::Fee => ask_for_the_fee(&order, &all, Vec::new()),
                Act::FeeAndPieces(line) => ask_for_the_fee(&order, &all, vec![pieces(line, 1)]),
                Act::Reject(which) => {
                    if let Some((_, rejected)) = all.get_mut(which) {
                        *rejected = true;
                    }
                    continue;
                }
            };
            if let Ok(asked) = asked {
                all.push((asked, false));
            }
            assert_within(&order, &all);
        }
        // The rest comes back piece by piece.
        for (line, ordered) in (1..).zip(&order.lines) {
            let place = usize::try_from(line - 1).expect("a place");
            let came_back = earlier(&order, &all).lines[place].units;
            for _ in came_back..ordered.quantity {
                let last = ask(&order, &all, vec![pieces(line, 1)]).expect("one is left");
                all.push((last, false));
                assert_within(&order, &all);
            }
            // What was rejected after the last piece had come back is left to be given.
            let before = earlier(&order, &all).lines[place];
            let left = allot::cost(ordered) - before.for_units - before.parts;
            prop_assert!(left == 0 || came_back == ordered.quantity);
            if left > 0 {
                all.push((ask(&order, &all, vec![part(line, left)]).expect("it is left"), false));
            }
        }
        if fee == 0 {
            prop_assert_eq!(ask_for_the_fee(&order, &all, Vec::new()), Err(Refused::NoFee));
        } else if !earlier(&order, &all).fee {
            all.push((ask_for_the_fee(&order, &all, Vec::new()).expect("it is left"), false));
            assert_within(&order, &all);
        }
        let so_far = earlier(&order, &all);
        prop_assert!(fee == 0 || ask_for_the_fee(&order, &all, Vec::new()) == Err(Refused::FeeGiven));
        for (line, before) in order.lines.iter().zip(&so_far.lines) {
            prop_assert_eq!(before.for_units + before.parts, allot::cost(line));
        }
        for whole in &order.tax {
            let own = so_far.tax.iter().filter(|it| it.rate_bp == whole.rate_bp);
            prop_assert_eq!(own.map(|it| it.tax.amount).sum::<i64>(), whole.tax.amount);
        }
        prop_assert_eq!(so_far.amount, order.total.amount);
        for (line, _) in (1..).zip(&order.lines) {
            prop_assert_eq!(ask(&order, &all, vec![pieces(line, 1)]), Err(Refused::Exceeds(0)));
            prop_assert_eq!(ask(&order, &all, vec![part(line, 1)]), Err(Refused::Exceeds(0)));
        }
    }
}

proptest! {
    #[test]
    fn an_amount_takes_what_is_left_of_each_rate_and_with_the_last_of_it_all_of_the_tax_was_given_back(
        lines in prop::collection::vec((1..7i32, 0..2_000i64, prop::sample::select(vec![500, 800, 2300])), 1..4),
        came_back in prop::option::of(1..4i32),
        amounts in prop::collection::vec(1..3_000i64, 0..8),
        tip in 0..100i64,
    ) {
        let order = order(&lines);
        let first = came_back.and_then(|line| ask(&order, &[], vec![pieces(line, 1)]).ok());
        let mut before = first.map(|it| it.tax).unwrap_or_default();
        let rate_of = |all: &[Tax], rate: i32| -> (i64, i64) {
            let own = all.iter().filter(|it| it.rate_bp == rate);
            own.fold((0, 0), |sum, it| (sum.0 + it.gross.amount, sum.1 + it.tax.amount))
        };
        let left = |before: &[Tax]| -> i64 {
            order.tax.iter().map(|it| it.gross.amount - rate_of(before, it.rate_bp).0).sum()
        };
        // The last takes the rest, and the tip.
        for amount in amounts.into_iter().chain([i64::from(u32::MAX) + tip]) {
            let taxed = left(&before);
            let rows = allot::tax_of_amount(&order.tax, &before, amount);
            let gross: i64 = rows.iter().map(|it| it.gross.amount).sum();
            prop_assert_eq!(gross, amount.min(taxed));
            for row in &rows {
                let whole = order.tax.iter().find(|it| it.rate_bp == row.rate_bp).expect("a rate of the order");
                let own = whole.gross.amount - rate_of(&before, row.rate_bp).0;
                prop_assert!((1..=own).contains(&row.gross.amount));
                prop_assert!((0..=row.gross.amount).contains(&row.tax.amount));
                // No share is a minor unit or more away from its exact part.
                let away = i128::from(row.gross.amount) * i128::from(taxed) - i128::from(gross) * i128::from(own);
                prop_assert!(away.abs() < i128::from(taxed));
            }
            before.extend(rows);
        }
        for whole in &order.tax {
            prop_assert_eq!(rate_of(&before, whole.rate_bp), (whole.gross.amount, whole.tax.amount));
        }
    }
}

#[test]
fn an_amount_is_of_each_rate_by_what_is_left_of_it_and_then_of_the_tip() {
    let order = order(&[(1, 900, 800), (1, 300, 500)]);
    let row = |rate_bp, gross, tax| Tax {
        rate_bp,
        gross: eur(gross),
        tax: eur(tax),
    };
    let first = allot::tax_of_amount(&order.tax, &[], 100);
    assert_eq!(first, [row(500, 25, 1), row(800, 75, 6)]);
    // A remainder of two thirds is larger than one of a third.
    let odd = allot::tax_of_amount(&order.tax, &[row(500, 0, 0), row(800, 300, 22)], 50);
    assert_eq!(odd, [row(500, 17, 1), row(800, 33, 3)]);
    let rest = allot::tax_of_amount(&order.tax, &first, 1_100 + 50);
    assert_eq!(rest, [row(500, 275, 13), row(800, 825, 61)]);
    // Only the tip is left.
    assert!(allot::tax_of_amount(&order.tax, &order.tax, 50).is_empty());
}

#[test]
fn the_first_pieces_get_what_can_not_be_divided() {
    let order = order(&[(3, 1_000, 800)]);
    let mut all = Vec::new();
    for share in [334, 333, 333] {
        let one = ask(&order, &all, vec![pieces(1, 1)]).expect("a piece");
        assert_eq!(one.amount, eur(share));
        all.push((one, false));
    }
}

#[test]
fn a_part_of_the_price_is_not_given_a_second_time_with_the_goods() {
    let order = order(&[(2, 890, 800)]);
    let goodwill = ask(&order, &[], vec![part(1, 500)]).expect("a part");
    assert!(!goodwill.moves());
    let all = [(goodwill, false)];
    let both = ask(&order, &all, vec![pieces(1, 2)]).expect("both");
    assert_eq!(both.amount, eur(390));
}

#[test]
fn the_fee_is_given_back_whole_and_once_with_the_tax_of_its_own_rate() {
    let order = brought(&[(2, 890, 800)], 250, 2300);
    let first = ask_for_the_fee(&order, &[], vec![pieces(1, 1)]).expect("the fee");
    assert_eq!((first.amount, first.fee), (eur(695), Some(eur(250))));
    let rates: Vec<_> = first
        .tax
        .iter()
        .map(|it| (it.rate_bp, it.gross.amount, it.tax.amount))
        .collect();
    assert_eq!(rates, [(800, 445, 33), (2300, 250, 47)]);
    let again = |rejected| {
        let all = [(first.clone(), rejected)];
        ask_for_the_fee(&order, &all, Vec::new()).map(|it| it.amount)
    };
    assert_eq!(again(false), Err(Refused::FeeGiven));
    assert_eq!(again(true), Ok(eur(250)));
    let fetched = Order {
        delivery: None,
        ..order.clone()
    };
    assert_eq!(
        ask_for_the_fee(&fetched, &[], Vec::new()),
        Err(Refused::NoFee)
    );
}

#[test]
fn what_the_order_has_not_is_refused_by_its_place() {
    let order = order(&[(2, 890, 800), (1, 300, 500)]);
    let usd = Money::new(1, "USD".parse().expect("a currency"));
    let foreign = Wanted {
        line: 1,
        what: What::Part(usd),
    };
    for (lines, refused) in [
        (vec![pieces(1, 3)], Refused::Exceeds(0)),
        (vec![pieces(1, 0)], Refused::Exceeds(0)),
        (vec![pieces(1, i32::MAX)], Refused::Exceeds(0)),
        (vec![pieces(1, 1), part(2, 301)], Refused::Exceeds(1)),
        (vec![part(2, 0)], Refused::Exceeds(0)),
        (vec![pieces(0, 1)], Refused::NoSuchLine(0)),
        (vec![pieces(2, 1), pieces(3, 1)], Refused::NoSuchLine(1)),
        (vec![pieces(i32::MIN, 1)], Refused::NoSuchLine(0)),
        (vec![pieces(1, 1), part(1, 1)], Refused::Twice(1)),
        (vec![foreign], Refused::Currency(0)),
    ] {
        assert_eq!(ask(&order, &[], lines), Err(refused));
    }
}

#[test]
fn only_what_was_handed_over_is_returned() {
    for checkout in [
        Checkout::Pending,
        Checkout::Confirmed,
        Checkout::Cancelled,
        Checkout::Manual,
    ] {
        let order = Order {
            checkout,
            ..order(&[(1, 100, 800)])
        };
        assert_eq!(
            ask(&order, &[], vec![pieces(1, 1)]),
            Err(Refused::NotCompleted)
        );
    }
}
