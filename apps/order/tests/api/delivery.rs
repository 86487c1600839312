//! Orders that are brought: what they cost, when they may be made, and what shipping's events do to them.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::shop::problem;
use crate::world::{Answer, FEE, PRICE, STORE, World, by_card, one_flat_white};

const TOPIC: &str = "shipping-events";

fn money(amount: i64) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

fn address() -> Value {
    json!({
        "name": "Ada Lovelace", "street": "Karl-Liebknecht-Straße 1", "postcode": "04107", "city": "Leipzig",
        "country": "DE", "note": "second floor",
    })
}

fn brought(mut body: Value) -> Value {
    body["delivery"] = json!({"address": address(), "fee": money(FEE)});
    body
}

/// An event of shipping, as it has promised it.
pub fn shipment(
    order: Uuid,
    sequence: i64,
    kind: &str,
    status: &str,
    reason: Option<&str>,
) -> Value {
    json!({
        "specversion": "1.0", "id": Uuid::from_u128(0x200 + u128::try_from(sequence).expect("positive")),
        "source": "/shipping", "type": kind, "subject": order, "time": "2026-03-02T07:31:00.000Z",
        "datacontenttype": "application/json", "sequence": sequence.to_string(),
        "crematraceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "data": {
            "order_id": order, "store_id": STORE, "status": status, "reason": reason,
            "expected_at": "2026-03-02T07:55:00.000Z", "occurred_at": "2026-03-02T07:31:00.000Z",
        },
    })
}

fn booked(order: Uuid) -> Value {
    shipment(order, 3, "shipment.created.v1", "booked", None)
}

fn dispatched(order: Uuid) -> Value {
    shipment(order, 5, "shipment.dispatched.v1", "dispatched", None)
}

fn delivered(order: Uuid) -> Value {
    shipment(order, 7, "shipment.delivered.v1", "delivered", None)
}

fn failed(order: Uuid, sequence: i64, reason: &str) -> Value {
    shipment(
        order,
        sequence,
        "shipment.failed.v1",
        "failed",
        Some(reason),
    )
}

impl World {
    /// A confirmed order that is brought.
    pub async fn brought(&self) -> Uuid {
        let key = self.app.ids.next().to_string();
        let placed = self.place(&key, &brought(by_card("tok_visa"))).await;
        assert_eq!(placed.body["checkout"], "confirmed", "{}", placed.body);
        placed.id()
    }

    async fn hears(&self, event: &Value) -> StatusCode {
        self.deliver("/events/shipping", TOPIC, event).await.status
    }

    async fn heard(&self, event: &Value) {
        assert_eq!(self.hears(event).await, StatusCode::NO_CONTENT, "{event}");
    }

    async fn order(&self, id: Uuid) -> Value {
        let path = format!("/v1/orders/{id}");
        self.get(&self.customer(), &path).await.body
    }

    /// Staff makes it, as far as the counter.
    async fn made(&self, id: Uuid) {
        for (version, status) in [(2, "preparation"), (3, "ready")] {
            let answer = self.fulfil(&self.barista(), id, version, status).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        }
    }

    async fn actors(&self, id: Uuid) -> Vec<(Value, Value)> {
        let path = format!("/v1/orders/{id}/history");
        let history = self.get(&self.customer(), &path).await.body;
        let rows = history["items"].as_array().expect("items").iter();
        rows.map(|row| (row["to"].clone(), row["actor"].clone()))
            .collect()
    }
}

fn refusal(answer: &Answer) -> (u16, String, Vec<String>) {
    let (slug, pointers) = answer.problem();
    (answer.status.as_u16(), slug, pointers)
}

fn refused(status: u16, slug: &str, pointers: &[&str]) -> (u16, String, Vec<String>) {
    let pointers = pointers.iter().map(ToString::to_string).collect();
    (status, slug.to_owned(), pointers)
}

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

