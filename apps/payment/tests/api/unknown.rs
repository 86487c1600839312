//! When the provider's answer is lost, late, wrong or never comes: it is asked what it did, and nothing is done twice.

use axum::http::{StatusCode, header};
use payment::payment::Status;
use payment::provider::Provider;

use crate::provider::{self, Mood};
use crate::world::{AMOUNT, OfPayment as _, World};

for_each_provider![
    a_lost_answer_is_looked_up,
    a_hang_is_given_up_and_settled_later,
    unknown_is_never_told_as_failed_however_long_it_lasts,
    an_answer_about_another_purchase_decides_nothing,
    an_answer_of_another_amount_decides_nothing,
    an_answer_that_can_not_be_read_decides_nothing,
    a_limit_decides_nothing,
    a_provider_that_is_cut_off_is_unknown_too,
    two_resolvers_share_the_work,
];

async fn a_lost_answer_is_looked_up(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    for kind in ["authorisation", "capture", "refund"] {
        world.provider.will(kind, &[Mood::Lost]);
    }
    assert_eq!(
        world.authorise(order).await.payment(),
        (200, "authorised", 0, 0)
    );
    assert_eq!(world.provider.looked_up(), 1);
    assert_eq!(
        world.capture(order).await.payment(),
        (200, "captured", AMOUNT, 0)
    );
    assert_eq!(
        world.undo(order).await.payment(),
        (200, "captured", AMOUNT, AMOUNT)
    );
    let other = world.new_order();
    world.authorise(other).await;
    world.provider.will("void", &[Mood::Lost]);
    assert_eq!(world.void(other).await.payment(), (200, "voided", 0, 0));
    for (kind, times) in [
        ("authorisation", 2),
        ("capture", 1),
        ("refund", 1),
        ("void", 1),
    ] {
        assert_eq!(
            world.provider.keys(kind).len(),
            times,
            "{kind} is not repeated"
        );
    }
    world.check_money(order).await;
}

async fn a_hang_is_given_up_and_settled_later(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.provider.will("authorisation", &[Mood::Hang]);
    let answer = world.authorise(order).await;
    assert_eq!(answer.problem(), (503, "payment-unknown".into()));
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
    assert_eq!(world.payment(order).await.status(), Status::Initiated);
    world.resolve().await;
    assert_eq!(
        world.authorise(order).await.payment(),
        (200, "authorised", 0, 0)
    );
    assert_eq!(world.provider.count("authorisation"), 1);
}

async fn unknown_is_never_told_as_failed_however_long_it_lasts(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world
        .provider
        .will("authorisation", &[Mood::Away, Mood::Away, Mood::Late]);
    for _ in 0..3 {
        assert_eq!(
            world.authorise(order).await.problem(),
            (503, "payment-unknown".into())
        );
        assert_eq!(world.payment(order).await.status(), Status::Initiated);
    }
    world.provider.catch_up();
    assert_eq!(
        world.authorise(order).await.payment(),
        (200, "authorised", 0, 0)
    );
    assert_eq!(
        world.events().await,
        ["payment.initiated.v1", "payment.authorised.v1"]
    );
    let key = format!("{}:authorise", order.0);
    assert_eq!(
        world.provider.keys("authorisation"),
        [key.clone(), key.clone(), key]
    );
    assert_eq!(world.provider.count("authorisation"), 1);
}

async fn an_answer_about_another_purchase_decides_nothing(provider: Provider) {
    decides_nothing(provider, Mood::Garbled).await;
}

async fn an_answer_of_another_amount_decides_nothing(provider: Provider) {
    decides_nothing(provider, Mood::Miscounted).await;
}

async fn an_answer_that_can_not_be_read_decides_nothing(provider: Provider) {
    decides_nothing(provider, Mood::Babble).await;
}

async fn a_limit_decides_nothing(provider: Provider) {
    decides_nothing(provider, Mood::Limited).await;
}

async fn decides_nothing(provider: Provider, mood: Mood) {
    let world = World::of(provider).await;
    let order = world.new_order();
    let asked = async |kind: &'static str| match kind {
        "authorisation" => world.authorise(order).await,
        "capture" => world.capture(order).await,
        _ => world.undo(order).await,
    };
    for kind in ["authorisation", "capture", "refund"] {
        world.provider.will(kind, &[mood]);
        world.provider.is_silent(true);
        let unknown = (503, "payment-unknown".into());
        assert_eq!(asked(kind).await.problem(), unknown, "{kind}");
        world.provider.is_silent(false);
        assert_eq!(asked(kind).await.status, StatusCode::OK, "{kind}");
        assert_eq!(world.provider.count(kind), 1, "{kind}");
    }
    world.check_money(order).await;
}

async fn a_provider_that_is_cut_off_is_unknown_too(provider: Provider) {
    let mut world = World::of(provider).await;
    world.provider.is_silent(true);
    world.provider.will("authorisation", &[Mood::Away; 8]);
    let orders: Vec<_> = (0..8).map(|_| world.new_order()).collect();
    for order in &orders {
        assert_eq!(
            world.authorise(*order).await.problem(),
            (503, "payment-unknown".into())
        );
    }
    assert!(
        world.provider.keys("authorisation").len() < 8,
        "the breaker is open"
    );
    world.provider.is_silent(false);
    world.provider.forget_moods();
    world.app.dapr = provider::dapr(&world.config);
    // Those that the provider turned away, and those that it never saw.
    world.resolve().await;
    for order in orders {
        assert_eq!(world.payment(order).await.status(), Status::Authorised);
    }
    assert_eq!(world.provider.count("authorisation"), 8);
}

async fn two_resolvers_share_the_work(provider: Provider) {
    let world = World::of(provider).await;
    world.provider.will("authorisation", &[Mood::Away; 6]);
    let orders: Vec<_> = (0..6).map(|_| world.new_order()).collect();
    for order in &orders {
        assert_eq!(world.authorise(*order).await.problem().0, 503);
    }
    world.let_time_pass().await;
    let before = world.provider.looked_up();
    let (one, two) = tokio::join!(
        payment::resolver::pass(&world.app),
        payment::resolver::pass(&world.app)
    );
    assert_eq!(one.expect("a pass") + two.expect("a pass"), 6);
    assert_eq!(
        world.provider.looked_up() - before,
        6,
        "each was looked up once"
    );
    assert_eq!(world.provider.keys("authorisation").len(), 12);
    for order in orders {
        assert_eq!(world.payment(order).await.status(), Status::Authorised);
    }
}
