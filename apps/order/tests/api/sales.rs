//! The sales: what our own events told of orders and returns, in sums, whatever way they came.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::timeline::Dice;
use crate::world::{FLAT_WHITE, OTHER_STORE, PRICE, STORE, World, order_of, request};

const PATH: &str = "/v1/stores/0190a000-0000-7000-8000-000000000001/sales";

impl World {
    /// Who runs a store.
    fn runs(&self, store: Uuid) -> String {
        let scope = "order:place order:read order:cancel order:fulfil order:manage";
        self.token(Uuid::from_u128(0x77), "manager", scope, &[store])
    }

    async fn sales(&self, query: &str) -> Value {
        let answer = self
            .get(&self.runs(STORE), &format!("{PATH}?{query}"))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    }

    async fn hand_over(&self, order: Uuid) {
        for (version, status) in [(2, "preparation"), (3, "ready"), (4, "delivered")] {
            let answer = self.fulfil(&self.barista(), order, version, status).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        }
    }

    async fn takes(&self, events: &[Value]) {
        let statuses = self.hear("order", events).await;
        assert_eq!(statuses, vec!["SUCCESS"; events.len()]);
    }
}

/// All that this service told, as the broker would deliver it.
async fn told(world: &World) -> Vec<Value> {
    let rows: Vec<(
        Uuid,
        String,
        String,
        i64,
        chrono::DateTime<chrono::Utc>,
        Value,
    )> = sqlx::query_as(
        "SELECT id, type, subject, sequence, time, data FROM outbox.events ORDER BY position",
    )
    .fetch_all(world.db())
    .await
    .expect("the outbox");
    let event = |(id, kind, subject, sequence, time, data)| outbox::Event {
        id,
        source: "/order".to_owned(),
        kind,
        subject,
        sequence,
        time,
        data,
    };
    rows.into_iter()
        .map(event)
        .map(|event| serde_json::to_value(event.cloud_event(None)).expect("JSON"))
        .collect()
}

/// Both tables of the read model and the documents of our own events, row by row and byte by byte.
async fn rows(world: &World) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT row(sales.*)::text FROM sales UNION ALL SELECT row(back.*)::text FROM sales_returns AS back
         UNION ALL SELECT row(timeline.*)::text FROM timeline WHERE source = '/order' ORDER BY 1",
    )
    .fetch_all(world.db())
    .await
    .expect("the read model")
}

fn money(amount: i64) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

/// Three orders: one of two pieces that was handed over, with a tip, and of which one came back; one that is confirmed;
/// one that was cancelled.
async fn a_morning(world: &World) -> [Uuid; 3] {
    let mut tipped = order_of(2);
    tipped["tip"] = money(100);
    let done = world.place("done", &tipped).await.id();
    world.hand_over(done).await;
    let asked = request(
        Method::POST,
        &format!("/v1/orders/{done}/returns"),
        &world.barista(),
    )
    .header("idempotency-key", "back")
    .header("content-type", "application/json")
    .body(Body::from(
        json!({"lines": [{"line": 1, "quantity": 1, "goods": "wasted"}], "reason": "quality"})
            .to_string(),
    ));
    let asked = world.send(asked.expect("a request")).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.body);
    let back = format!("/v1/returns/{}", asked.id());
    crate::world::until("given", || async {
        world.get(&world.barista(), &back).await.body["state"] == "done"
    })
    .await;
    let open = world.place("open", &order_of(3)).await.id();
    let undone = world.place("undone", &order_of(1)).await.id();
    world.recall(undone).await;
    world
        .until(undone, |order| order["checkout"] == "cancelled")
        .await;
    [done, open, undone]
}

#[tokio::test]
async fn they_are_the_sums_of_what_was_told() {
    let world = World::new().await;
    a_morning(&world).await;
    world.takes(&told(&world).await).await;
    let sales = world.sales("from=2026-03-02&to=2026-03-02").await;
    let figures = json!({
        "orders": 2, "gross": money(5 * PRICE), "discount": money(0), "delivery": money(0), "tip": money(100),
        "total": money(5 * PRICE + 100), "cancelled": 1, "returns": 1, "returned": money(PRICE),
        "returned_delivery": money(0),
        "tax": [{"rate_bp": 800, "gross": money(5 * PRICE), "tax": money(66)}],
        "returned_tax": [{"rate_bp": 800, "gross": money(PRICE), "tax": money(17)}],
    });
    let mut day = figures.clone();
    day["day"] = json!("2026-03-02");
    assert_eq!(
        sales,
        json!({
            "store_id": STORE, "from": "2026-03-02", "to": "2026-03-02", "totals": [figures], "days": [day],
            "products": [{
                "variation_id": FLAT_WHITE, "product": "Flat white", "variation": "Large", "quantity": 5,
                "gross": money(5 * PRICE), "discount": money(0), "returned_quantity": 1, "returned": money(PRICE),
            }],
        })
    );
    // By default a week that ends today.
    let week = world.sales("").await;
    assert_eq!(
        (&week["from"], &week["to"], &week["days"]),
        (&json!("2026-02-24"), &json!("2026-03-02"), &sales["days"])
    );
    let before = world.sales("from=2026-02-01&to=2026-03-01").await;
    for part in ["totals", "days", "products"] {
        assert_eq!(before[part], json!([]), "{part}");
    }
}

