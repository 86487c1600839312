//! `POST /v1/orders`: what is answered and stored, and every order that is refused.

use axum::http::{Method, StatusCode, header};
use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{
    FLAT_WHITE, PRICE, STORE, World, one_flat_white, order_of, place, request, send,
};

#[tokio::test]
async fn an_order_costs_what_the_catalog_says() {
    let world = World::new().await;
    let answer = world.place("k1", &order_of(2)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    let id = answer.id();
    assert_eq!(answer.headers[header::LOCATION], format!("/v1/orders/{id}"));
    let money = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    let expected = json!({
        "id": id, "number": "A-001", "store_id": STORE, "store_name": "Crema Rynek",
        "placed_at": "2026-03-02T07:30:00.000Z",
        "pickup": {"kind": "now", "due_at": "2026-03-02T07:35:00.000Z"}, "checkout": "confirmed", "fulfilment": "waiting",
        "payment": {"method": "counter", "status": "due"}, "reason": null,
        "lines": [{
            "variation_id": FLAT_WHITE, "product": "Flat white", "variation": "Large",
            "options": [{"id": Uuid::from_u128(9), "group": "Milk", "name": "Oat", "price": money(45)}],
            "quantity": 2, "unit_price": money(PRICE), "line_total": money(2 * PRICE), "discount": money(0),
        }],
        "discount": null, "delivery": null, "tip": money(0), "total": money(2 * PRICE),
        "tax": [{"rate_bp": 800, "gross": money(2 * PRICE), "tax": money(33)}],
        "version": 2,
    });
    assert_eq!(answer.body, expected);
    let read = world
        .get(&world.customer(), &format!("/v1/orders/{id}"))
        .await;
    assert_eq!(read.body, expected, "what was answered is what was stored");

    let asked = world.sidecar.received("catalog").await;
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].headers[header::AUTHORIZATION],
        "Bearer for-catalog"
    );
    assert_eq!(
        asked[0].json(),
        json!({"store_id": STORE, "lines": [{"variation_id": FLAT_WHITE, "quantity": 2, "option_ids": []}]})
    );
    // One order, one line, two transitions, one day, one replay, two events.
    assert_eq!(world.rows().await, [1, 1, 2, 1, 1, 2]);
}

#[tokio::test]
async fn a_body_of_the_wrong_shape_is_refused_before_anything_is_asked() {
    let world = World::new().await;
    let with = |pointer: &str, value: Value| {
        let mut body = one_flat_white();
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        body.pointer_mut(parent).expect("a parent")[key] = value;
        body
    };
    let price = json!({"amount": 1, "currency": "EUR"});
    for (pointer, body) in [
        ("/lines/0/price", with("/lines/0/price", price.clone())),
        ("/lines/0/unit_price", with("/lines/0/unit_price", json!(1))),
        ("/total", with("/total", price)),
        ("/payment/amount", with("/payment/amount", json!(1))),
        ("/payment/method", with("/payment/method", json!("beans"))),
        ("/payment/token", with("/payment/token", json!("tok_visa"))),
        (
            "/payment/token",
            with("/payment", json!({"method": "card"})),
        ),
        (
            "/payment/token",
            with("/payment", json!({"method": "card", "token": ""})),
        ),
        (
            "/payment/token",
            with(
                "/payment",
                json!({"method": "card", "token": "x".repeat(256)}),
            ),
        ),
        (
            "/payment/token",
            with(
                "/payment",
                json!({"method": "card", "token": "4111 1111 1111 1111"}),
            ),
        ),
        (
            "/payment/number",
            with(
                "/payment",
                json!({"method": "card", "token": "tok_visa", "number": "4111111111111111"}),
            ),
        ),
        ("/lines/0/quantity", with("/lines/0/quantity", json!("two"))),
        ("/lines/0/quantity", with("/lines/0/quantity", json!(1.5))),
        (
            "/lines/0/variation_id",
            with("/lines/0/variation_id", json!("espresso")),
        ),
        ("/store_id", with("/store_id", json!(7))),
    ] {
        let answer = world.place("k1", &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(
            answer.problem(),
            ("invalid-body".into(), vec![pointer.to_owned()]),
            "{body}"
        );
    }
    assert!(world.sidecar.received("catalog").await.is_empty());
    assert_eq!(world.rows().await, [0; 6]);
}

#[tokio::test]
async fn malformed_json_and_other_media_are_refused() {
    let world = World::new().await;
    for (body, kind, status, slug) in [
        ("{\"store_id\":", "application/json", 400, "malformed-json"),
        ("", "application/json", 400, "malformed-json"),
        (
            "store_id=1",
            "application/x-www-form-urlencoded",
            415,
            "unsupported-media-type",
        ),
    ] {
        let request = request(Method::POST, "/v1/orders", &world.customer())
            .header("idempotency-key", "k1")
            .header(header::CONTENT_TYPE, kind)
            .body(body.into())
            .expect("a request");
        let answer = world.send(request).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.problem().0, slug);
    }
    let huge = json!({"x": "x".repeat(300 * 1024)});
    let answer = world.place("k1", &huge).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().0.as_str()),
        (413, "body-too-large")
    );
}

