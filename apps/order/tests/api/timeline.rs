//! The timeline: an order's own history with what payment and inventory told of it, whatever way their events came.

use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use testkit::APP_TOKEN;
use uuid::Uuid;

use crate::world::{World, request};

macro_rules! sample {
    ($app:literal, $kind:literal, $shows:literal) => {
        (
            $app,
            include_str!(concat!("../../../", $app, "/events/", $kind, ".json")),
            $shows,
        )
    };
}

/// An event of payment.
pub fn payment(order: Uuid, sequence: i64, kind: &str, status: &str, time: &str) -> Value {
    let money = |amount| json!({"amount": amount, "currency": "EUR"});
    json!({
        "specversion": "1.0", "id": Uuid::from_u128(0x100 + u128::try_from(sequence).expect("positive")),
        "source": "/payment", "type": kind, "subject": Uuid::from_u128(7), "time": time,
        "datacontenttype": "application/json", "sequence": sequence.to_string(),
        "crematraceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "data": {
            "payment_id": Uuid::from_u128(7), "order_id": order, "store_id": Uuid::from_u128(8), "method": "card",
            "status": status, "amount": money(445), "captured": money(0), "refunded": money(0), "reason": null,
            "occurred_at": time,
        },
    })
}

/// An event of inventory.
pub fn stock(order: Uuid, sequence: i64, kind: &str, status: &str, time: &str) -> Value {
    json!({
        "specversion": "1.0", "id": Uuid::from_u128(0x100 + u128::try_from(sequence).expect("positive")),
        "source": "/inventory", "type": kind, "subject": order, "time": time,
        "datacontenttype": "application/json", "sequence": sequence.to_string(),
        "data": {
            "order_id": order, "store_id": Uuid::from_u128(8),
            "lines": [{"item_id": Uuid::from_u128(9), "quantity": 18}], "status": status, "occurred_at": time,
        },
    })
}

/// What the other services publish, as they have promised it, and whether it shows.
const GOLDEN: [(&str, &str, bool); 18] = [
    sample!("payment", "payment.initiated.v1", true),
    sample!("payment", "payment.authorised.v1", true),
    sample!("payment", "payment.processed.v1", true),
    sample!("payment", "payment.failed.v1", true),
    sample!("payment", "payment.voided.v1", true),
    sample!("payment", "payment.refund_processed.v1", true),
    sample!("inventory", "inventory.reserved.v1", true),
    sample!("inventory", "inventory.committed.v1", true),
    sample!("inventory", "inventory.released.v1", true),
    sample!("inventory", "inventory.level_changed.v1", false),
    sample!("inventory", "inventory.low_stock.v1", false),
    sample!("inventory", "inventory.availability_changed.v1", false),
    sample!("shipping", "shipment.created.v1", true),
    sample!("shipping", "shipment.dispatched.v1", true),
    sample!("shipping", "tracking.updated.v1", true),
    sample!("shipping", "shipment.delivered.v1", true),
    sample!("shipping", "shipment.failed.v1", true),
    sample!("shipping", "shipment.cancelled.v1", true),
];

#[tokio::test]
async fn the_golden_samples_of_the_other_services_are_read() {
    let world = World::new().await;
    for (source, sample, shows) in GOLDEN {
        let event: Value = serde_json::from_str(sample).expect("JSON");
        let before = rows(&world).await.len();
        feed(&world, &[(source, event.clone())]).await;
        assert_eq!(
            rows(&world).await.len() - before,
            usize::from(shows),
            "{event}"
        );
    }
    let told: Vec<(Uuid, String, Value)> = sqlx::query_as(
        "SELECT order_id, type, detail FROM timeline WHERE type ~ 'failed|released' ORDER BY type",
    )
    .fetch_all(world.db())
    .await
    .expect("the timeline");
    let order: Uuid = "0190a1b2-0000-7000-8000-00000000002a"
        .parse()
        .expect("an id");
    assert_eq!(
        told[0],
        (
            order,
            "inventory.released.v1".into(),
            json!({"status": "released"})
        )
    );
    assert_eq!(
        (told[1].0, &told[1].2["reason"]),
        (order, &json!("insufficient_funds"))
    );
}

