//! Two generated sides with planted differences: each is found as what it is, and nothing else is.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::*;
use crate::operation::OperationId;
use crate::reconcile::{Refund, UNDECIDED};

fn noon() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// A day that is looked at an hour after its end.
fn scope() -> Scope {
    let period = noon() - TimeDelta::hours(12)..noon() + TimeDelta::hours(12);
    Scope {
        began_at: period.end + TimeDelta::hours(1),
        period,
    }
}

fn money(amount: i64, currency: &str) -> Money {
    Money::new(amount, currency.parse().expect("a currency"))
}

fn eur(amount: i64) -> Money {
    money(amount, "EUR")
}

/// How far a purchase has come, on both sides alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Declined,
    Held,
    Voided,
    Captured,
    /// With some of it given back, in two parts.
    Refunded,
}

fn operation(kind: Kind, number: u128, amount: i64, id: Option<&str>) -> Ours {
    let booked = match kind {
        Kind::Capture => Some(amount),
        Kind::Refund => Some(-amount),
        Kind::Authorise | Kind::Void => None,
    };
    Ours {
        id: OperationId(Uuid::from_u128(number)),
        kind,
        key: format!("key of {number}"),
        amount: eur(amount),
        progress: if id.is_some() {
            Progress::Succeeded
        } else {
            Progress::Refused
        },
        provider_id: id.map(str::to_owned),
        started_at: noon(),
        settled_at: Some(noon() + TimeDelta::seconds(1)),
        booked,
    }
}

fn sale(id: &str, amount: i64) -> Sale {
    Sale {
        id: id.to_owned(),
        key: Some(format!("key of {id}")),
        reference: "an order".to_owned(),
        amount: eur(amount),
        captures: Vec::new(),
        voided: false,
        at: noon(),
    }
}

fn capture(id: &str, amount: i64) -> Capture {
    Capture {
        id: id.to_owned(),
        amount,
    }
}

fn refund(id: &str, of: &str, amount: i64) -> Refund {
    Refund {
        id: id.to_owned(),
        key: Some(format!("key of {id}")),
        reference: "an order".to_owned(),
        capture: of.to_owned(),
        amount: eur(amount),
        at: noon(),
    }
}

/// The same on both sides. `amount` is at least 4.
fn equal(stage: Stage, amount: i64) -> Purchase {
    let reference = "an order".to_owned();
    if stage == Stage::Declined {
        return Purchase {
            reference,
            ours: vec![operation(Kind::Authorise, 1, amount, None)],
            ..Purchase::default()
        };
    }
    let mut ours = vec![operation(Kind::Authorise, 1, amount, Some("au"))];
    let mut theirs = sale("au", amount);
    let mut refunds = Vec::new();
    match stage {
        Stage::Declined | Stage::Held => {}
        Stage::Voided => {
            // A first try was refused.
            ours.push(operation(Kind::Void, 2, amount, None));
            ours.push(operation(Kind::Void, 3, amount, Some("vo")));
            theirs.voided = true;
        }
        Stage::Captured | Stage::Refunded => {
            ours.push(operation(Kind::Capture, 2, amount, Some("ca")));
            theirs.captures.push(capture("ca", amount));
        }
    }
    if stage == Stage::Refunded {
        for (number, id, part) in [(3, "re1", 1), (4, "re2", amount - 2)] {
            ours.push(operation(Kind::Refund, number, part, Some(id)));
            refunds.push(refund(id, "ca", part));
        }
    }
    Purchase {
        reference,
        ours,
        sales: vec![theirs],
        refunds,
    }
}

