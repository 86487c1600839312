//! What a store's staff sees and changes, and what they don't of another store.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use chrono::TimeDelta;
use inventory::upkeep::forget_old_replays;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ledger::Counters;
use crate::world::{Answer, BEANS, BUN, MILK, OTHER_STORE, STORE, World, buns, request};

const ROUTES: [&str; 3] = ["receipts", "waste", "adjustments"];

fn change(item: Uuid, quantity: impl Into<Value>) -> Value {
    json!({"item_id": item, "quantity": quantity.into(), "reason": "the test"})
}

async fn send(world: &World, route: &str, key: &str, body: &Value) -> Answer {
    let path = format!("/v1/stores/{STORE}/{route}");
    world.command(&world.manager(), &path, key, body).await
}

#[tokio::test]
async fn receipts_waste_and_adjustments_change_the_level() {
    let world = World::with(0, 0, 10).await;
    for (key, (route, quantity)) in [
        ("receipts", 5),
        ("waste", 3),
        ("adjustments", 2),
        ("adjustments", -4),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = send(&world, route, &key.to_string(), &change(BUN, quantity)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }
    let expected = Counters {
        initial: 10,
        received: 5,
        adjusted: -2,
        available: 10,
        wasted: 3,
        ..Counters::default()
    };
    assert_eq!(world.counters(BUN).await, expected);
    world.assert_nothing_lost().await;
    let order = world.reserved(&buns(1)).await;

    let path = format!("/v1/stores/{STORE}/stock/{BUN}/movements");
    let shown = world.get(&world.manager(), &path).await.body;
    let entries: Vec<_> = shown["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|entry| {
            (
                entry["kind"].as_str().expect("a kind"),
                entry["quantity"].as_i64().expect("a number"),
            )
        })
        .collect();
    assert_eq!(
        entries,
        [
            ("reservation", 1),
            ("adjustment", -4),
            ("adjustment", 2),
            ("waste", 3),
            ("receipt", 5),
            ("initial", 10)
        ]
    );
    assert_eq!(shown["items"][0]["order_id"], order.to_string());
    assert_eq!(shown["items"][0]["actor"], "order");
    assert_eq!(shown["items"][1]["reason"], "the test");
}

#[tokio::test]
async fn a_command_is_answered_again_and_not_repeated() {
    let world = World::new().await;
    for route in ROUTES {
        let first = send(&world, route, "k1", &change(BEANS, 5)).await;
        assert_eq!(first.status, StatusCode::OK, "{}", first.body);
        world.reserved(&buns(1)).await;
        // The key as the draft writes it, the body in another notation.
        let body =
            format!("{{ \"reason\": \"the test\",\"quantity\":5, \"item_id\":\"{BEANS}\" }}");
        let request = request(
            Method::POST,
            &format!("/v1/stores/{STORE}/{route}"),
            &world.manager(),
        )
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", "\"k1\"")
        .body(body.into());
        let again = world.send(request.expect("a request")).await;
        assert_eq!(
            (again.status, again.body),
            (StatusCode::OK, first.body),
            "{route}"
        );
        let other = send(&world, route, "k1", &change(BEANS, 6)).await;
        assert_eq!(other.problem(), (422, "idempotency-key-reused".into()));
    }
    let counters = world.counters(BEANS).await;
    assert_eq!(
        (counters.received, counters.wasted, counters.adjusted),
        (5, 5, 5)
    );
}

#[tokio::test]
async fn commands_at_once_under_one_key_are_one() {
    let world = World::with(0, 0, 7).await;
    // All of it: a second one would find too little.
    let body = change(BUN, 7);
    let all = (0..20).map(|_| send(&world, "waste", "k1", &body));
    let answers = futures::future::join_all(all).await;
    for answer in &answers {
        assert_eq!(
            (answer.status, &answer.body),
            (StatusCode::OK, &answers[0].body)
        );
    }
    assert_eq!(world.counters(BUN).await.wasted, 7);
}

#[tokio::test]
async fn a_command_that_failed_frees_its_key() {
    let world = World::with(0, 0, 1).await;
    let refused = send(&world, "waste", "k1", &change(BUN, 2)).await;
    assert_eq!(refused.problem(), (409, "not-enough-stock".into()));
    assert_eq!(refused.pointers(), ["/quantity"]);
    let accepted = send(&world, "waste", "k1", &change(BUN, 1)).await;
    assert_eq!(accepted.status, StatusCode::OK);
}