/// What the two services tell of one order, each in its own order.
fn told(order: Uuid) -> Vec<(&'static str, Value)> {
    let payments = [
        (
            "payment.initiated.v1",
            "initiated",
            "2026-03-02T07:30:01.000Z",
        ),
        (
            "payment.authorised.v1",
            "authorised",
            "2026-03-02T07:30:02.000Z",
        ),
        (
            "payment.processed.v1",
            "captured",
            "2026-03-02T07:30:03.000Z",
        ),
        (
            "payment.refund_processed.v1",
            "captured",
            "2026-03-02T07:30:09.000Z",
        ),
    ];
    let stocks = [
        ("inventory.reserved.v1", "held", "2026-03-02T07:30:00.500Z"),
        (
            "inventory.committed.v1",
            "committed",
            "2026-03-02T07:30:04.000Z",
        ),
        (
            "inventory.released.v1",
            "released",
            "2026-03-02T07:30:08.000Z",
        ),
    ];
    let payments = (1..)
        .zip(payments)
        .map(|(n, (kind, status, at))| ("payment", payment(order, n, kind, status, at)));
    // The ids of one source say nothing about those of another: these are the same.
    let stocks = (1..)
        .zip(stocks)
        .map(|(n, (kind, status, at))| ("inventory", stock(order, n, kind, status, at)));
    payments.chain(stocks).collect()
}

async fn feed<'a>(world: &World, events: impl IntoIterator<Item = &'a (&'static str, Value)>) {
    for (source, event) in events {
        // What becomes of the order is not put off: of shipping's events each comes alone.
        if *source == "shipping" {
            let answer = world.deliver("/events/shipping", "shipping-events", event);
            assert_eq!(answer.await.status, StatusCode::NO_CONTENT, "{event}");
        } else {
            let statuses = world.hear(source, std::slice::from_ref(event)).await;
            assert_eq!(statuses, ["SUCCESS"], "{event}");
        }
    }
}

/// The whole read model, row by row and byte by byte.
async fn rows(world: &World) -> Vec<String> {
    sqlx::query_scalar("SELECT row(timeline.*)::text FROM timeline ORDER BY source, event_id")
        .fetch_all(world.db())
        .await
        .expect("the timeline")
}

#[tokio::test]
async fn it_tells_all_that_happened_in_its_order() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    let mut events = told(id);
    events.reverse();
    feed(&world, &events).await;
    feed(
        &world,
        &told(Uuid::from_u128(77))
            .into_iter()
            .map(|(source, mut event)| {
                event["id"] = json!(Uuid::from_u128(999));
                (source, event)
            })
            .collect::<Vec<_>>(),
    )
    .await;

    let path = format!("/v1/orders/{id}/timeline");
    let timeline = world.get(&world.customer(), &path).await;
    assert_eq!(timeline.status, StatusCode::OK);
    let lines: Vec<_> = timeline.body["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().expect(name).to_owned();
            (text("source"), text("type"))
        })
        .collect();
    let lines: Vec<_> = lines
        .iter()
        .map(|(source, kind)| (source.as_str(), kind.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            ("order", "checkout.pending"),
            ("order", "checkout.confirmed"),
            ("inventory", "inventory.reserved.v1"),
            ("payment", "payment.initiated.v1"),
            ("payment", "payment.authorised.v1"),
            ("payment", "payment.processed.v1"),
            ("inventory", "inventory.committed.v1"),
            ("inventory", "inventory.released.v1"),
            ("payment", "payment.refund_processed.v1"),
        ]
    );
    let items = &timeline.body["items"];
    assert_eq!(
        items[1]["detail"],
        json!({"version": 2, "from": "pending", "to": "confirmed", "actor": "order"})
    );
    assert_eq!(items[2]["detail"], json!({"status": "held"}));
    assert_eq!(
        items[4],
        json!({
            "at": "2026-03-02T07:30:02.000Z", "source": "payment", "type": "payment.authorised.v1",
            "detail": {
                "method": "card", "status": "authorised", "amount": {"amount": 445, "currency": "EUR"},
                "captured": {"amount": 0, "currency": "EUR"}, "refunded": {"amount": 0, "currency": "EUR"},
                "reason": null,
            },
        })
    );

    assert_eq!(world.get(&world.barista(), &path).await.body, timeline.body);
    for other in [world.stranger(), world.other_barista()] {
        let answer = world.get(&other, &path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (404, "order-not-found")
        );
    }
}

