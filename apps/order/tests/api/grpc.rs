//! Reading by gRPC: what proto/ promises, read by that file alone, against what HTTP answers.

use axum::http::StatusCode;
use serde_json::{Value, json};
use testkit::grpc::{Called, call};
use testkit::proto::Proto;
use uuid::Uuid;

use crate::world::{OTHER_STORE, STORE, World, one_flat_white, order_of};

fn proto() -> Proto {
    Proto::read(include_str!("../../proto/crema/order/v1/orders.proto"))
}

impl World {
    async fn call(&self, token: Option<&str>, name: &str, request: &Value) -> Called {
        call(&self.router, &proto(), name, token, request).await
    }
}

#[tokio::test]
async fn every_read_says_what_http_says() {
    let world = World::new().await;
    let mut tipped = order_of(2);
    tipped["tip"] = json!({"amount": 100, "currency": "EUR"});
    let id = world.place("tipped", &tipped).await.id();
    let undone = world.place("undone", &one_flat_white()).await.id();
    world.recall(undone).await;
    world
        .until(undone, |order| order["checkout"] == "cancelled")
        .await;
    let of = |id: Uuid| json!({ "id": id.to_string() });
    let (customer, barista) = (world.customer(), world.barista());
    let first = world.get(&customer, "/v1/orders?limit=1").await.body;
    let cursor = first["next"].as_str().expect("more");
    let rows = [
        (&customer, "GetOrder", of(id), format!("/v1/orders/{id}")),
        (
            &customer,
            "GetOrder",
            of(undone),
            format!("/v1/orders/{undone}"),
        ),
        (&barista, "GetOrder", of(id), format!("/v1/orders/{id}")),
        (
            &customer,
            "GetHistory",
            of(undone),
            format!("/v1/orders/{undone}/history"),
        ),
        (&customer, "ListOrders", json!({}), "/v1/orders".to_owned()),
        (
            &customer,
            "ListOrders",
            json!({"limit": 1}),
            "/v1/orders?limit=1".to_owned(),
        ),
        (
            &customer,
            "ListOrders",
            json!({"limit": 1, "cursor": cursor}),
            format!("/v1/orders?limit=1&cursor={cursor}"),
        ),
        (
            &barista,
            "ListTickets",
            json!({"store": STORE.to_string()}),
            format!("/v1/stores/{STORE}/tickets"),
        ),
    ];
    for (token, name, request, path) in rows {
        let called = world.call(Some(token), name, &request).await;
        assert_eq!(called.status, "0", "{name} {request}");
        let read = world.get(token, &path).await;
        assert_eq!(read.status, StatusCode::OK, "{path}");
        assert_eq!(called.message, read.body, "{name} {request}");
    }
}

#[tokio::test]
async fn a_discounted_order_and_one_in_a_slot_say_what_http_says() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    for change in [
        "UPDATE orders SET discount_code = 'MORNING', discount = 45, total = total - 45",
        "UPDATE order_lines SET discount = 45",
        "UPDATE orders SET slot = due_at",
    ] {
        sqlx::query(change).execute(world.db()).await.expect(change);
    }
    let request = json!({ "id": id.to_string() });
    let called = world
        .call(Some(&world.customer()), "GetOrder", &request)
        .await;
    let read = world
        .get(&world.customer(), &format!("/v1/orders/{id}"))
        .await;
    assert_eq!(read.body["discount"]["code"], "MORNING");
    assert_eq!(called.message, read.body);
}

#[tokio::test]
async fn an_order_that_is_brought_says_what_http_says() {
    let world = World::new().await;
    let id = world.brought().await;
    let request = json!({ "id": id.to_string() });
    let called = world
        .call(Some(&world.customer()), "GetOrder", &request)
        .await;
    let read = world
        .get(&world.customer(), &format!("/v1/orders/{id}"))
        .await;
    assert_eq!(read.body["delivery"]["courier"], "awaited");
    assert_eq!(called.message, read.body);
}

#[tokio::test]
async fn what_http_refuses_is_refused() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    let order = json!({ "id": id.to_string() });
    let (stranger, elsewhere) = (world.stranger(), world.other_barista());
    let no_scope = world.token(Uuid::from_u128(2), "customer", "order:place", &[]);
    let forged = testkit::Issuer::new().token("order", |claims| {
        claims.scope = "order:read".into();
    });
    let store = json!({ "store": STORE.to_string() });
    let missing = json!({ "id": Uuid::from_u128(5).to_string() });
    let customer = world.customer();
    for (token, name, request, refusal) in [
        (None, "GetOrder", &order, ("16", "unauthenticated")),
        (Some(&forged), "GetOrder", &order, ("16", "invalid-token")),
        (Some(&no_scope), "GetOrder", &order, ("7", "forbidden")),
        (Some(&customer), "ListTickets", &store, ("7", "forbidden")),
        (
            Some(&stranger),
            "GetOrder",
            &order,
            ("5", "order-not-found"),
        ),
        (
            Some(&stranger),
            "GetHistory",
            &order,
            ("5", "order-not-found"),
        ),
        (
            Some(&elsewhere),
            "GetOrder",
            &order,
            ("5", "order-not-found"),
        ),
        (
            Some(&elsewhere),
            "ListTickets",
            &store,
            ("5", "store-not-found"),
        ),
        (
            Some(&customer),
            "GetOrder",
            &missing,
            ("5", "order-not-found"),
        ),
        (
            Some(&customer),
            "GetOrder",
            &json!({"id": "mine"}),
            ("5", "order-not-found"),
        ),
        (
            Some(&customer),
            "ListOrders",
            &json!({"limit": 0}),
            ("3", "invalid-query"),
        ),
        (
            Some(&customer),
            "ListOrders",
            &json!({"cursor": "x"}),
            ("3", "invalid-query"),
        ),
    ] {
        let called = world.call(token.map(String::as_str), name, request).await;
        assert_eq!(called.refusal(), refusal, "{name} {request}");
        assert_eq!(called.message, Value::Null);
    }
    // Another store's staff is told of an own one that it has nothing to make.
    let own = json!({ "store": OTHER_STORE.to_string() });
    let called = world.call(Some(&elsewhere), "ListTickets", &own).await;
    assert_eq!(
        (called.status.as_str(), &called.message["items"]),
        ("0", &json!([]))
    );
}

#[tokio::test]
async fn the_table_has_a_row_for_each_method_of_the_file_and_no_other() {
    proto().is_served(order::routes::table().table());
}