/// Plants a difference into a purchase that is equal, or makes one that has it. `way` chooses between several.
fn plant(difference: Difference, stage: Stage, amount: i64, way: bool) -> Purchase {
    let taken = if way {
        Stage::Captured
    } else {
        Stage::Refunded
    };
    let mut it = match difference {
        Difference::UnknownHere => Purchase {
            ours: Vec::new(),
            ..equal(if way { Stage::Held } else { Stage::Captured }, amount)
        },
        Difference::UnknownThere => equal(if way { Stage::Held } else { Stage::Captured }, amount),
        Difference::StateDiffers | Difference::CurrencyDiffers => equal(stage, amount),
        Difference::RefundedHere => equal(Stage::Refunded, amount),
        _ => equal(taken, amount),
    };
    match difference {
        Difference::UnknownHere => {}
        Difference::UnknownThere => it.sales.clear(),
        Difference::AmountDiffers if way => it.sales[0].captures[0].amount -= 1,
        Difference::AmountDiffers => it.refunds[0].amount.amount += 1,
        Difference::CurrencyDiffers if it.sales.is_empty() => {
            return plant(difference, Stage::Held, amount, way);
        }
        Difference::CurrencyDiffers => it.sales[0].amount = money(amount, "USD"),
        Difference::StateDiffers => match stage {
            // It was declined, we say.
            Stage::Declined => {
                let key = it.ours[0].key.clone();
                it.sales.push(Sale {
                    key: Some(key),
                    ..sale("au", amount)
                });
            }
            Stage::Held if way => it.sales[0].voided = true,
            Stage::Held => it.sales[0].captures.push(capture("ca", amount)),
            Stage::Voided => {
                it.sales[0].voided = false;
                if way {
                    it.sales[0].captures.push(capture("ca", amount));
                }
            }
            Stage::Captured | Stage::Refunded => {
                it = equal(Stage::Captured, amount);
                it.sales[0].captures.clear();
                it.sales[0].voided = way;
            }
        },
        Difference::CapturedTwice if way => {
            it.sales[0].captures.push(capture("ca again", amount));
        }
        Difference::CapturedTwice => it.sales.push(Sale {
            captures: vec![capture("ca again", amount)],
            ..sale("au again", amount)
        }),
        Difference::RefundedThere => it.refunds.push(refund("re of somebody", "ca", 1)),
        Difference::RefundedHere => drop(it.refunds.remove(usize::from(way))),
        Difference::LedgerDiffers => {
            let last = it.ours.last_mut().expect("an operation");
            last.booked = last.booked.map(|booked| booked - 1).filter(|_| way);
        }
    }
    it
}

fn kinds(purchase: &Purchase, scope: &Scope) -> Vec<Difference> {
    let found = compare(purchase, scope).found;
    found.iter().map(|found| found.difference).collect()
}

fn stages() -> impl Strategy<Value = Stage> {
    select(vec![
        Stage::Declined,
        Stage::Held,
        Stage::Voided,
        Stage::Captured,
        Stage::Refunded,
    ])
}

proptest! {
    #[test]
    fn what_is_equal_on_both_sides_differs_in_nothing(stage in stages(), amount in 4..=1_000_000_000_i64) {
        let compared = compare(&equal(stage, amount), &scope());
        prop_assert_eq!(&compared.found, &[]);
        prop_assert_eq!(compared.ours, compared.theirs);
    }

    #[test]
    fn each_planted_difference_is_found_and_nothing_else(
        orders in prop::collection::vec(
            (stages(), 4..=1_000_000_i64, prop::option::of(select(Difference::ALL.to_vec())), any::<bool>()),
            1..20,
        ),
    ) {
        for (stage, amount, planted, way) in orders {
            let purchase = match planted {
                Some(difference) => plant(difference, stage, amount, way),
                None => equal(stage, amount),
            };
            let expected: Vec<_> = planted.into_iter().collect();
            prop_assert_eq!(kinds(&purchase, &scope()), expected, "{:#?}", purchase);
        }
    }

    #[test]
    fn a_remedy_is_one_sentence_with_the_ids_of_both_sides(
        difference in select(Difference::ALL.to_vec()), stage in stages(), amount in 4..=1_000_i64, way: bool,
    ) {
        let purchase = plant(difference, stage, amount, way);
        for found in compare(&purchase, &scope()).found {
            let remedy = found.remedy();
            prop_assert!(remedy.contains("an order") && remedy.ends_with('.'), "{}", remedy);
            prop_assert!(!remedy.contains("nothing ("), "{}", remedy);
            prop_assert_eq!(remedy.matches(". ").count(), 0, "{}", remedy);
            let mended_there = found.theirs.or(found.ours).expect("a side");
            prop_assert!(remedy.contains(&mended_there.id), "{}", remedy);
        }
    }

    #[test]
    fn what_happened_outside_of_the_period_is_not_told(
        difference in select(Difference::ALL.to_vec()), stage in stages(), way: bool,
    ) {
        let purchase = plant(difference, stage, 500, way);
        let mut later = scope();
        later.period = later.period.end..later.period.end + TimeDelta::hours(24);
        later.began_at = later.period.end;
        let compared = compare(&purchase, &later);
        prop_assert_eq!(compared.found, &[]);
        prop_assert_eq!((compared.ours, compared.theirs), Default::default());
    }

    #[test]
    fn what_we_recorded_since_the_provider_was_asked_is_not_told(
        difference in select(vec![
            Difference::UnknownThere, Difference::AmountDiffers, Difference::CurrencyDiffers, Difference::StateDiffers,
            Difference::RefundedHere, Difference::LedgerDiffers,
        ]),
        stage in stages(),
        way: bool,
    ) {
        let mut purchase = plant(difference, stage, 500, way);
        for one in &mut purchase.ours {
            one.settled_at = Some(scope().began_at);
        }
        prop_assert_eq!(kinds(&purchase, &scope()), &[]);
    }
}