/// A generator of pseudo-random numbers (`SplitMix64`), so that a failure is repeated by its seed.
pub struct Dice(pub u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).expect("below a usize")
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[tokio::test]
async fn dropped_and_fed_again_in_any_order_it_is_the_same() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    let events = told(id);
    feed(&world, &events).await;
    let (built, shown) = (rows(&world).await, timeline(&world, id).await);
    assert_eq!(built.len(), events.len());

    for seed in 0..8 {
        let request = request(Method::DELETE, "/v1/timeline", &world.operator());
        let dropped = world
            .send(request.body(axum::body::Body::empty()).expect("a request"))
            .await;
        assert_eq!(dropped.status, StatusCode::NO_CONTENT);
        assert_eq!(rows(&world).await, [""; 0]);

        let mut dice = Dice(seed);
        let mut again = [events.clone(), events.clone(), events.clone()].concat();
        dice.shuffle(&mut again);
        feed(&world, &again).await;
        assert_eq!(rows(&world).await, built, "seed {seed}");
        assert_eq!(timeline(&world, id).await, shown, "seed {seed}");
    }
}

async fn timeline(world: &World, order: Uuid) -> Value {
    world
        .get(&world.customer(), &format!("/v1/orders/{order}/timeline"))
        .await
        .body
}

#[tokio::test]
async fn an_unknown_type_is_nothing_to_us_and_poison_is_refused_for_good() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    let at = "2026-03-02T07:30:01.000Z";
    let mut unknown = payment(id, 1, "payment.tipped.v1", "captured", at);
    unknown["data"] = json!({"tip": 1});
    let level = stock(id, 1, "inventory.level_changed.v1", "held", at);
    feed(&world, &[("payment", unknown), ("inventory", level)]).await;

    let mut poison = payment(id, 2, "payment.processed.v1", "captured", at);
    poison["data"]["amount"] = json!("four");
    let mut nobodys = stock(id, 3, "inventory.reserved.v1", "held", at);
    nobodys["data"]["order_id"] = json!("mine");
    let others = stock(id, 4, "inventory.reserved.v1", "held", at);
    for (service, event) in [
        ("payment", poison),
        ("inventory", nobodys),
        ("payment", json!({"no": "event"})),
        // Only inventory is kept from publishing where payment does.
        ("payment", others),
    ] {
        let statuses = world.hear(service, std::slice::from_ref(&event)).await;
        assert_eq!(statuses, ["SUCCESS"], "{event}");
        let letters = world.letters().await;
        let kept = letters.iter().find(|letter| letter["event"] == event);
        let topic = &kept.expect("its letter")["topic"];
        assert_eq!(*topic, format!("{service}-events.order.dead"));
    }
    assert_eq!(rows(&world).await, [""; 0]);
}

#[tokio::test]
async fn without_the_database_an_event_is_delivered_again() {
    let world = World::new().await;
    let event = payment(
        Uuid::from_u128(1),
        1,
        "payment.initiated.v1",
        "initiated",
        "2026-03-02T07:30:01.000Z",
    );
    world.db().close().await;
    let buried = world.deliver("/events/dead", "some-events", &event).await;
    assert_eq!(buried.status, StatusCode::SERVICE_UNAVAILABLE);
    // One that can't even be read has to wait until its letter can be kept.
    let events = [json!({"no": "event"}), event];
    assert_eq!(world.hear("payment", &events).await, ["RETRY"; 2]);
}

#[tokio::test]
async fn another_service_can_not_pass_for_the_sidecar() {
    let world = World::new().await;
    for path in ["/events/payment", "/events/inventory", "/events/dead"] {
        let event = payment(
            Uuid::from_u128(1),
            1,
            "payment.initiated.v1",
            "initiated",
            "2026-03-02T07:30:01.000Z",
        );
        let invoked = Request::post(path)
            .header("dapr-api-token", APP_TOKEN)
            .header("dapr-caller-app-id", "bff")
            .body(event.to_string().into());
        let answer = world.send(invoked.expect("a request")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (401, "not-our-sidecar")
        );
    }
    assert_eq!(rows(&world).await, [""; 0]);
}
