//! Authorising: once per order, with the body it began with.

use axum::http::StatusCode;
use serde_json::json;

use payment::provider::Provider;

use crate::provider::Mood;
use crate::world::{AMOUNT, OTHER_STORE, OfPayment as _, World, authorisation};

for_each_provider![
    asked_again_it_is_the_same_one,
    asked_at_once_by_many_it_is_done_once,
    a_decline_is_final_and_says_why,
    another_body_is_refused,
    a_token_is_visible_ascii,
];

async fn asked_again_it_is_the_same_one(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    let first = world.authorise(order).await;
    assert_eq!(first.payment(), (200, "authorised", 0, 0));
    for _ in 0..3 {
        let again = world.authorise(order).await;
        assert_eq!((again.status, &again.body), (StatusCode::OK, &first.body));
    }
    assert_eq!(world.provider.count("authorisation"), 1);
    assert_eq!(
        world.provider.keys("authorisation"),
        [format!("{}:authorise", order.0)],
        "the provider is not even asked again"
    );
}

async fn asked_at_once_by_many_it_is_done_once(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    let many = (0..20).map(|_| world.authorise(order));
    for answer in futures::future::join_all(many).await {
        // Those that came while the first was being answered are to ask again.
        assert!(
            [200, 503].contains(&answer.status.as_u16()),
            "{}",
            answer.body
        );
    }
    assert_eq!(world.authorise(order).await.payment().1, "authorised");
    assert_eq!(world.provider.keys("authorisation").len(), 1);
}

async fn a_decline_is_final_and_says_why(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.provider.will("authorisation", &[Mood::Decline]);
    for _ in 0..2 {
        let answer = world.authorise(order).await;
        assert_eq!(answer.problem(), (402, "payment-declined".into()));
        assert_eq!(answer.body["detail"], "insufficient_funds");
    }
    assert_eq!(world.provider.keys("authorisation").len(), 1);
    assert_eq!(world.capture(order).await.problem().0, 402);
    assert_eq!(
        world.events().await,
        ["payment.initiated.v1", "payment.failed.v1"]
    );
    // Nothing is held, so there is nothing to set free.
    assert_eq!(world.void(order).await.payment(), (200, "failed", 0, 0));
    assert_eq!(world.provider.keys("void").len(), 0);
}

async fn another_body_is_refused(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.authorise(order).await;
    let mut other_store = authorisation(AMOUNT);
    other_store["store_id"] = json!(OTHER_STORE);
    let mut other_token = authorisation(AMOUNT);
    other_token["token"] = json!("tok_other");
    for body in [authorisation(AMOUNT + 1), other_store, other_token] {
        let answer = world.put_payment(order, &body).await;
        assert_eq!(answer.problem(), (422, "payment-differs".into()), "{body}");
    }
    assert_eq!(world.provider.keys("authorisation").len(), 1);
}

async fn a_token_is_visible_ascii(provider: Provider) {
    let world = World::of(provider).await;
    for token in ["", "tok with space", "tök", &"x".repeat(256)] {
        let mut body = authorisation(AMOUNT);
        body["token"] = json!(token);
        let answer = world.put_payment(world.new_order(), &body).await;
        assert_eq!(answer.problem(), (422, "token-invalid".into()), "{token}");
        assert!(token.is_empty() || !answer.body.to_string().contains(token));
    }
    assert_eq!(world.provider.keys("authorisation").len(), 0);
}
