//! Reading by gRPC: what proto/ promises, read by that file alone, against what HTTP answers.

use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use testkit::APP_TOKEN;
use testkit::proto::{Method, Proto};
use uuid::Uuid;

use crate::world::{OTHER_STORE, STORE, World, one_flat_white, order_of};

/// What came back of a call.
struct Called {
    /// 0, or why not.
    status: String,
    headers: HeaderMap,
    message: Value,
}

impl Called {
    /// The status, and the slug of the problem.
    fn refusal(&self) -> (&str, &str) {
        let slug = self.headers["crema-problem"].to_str().expect("a slug");
        (&self.status, slug)
    }
}

fn proto() -> Proto {
    Proto::read(include_str!("../../proto/crema/order/v1/orders.proto"))
}

fn method(proto: &Proto, name: &str) -> Method {
    let found = proto.methods().iter().find(|one| one.path.ends_with(name));
    found.expect("a method").clone()
}

impl World {
    async fn call(&self, token: Option<&str>, name: &str, request: &Value) -> Called {
        let proto = proto();
        let method = method(&proto, name);
        let mut call = Request::post(&method.path)
            .header("dapr-api-token", APP_TOKEN)
            .header("te", "trailers")
            .header(header::CONTENT_TYPE, "application/grpc");
        if let Some(token) = token {
            call = call.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = proto.framed(&method.request, request);
        let answer = self.raw(call.body(body.into()).expect("a request")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let (head, body) = answer.into_parts();
        let body = body.collect().await.expect("a body");
        let trailers = body.trailers().cloned().unwrap_or_default();
        let status = head.headers.get("grpc-status");
        let status = status.or_else(|| trailers.get("grpc-status"));
        let status = status.expect("a status").to_str().expect("a number");
        let body = body.to_bytes();
        let message = if body.is_empty() {
            Value::Null
        } else {
            proto.unframed(&method.response, &body)
        };
        Called {
            status: status.to_owned(),
            headers: head.headers,
            message,
        }
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
    let mut served: Vec<_> = order::routes::table()
        .table()
        .iter()
        .filter(|row| row.path.starts_with("/crema."))
        .map(|row| row.path.to_owned())
        .collect();
    let mut promised: Vec<_> = proto()
        .methods()
        .iter()
        .map(|method| method.path.clone())
        .collect();
    served.sort();
    promised.sort();
    assert_eq!(served, promised);
}
