//! Refunds of returned goods: once per return, also long after a key would be forgotten, and never more than came.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode, header};
use chrono::TimeDelta;
use payment::operation::Progress;
use payment::payment::OrderId;
use payment::provider::Provider;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::counter::completed;
use crate::provider::Mood;
use crate::world::{AMOUNT, Answer, World, eur, request};

for_each_provider![
    a_return_is_refunded_once_however_often_and_late_it_is_asked_for,
    the_same_return_of_another_amount_or_order_is_refused,
    returns_at_once_never_give_back_more_than_came,
    a_refund_that_the_provider_refused_may_be_asked_for_again,
    an_unknown_outcome_is_asked_about_and_never_guessed,
];

impl World {
    async fn put_return(&self, order: OrderId, id: Uuid, body: &Value) -> Answer {
        let path = format!("/v1/payments/{}/returns/{id}", order.0);
        let request = request(Method::PUT, &path, &self.order())
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into());
        self.send(request.expect("a request")).await
    }

    /// Asks for what a return of goods is given for.
    pub async fn refund_return(&self, order: OrderId, id: Uuid, amount: i64) -> Answer {
        let body = json!({"amount": eur(amount), "reason": "quality"});
        self.put_return(order, id, &body).await
    }
}

async fn a_return_is_refunded_once_however_often_and_late_it_is_asked_for(provider: Provider) {
    let world = World::of(provider).await;
    let (order, id) = (world.captured().await, world.app.ids.next());
    let first = world.refund_return(order, id, 300).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    assert_eq!(
        (&first.body["amount"], &first.body["reason"]),
        (&eur(300), &json!("quality"))
    );
    // Long after a key would have been forgotten.
    world.app.clock.advance(TimeDelta::days(3));
    payment::upkeep::forget(&world.app).await.expect("upkeep");
    let rush = (0..10).map(|_| world.refund_return(order, id, 300));
    for again in futures::future::join_all(rush).await {
        assert_eq!((again.status, &again.body), (StatusCode::OK, &first.body));
    }
    assert_eq!(world.provider.count("refund"), 1);
    assert_eq!(world.payment(order).await.refunded().amount, 300);
    world.check_money(order).await;
}

async fn the_same_return_of_another_amount_or_order_is_refused(provider: Provider) {
    let world = World::of(provider).await;
    let (order, id) = (world.captured().await, world.app.ids.next());
    world.refund_return(order, id, 300).await;
    let other = world.captured().await;
    for answer in [
        world.refund_return(order, id, 301).await,
        world.refund_return(other, id, 300).await,
    ] {
        assert_eq!(answer.problem(), (422, "return-differs".into()));
    }
    let nobodys = world.new_order();
    assert_eq!(
        world
            .refund_return(nobodys, world.app.ids.next(), 1)
            .await
            .problem(),
        (404, "payment-not-found".into())
    );
    for (body, refusal) in [
        (
            json!({"amount": eur(0), "reason": "late"}),
            "amount-out-of-range",
        ),
        (
            json!({"amount": {"amount": 1, "currency": "USD"}, "reason": "late"}),
            "currency-differs",
        ),
        (json!({"amount": eur(1), "reason": " "}), "invalid-body"),
    ] {
        let answer = world.put_return(order, world.app.ids.next(), &body).await;
        assert_eq!(answer.problem(), (422, refusal.into()));
    }
    assert_eq!(world.provider.count("refund"), 1);
}

async fn returns_at_once_never_give_back_more_than_came(provider: Provider) {
    let world = World::of(provider).await;
    let order = world.captured().await;
    let many = (0..20).map(|_| world.refund_return(order, world.app.ids.next(), 100));
    let answers = futures::future::join_all(many).await;
    let made = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(made, 8, "8 × 1.00 of {AMOUNT}");
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.problem(), (409, "refund-exceeds-capture".into()));
    }
    // Nor together with what a manager gives.
    assert_eq!(
        world.refund(order, "k", 91).await.problem(),
        (409, "refund-exceeds-capture".into())
    );
    assert_eq!(world.refund(order, "k", 90).await.status, 201);
    assert_eq!(world.payment(order).await.net(), 0);
    world.check_money(order).await;
}

async fn a_refund_that_the_provider_refused_may_be_asked_for_again(provider: Provider) {
    let world = World::of(provider).await;
    let (order, id) = (world.captured().await, world.app.ids.next());
    world.provider.will("refund", &[Mood::Decline]);
    let refused = world.refund_return(order, id, 300).await;
    assert_eq!(refused.problem(), (409, "provider-refused".into()));
    assert_eq!(world.payment(order).await.refunded().amount, 0);
    let made = world.refund_return(order, id, 300).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    assert_eq!(world.refund_return(order, id, 300).await.body, made.body);
    let refunds: Vec<_> = world.operations(order).await.into_iter().skip(2).collect();
    assert_eq!(
        refunds,
        [
            ("refund", Progress::Refused),
            ("refund", Progress::Succeeded)
        ]
    );
    world.check_money(order).await;
}

async fn an_unknown_outcome_is_asked_about_and_never_guessed(provider: Provider) {
    let world = World::of(provider).await;
    let (order, id) = (world.captured().await, world.app.ids.next());
    world.provider.will("refund", &[Mood::Lost]);
    assert_eq!(world.refund_return(order, id, 100).await.status, 200);
    let next = world.app.ids.next();
    world.provider.will("refund", &[Mood::Away]);
    assert_eq!(
        world.refund_return(order, next, 200).await.problem(),
        (503, "payment-unknown".into())
    );
    world.resolve().await;
    assert_eq!(world.refund_return(order, next, 200).await.status, 200);
    assert_eq!(world.provider.count("refund"), 2);
    assert_eq!(world.payment(order).await.refunded().amount, 300);
    world.check_money(order).await;
}

#[tokio::test]
async fn what_was_paid_at_the_counter_is_given_back_there_once() {
    let world = World::new().await;
    let event = completed();
    world.deliver("/events/order", &event).await;
    let order = event["data"]["order_id"].as_str().expect("an id");
    let order = OrderId(order.parse().expect("a UUID"));
    let id = world.app.ids.next();
    let refunds: BTreeSet<_> = futures::future::join_all((0..5).map(|_| async {
        let answer = world.refund_return(order, id, 445).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body["refund_id"].to_string()
    }))
    .await
    .into_iter()
    .collect();
    assert_eq!(refunds.len(), 1);
    assert_eq!(world.provider.count("refund"), 0);
    assert_eq!(world.payment(order).await.net(), 445);
    let cash: i64 =
        sqlx::query_scalar("SELECT sum(amount)::bigint FROM ledger WHERE account = 'cash'")
            .fetch_one(world.db())
            .await
            .expect("a sum");
    assert_eq!(cash, 445);
}
