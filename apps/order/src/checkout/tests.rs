//! Histories of one checkout against a model of inventory and payment: crashes, lost and late messages, duplicates,
//! frozen runners, wishes to cancel, clocks past the deadline. A hundred thousand of them, each from its seed alone.
//!
//! Invariant: every history has at least one disturbance. One that breaks a promise is shrunk to the moves that are
//! needed for it, and told with its seed.

mod model;
mod plan;

use std::collections::BTreeSet;

use super::*;
use model::{Covered, Run};
use plan::{Fault, Plan};

/// How many histories.
const HISTORIES: u64 = 100_000;

/// Runs the plan, or says which promise it broke.
fn run(plan: &Plan, covered: &mut BTreeSet<Covered>) -> Result<usize, String> {
    let mut run = Run::new(plan);
    run.go_to_the_end()?;
    run.promises()?;
    // What is still under way lands now, in either order; it changes nothing any more.
    run.land_the_rest()?;
    run.promises()?;
    covered.append(&mut run.covered);
    Ok(run.disturbed)
}

#[test]
fn a_hundred_thousand_disturbed_histories_keep_every_promise() {
    let mut covered = BTreeSet::new();
    for seed in 0..HISTORIES {
        let mut plan = Plan::of(seed);
        let outcome = match run(&plan, &mut covered) {
            // It ended before its first disturbance came: disturb its first move.
            Ok(0) => {
                plan.disturb();
                run(&plan, &mut covered)
            }
            outcome => outcome,
        };
        match outcome {
            Ok(disturbed) => assert!(disturbed > 0, "seed {seed} was not disturbed: {plan:?}"),
            Err(broken) => {
                let smallest = plan.shrunk(|plan| run(plan, &mut BTreeSet::new()).is_err());
                let least = run(&smallest, &mut BTreeSet::new()).err();
                panic!("seed {seed}: {broken}\nshrunk: {smallest:#?}\nwhich breaks: {least:?}");
            }
        }
    }
    for action in [
        "reserve",
        "release",
        "authorise",
        "void",
        "capture",
        "refund",
        "confirm",
        "cancel",
    ] {
        for fault in [Fault::BeforeCommit, Fault::AfterCommit] {
            assert!(
                covered.contains(&(action, fault)),
                "{action} without {fault:?}"
            );
        }
    }
    for call in [
        "reserve",
        "release",
        "authorise",
        "void",
        "capture",
        "refund",
    ] {
        for fault in plan::DISTURBING {
            assert!(covered.contains(&(call, fault)), "{call} without {fault:?}");
        }
    }
}

/// Follows an undisturbed saga with these answers; says what it called and where it came to.
fn follow(saga: Saga, answers: &[(Call, Outcome)]) -> Saga {
    answers.iter().fold(saga, |saga, (call, outcome)| {
        assert_eq!(saga.next(), Some(Action::Call(*call)));
        saga.took(outcome.clone(), DateTime::UNIX_EPOCH)
    })
}

#[test]
fn every_step_is_done_in_order_and_undone_in_reverse() {
    for charged in [true, false] {
        let saga = Saga::begin(charged, DateTime::UNIX_EPOCH);
        let mut done = Vec::new();
        let mut saga = saga;
        while let Some(Action::Call(call)) = saga.next() {
            done.push(call);
            saga = saga.took(Outcome::Done, DateTime::UNIX_EPOCH);
        }
        assert_eq!(saga.next(), Some(Action::Take(lifecycle::Step::Confirm)));
        let mut saga = saga
            .took(Outcome::Done, DateTime::UNIX_EPOCH)
            .recalled(Reason::ByCustomer);
        let mut undone = Vec::new();
        while let Some(Action::Call(call)) = saga.next() {
            undone.push(call);
            saga = saga.took(Outcome::Done, DateTime::UNIX_EPOCH);
        }
        assert_eq!(saga.next(), Some(Action::Take(lifecycle::Step::Cancel)));
        let (expected, reverse) = if charged {
            // Money that was taken is given back; nothing is left to void.
            (
                vec![Call::Reserve, Call::Authorise, Call::Capture],
                vec![Call::Refund, Call::Release],
            )
        } else {
            (vec![Call::Reserve], vec![Call::Release])
        };
        assert_eq!((done, undone), (expected, reverse));
    }
}

#[test]
fn a_step_in_doubt_is_undone_and_one_without_is_not() {
    let declined = Outcome::Refused(Reason::PaymentDeclined, String::new());
    let begun = || {
        follow(
            Saga::begin(true, DateTime::UNIX_EPOCH),
            &[(Call::Reserve, Outcome::Done)],
        )
    };
    let certain = follow(begun(), &[(Call::Authorise, declined.clone())]);
    assert_eq!(certain.next(), Some(Action::Call(Call::Release)));
    let doubtful = follow(
        begun(),
        &[
            (Call::Authorise, Outcome::Unknown(String::new())),
            (Call::Authorise, declined.clone()),
        ],
    );
    assert_eq!(doubtful.next(), Some(Action::Call(Call::Void)));
    let lost = begun().interrupted(DateTime::UNIX_EPOCH);
    let lost = follow(lost, &[(Call::Authorise, declined.clone())]);
    assert_eq!(lost.next(), Some(Action::Call(Call::Void)));
    let untried = follow(
        begun(),
        &[
            (Call::Authorise, Outcome::Unavailable(String::new())),
            (Call::Authorise, declined),
        ],
    );
    assert_eq!(untried.next(), Some(Action::Call(Call::Release)));
}

#[test]
fn a_step_is_tried_no_more_often_than_agreed_even_if_the_clock_stands() {
    let mut saga = Saga::begin(true, DateTime::UNIX_EPOCH);
    for tried in 1..=MOST_TRIES {
        assert_eq!(saga.phase, Phase::Forward(Step::Reserve), "try {tried}");
        saga = saga.took(Outcome::Unknown(String::new()), DateTime::UNIX_EPOCH);
    }
    assert_eq!(saga.reason, Some(Reason::StockUnavailable));
    for tried in 1..=MOST_UNDOS {
        assert_eq!(saga.phase, Phase::Back(Step::Reserve), "try {tried}");
        saga = saga.took(Outcome::Unavailable(String::new()), DateTime::UNIX_EPOCH);
    }
    assert_eq!(saga.phase, Phase::Manual(Step::Reserve));
    let resumed = saga.clone().resumed();
    assert_eq!(
        (resumed.phase, resumed.tries),
        (Phase::Back(Step::Reserve), 0)
    );
    assert_eq!(
        saga.settled_by_hand().phase,
        Phase::Settled(Direction::Back)
    );
}

#[test]
fn pauses_grow_and_stay_within_bounds() {
    let mut saga = Saga::begin(true, DateTime::UNIX_EPOCH);
    assert_eq!(saga.pause(), Duration::ZERO);
    let mut pauses = Vec::new();
    for _ in 0..7 {
        saga = saga.took(Outcome::Unknown(String::new()), DateTime::UNIX_EPOCH);
        pauses.push(saga.pause().as_millis());
    }
    assert_eq!(pauses, [250, 500, 1000, 2000, 4000, 4000, 4000]);
}

#[test]
fn the_table_is_in_the_order_of_its_steps() {
    for (index, row) in STEPS.iter().enumerate() {
        assert_eq!(row.step as usize, index);
    }
}
