//! Refunds by managers: never more than came, once per key, in one's own store alone.

use std::collections::BTreeSet;

use axum::http::{Method, header};
use payment::payment::OrderId;
use payment::provider::Provider;
use serde_json::json;

use crate::provider::Mood;
use crate::world::{AMOUNT, World, eur, refund, request};

for_each_provider![
    in_parts_until_nothing_is_left,
    twenty_at_once_never_give_back_more_than_came,
    one_key_is_one_refund,
    a_key_is_needed_and_a_reason,
    the_manager_of_another_store_is_told_that_there_is_none,
    what_is_not_captured_is_not_refunded,
    a_lost_answer_is_looked_up_and_a_silent_provider_asked_again_under_the_same_key,
];

async fn in_parts_until_nothing_is_left(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.captured().await;
    let first = world.refund(order, "a", 300).await;
    assert_eq!(first.status, 201, "{}", first.body);
    assert_eq!(first.body["amount"], eur(300));
    assert_eq!(first.body["status"], "refunded");
    assert_eq!(
        world.refund(order, "b", 591).await.problem(),
        (409, "refund-exceeds-capture".into())
    );
    assert_eq!(world.refund(order, "c", 590).await.status, 201);
    assert_eq!(
        world.refund(order, "d", 1).await.problem(),
        (409, "refund-exceeds-capture".into())
    );
    assert_eq!(world.payment(order).await.net(), 0);
    world.check_money(order).await;
}

async fn twenty_at_once_never_give_back_more_than_came(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.captured().await;
    let keys: Vec<_> = (0..20).map(|key| key.to_string()).collect();
    let many = keys.iter().map(|key| world.refund(order, key, 100));
    let answers = futures::future::join_all(many).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 8, "8 × 1.00 of 8.90");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.problem(), (409, "refund-exceeds-capture".into()));
    }
    assert_eq!(world.payment(order).await.refunded().amount, 800);
    assert_eq!(world.provider.count("refund"), 8);
    world.check_money(order).await;
}

async fn one_key_is_one_refund(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.captured().await;
    let first = world.refund(order, "once", 100).await;
    for key in ["once", "\"once\""] {
        let again = world.refund(order, key, 100).await;
        assert_eq!((again.status.as_u16(), &again.body), (201, &first.body));
    }
    assert_eq!(
        world.refund(order, "once", 101).await.problem(),
        (422, "idempotency-key-reused".into())
    );
    let other = world.captured().await;
    assert_eq!(
        world.refund(other, "once", 100).await.problem(),
        (422, "idempotency-key-reused".into())
    );
    let at_once = (0..10).map(|_| world.refund(order, "twice", 100));
    let ids: BTreeSet<_> = futures::future::join_all(at_once)
        .await
        .iter()
        .filter(|answer| answer.status == 201)
        .map(|answer| answer.body["refund_id"].to_string())
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(world.provider.count("refund"), 2);
    world.check_money(order).await;
}

async fn a_key_is_needed_and_a_reason(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.captured().await;
    let path = format!("/v1/payments/{}/refunds", order.0);
    let request = request(Method::POST, &path, &world.manager())
        .header(header::CONTENT_TYPE, "application/json")
        .body(refund(1).to_string().into());
    let answer = world.send(request.expect("a request")).await;
    assert_eq!(answer.problem(), (400, "idempotency-key-missing".into()));
    let manager = world.manager();
    for reason in ["", "   ", &"x".repeat(501)] {
        let body = json!({"amount": eur(1), "reason": reason});
        let answer = world.refund_by(&manager, order, "k", &body).await;
        assert_eq!(answer.problem(), (422, "reason-missing".into()));
    }
    assert_eq!(world.provider.count("refund"), 0);
}

async fn the_manager_of_another_store_is_told_that_there_is_none(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.captured().await;
    let other = world.other_manager();
    let answer = world.refund_by(&other, order, "k", &refund(1)).await;
    assert_eq!(answer.problem(), (404, "payment-not-found".into()));
    let unknown = world
        .refund_by(&other, OrderId(world.app.ids.next()), "k", &refund(1))
        .await;
    assert_eq!(unknown.problem(), answer.problem());
    assert_eq!(world.provider.count("refund"), 0);
}

async fn what_is_not_captured_is_not_refunded(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.new_order();
    world.authorise(order).await;
    assert_eq!(
        world.refund(order, "k", 1).await.problem(),
        (409, "refund-exceeds-capture".into())
    );
}

async fn a_lost_answer_is_looked_up_and_a_silent_provider_asked_again_under_the_same_key(
    provider: Provider,
) {
    let world = World::of(provider).await;
    let order = world.captured().await;
    world.provider.will("refund", &[Mood::Lost]);
    assert_eq!(world.refund(order, "a", 100).await.status, 201);
    world.provider.will("refund", &[Mood::Away]);
    assert_eq!(
        world.refund(order, "b", 200).await.problem(),
        (503, "payment-unknown".into())
    );
    // It is promised already, so it can't be given twice.
    assert_eq!(
        world.refund(order, "c", AMOUNT - 299).await.problem().0,
        409
    );
    world.resolve().await;
    assert_eq!(world.refund(order, "b", 200).await.status, 201);
    assert_eq!(world.provider.count("refund"), 2);
    assert_eq!(world.payment(order).await.refunded().amount, 300);
    world.check_money(order).await;
}