#[tokio::test]
async fn an_order_counts_from_its_confirmation_to_its_cancellation() {
    let world = World::new().await;
    let [_, _, undone] = a_morning(&world).await;
    let own = told(&world).await;
    let own = own
        .iter()
        .filter(|event| event["subject"] == undone.to_string());
    let mut seen = Vec::new();
    for event in own {
        world.takes(std::slice::from_ref(event)).await;
        let sales = world.sales("").await;
        let total = &sales["totals"][0];
        seen.push((
            event["type"].as_str().expect("a type").to_owned(),
            total["orders"].as_i64().unwrap_or_default(),
            total["cancelled"].as_i64().unwrap_or_default(),
        ));
    }
    let seen: Vec<_> = seen
        .iter()
        .map(|(kind, orders, cancelled)| (kind.as_str(), *orders, *cancelled))
        .collect();
    assert_eq!(
        seen,
        [
            ("order.created.v1", 0, 0),
            ("order.confirmed.v1", 1, 0),
            ("order.recalled.v1", 0, 0),
            ("order.cancelled.v1", 0, 1),
        ]
    );
}

#[tokio::test]
async fn the_day_is_the_stores_own() {
    let world = World::without_catalog().await;
    // 23:30 of the day before, there.
    world
        .catalog_sells("America/Los_Angeles", std::time::Duration::ZERO)
        .await;
    a_morning(&world).await;
    world.takes(&told(&world).await).await;
    let sales = world.sales("from=2026-03-01&to=2026-03-02").await;
    let days: Vec<_> = sales["days"]
        .as_array()
        .expect("days")
        .iter()
        .map(|day| (day["day"].clone(), day["returns"].clone()))
        .collect();
    assert_eq!(days, [(json!("2026-03-01"), json!(1))]);
}

#[tokio::test]
async fn dropped_and_fed_again_in_any_order_they_are_the_same() {
    let world = World::new().await;
    a_morning(&world).await;
    let events = told(&world).await;
    world.takes(&events).await;
    let (built, shown) = (rows(&world).await, world.sales("").await);
    // The orders, the return, and a document for each event.
    assert_eq!(built.len(), 3 + 1 + events.len());
    for seed in 0..8 {
        for path in ["/v1/sales", "/v1/timeline"] {
            let request = request(Method::DELETE, path, &world.operator());
            let dropped = world
                .send(request.body(Body::empty()).expect("a request"))
                .await;
            assert_eq!(dropped.status, StatusCode::NO_CONTENT);
        }
        assert_eq!(rows(&world).await, [""; 0]);
        let mut again = [events.clone(), events.clone(), events.clone()].concat();
        Dice(seed).shuffle(&mut again);
        world.takes(&again).await;
        assert_eq!(rows(&world).await, built, "seed {seed}");
        assert_eq!(world.sales("").await, shown, "seed {seed}");
    }
}

#[tokio::test]
async fn they_are_shown_to_those_who_run_the_store_alone() {
    let world = World::new().await;
    a_morning(&world).await;
    world.takes(&told(&world).await).await;
    let answer = world.get(&world.runs(OTHER_STORE), PATH).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().0.as_str()),
        (404, "store-not-found")
    );
    let other = format!("/v1/stores/{OTHER_STORE}/sales");
    let answer = world.get(&world.runs(OTHER_STORE), &other).await;
    assert_eq!(
        (answer.status, &answer.body["totals"]),
        (StatusCode::OK, &json!([]))
    );
    let answer = world.get(&world.barista(), PATH).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().0.as_str()),
        (403, "forbidden")
    );
    for bad in [
        "from=2026-03-02&to=2026-03-01",
        "from=2026-01-01&to=2026-04-03",
        "from=yesterday",
        // A day that PostgreSQL has no name for.
        "to=-262143-01-01",
        "day=2026-03-02",
    ] {
        let path = format!("{PATH}?{bad}");
        let answer = world.get(&world.runs(STORE), &path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (422, "invalid-query"),
            "{bad}"
        );
    }
    world.sales("from=2026-01-01&to=2026-04-02").await;
}

#[tokio::test]
async fn what_was_told_without_lines_is_kept_and_is_no_sale() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    let mut events = told(&world).await;
    for event in &mut events {
        let data = event["data"].as_object_mut().expect("an object");
        for name in ["lines", "tax", "business_day", "tip"] {
            data.remove(name);
        }
    }
    let mut unknown = events[0].clone();
    unknown["type"] = json!("order.praised.v1");
    unknown["data"] = json!({"stars": 5});
    events.push(unknown);
    world.takes(&events).await;
    assert_eq!(rows(&world).await.len(), 2);
    assert_eq!(world.sales("").await["totals"], json!([]));

    let mut poison = told(&world).await.remove(0);
    poison["data"]["lines"][0]["gross"] = json!("four");
    world.takes(std::slice::from_ref(&poison)).await;
    let letters = world.letters().await;
    assert_eq!(letters.len(), 1, "{id}");
    assert_eq!(letters[0]["event"], poison);
}

#[tokio::test]
async fn the_timeline_tells_what_came_back_and_no_step_twice() {
    let world = World::new().await;
    let [done, ..] = a_morning(&world).await;
    world.takes(&told(&world).await).await;
    let path = format!("/v1/orders/{done}/timeline");
    let timeline = world.get(&world.customer(), &path).await.body;
    let lines = timeline["items"].as_array().expect("items");
    let kinds: Vec<_> = lines
        .iter()
        .map(|line| line["type"].as_str().expect("a type"))
        .collect();
    assert_eq!(
        kinds,
        [
            "checkout.pending",
            "checkout.confirmed",
            "fulfilment.preparation",
            "fulfilment.ready",
            "fulfilment.delivered",
            "checkout.completed",
            "order.returned.v1",
        ]
    );
    let detail = &lines[6]["detail"];
    assert_eq!(detail["returned"]["amount"], money(PRICE));
    assert_eq!(detail.as_object().expect("an object").len(), 2);
}
