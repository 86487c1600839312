//! What the staff of a store sees of a payment.

use axum::http::header;
use serde_json::json;

use crate::provider::Mood;
use crate::world::{AMOUNT, OfPayment as _, STORE, World, eur};

#[tokio::test]
async fn a_payment_and_its_transactions() {
    let world = World::new().await;
    let order = world.new_order();
    world.provider.will("capture", &[Mood::Lost]);
    world.authorise(order).await;
    world.capture(order).await;
    world.refund(order, "k", 90).await;
    let manager = world.manager();
    let payment = world
        .get(&manager, &format!("/v1/payments/{}", order.0))
        .await;
    assert_eq!(payment.payment(), (200, "captured", AMOUNT, 90));
    assert_eq!(payment.headers[header::ETAG], "\"4\"");
    assert_eq!(payment.body["version"], 4);
    assert_eq!(payment.body["store_id"], json!(STORE));
    assert_eq!(payment.body["method"], "card");
    let history = world
        .get(&manager, &format!("/v1/payments/{}/transactions", order.0))
        .await
        .body;
    let operations = history["operations"].as_array().expect("operations");
    let told: Vec<_> = operations
        .iter()
        .map(|one| {
            (
                one["kind"].as_str().expect("a kind"),
                &one["amount"],
                one["actor"].as_str().expect("an actor"),
            )
        })
        .collect();
    let manager_id = told[2].2;
    assert_eq!(
        told,
        [
            ("authorise", &eur(AMOUNT), "order"),
            ("capture", &eur(AMOUNT), "order"),
            ("refund", &eur(90), manager_id),
        ]
    );
    assert!(
        manager_id.parse::<uuid::Uuid>().is_ok(),
        "who did it is on record"
    );
    assert_eq!(operations[2]["reason"], "the milk was sour");
    let booked: Vec<_> = history["ledger"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| {
            (
                entry["account"].as_str().expect("an account"),
                entry["amount"]["amount"].as_i64().expect("an amount"),
            )
        })
        .collect();
    assert_eq!(
        booked,
        [
            ("provider_receivable", 890),
            ("sales", -890),
            ("sales", 90),
            ("provider_receivable", -90)
        ]
    );
}

#[tokio::test]
async fn another_stores_payment_is_none() {
    let world = World::new().await;
    let order = world.captured().await;
    let unknown = world.new_order();
    for (token, order) in [(world.other_manager(), order), (world.manager(), unknown)] {
        for path in ["", "/transactions"] {
            let answer = world
                .get(&token, &format!("/v1/payments/{}{path}", order.0))
                .await;
            assert_eq!(answer.problem(), (404, "payment-not-found".into()));
        }
    }
    let answer = world.get(&world.manager(), "/v1/payments/none").await;
    assert_eq!(answer.problem(), (404, "not-found".into()));
}
