//! When something breaks: the whole order or nothing, and an answer that says whether to try again.

use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use serde_json::json;
use sqlx::Executor as _;

use crate::world::{FLAT_WHITE, World, one_flat_white, order_of};

#[tokio::test]
async fn without_the_catalog_nothing_is_stored_and_trying_again_is_advised() {
    let world = World::without_catalog().await;
    let answer = world.place("k1", &one_flat_white()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.problem().0, "unavailable");
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
    assert_eq!(world.rows().await, [0; 6]);
    // The key was not used up: with the catalog back the same command succeeds.
    world.catalog_sells("Europe/Warsaw", Duration::ZERO).await;
    assert_eq!(
        world.place("k1", &one_flat_white()).await.status,
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn a_catalog_in_trouble_is_no_fault_of_the_customer() {
    for (status, expected) in [
        (500, 503),
        (502, 503),
        (503, 503),
        (429, 503),
        (401, 500),
        (404, 500),
    ] {
        let world = World::without_catalog().await;
        let quotes = world.sidecar.invoke("catalog", Method::POST, "/v1/quotes");
        quotes
            .respond(status, json!({"type": "about:blank", "title": "No"}))
            .await;
        let answer = world.place("k1", &one_flat_white()).await;
        assert_eq!(answer.status, expected, "{status}");
        assert_eq!(world.rows().await, [0; 6]);
    }
}

#[tokio::test]
async fn a_quote_that_does_not_add_up_is_not_believed() {
    let eur = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    let usd = json!({"amount": 890, "currency": "USD"});
    let good = json!({
        "store_name": "Crema Rynek", "timezone": "Europe/Warsaw", "total": eur(890),
        "tax": [{"rate_bp": 800, "gross": eur(890), "tax": eur(66)}],
        "lines": [{
            "variation_id": FLAT_WHITE, "product": "Flat white", "variation": "Large", "options": [],
            "quantity": 2, "unit_price": eur(445), "line_total": eur(890), "discount": eur(0), "tax_rate_bp": 800,
        }],
        "discount": null,
        "openings": [{"from": "2026-03-02T07:00:00Z", "until": "2026-03-02T17:00:00Z"}],
    });
    let spring = |amount: i64| json!({"code": "SPRING", "amount": eur(amount)});
    for (pointer, value) in [
        ("/discount", spring(89)),
        ("/lines/0/discount", eur(89)),
        ("/lines/0/discount", json!({"amount": 0, "currency": "USD"})),
        ("/total", eur(889)),
        ("/total", usd),
        ("/lines/0/line_total", eur(1)),
        ("/lines/0/quantity", json!(1)),
        ("/lines/0/variation_id", json!(uuid::Uuid::from_u128(1))),
        ("/lines", json!([])),
        ("/tax/0/gross", eur(1)),
        ("/timezone", json!("Europe/Kraków")),
        ("/openings", json!([{"from": "always"}])),
    ] {
        let mut quote = good.clone();
        *quote.pointer_mut(pointer).expect(pointer) = value;
        let world = World::without_catalog().await;
        world
            .sidecar
            .invoke("catalog", Method::POST, "/v1/quotes")
            .respond(200, quote)
            .await;
        let answer = world.place("k1", &order_of(2)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (500, "internal"),
            "{pointer}"
        );
        assert_eq!(world.rows().await, [0; 6]);
    }
    let world = World::without_catalog().await;
    world
        .sidecar
        .invoke("catalog", Method::POST, "/v1/quotes")
        .respond(200, good)
        .await;
    assert_eq!(
        world.place("k1", &order_of(2)).await.status,
        StatusCode::ACCEPTED
    );
}

/// Makes every insert into `table` fail, at once or only at the commit.
async fn break_inserts(world: &World, table: &str, at_commit: bool) {
    let (constraint, deferred) = if at_commit {
        ("CONSTRAINT", "DEFERRABLE INITIALLY DEFERRED")
    } else {
        ("", "")
    };
    let sql = format!(
        "CREATE OR REPLACE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = '53100'; END $$;
         CREATE {constraint} TRIGGER broken AFTER INSERT ON {table} {deferred} FOR EACH ROW EXECUTE FUNCTION broken()"
    );
    world
        .db()
        .execute(sqlx::AssertSqlSafe(sql))
        .await
        .expect("a trigger");
}

#[tokio::test]
async fn an_order_that_fails_on_its_way_leaves_nothing() {
    for (table, at_commit) in [
        ("orders", false),
        ("order_lines", false),
        ("order_history", false),
        ("checkouts", false),
        ("replays", false),
        ("outbox.events", false),
        ("outbox.events", true),
        ("orders", true),
    ] {
        let world = World::new().await;
        break_inserts(&world, table, at_commit).await;
        let answer = world.place("k1", &one_flat_white()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (503, "unavailable"),
            "{table}"
        );
        assert!(
            !answer.body.to_string().contains("disk"),
            "an outage tells nothing of itself: {}",
            answer.body
        );
        // A number may be lost with it.
        let [orders, lines, history, _, replays, events] = world.rows().await;
        assert_eq!(
            [orders, lines, history, replays, events],
            [0; 5],
            "{table}, at commit: {at_commit}"
        );
    }
}

#[tokio::test]
async fn a_step_whose_event_fails_is_not_taken() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    break_inserts(&world, "outbox.events", false).await;
    let answer = world.fulfil(&world.barista(), id, 2, "preparation").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let read = world
        .get(&world.customer(), &format!("/v1/orders/{id}"))
        .await;
    assert_eq!(
        (&read.body["version"], &read.body["fulfilment"]),
        (&json!(2), &json!("waiting"))
    );
    assert_eq!(world.rows().await, [1, 1, 2, 1, 1, 2]);
}

#[tokio::test]
async fn without_the_database_trying_again_is_advised() {
    let world = World::new().await;
    world.db().close().await;
    let answer = world.place("k1", &one_flat_white()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().0.as_str()),
        (503, "unavailable")
    );
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
}
