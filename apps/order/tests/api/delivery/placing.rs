//! Placing an order that is brought: what it costs, what shipping is told, and what it refuses.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{address, brought, failed, money, refusal, refused};
use crate::shop::problem;
use crate::world::{FEE, PRICE, STORE, World, by_card, one_flat_white};

#[tokio::test]
async fn the_fee_is_part_of_what_is_paid_and_its_tax_joins_that_of_its_rate() {
    let world = World::new().await;
    let mut body = brought(by_card("tok_visa"));
    body["tip"] = money(50);
    let placed = world.place("k1", &body).await;
    assert_eq!(placed.status, StatusCode::ACCEPTED, "{}", placed.body);
    let id = placed.id();
    let order = world.order(id).await;
    assert_eq!(
        order["delivery"],
        json!({"fee": money(FEE), "minutes": 25, "courier": "awaited"})
    );
    assert_eq!(order["total"], money(PRICE + FEE + 50));
    // 695 · 8 / 108 is 51.48.
    assert_eq!(
        order["tax"],
        json!([{"rate_bp": 800, "gross": money(PRICE + FEE), "tax": money(51)}])
    );
    let authorised = world.sidecar.received("payment").await;
    assert_eq!(authorised[0].json()["amount"], money(PRICE + FEE + 50));

    let announced = world.sidecar.received("shipping").await;
    assert_eq!(announced.len(), 1);
    assert_eq!(
        announced[0].json(),
        json!({
            "store_id": STORE, "customer_id": crate::world::CUSTOMER, "address": address(), "fee": money(FEE),
        })
    );
    let told: Vec<(Value,)> = sqlx::query_as("SELECT data FROM outbox.events")
        .fetch_all(world.db())
        .await
        .expect("the outbox");
    assert!(
        told.iter()
            .all(|row| row.0["delivery"] == json!({"fee": money(FEE), "courier": "awaited"}))
    );

    let receipt = world
        .get(&world.customer(), &format!("/v1/orders/{id}/receipt"))
        .await;
    assert_eq!(receipt.body["delivery"], money(FEE));
    assert_eq!(
        receipt.body["tax"],
        json!([
            {"rate_bp": 800, "gross": money(PRICE + FEE), "tax": money(51), "net": money(PRICE + FEE - 51)}
        ])
    );
    for path in [
        "/v1/orders".to_owned(),
        format!("/v1/stores/{STORE}/tickets"),
    ] {
        let token = if path == "/v1/orders" {
            world.customer()
        } else {
            world.barista()
        };
        let page = world.get(&token, &path).await;
        assert_eq!(
            page.body["items"][0]["delivery"], order["delivery"],
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_address_is_nowhere_in_the_database() {
    let world = World::new().await;
    world.brought().await;
    let tables: Vec<(String,)> = sqlx::query_as(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(world.db())
    .await
    .expect("the tables");
    assert!(tables.iter().any(|(table,)| table == "public.deliveries"));
    for (table,) in tables {
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "SELECT whole::text FROM {table} AS whole"
        )))
        .fetch_all(world.db())
        .await
        .expect("its rows");
        for row in rows {
            for part in ["Lovelace", "Liebknecht", "04107", "second floor"] {
                assert!(!row.contains(part), "{part} is in {table}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_fetched_is_as_it_was_and_shipping_is_not_asked() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    assert_eq!(world.order(id).await["delivery"], Value::Null);
    assert!(world.sidecar.received("shipping").await.is_empty());
    // Nor does a stray event of shipping's change it.
    world.heard(&failed(id, 2, "no_courier")).await;
    assert_eq!(world.order(id).await["checkout"], "confirmed");
}

#[tokio::test]
async fn what_is_brought_is_paid_by_card_and_at_once() {
    let world = World::new().await;
    let at_the_counter = world.place("k1", &brought(one_flat_white())).await;
    assert_eq!(
        refusal(&at_the_counter),
        refused(422, "inconsistent-fields", &["/payment/method"])
    );
    let mut later = brought(by_card("tok_visa"));
    later["pickup"] = json!("2026-03-02T09:00:00Z");
    assert_eq!(
        refusal(&world.place("k1", &later).await),
        refused(422, "inconsistent-fields", &["/pickup"])
    );
    let mut dollars = brought(by_card("tok_visa"));
    dollars["delivery"]["fee"]["currency"] = json!("USD");
    assert_eq!(
        refusal(&world.place("k1", &dollars).await),
        refused(422, "currency-differs", &["/delivery/fee/currency"])
    );
    let mut nowhere = brought(by_card("tok_visa"));
    nowhere["delivery"]["address"] = json!({"street": "Broadway"});
    assert_eq!(
        refusal(&world.place("k1", &nowhere).await),
        refused(422, "invalid-body", &["/delivery/address"])
    );
    assert!(world.sidecar.received("shipping").await.is_empty());
    assert_eq!(world.rows().await, [0; 6]);
}

#[tokio::test]
async fn what_shipping_refuses_is_told_with_its_fields() {
    let world = World::new().await;
    let problem_at = |status: u16, slug: &str, pointer: &str| {
        wiremock::ResponseTemplate::new(status).set_body_json(json!({
            "type": format!("urn:problem-type:crema:{slug}"), "title": "No", "status": status,
            "errors": [{"pointer": pointer, "detail": "is wrong"}],
        }))
    };
    let body = brought(by_card("tok_visa"));
    for (status, slug, pointer, told) in [
        (
            422,
            "address-invalid",
            "/address/postcode",
            "/delivery/address/postcode",
        ),
        (422, "address-out-of-reach", "/address", "/delivery/address"),
        (409, "delivery-fee-changed", "/fee", "/delivery/fee"),
    ] {
        world
            .shop
            .next("announce", [problem_at(status, slug, pointer)]);
        let answer = world.place("k1", &body).await;
        assert_eq!(refusal(&answer), refused(status, slug, &[told]));
    }
    for (answered, status, slug) in [
        (409, 500, "internal"),
        (404, 500, "internal"),
        (500, 503, "unavailable"),
        (503, 503, "unavailable"),
        (429, 503, "unavailable"),
    ] {
        world
            .shop
            .next("announce", [problem(answered, "shipment-exists")]);
        let answer = world.place("k1", &body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (status, slug),
            "{answered}"
        );
        assert_eq!(
            answer.headers.contains_key(header::RETRY_AFTER),
            status == 503
        );
    }
    assert_eq!(world.rows().await, [0; 6]);
    // The key was not used up by any of them.
    assert_eq!(world.place("k1", &body).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_shipment_that_is_not_the_announced_one_is_not_believed() {
    let world = World::new().await;
    let good = json!({"order_id": Uuid::from_u128(5), "fee": money(FEE), "tax_rate_bp": 800, "minutes": 25});
    for (pointer, value) in [
        ("/order_id", json!(Uuid::from_u128(6))),
        ("/fee/amount", json!(FEE + 1)),
        ("/tax_rate_bp", json!(-1)),
        ("/tax_rate_bp", json!(10_001)),
        ("/minutes", json!(-1)),
        ("/minutes", json!("soon")),
    ] {
        let mut other = good.clone();
        *other.pointer_mut(pointer).expect(pointer) = value;
        world.shop.next(
            "announce",
            [wiremock::ResponseTemplate::new(201).set_body_json(other)],
        );
        let answer = world.place("k1", &brought(by_card("tok_visa"))).await;
        assert_eq!(
            answer.status,
            StatusCode::INTERNAL_SERVER_ERROR,
            "{pointer}"
        );
    }
    assert_eq!(world.rows().await, [0; 6]);
}

#[tokio::test]
async fn another_door_is_another_command_and_the_same_one_is_announced_once() {
    let world = World::new().await;
    let body = brought(by_card("tok_visa"));
    let first = world.place("k1", &body).await;
    assert_eq!(world.place("k1", &body).await.id(), first.id());
    assert_eq!(world.sidecar.received("shipping").await.len(), 1);
    let mut other = body.clone();
    other["delivery"]["address"]["street"] = json!("Markt 1");
    assert_eq!(
        world.place("k1", &other).await.problem().0,
        "idempotency-key-reused"
    );
    assert_eq!(
        world.place("k1", &by_card("tok_visa")).await.problem().0,
        "idempotency-key-reused"
    );
}
