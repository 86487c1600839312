//! Undoing: voids, tombstones, refunds of the saga, and what comes too late.

use payment::operation::Progress;
use payment::provider::Provider;
use serde_json::json;

use crate::provider::Mood;
use crate::world::{AMOUNT, OfPayment as _, World};

for_each_provider![
    a_void_sets_the_money_free_and_is_the_last_word,
    an_order_that_was_undone_before_it_was_paid_never_is,
    an_authorisation_that_nobody_knows_of_is_found_and_voided,
    an_authorisation_that_did_not_happen_is_given_up_and_not_asked_for_again,
    a_capture_that_did_not_happen_is_given_up_and_not_asked_for_again,
    an_authorisation_after_its_void_is_voided_too,
    a_capture_after_its_undoing_is_given_back,
    the_sagas_refund_gives_back_what_is_left_once,
    a_refund_by_the_saga_waits_for_a_capture_that_may_have_happened,
    an_undoing_that_fails_is_repeated_until_it_works,
];

async fn a_void_sets_the_money_free_and_is_the_last_word(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.authorise(order).await;
    for _ in 0..3 {
        assert_eq!(world.void(order).await.payment(), (200, "voided", 0, 0));
    }
    assert_eq!(world.provider.keys("void"), [format!("{}:void", order.0)]);
    assert_eq!(
        world.authorise(order).await.problem(),
        (409, "payment-over".into())
    );
    assert_eq!(
        world.capture(order).await.problem(),
        (409, "payment-over".into())
    );
    assert_eq!(world.undo(order).await.payment(), (200, "voided", 0, 0));
    assert_eq!(world.provider.keys("capture").len(), 0);
}

async fn an_order_that_was_undone_before_it_was_paid_never_is(provider: Provider) {
    let world = World::of(provider).await;
    let (voided, undone) = (world.new_order(), world.new_order());
    for _ in 0..2 {
        for answer in [world.void(voided).await, world.undo(undone).await] {
            assert_eq!(
                (answer.status.as_u16(), &answer.body["status"]),
                (200, &json!("voided"))
            );
        }
    }
    for order in [voided, undone] {
        assert_eq!(
            world.authorise(order).await.problem(),
            (409, "payment-over".into())
        );
        assert_eq!(
            world.capture(order).await.problem(),
            (409, "payment-over".into())
        );
    }
    assert_eq!(world.provider.keys("authorisation").len(), 0);
    assert_eq!(world.events().await.len(), 0);
}

async fn an_authorisation_that_nobody_knows_of_is_found_and_voided(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.provider.will("authorisation", &[Mood::Lost]);
    world.provider.is_silent(true);
    assert_eq!(
        world.authorise(order).await.problem(),
        (503, "payment-unknown".into())
    );
    assert_eq!(
        world.void(order).await.problem(),
        (503, "payment-unknown".into())
    );
    world.provider.is_silent(false);
    assert_eq!(world.void(order).await.payment(), (200, "voided", 0, 0));
    assert!(!world.provider.holds(&order.0.to_string()));
    assert_eq!(
        world.operations(order).await,
        [
            ("authorise", Progress::Succeeded),
            ("void", Progress::Succeeded)
        ]
    );
}

async fn an_authorisation_that_did_not_happen_is_given_up_and_not_asked_for_again(
    provider: Provider,
) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.provider.will("authorisation", &[Mood::Away]);
    assert_eq!(world.authorise(order).await.problem().0, 503);
    assert_eq!(world.void(order).await.payment(), (200, "voided", 0, 0));
    world.resolve().await;
    assert_eq!(world.provider.keys("authorisation").len(), 1);
    assert_eq!(world.provider.keys("void").len(), 0);
    assert_eq!(
        world.operations(order).await,
        [("authorise", Progress::Abandoned)]
    );
    assert_eq!(
        world.authorise(order).await.problem(),
        (409, "payment-over".into())
    );
}