#[tokio::test]
async fn a_key_is_needed_and_free_again_after_a_day() {
    let world = World::new().await;
    for route in ROUTES {
        let request = request(
            Method::POST,
            &format!("/v1/stores/{STORE}/{route}"),
            &world.manager(),
        )
        .header(header::CONTENT_TYPE, "application/json")
        .body(change(BUN, 1).to_string().into());
        let answer = world.send(request.expect("a request")).await;
        assert_eq!(answer.problem(), (400, "idempotency-key-missing".into()));
        let answer = send(&world, route, "two words", &change(BUN, 1)).await;
        assert_eq!(answer.problem(), (400, "idempotency-key-invalid".into()));
    }
    send(&world, "receipts", "k1", &change(BUN, 1)).await;
    world
        .app
        .clock
        .advance(TimeDelta::hours(24) - TimeDelta::milliseconds(1));
    send(&world, "receipts", "k1", &change(BUN, 1)).await;
    assert_eq!(world.counters(BUN).await.received, 1);
    assert_eq!(forget_old_replays(&world.app).await.expect("upkeep"), 0);
    world.app.clock.advance(TimeDelta::milliseconds(1));
    let second = send(&world, "receipts", "k1", &change(BUN, 2)).await;
    assert_eq!(second.status, StatusCode::OK, "{}", second.body);
    assert_eq!(world.counters(BUN).await.received, 3);
    world.app.clock.advance(TimeDelta::hours(24));
    assert_eq!(forget_old_replays(&world.app).await.expect("upkeep"), 1);
}

#[tokio::test]
async fn what_orders_hold_can_t_be_wasted_or_counted_away() {
    let world = World::with(0, 0, 3).await;
    world.reserved(&buns(2)).await;
    for (route, quantity) in [("waste", 2), ("adjustments", -2)] {
        let answer = send(&world, route, "k", &change(BUN, quantity)).await;
        assert_eq!(
            answer.problem(),
            (409, "not-enough-stock".into()),
            "{route}"
        );
    }
    assert_eq!(world.stock(BUN).await, (1, 2));
}

#[tokio::test]
async fn quantities_and_reasons_are_bounded() {
    let world = World::new().await;
    let most = 1_000_000_000_i64;
    for (route, quantities) in [
        (
            "receipts",
            vec![
                json!(0),
                json!(-1),
                json!(most + 1),
                json!(i64::MAX),
                json!(1e300),
                json!("1"),
            ],
        ),
        (
            "waste",
            vec![
                json!(0),
                json!(-1),
                json!(most + 1),
                json!(i64::MIN),
                json!(0.5),
            ],
        ),
        (
            "adjustments",
            vec![
                json!(0),
                json!(most + 1),
                json!(-most - 1),
                json!(i64::MIN),
                json!(null),
            ],
        ),
    ] {
        for quantity in quantities {
            let answer = send(&world, route, "k", &change(BUN, quantity.clone())).await;
            assert_eq!(
                answer.problem(),
                (422, "invalid-body".into()),
                "{route} {quantity}"
            );
            assert_eq!(answer.pointers(), ["/quantity"], "{route} {quantity}");
        }
        for reason in ["", "   ", "a\u{0}b", "two\nlines", &"x".repeat(201)] {
            let body = json!({"item_id": BUN, "quantity": 1, "reason": reason});
            let answer = send(&world, route, "k", &body).await;
            assert_eq!(
                answer.problem(),
                (422, "invalid-body".into()),
                "{route} {reason:?}"
            );
            assert_eq!(answer.pointers(), ["/reason"], "{route} {reason:?}");
        }
    }
    let threshold = format!("/v1/stores/{STORE}/stock/{BUN}/threshold");
    for bad in [json!(-1), json!(most + 1), json!(i64::MIN)] {
        let answer = world
            .put(&world.manager(), &threshold, &json!({"threshold": bad}))
            .await;
        assert_eq!(answer.pointers(), ["/threshold"]);
    }
    // As much as may come at once, and nearly as often as the counter can bear: no receipt overflows it.
    sqlx::query("UPDATE levels SET available = $1, initial = $1")
        .bind(i64::MAX - most)
        .execute(world.db())
        .await
        .expect("an update");
    let last = send(&world, "receipts", "k1", &change(BUN, most)).await;
    assert_eq!(last.status, StatusCode::OK);
    assert_eq!(last.body["available"], i64::MAX);
}

