//! Amounts that can't be: nothing, less than nothing, another currency, more than fits.

use serde_json::{Value, json};

use crate::world::{World, authorisation};

/// Amounts that no operation takes, with the answer to each.
fn impossible() -> [(Value, &'static str); 8] {
    let of = |amount: Value, currency: &str| json!({"amount": amount, "currency": currency});
    [
        (of(json!(0), "EUR"), "amount-out-of-range"),
        (of(json!(-1), "EUR"), "amount-out-of-range"),
        (of(json!(i64::MIN), "EUR"), "amount-out-of-range"),
        (of(json!(1_000_000_001), "EUR"), "amount-out-of-range"),
        (of(json!(i64::MAX), "EUR"), "amount-out-of-range"),
        (
            of(json!(9_223_372_036_854_775_808_u64), "EUR"),
            "invalid-body",
        ),
        (of(json!(8.9), "EUR"), "invalid-body"),
        (of(json!(890), "eur"), "invalid-body"),
    ]
}

#[tokio::test]
async fn are_not_authorised() {
    let world = World::new().await;
    for (amount, slug) in impossible() {
        let mut body = authorisation(890);
        body["amount"] = amount.clone();
        let answer = world.put_payment(world.new_order(), &body).await;
        assert_eq!(answer.problem(), (422, slug.into()), "{amount}");
    }
    assert_eq!(world.provider.keys("authorisation").len(), 0);
    assert_eq!(world.events().await.len(), 0);
}

#[tokio::test]
async fn are_not_refunded() {
    let world = World::new().await;
    let order = world.captured().await;
    let manager = world.manager();
    let dollars = (json!({"amount": 1, "currency": "USD"}), "currency-differs");
    for (amount, slug) in impossible().into_iter().chain([dollars]) {
        let body = json!({"amount": amount, "reason": "why not"});
        let answer = world.refund_by(&manager, order, "k", &body).await;
        assert_eq!(answer.problem(), (422, slug.into()), "{amount}");
    }
    let unknown =
        json!({"amount": {"amount": 1, "currency": "EUR"}, "reason": "x", "to": "my account"});
    assert_eq!(
        world
            .refund_by(&manager, order, "k", &unknown)
            .await
            .problem()
            .0,
        422
    );
    assert_eq!(world.provider.keys("refund").len(), 0);
    world.check_money(order).await;
}