#[tokio::test]
async fn it_is_made_once_a_courier_is_found_and_handed_over_at_the_door() {
    let world = World::new().await;
    let (id, barista) = (world.brought().await, world.barista());
    let early = world.fulfil(&barista, id, 2, "preparation").await;
    assert_eq!(
        refusal(&early),
        refused(409, "courier-awaited", &["/status"])
    );
    world
        .heard(&shipment(id, 2, "tracking.updated.v1", "searching", None))
        .await;
    assert_eq!(
        world
            .fulfil(&barista, id, 2, "preparation")
            .await
            .problem()
            .0,
        "courier-awaited"
    );

    world.heard(&booked(id)).await;
    assert_eq!(world.order(id).await["delivery"]["courier"], "booked");
    // What the order's own state forbids is told as such.
    assert_eq!(
        world.fulfil(&barista, id, 2, "delivered").await.problem().0,
        "illegal-transition"
    );
    world.made(id).await;
    let by_hand = world.fulfil(&barista, id, 4, "delivered").await;
    assert_eq!(
        refusal(&by_hand),
        refused(409, "courier-delivers", &["/status"])
    );

    world.heard(&dispatched(id)).await;
    assert_eq!(world.order(id).await["delivery"]["courier"], "dispatched");
    assert_eq!(
        world.fulfil(&barista, id, 4, "delivered").await.problem().0,
        "courier-delivers"
    );
    world.heard(&delivered(id)).await;
    let order = world.order(id).await;
    assert_eq!(
        (
            &order["checkout"],
            &order["fulfilment"],
            &order["delivery"]["courier"],
            &order["version"]
        ),
        (
            &json!("completed"),
            &json!("delivered"),
            &json!("delivered"),
            &json!(6)
        )
    );
    let actors = world.actors(id).await;
    assert_eq!(
        actors[4..],
        [
            (json!("delivered"), json!("shipping")),
            (json!("completed"), json!("shipping"))
        ]
    );
    let timeline = world
        .get(&world.customer(), &format!("/v1/orders/{id}/timeline"))
        .await;
    let told: Vec<_> = timeline.body["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter(|line| line["source"] == "shipping")
        .map(|line| {
            (
                line["type"].as_str().expect("a type"),
                &line["detail"]["status"],
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("tracking.updated.v1", &json!("searching")),
            ("shipment.created.v1", &json!("booked")),
            ("shipment.dispatched.v1", &json!("dispatched")),
            ("shipment.delivered.v1", &json!("delivered")),
        ]
    );
}

#[tokio::test]
async fn without_a_courier_money_and_stock_go_back() {
    let world = World::new().await;
    let id = world.brought().await;
    for _ in 0..3 {
        world.heard(&failed(id, 4, "no_courier")).await;
    }
    let order = world
        .until(id, |order| order["checkout"] == "cancelled")
        .await;
    assert_eq!(
        (
            &order["reason"],
            &order["payment"]["status"],
            &order["delivery"]["courier"]
        ),
        (&json!("no_courier"), &json!("refunded"), &json!("failed"))
    );
    assert_eq!(
        world.shop.called(),
        [
            "announce",
            "reserve",
            "authorise",
            "capture",
            "refund",
            "release"
        ]
    );
    assert_eq!(
        world.actors(id).await[2],
        (json!("pending"), json!("shipping"))
    );
}

#[tokio::test]
async fn however_events_come_the_newest_counts_and_each_has_its_effect_once() {
    let events = |id| {
        [
            shipment(id, 2, "tracking.updated.v1", "searching", None),
            booked(id),
            dispatched(id),
            shipment(id, 6, "tracking.updated.v1", "dispatched", None),
            delivered(id),
        ]
    };
    for rotation in 0..5 {
        let world = World::new().await;
        let id = world.brought().await;
        world.heard(&booked(id)).await;
        world.made(id).await;
        let mut all = [events(id).to_vec(), events(id).to_vec()].concat();
        all.rotate_left(rotation);
        all.reverse();
        for event in &all {
            world.heard(event).await;
        }
        let order = world.order(id).await;
        assert_eq!(
            (
                &order["checkout"],
                &order["delivery"]["courier"],
                &order["version"]
            ),
            (&json!("completed"), &json!("delivered"), &json!(6)),
            "{rotation}"
        );
        let told: Vec<i64> = sqlx::query_scalar(
            "SELECT sequence FROM outbox.events WHERE type = 'order.courier_changed.v1' ORDER BY position",
        )
        .fetch_all(world.db())
        .await
        .expect("the outbox");
        assert!(told.is_sorted_by(|a, b| a < b), "{rotation}: {told:?}");
    }
}

#[tokio::test]
async fn what_came_back_to_the_shop_is_fetched_there() {
    let world = World::new().await;
    let id = world.brought().await;
    world.heard(&booked(id)).await;
    world.made(id).await;
    world.heard(&dispatched(id)).await;
    world.heard(&failed(id, 7, "undeliverable")).await;
    let order = world.order(id).await;
    assert_eq!(
        (
            &order["checkout"],
            &order["fulfilment"],
            &order["delivery"]["courier"]
        ),
        (&json!("confirmed"), &json!("ready"), &json!("failed"))
    );
    let fetched = world.fulfil(&world.barista(), id, 4, "delivered").await;
    assert_eq!(
        (fetched.status, &fetched.body["checkout"]),
        (StatusCode::OK, &json!("completed"))
    );
    // Nor does it matter if somebody says afterwards that it was brought.
    world
        .heard(&shipment(id, 8, "shipment.delivered.v1", "delivered", None))
        .await;
    assert_eq!(world.order(id).await["version"], 6);
}

#[tokio::test]
async fn what_we_never_gave_to_a_courier_is_for_a_person_to_see_to() {
    let world = World::new().await;
    let id = world.brought().await;
    world.heard(&booked(id)).await;
    let before = world.order(id).await;
    assert_eq!(world.hears(&delivered(id)).await, StatusCode::NOT_FOUND);
    assert_eq!(world.order(id).await, before);

    let event = delivered(id);
    world
        .deliver("/events/dead", "shipping-events.order.dead", &event)
        .await;
    let letters = world.get(&world.operator(), "/v1/dead-letters").await;
    let letter = letters.body["items"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/v1/dead-letters/{letter}/redrive");
    let refused = world.post(&world.operator(), &path, &json!({})).await;
    assert_eq!(refused.problem().0, "dead-letter-unusable");
    // Once it is ready the letter can be taken.
    world.made(id).await;
    let redriven = world.post(&world.operator(), &path, &json!({})).await;
    assert!(redriven.status.is_success(), "{}", redriven.body);
    assert_eq!(world.order(id).await["checkout"], "completed");
}

#[tokio::test]
async fn it_may_be_called_off_until_it_is_made_courier_or_not() {
    let world = World::new().await;
    for with_courier in [false, true] {
        let id = world.brought().await;
        if with_courier {
            world.heard(&booked(id)).await;
        }
        let path = format!("/v1/orders/{id}/cancellation");
        let answer = world.post(&world.customer(), &path, &json!({})).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        let order = world
            .until(id, |order| order["checkout"] == "cancelled")
            .await;
        assert_eq!(
            (&order["reason"], &order["payment"]["status"]),
            (&json!("by_customer"), &json!("refunded"))
        );
        // What shipping makes of it changes nothing any more.
        for event in [
            shipment(id, 8, "shipment.cancelled.v1", "cancelled", None),
            failed(id, 9, "no_courier"),
        ] {
            world.heard(&event).await;
        }
        assert_eq!(world.order(id).await["version"], order["version"]);
    }
}

#[tokio::test]
async fn a_missing_courier_and_a_change_of_mind_at_once_undo_it_once() {
    let world = World::new().await;
    world.warm().await;
    for _ in 0..5 {
        let id = world.brought().await;
        let path = format!("/v1/orders/{id}/cancellation");
        let (customer, event, nothing) = (world.customer(), failed(id, 4, "no_courier"), json!({}));
        let (heard, cancelled) =
            tokio::join!(world.hears(&event), world.post(&customer, &path, &nothing));
        assert_eq!(
            (heard, cancelled.status),
            (StatusCode::NO_CONTENT, StatusCode::ACCEPTED)
        );
        world
            .until(id, |order| order["checkout"] == "cancelled")
            .await;
    }
    let refunds = world
        .shop
        .called()
        .into_iter()
        .filter(|call| *call == "refund");
    assert_eq!(refunds.count(), 5);
}

#[tokio::test]
async fn what_shipping_tells_of_nothing_of_ours_or_in_no_form_of_ours() {
    let world = World::new().await;
    let id = world.brought().await;
    world.heard(&booked(Uuid::from_u128(404))).await;
    let mut unknown = booked(id);
    unknown["type"] = json!("shipment.weighed.v1");
    unknown["data"] = json!({"grams": 1});
    world.heard(&unknown).await;
    let mut poison = booked(id);
    poison["data"]["status"] = json!("lost at sea");
    assert_eq!(world.hears(&poison).await, StatusCode::NOT_FOUND);
    assert_eq!(world.order(id).await["delivery"]["courier"], "awaited");
    let db = world.db().clone();
    db.close().await;
    assert_eq!(
        world.hears(&booked(id)).await,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

#[tokio::test]
async fn the_fee_stays_with_the_shop_when_all_items_come_back() {
    let world = World::new().await;
    let id = world.brought().await;
    world.heard(&booked(id)).await;
    world.made(id).await;
    world.heard(&delivered(id)).await;
    let request = crate::world::request(
        axum::http::Method::POST,
        &format!("/v1/orders/{id}/returns"),
        &world.barista(),
    )
    .header("idempotency-key", "r1")
    .header(header::CONTENT_TYPE, "application/json")
    .body(
        json!({"lines": [{"line": 1, "quantity": 1, "goods": "wasted"}], "reason": "quality"})
            .to_string()
            .into(),
    );
    let asked = world.send(request.expect("a request")).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.body);
    assert_eq!(asked.body["amount"], money(PRICE));
    // 445 of 695 are 64 % of the tax; the rest is the fee's.
    assert_eq!(
        asked.body["tax"],
        json!([{"rate_bp": 800, "gross": money(PRICE), "tax": money(33)}])
    );
}

#[tokio::test]
async fn waiting_for_a_courier_teaches_nothing_about_waiting_at_the_counter() {
    let world = World::new().await;
    let id = world.brought().await;
    world.app.clock.advance(chrono::TimeDelta::minutes(40));
    world.heard(&booked(id)).await;
    world.made(id).await;
    let wait = world
        .app
        .waits
        .of(
            world.db(),
            order::order::StoreId(STORE),
            world.app.clock.now(),
        )
        .await;
    assert_eq!(wait.expect("a wait"), chrono::TimeDelta::minutes(5));
}

/// The kinds of what was told since the order was confirmed, with the courier that each names.
async fn told(world: &World) -> Vec<(String, Value, String)> {
    sqlx::query_as(
        "SELECT type, data->'delivery'->'courier', subject FROM outbox.events WHERE position > 2 ORDER BY position",
    )
    .fetch_all(world.db())
    .await
    .expect("the outbox")
}

#[tokio::test]
async fn where_the_courier_is_is_told_once_and_what_follows_from_it_tells_it_too() {
    let world = World::new().await;
    let id = world.brought().await;
    world.heard(&booked(id)).await;
    world.heard(&booked(id)).await;
    world
        .heard(&shipment(id, 4, "tracking.updated.v1", "booked", None))
        .await;
    world.made(id).await;
    world.heard(&delivered(id)).await;
    let (own, courier) = (id.to_string(), format!("{id}:courier"));
    let expected = [
        ("order.courier_changed.v1", "booked", &courier),
        ("order.fulfilment_changed.v1", "booked", &own),
        ("order.fulfilment_changed.v1", "booked", &own),
        ("order.courier_changed.v1", "delivered", &courier),
        ("order.fulfilment_changed.v1", "delivered", &own),
        ("order.completed.v1", "delivered", &own),
    ];
    let expected =
        expected.map(|(kind, at, subject)| (kind.to_owned(), json!(at), subject.clone()));
    assert_eq!(told(&world).await, expected);
}

#[tokio::test]
async fn the_event_of_a_courier_is_the_golden_sample() {
    let world = World::new().await;
    let mut body = brought(by_card("tok_visa"));
    body["lines"][0]["quantity"] = 2.into();
    let id = world.place("k1", &body).await.id();
    world.heard(&booked(id)).await;
    let sample: Value =
        serde_json::from_str(include_str!("../../events/order.courier_changed.v1.json"))
            .expect("JSON");
    let stored: (Value, i64, String) = sqlx::query_as(
        "SELECT data, sequence, source FROM outbox.events WHERE type = 'order.courier_changed.v1'",
    )
    .fetch_one(world.db())
    .await
    .expect("the event");
    let mut data = stored.0;
    for field in ["order_id", "number"] {
        data[field] = sample["data"][field].clone();
    }
    assert_eq!(data, sample["data"]);
    assert_eq!(
        (stored.1.to_string(), stored.2),
        ("3".to_owned(), "/order".to_owned())
    );
}
