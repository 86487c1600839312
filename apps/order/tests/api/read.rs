//! Reading orders: one, its history, one's own, a store's tickets.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{OTHER_STORE, STORE, World, one_flat_white, place};

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().expect("items");
    items
        .iter()
        .map(|item| item["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[tokio::test]
async fn an_order_is_seen_by_its_customer_and_its_stores_staff_alone() {
    let world = World::new().await;
    let order = world.ordered().await;
    for path in [
        format!("/v1/orders/{}", order.id()),
        format!("/v1/orders/{}/history", order.id()),
    ] {
        for token in [world.customer(), world.barista()] {
            assert_eq!(world.get(&token, &path).await.status, StatusCode::OK);
        }
        // Works there, but is no staff by scope.
        let customer_there = world.token(Uuid::from_u128(7), "customer", "order:read", &[STORE]);
        for token in [world.stranger(), world.other_barista(), customer_there] {
            let answer = world.get(&token, &path).await;
            assert_eq!(
                (answer.status.as_u16(), answer.problem().0.as_str()),
                (404, "order-not-found")
            );
        }
    }
    let absent = world
        .get(
            &world.customer(),
            &format!("/v1/orders/{}", Uuid::from_u128(5)),
        )
        .await;
    assert_eq!(
        (absent.status.as_u16(), absent.problem().0.as_str()),
        (404, "order-not-found")
    );
    let no_id = world.get(&world.customer(), "/v1/orders/mine").await;
    assert_eq!(no_id.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_version_is_the_etag() {
    let world = World::new().await;
    let order = world.ordered().await;
    let read = world
        .get(&world.customer(), &format!("/v1/orders/{}", order.id()))
        .await;
    assert_eq!(read.headers[header::ETAG], "\"2\"");
}

#[tokio::test]
async fn history_tells_every_transition() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    let barista = world.barista();
    for (version, status) in [(2, "preparation"), (3, "ready"), (4, "delivered")] {
        assert_eq!(
            world.fulfil(&barista, id, version, status).await.status,
            StatusCode::OK
        );
    }
    let history = world
        .get(&world.customer(), &format!("/v1/orders/{id}/history"))
        .await;
    let told: Vec<_> = history.body["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| json!([item["version"], item["axis"], item["from"], item["to"]]))
        .collect();
    assert_eq!(
        Value::from(told),
        json!([
            [1, "checkout", null, "pending"],
            [2, "checkout", "pending", "confirmed"],
            [3, "fulfilment", "waiting", "preparation"],
            [4, "fulfilment", "preparation", "ready"],
            [5, "fulfilment", "ready", "delivered"],
            [6, "checkout", "confirmed", "completed"],
        ])
    );
    let actors: Vec<_> = history.body["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| &item["actor"])
        .collect();
    assert_eq!(actors[1], "order");
    assert_ne!(actors[0], actors[2]);
    assert_eq!(history.body["items"][0]["at"], "2026-03-02T07:30:00.000Z");
}

#[tokio::test]
async fn ones_own_orders_come_page_by_page_newest_first() {
    let world = World::new().await;
    let mut placed = Vec::new();
    for _ in 0..5 {
        placed.push(world.ordered().await.id().to_string());
        world.app.clock.advance(chrono::TimeDelta::seconds(1));
    }
    placed.reverse();
    world
        .send(place(&world.stranger(), "k", &one_flat_white()))
        .await;

    let (mut seen, mut path) = (Vec::new(), "/v1/orders?limit=2".to_owned());
    let mut pages = 0;
    loop {
        let page = world.get(&world.customer(), &path).await;
        assert_eq!(page.status, StatusCode::OK);
        seen.extend(ids(&page.body));
        pages += 1;
        let Some(next) = page.body["next"].as_str() else {
            break;
        };
        path = format!("/v1/orders?limit=2&cursor={next}");
    }
    assert_eq!((seen, pages), (placed, 3));

    for bad in ["limit=0", "limit=101", "limit=x", "cursor=x", "offset=3"] {
        let answer = world
            .get(&world.customer(), &format!("/v1/orders?{bad}"))
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (422, "invalid-query"),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn tickets_are_a_stores_open_orders_oldest_first() {
    let world = World::new().await;
    let mut placed = Vec::new();
    for _ in 0..3 {
        placed.push(world.ordered().await.id());
        world.app.clock.advance(chrono::TimeDelta::seconds(1));
    }
    let elsewhere = json!({
        "store_id": OTHER_STORE, "payment": {"method": "counter"},
        "lines": [{"variation_id": Uuid::from_u128(8), "quantity": 1}],
    });
    assert_eq!(
        world.place("elsewhere", &elsewhere).await.status,
        StatusCode::ACCEPTED
    );
    let barista = world.barista();
    for (version, status) in [(2, "preparation"), (3, "ready"), (4, "delivered")] {
        world.fulfil(&barista, placed[0], version, status).await;
    }
    world.fulfil(&barista, placed[2], 2, "preparation").await;
    let board = world
        .get(&barista, &format!("/v1/stores/{STORE}/tickets"))
        .await;
    assert_eq!(board.status, StatusCode::OK);
    assert_eq!(
        ids(&board.body),
        [placed[1].to_string(), placed[2].to_string()]
    );
    assert_eq!(board.body["next"], Value::Null);
    assert_eq!(board.body["items"][1]["fulfilment"], "preparation");

    let page = world
        .get(&barista, &format!("/v1/stores/{STORE}/tickets?limit=1"))
        .await;
    let next = page.body["next"].as_str().expect("more");
    let page = world
        .get(
            &barista,
            &format!("/v1/stores/{STORE}/tickets?limit=1&cursor={next}"),
        )
        .await;
    assert_eq!(ids(&page.body), [placed[2].to_string()]);

    let other = world
        .get(&barista, &format!("/v1/stores/{OTHER_STORE}/tickets"))
        .await;
    assert_eq!(
        (other.status.as_u16(), other.problem().0.as_str()),
        (404, "store-not-found")
    );
}