async fn a_capture_that_did_not_happen_is_given_up_and_not_asked_for_again(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.authorise(order).await;
    world.provider.will("capture", &[Mood::Away]);
    assert_eq!(world.capture(order).await.problem().0, 503);
    assert_eq!(world.undo(order).await.payment(), (200, "authorised", 0, 0));
    world.resolve().await;
    assert_eq!(world.provider.keys("capture").len(), 1);
    assert_eq!(world.void(order).await.payment(), (200, "voided", 0, 0));
    assert_eq!(
        world.operations(order).await,
        [
            ("authorise", Progress::Succeeded),
            ("capture", Progress::Abandoned),
            ("void", Progress::Succeeded)
        ]
    );
}

async fn an_authorisation_after_its_void_is_voided_too(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.provider.will("authorisation", &[Mood::Late]);
    world.authorise(order).await;
    world.void(order).await;
    world.provider.catch_up();
    assert!(world.provider.holds(&order.0.to_string()));
    // Without any message: it goes on looking after what it gave up.
    world.resolve().await;
    assert!(!world.provider.holds(&order.0.to_string()));
    assert_eq!(
        world.operations(order).await,
        [
            ("authorise", Progress::Succeeded),
            ("void", Progress::Succeeded)
        ]
    );
    assert_eq!(
        world.payment(order).await.status(),
        payment::payment::Status::Voided
    );
    assert_eq!(
        world.events().await,
        ["payment.initiated.v1", "payment.voided.v1"]
    );
}

async fn a_capture_after_its_undoing_is_given_back(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.authorise(order).await;
    world.provider.will("capture", &[Mood::Late]);
    assert_eq!(
        world.capture(order).await.problem(),
        (503, "payment-unknown".into())
    );
    assert_eq!(world.undo(order).await.payment(), (200, "authorised", 0, 0));
    assert_eq!(
        world.capture(order).await.problem(),
        (409, "payment-over".into())
    );
    world.provider.catch_up();
    assert_eq!(world.provider.net(&order.0.to_string()), AMOUNT);
    // The void finds out: the provider refuses, so what was given up is looked after at once.
    assert_eq!(
        world.void(order).await.problem(),
        (409, "provider-refused".into())
    );
    world.resolve().await;
    let payment = world.void(order).await;
    assert_eq!(payment.payment(), (200, "captured", AMOUNT, AMOUNT));
    world.check_money(order).await;
}

async fn the_sagas_refund_gives_back_what_is_left_once(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.captured().await;
    assert_eq!(
        world.void(order).await.problem(),
        (409, "payment-captured".into())
    );
    assert_eq!(world.refund(order, "k", 100).await.status, 201);
    for _ in 0..3 {
        assert_eq!(
            world.undo(order).await.payment(),
            (200, "captured", AMOUNT, AMOUNT)
        );
    }
    assert_eq!(world.provider.count("refund"), 2);
    assert_eq!(world.void(order).await.status, 200);
    assert_eq!(
        world.capture(order).await.problem(),
        (409, "payment-over".into())
    );
    assert_eq!(
        world.refund(order, "l", 1).await.problem(),
        (409, "refund-exceeds-capture".into())
    );
    world.check_money(order).await;
}

async fn a_refund_by_the_saga_waits_for_a_capture_that_may_have_happened(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.authorise(order).await;
    world.provider.will("capture", &[Mood::Lost]);
    world.provider.is_silent(true);
    assert_eq!(world.capture(order).await.problem().0, 503);
    assert_eq!(
        world.undo(order).await.problem(),
        (503, "payment-unknown".into())
    );
    world.provider.is_silent(false);
    assert_eq!(
        world.undo(order).await.payment(),
        (200, "captured", AMOUNT, AMOUNT)
    );
    world.check_money(order).await;
}

async fn an_undoing_that_fails_is_repeated_until_it_works(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.captured().await;
    world
        .provider
        .will("refund", &[Mood::Away, Mood::Away, Mood::Away]);
    assert_eq!(
        world.undo(order).await.problem(),
        (503, "payment-unknown".into())
    );
    world.resolve().await;
    assert_eq!(world.undo(order).await.problem().0, 503);
    assert_eq!(
        world.undo(order).await.payment(),
        (200, "captured", AMOUNT, AMOUNT)
    );
    let keys = world.provider.keys("refund");
    assert_eq!(keys, vec![format!("{}:refund:1", order.0); 4]);
    world.check_money(order).await;
}
