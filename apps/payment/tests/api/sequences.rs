//! Whatever is asked for in whatever order, with answers lost, late and repeated: the money adds up in the end.
//!
//! Invariant of every history: refunded ≤ captured ≤ amount at each step; once all is settled the provider's books are
//! ours, nothing was done twice, and nothing of an undone order's money is left with us or with the provider.

use payment::operation::Progress;
use payment::payment::{OrderId, State};
use payment::provider::Provider;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::provider::{self, Mood};
use crate::world::{AMOUNT, World};

/// One thing that is asked for or happens.
#[derive(Clone, Copy, Debug)]
enum Act {
    Authorise(Mood),
    Capture(Mood),
    Void(Mood),
    Undo(Mood),
    Refund(u8, i64, Mood),
    Message(u8, &'static str),
    CatchUp,
    Resolve,
    Silence(bool),
}

fn mood() -> impl Strategy<Value = Mood> {
    prop_oneof![
        3 => Just(Mood::Good),
        1 => Just(Mood::Decline),
        2 => Just(Mood::Lost),
        1 => Just(Mood::Away),
        2 => Just(Mood::Late),
        1 => Just(Mood::Garbled),
    ]
}

/// Undoings are never declined.
fn undoing() -> impl Strategy<Value = Mood> {
    mood().prop_map(|mood| match mood {
        Mood::Decline => Mood::Good,
        mood => mood,
    })
}

fn act() -> impl Strategy<Value = Act> {
    let told = prop::sample::select(vec![
        "authorisation.succeeded",
        "authorisation.declined",
        "capture.succeeded",
        "void.succeeded",
        "refund.succeeded",
    ]);
    prop_oneof![
        3 => mood().prop_map(Act::Authorise),
        3 => mood().prop_map(Act::Capture),
        1 => undoing().prop_map(Act::Void),
        1 => undoing().prop_map(Act::Undo),
        2 => (0..4_u8, 1..=AMOUNT, undoing()).prop_map(|(key, amount, mood)| Act::Refund(key, amount, mood)),
        2 => (0..6_u8, told).prop_map(|(id, kind)| Act::Message(id, kind)),
        2 => Just(Act::CatchUp),
        2 => Just(Act::Resolve),
        1 => any::<bool>().prop_map(Act::Silence),
    ]
}

/// Does it; says whether the order was undone by it, as its caller sees it.
async fn act_on(world: &World, order: OrderId, act: Act) -> bool {
    let will = |kind, mood| world.provider.will(kind, &[mood]);
    match act {
        Act::Authorise(mood) => {
            will("authorisation", mood);
            world.authorise(order).await;
        }
        Act::Capture(mood) => {
            will("capture", mood);
            world.capture(order).await;
        }
        Act::Void(mood) => {
            will("void", mood);
            return world.void(order).await.status == 200;
        }
        Act::Undo(mood) => {
            will("refund", mood);
            return world.undo(order).await.status == 200;
        }
        Act::Refund(key, amount, mood) => {
            will("refund", mood);
            let key = format!("{}-{key}", order.0);
            world.refund(order, &key, amount).await;
        }
        Act::Message(id, kind) => {
            let id = format!("{}-{id}", order.0);
            let message = world.message(&id, kind, order);
            world.webhook("newest", &message).await;
        }
        Act::CatchUp => world.provider.catch_up(),
        Act::Resolve => world.resolve().await,
        Act::Silence(silent) => world.provider.is_silent(silent),
    }
    false
}

async fn history(world: &mut World, acts: &[Act]) -> Result<(), TestCaseError> {
    let order = world.new_order();
    let reference = order.0.to_string();
    // Moods and breakers of the history before are forgotten.
    world.provider.forget_moods();
    world.app.dapr = provider::dapr(&world.config);
    let mut undone = false;
    for act in acts {
        undone |= act_on(world, order, *act).await;
        if let Some(payment) = world.payment_if_any(order).await {
            prop_assert!(payment.refunded().amount <= payment.captured().amount);
            prop_assert!(payment.captured().amount <= payment.amount.amount);
        }
    }
    // All is well again, and the provider does what it is late with.
    world.provider.is_silent(false);
    world.provider.forget_moods();
    world.provider.catch_up();
    world.app.dapr = provider::dapr(&world.config);
    world.resolve().await;
    world.resolve().await;
    let Some(payment) = world.payment_if_any(order).await else {
        prop_assert!(!world.provider.holds(&reference));
        return Ok(());
    };
    world.check_money(order).await;
    let mut done = std::collections::BTreeMap::<&str, usize>::new();
    for (kind, progress) in world.operations(order).await {
        prop_assert!(progress != Progress::Open, "{kind} was left open");
        *done.entry(kind).or_default() += usize::from(progress == Progress::Succeeded);
    }
    let of = |kind: &str| {
        let done = world.provider.done();
        done.iter()
            .filter(|one| one.kind == kind && one.reference == reference)
            .count()
    };
    for (ours, theirs) in [
        ("authorise", "authorisation"),
        ("capture", "capture"),
        ("void", "void"),
        ("refund", "refund"),
    ] {
        prop_assert_eq!(done.get(ours).copied().unwrap_or(0), of(theirs), "{}", ours);
    }
    prop_assert!(of("authorisation") <= 1 && of("capture") <= 1 && of("void") <= 1);
    match payment.state {
        State::Voided => prop_assert!(!world.provider.holds(&reference)),
        State::Initiated => prop_assert!(false, "undecided"),
        _ => {}
    }
    if undone {
        prop_assert_eq!(payment.net(), 0);
        prop_assert_eq!(world.provider.net(&reference), 0);
    }
    Ok(())
}

#[test]
fn the_money_adds_up_with_the_acquirer() {
    the_money_adds_up(Provider::Acquirer);
}

#[test]
fn the_money_adds_up_with_stripe() {
    the_money_adds_up(Provider::Stripe);
}

fn the_money_adds_up(provider: Provider) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let world = std::cell::RefCell::new(runtime.block_on(World::of(provider)));
    let config = Config {
        cases: 150,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&prop::collection::vec(act(), 1..14), |acts| {
            runtime.block_on(history(&mut world.borrow_mut(), &acts))
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}