#[test]
fn an_operation_without_an_outcome_excuses_what_the_provider_has_for_two_days() {
    for (kind, stage, expected) in [
        (Kind::Authorise, Stage::Held, Difference::StateDiffers),
        (Kind::Capture, Stage::Captured, Difference::StateDiffers),
        (Kind::Void, Stage::Voided, Difference::StateDiffers),
        (Kind::Refund, Stage::Refunded, Difference::RefundedThere),
    ] {
        for progress in [Progress::Open, Progress::Abandoned] {
            let mut purchase = equal(stage, 500);
            let last = purchase.ours.last_mut().expect("an operation");
            assert_eq!(last.kind, kind);
            last.progress = progress;
            last.settled_at = None;
            last.provider_id = None;
            last.booked = None;
            if kind == Kind::Authorise {
                purchase.sales[0].key = Some(last.key.clone());
            }
            assert_eq!(kinds(&purchase, &scope()), [], "{kind:?} {progress:?}");
            let mut later = scope();
            later.began_at = noon() + UNDECIDED;
            assert_eq!(
                kinds(&purchase, &later),
                [expected],
                "{kind:?} {progress:?}"
            );
        }
    }
}

#[test]
fn what_the_provider_undid_by_itself_is_mended() {
    for (difference, way, of) in [
        (Difference::UnknownHere, false, "ca"),
        (Difference::CapturedTwice, true, "ca again"),
        (Difference::CapturedTwice, false, "ca again"),
    ] {
        let mut purchase = plant(difference, Stage::Captured, 500, way);
        purchase.refunds.push(refund("by hand", of, 499));
        let found = compare(&purchase, &scope()).found;
        assert_eq!(found.len(), 1, "a part of it is left");
        let left = found[0].theirs.as_ref().expect("a figure").amount;
        assert_eq!((found[0].difference, left), (difference, eur(1)));
        purchase.refunds.push(refund("by hand again", of, 1));
        assert_eq!(kinds(&purchase, &scope()), []);
    }
    let mut held = plant(Difference::UnknownHere, Stage::Held, 500, true);
    held.sales[0].voided = true;
    assert_eq!(kinds(&held, &scope()), []);
}

#[test]
fn a_capture_of_another_name_is_unknown_there() {
    let mut purchase = equal(Stage::Captured, 500);
    purchase.sales[0].captures[0].id = "ca other".to_owned();
    let found = compare(&purchase, &scope()).found;
    let [found] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(found.difference, Difference::UnknownThere);
    let ids = [&found.ours, &found.theirs].map(|side| side.as_ref().map(|side| side.id.as_str()));
    assert_eq!(ids, [Some("ca"), Some("ca other")]);
}
