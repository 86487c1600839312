//! What is taken off an order and what is given on top of it: discount and tip.
//!
//! Invariant: what is paid is the lines less the discount, and the tip, to the last cent; the tip is never taxed.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Answer, PRICE, World, by_card, one_flat_white, order_of};

fn money(amount: i64) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

fn tipped(mut body: Value, tip: Value) -> Value {
    body["tip"] = tip;
    body
}

/// A catalog whose code takes 90 off two flat whites of 445.
async fn springtime() -> World {
    let world = World::without_catalog().await;
    let quote = json!({
        "store_name": "Crema Rynek", "timezone": "Europe/Warsaw",
        "lines": [{
            "variation_id": crate::world::FLAT_WHITE, "product": "Flat white", "variation": "Large", "options": [],
            "quantity": 2, "unit_price": money(445), "line_total": money(890), "discount": money(90),
            "tax_rate_bp": 800,
        }],
        "discount": {"code": "SPRING", "amount": money(90)}, "total": money(800),
        "tax": [{"rate_bp": 800, "gross": money(800), "tax": money(59)}],
        "openings": [{"from": "2020-01-01T00:00:00.000Z", "until": "2040-01-01T00:00:00.000Z"}],
    });
    world
        .sidecar
        .invoke("catalog", Method::POST, "/v1/quotes")
        .respond(200, quote)
        .await;
    world
}

async fn read(world: &World, placed: &Answer) -> Value {
    let path = format!("/v1/orders/{}", placed.id());
    world.get(&world.customer(), &path).await.body
}

/// What payment was asked to authorise.
async fn authorised(world: &World) -> Vec<Value> {
    let calls = world.sidecar.received("payment").await;
    let calls = calls.iter().filter(|call| call.method == Method::PUT);
    calls.map(|call| call.json()["amount"].clone()).collect()
}

#[tokio::test]
async fn the_discount_is_kept_with_its_code_and_with_each_lines_share() {
    let world = springtime().await;
    let placed = world.place("k1", &tipped(order_of(2), money(50))).await;
    assert_eq!(placed.status, StatusCode::ACCEPTED, "{}", placed.body);
    let order = read(&world, &placed).await;
    assert_eq!(
        order["discount"],
        json!({"code": "SPRING", "amount": money(90)})
    );
    assert_eq!(order["lines"][0]["line_total"], money(890));
    assert_eq!(order["lines"][0]["discount"], money(90));
    assert_eq!((&order["tip"], &order["total"]), (&money(50), &money(850)));
    assert_eq!(
        order["tax"],
        json!([{"rate_bp": 800, "gross": money(800), "tax": money(59)}])
    );
}

#[tokio::test]
async fn the_tip_is_authorised_with_the_price_and_told_apart_from_it() {
    let world = World::new().await;
    let placed = world
        .place("k1", &tipped(by_card("tok_visa"), money(55)))
        .await;
    assert_eq!(placed.body["checkout"], "confirmed", "{}", placed.body);
    assert_eq!(authorised(&world).await, [money(PRICE + 55)]);
    let order = read(&world, &placed).await;
    assert_eq!(
        (&order["tip"], &order["total"]),
        (&money(55), &money(PRICE + 55))
    );
    assert_eq!(order["tax"][0]["gross"], money(PRICE));
    let told: Vec<(Value,)> =
        sqlx::query_as("SELECT data FROM outbox.events WHERE type = 'order.confirmed.v1'")
            .fetch_all(world.db())
            .await
            .expect("the outbox");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0["tip"], money(55));
    assert_eq!(told[0].0["total"], money(PRICE + 55));
}

#[tokio::test]
async fn a_tip_that_can_not_be_given_is_refused() {
    let world = World::new().await;
    for (tip, slug, pointer) in [
        (money(-1), "tip-refused", "/tip/amount"),
        (money(10_001), "tip-refused", "/tip/amount"),
        (money(i64::MAX), "tip-refused", "/tip/amount"),
        (
            json!({"amount": 50, "currency": "PLN"}),
            "tip-refused",
            "/tip/currency",
        ),
        (json!(50), "invalid-body", "/tip"),
        (
            json!({"amount": 0.5, "currency": "EUR"}),
            "invalid-body",
            "/tip/amount",
        ),
    ] {
        let refused = world
            .place("k1", &tipped(one_flat_white(), tip.clone()))
            .await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{tip}");
        assert_eq!(
            refused.problem(),
            (slug.to_owned(), vec![pointer.to_owned()]),
            "{tip}"
        );
    }
    assert_eq!(world.rows().await, [0; 6]);
    for (key, tip) in [("k2", money(0)), ("k3", money(10_000))] {
        let placed = world.place(key, &tipped(one_flat_white(), tip)).await;
        assert_eq!(placed.status, StatusCode::ACCEPTED, "{}", placed.body);
    }
}

#[tokio::test]
async fn another_tip_is_another_command() {
    let world = World::new().await;
    world
        .place("k1", &tipped(one_flat_white(), money(50)))
        .await;
    let other = world
        .place("k1", &tipped(one_flat_white(), money(60)))
        .await;
    assert_eq!(other.problem().0, "idempotency-key-reused");
}

#[tokio::test]
async fn a_tip_for_what_costs_nothing_is_charged_all_the_same() {
    let world = World::without_catalog().await;
    world
        .catalog_asks(0, "Europe/Warsaw", std::time::Duration::ZERO)
        .await;
    let placed = world
        .place("k1", &tipped(by_card("tok_visa"), money(100)))
        .await;
    assert_eq!(
        placed.body["payment"],
        json!({"method": "card", "status": "captured"})
    );
    assert_eq!(authorised(&world).await, [money(100)]);
}
