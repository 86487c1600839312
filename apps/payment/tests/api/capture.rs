//! Capturing: once per order, and only what is authorised.

use payment::provider::Provider;

use crate::provider::Mood;
use crate::world::{AMOUNT, OfPayment as _, World};

for_each_provider![
    twice_is_once,
    at_once_by_many_is_once,
    nothing_is_captured_that_is_not_authorised,
    a_declined_capture_is_final_and_leaves_money_to_set_free,
];

async fn twice_is_once(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.authorise(order).await;
    for _ in 0..3 {
        let answer = world.capture(order).await;
        assert_eq!(answer.payment(), (200, "captured", AMOUNT, 0));
    }
    let many = (0..10).map(|_| world.capture(order));
    futures::future::join_all(many).await;
    assert_eq!(
        world.provider.keys("capture"),
        [format!("{}:capture", order.0)]
    );
    world.check_money(order).await;
    // What is captured answers a late authorisation too.
    assert_eq!(world.authorise(order).await.payment().1, "captured");
}

async fn at_once_by_many_is_once(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.authorise(order).await;
    let many = (0..20).map(|_| world.capture(order));
    futures::future::join_all(many).await;
    assert_eq!(world.capture(order).await.payment().1, "captured");
    assert_eq!(world.provider.keys("capture").len(), 1);
    world.check_money(order).await;
}

async fn nothing_is_captured_that_is_not_authorised(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    assert_eq!(
        world.capture(order).await.problem(),
        (404, "payment-not-found".into())
    );
    world.provider.will("authorisation", &[Mood::Away]);
    world.authorise(order).await;
    assert_eq!(
        world.capture(order).await.problem(),
        (409, "payment-not-authorised".into())
    );
    assert_eq!(world.provider.keys("capture").len(), 0);
}

async fn a_declined_capture_is_final_and_leaves_money_to_set_free(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.authorise(order).await;
    world.provider.will("capture", &[Mood::Decline]);
    for _ in 0..2 {
        assert_eq!(
            world.capture(order).await.problem(),
            (402, "payment-declined".into())
        );
    }
    assert_eq!(
        world.payment(order).await.reason(),
        Some("insufficient_funds")
    );
    assert!(world.provider.holds(&order.0.to_string()));
    assert_eq!(world.undo(order).await.payment(), (200, "failed", 0, 0));
    assert_eq!(world.void(order).await.payment(), (200, "voided", 0, 0));
    assert!(!world.provider.holds(&order.0.to_string()));
    assert_eq!(
        world.events().await,
        [
            "payment.initiated.v1",
            "payment.authorised.v1",
            "payment.failed.v1",
            "payment.voided.v1"
        ]
    );
}