#[tokio::test]
async fn what_the_catalog_refuses_is_refused_in_its_words() {
    for (quantity, slug, pointer) in [
        (0, "quantity-out-of-range", "/lines/0/quantity"),
        (-1, "quantity-out-of-range", "/lines/0/quantity"),
        (1_000_000, "quantity-out-of-range", "/lines/0/quantity"),
        (1, "unknown-product", "/lines/0/variation_id"),
        (1, "option-not-allowed", "/lines/0/option_ids/0"),
        (1, "unknown-store", "/store_id"),
        (1, "empty-order", "/lines"),
    ] {
        let world = World::without_catalog().await;
        let problem = json!({
            "type": format!("urn:problem-type:crema:{slug}"), "title": "No", "status": 422, "detail": "Because.",
            "errors": [{"pointer": pointer, "detail": "is not for sale"}],
        });
        world
            .sidecar
            .invoke("catalog", Method::POST, "/v1/quotes")
            .respond(422, problem)
            .await;
        let answer = world.place("k1", &order_of(quantity)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(
            answer.problem(),
            (slug.to_owned(), vec![pointer.to_owned()])
        );
        assert_eq!(answer.body["detail"], "Because.");
        let asked = world.sidecar.received("catalog").await;
        assert_eq!(asked[0].json()["lines"][0]["quantity"], quantity);
        assert_eq!(world.rows().await, [0; 6]);
    }
}

#[tokio::test]
async fn numbers_are_unique_under_a_rush_and_without_gaps_in_one_process() {
    let world = World::new().await;
    world.warm().await;
    let rush = (0..40).map(|index| {
        let world = &world;
        async move { world.place(&format!("k{index}"), &one_flat_white()).await }
    });
    let answers = futures::future::join_all(rush).await;
    let mut numbers: Vec<_> = answers
        .iter()
        .map(|answer| answer.body["number"].as_str().expect("a number").to_owned())
        .collect();
    numbers.sort();
    let expected: Vec<_> = (1..=40).map(|number| format!("A-{number:03}")).collect();
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn numbers_begin_again_at_the_stores_own_midnight() {
    let world = World::new().await;
    let mut numbers = Vec::new();
    // From 8:30 in Warsaw: 23:59, midnight, and a minute after.
    for wait in [0, 15 * 60 + 29, 1, 1] {
        world.app.clock.advance(TimeDelta::minutes(wait));
        numbers.push(world.ordered().await.body["number"].clone());
    }
    assert_eq!(numbers, ["A-001", "A-002", "A-001", "A-002"]);
}

#[tokio::test]
async fn only_a_person_can_order() {
    let world = World::new().await;
    let token = world.issuer.token("order", |claims| {
        "order:place".clone_into(&mut claims.scope);
    });
    let answer = world.send(place(&token, "k1", &one_flat_white())).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().0.as_str()),
        (403, "person-required")
    );
}

#[tokio::test]
async fn two_people_may_use_the_same_key() {
    let world = World::new().await;
    let mine = world.place("k1", &one_flat_white()).await;
    let theirs = world
        .send(place(&world.stranger(), "k1", &one_flat_white()))
        .await;
    assert_eq!(theirs.status, StatusCode::ACCEPTED);
    assert_ne!(mine.id(), theirs.id());
    // And a sibling process answers as this one would.
    let again = send(
        world.sibling(),
        place(&world.customer(), "k1", &one_flat_white()),
    )
    .await;
    assert_eq!(again.id(), mine.id());
}