#[tokio::test]
async fn an_item_that_is_not_kept_is_404() {
    let world = World::empty().await;
    world.keep(STORE, &[(BUN, 1)]).await;
    for route in ROUTES {
        let answer = send(&world, route, "k", &change(MILK, 1)).await;
        assert_eq!(answer.problem(), (404, "item-not-found".into()), "{route}");
    }
    let path = format!("/v1/stores/{STORE}/stock/{MILK}");
    let movements = world
        .get(&world.manager(), &format!("{path}/movements"))
        .await;
    assert_eq!(movements.problem(), (404, "item-not-found".into()));
    let threshold = world
        .put(
            &world.manager(),
            &format!("{path}/threshold"),
            &json!({"threshold": 1}),
        )
        .await;
    assert_eq!(threshold.problem(), (404, "item-not-found".into()));
}

#[tokio::test]
async fn another_stores_stock_does_not_exist() {
    let world = World::new().await;
    let scope = "inventory:read inventory:manage";
    for token in [world.token(scope, &[OTHER_STORE]), world.token(scope, &[])] {
        let not_found = (404, "store-not-found".to_owned());
        for path in ["stock".to_owned(), format!("stock/{BUN}/movements")] {
            let answer = world
                .get(&token, &format!("/v1/stores/{STORE}/{path}"))
                .await;
            assert_eq!(answer.problem(), not_found, "{path}");
        }
        for route in ROUTES {
            let path = format!("/v1/stores/{STORE}/{route}");
            let answer = world.command(&token, &path, "k1", &change(BUN, 1)).await;
            assert_eq!(answer.problem(), not_found, "{route}");
        }
        let path = format!("/v1/stores/{STORE}/stock/{BUN}/threshold");
        let answer = world.put(&token, &path, &json!({"threshold": 1})).await;
        assert_eq!(answer.problem(), not_found);
    }
    assert_eq!(world.count("replays").await, 0);
    assert_eq!(world.stock(BUN).await, (1_000, 0));
}

#[tokio::test]
async fn stock_comes_in_pages() {
    let world = World::new().await;
    world.reserved(&buns(3)).await;
    let path = format!("/v1/stores/{STORE}/stock");
    let first = world
        .get(&world.manager(), &format!("{path}?limit=2"))
        .await
        .body;
    let ids = |page: &Value| -> Vec<Value> {
        let items = page["items"].as_array().expect("items");
        items.iter().map(|level| level["item_id"].clone()).collect()
    };
    assert_eq!(ids(&first), [json!(BEANS), json!(MILK)]);
    let cursor = first["next"].as_str().expect("a cursor");
    let second = world
        .get(&world.manager(), &format!("{path}?limit=2&cursor={cursor}"))
        .await
        .body;
    assert_eq!(second["next"], json!(null));
    assert_eq!(
        second["items"],
        json!([{
            "store_id": STORE, "item_id": BUN, "name": "Cinnamon buns", "unit": "piece", "available": 997,
            "reserved": 3, "on_hand": 1000, "initial": 1000, "received": 0, "restocked": 0, "adjusted": 0, "sold": 0,
            "wasted": 0, "threshold": 0, "low": false, "version": 3,
        }])
    );
    for bad in ["limit=0", "limit=101", "cursor=x", "page=2"] {
        let answer = world.get(&world.manager(), &format!("{path}?{bad}")).await;
        assert_eq!(answer.problem(), (422, "invalid-query".into()), "{bad}");
    }
    let movements = format!("{path}/{BUN}/movements");
    let newest = world
        .get(&world.manager(), &format!("{movements}?limit=1"))
        .await
        .body;
    assert_eq!(newest["items"][0]["kind"], "reservation");
    let cursor = newest["next"].as_str().expect("a cursor");
    let oldest = world
        .get(
            &world.manager(),
            &format!("{movements}?limit=1&cursor={cursor}"),
        )
        .await
        .body;
    assert_eq!(
        (&oldest["items"][0]["kind"], &oldest["next"]),
        (&json!("initial"), &json!(null))
    );
    let nothing = request(Method::GET, &path, &world.manager()).body(Body::empty());
    assert_eq!(
        world.send(nothing.expect("a request")).await.status,
        StatusCode::OK
    );
}
