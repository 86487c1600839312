//! Every step from every state, and sums that hold whatever is tried.

use proptest::prelude::*;

use super::*;

fn eur(amount: i64) -> Money {
    Money::new(amount, "EUR".parse().expect("a currency"))
}

fn at() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

fn payment(amount: i64) -> Payment {
    let id = Uuid::from_u128(1);
    Payment::initiate(PaymentId(id), OrderId(id), StoreId(id), eur(amount), at())
}

fn after(steps: &[Step]) -> Payment {
    steps.iter().fold(payment(100), |payment, step| {
        payment.take(step.clone(), at()).expect("a legal step")
    })
}

#[test]
fn exactly_these_steps_are_legal() {
    let decline = || Step::Decline("expired_card".into());
    let all = [
        Step::Authorise,
        decline(),
        Step::Capture(eur(100)),
        Step::Void,
        Step::Refund(eur(40)),
    ];
    for (before, legal) in [
        (vec![], [true, true, false, true, false]),
        (vec![Step::Authorise], [false, true, true, true, false]),
        (
            vec![Step::Authorise, Step::Capture(eur(100))],
            [false, false, false, false, true],
        ),
        (vec![Step::Void], [false, false, true, false, false]),
        (vec![decline()], [false, false, false, true, false]),
    ] {
        let legal_now = all.clone().map(|step| {
            let before = after(&before);
            let version = before.version;
            let after = before.take(step, at());
            if let Ok(after) = &after {
                assert_eq!(after.version, version + 1);
            }
            after.is_ok()
        });
        assert_eq!(legal_now, legal, "after {before:?}");
    }
}

#[test]
fn what_was_voided_stays_marked_even_if_a_capture_comes_late() {
    let late = after(&[Step::Void, Step::Capture(eur(100))]);
    assert!(late.reversed);
    assert_eq!(late.net(), 100);
}

#[test]
fn a_foreign_currency_is_neither_captured_nor_given_back() {
    let usd = Money::new(1, "USD".parse().expect("a currency"));
    let authorised = after(&[Step::Authorise]);
    assert!(authorised.take(Step::Capture(usd), at()).is_err());
    let captured = after(&[Step::Authorise, Step::Capture(eur(100))]);
    assert_eq!(
        captured.take(Step::Refund(usd), at()),
        Err(StepError::Money(MoneyError::Mixed))
    );
}

fn any_step() -> impl Strategy<Value = Step> {
    let amount = prop_oneof![Just(i64::MIN), Just(i64::MAX), -5..150_i64];
    prop_oneof![
        Just(Step::Authorise),
        Just(Step::Decline("do_not_honour".into())),
        amount.clone().prop_map(|amount| Step::Capture(eur(amount))),
        Just(Step::Void),
        amount.prop_map(|amount| Step::Refund(eur(amount))),
    ]
}

proptest! {
    #[test]
    fn never_more_back_than_came_and_never_more_than_was_owed(steps in prop::collection::vec(any_step(), 0..30)) {
        let mut payment = payment(100);
        for step in steps {
            let version = payment.version;
            if let Ok(next) = payment.clone().take(step, at()) {
                prop_assert_eq!(next.version, version + 1);
                prop_assert!(!payment.reversed || next.reversed);
                payment = next;
            }
            prop_assert!(0 <= payment.refunded().amount);
            prop_assert!(payment.refunded().amount <= payment.captured().amount);
            prop_assert!(payment.captured().amount <= payment.amount.amount);
        }
    }
}
