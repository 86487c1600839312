//! Random histories of an order: only legal steps change it, and each leaves exactly one trace.

use chrono::TimeZone as _;
use proptest::prelude::*;
use service::clock::Clock;
use service::ids::Ids;

use super::*;
use crate::events;
use crate::lifecycle::STEPS;

const ALL: [Step; 11] = [
    Step::Place,
    Step::Confirm,
    Step::Prepare,
    Step::PutOut,
    Step::HandOver,
    Step::Complete,
    Step::Recall,
    Step::Cancel,
    Step::Park,
    Step::Resume,
    Step::Settle,
];

fn at(second: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 7, 30, second % 60)
        .single()
        .expect("an instant")
}

fn draft(method: PaymentMethod) -> Draft {
    let price = Money::new(445, "EUR".parse().expect("a currency"));
    Draft {
        id: OrderId(Uuid::from_u128(1)),
        customer: CustomerId(Uuid::from_u128(2)),
        store_id: StoreId(Uuid::from_u128(3)),
        store_name: "Rynek".into(),
        business_day: business_day(at(0), Tz::Europe__Warsaw),
        number: OrderNumber(42),
        pickup: Pickup::stored(at(30), None),
        method,
        lines: vec![Line {
            variation_id: Uuid::from_u128(4),
            product: "Flat white".into(),
            variation: "Large".into(),
            options: Vec::new(),
            quantity: 1,
            unit_price: price,
            line_total: price,
            discount: Money::new(0, price.currency),
            tax_rate_bp: 800,
        }],
        discount: None,
        delivery: None,
        tip: Money::new(0, price.currency),
        total: price,
        tax: Vec::new(),
    }
}

proptest! {
    #[test]
    fn only_legal_steps_change_an_order(
        card: bool,
        steps in proptest::collection::vec(proptest::sample::select(&ALL), 0..80),
    ) {
        let method = if card { PaymentMethod::Card } else { PaymentMethod::Counter };
        let (mut order, first) = Order::place(draft(method), "customer", at(0)).expect("the first step");
        let mut transitions = vec![first];
        for (second, step) in (1..).zip(steps) {
            let legal = STEPS.iter().find(|row| row.step == step && row.from == Some(order.state()));
            match (order.clone().take(step, "staff", at(second)), legal) {
                (Ok((after, transition)), Some(row)) => {
                    prop_assert_eq!(after.state(), row.to);
                    prop_assert_eq!(after.version, order.version + 1);
                    prop_assert_eq!(transition.version, after.version);
                    prop_assert_eq!(transition.state, after.state());
                    prop_assert_eq!((&after.lines, after.total, after.number), (&order.lines, order.total, order.number));
                    // The database checks these again.
                    match after.checkout {
                        Checkout::Completed => prop_assert_eq!(after.payment.status, PaymentStatus::Captured),
                        Checkout::Confirmed => prop_assert_eq!(after.payment.status == PaymentStatus::Captured, card),
                        Checkout::Cancelled => {
                            let before = order.payment.status;
                            let expected = if before == PaymentStatus::Captured {
                                PaymentStatus::Refunded
                            } else {
                                PaymentStatus::Void
                            };
                            prop_assert_eq!(after.payment.status, expected);
                        }
                        Checkout::Pending | Checkout::Manual => {}
                    }
                    prop_assert_eq!((transition.payment, transition.reason), (after.payment, after.reason));
                    transitions.push(transition);
                    order = after;
                }
                (Err(illegal), None) => {
                    prop_assert_eq!(illegal, IllegalStep { step, from: Some(order.state()) });
                }
                (outcome, row) => prop_assert!(false, "{outcome:?} against {row:?}"),
            }
        }
        let events = events::of(&order, &transitions, &Ids::new(Clock::system())).expect("events");
        let versions: Vec<_> = events.iter().map(|event| event.sequence).collect();
        prop_assert_eq!(versions, (1..=order.version).collect::<Vec<_>>());
        // History links up: each transition starts where the one before it on its axis ended.
        let mut reached = (None, Fulfilment::Waiting);
        for transition in &transitions {
            match transition.moved {
                Move::Checkout(from, to) => { prop_assert_eq!(from, reached.0); reached.0 = Some(to); }
                Move::Fulfilment(from, to) => { prop_assert_eq!(from, reached.1); reached.1 = to; }
            }
        }
        prop_assert_eq!(reached, (Some(order.checkout), order.fulfilment));
    }

    #[test]
    fn numbers_of_a_day_never_look_alike(one in 1..2_000_000_i32, other in 1..2_000_000_i32) {
        prop_assert_eq!(one == other, OrderNumber(one).to_string() == OrderNumber(other).to_string());
    }
}

#[test]
fn numbers_are_called_out_by_letter_and_three_digits() {
    for (number, shown) in [
        (1, "A-001"),
        (42, "A-042"),
        (999, "A-999"),
        (1000, "B-001"),
        (26 * 999, "Z-999"),
        (26 * 999 + 1, "AA-001"),
    ] {
        assert_eq!(OrderNumber(number).to_string(), shown);
    }
}

#[test]
fn the_day_is_the_stores_own() {
    let late = Utc
        .with_ymd_and_hms(2026, 3, 1, 23, 30, 0)
        .single()
        .expect("an instant");
    assert_eq!(
        business_day(late, Tz::Europe__Warsaw).to_string(),
        "2026-03-02"
    );
    assert_eq!(
        business_day(late, Tz::America__New_York).to_string(),
        "2026-03-01"
    );
}
