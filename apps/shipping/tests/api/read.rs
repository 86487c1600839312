//! Who sees how far an order has come.

use serde_json::json;
use uuid::Uuid;

use crate::world::{ADA, BOB, OTHER_STORE, STORE, World, address, eur};

#[tokio::test]
async fn a_shipment_is_seen_by_whose_it_is_and_by_the_staff_of_its_store() {
    let world = World::new().await;
    let order = world.booked().await;
    let path = format!("/v1/shipments/{order}");
    let own = world.get(&world.customer(ADA), &path).await;
    let whole = json!({
        "order_id": order, "store_id": STORE, "status": "booked", "zone": "Zentrum", "fee": eur(250), "minutes": 25,
        "address": address(), "expected_at": "2026-03-02T07:55:00.000Z", "courier": "Bruno", "tracking": [],
        "reason": null,
    });
    assert_eq!((own.status.as_u16(), &own.body), (200, &whole));
    assert_eq!(world.get(&world.staff(), &path).await.body, whole);
    let elsewhere = world.token(BOB, "shipping:read", &[OTHER_STORE]);
    for token in [world.customer(BOB), elsewhere] {
        let answer = world.get(&token, &path).await;
        assert_eq!(answer.problem(), (404, "shipment-not-found".into()));
    }
    // A client that acts for itself and has a person's id for a name is not that person.
    let posing = world.issuer.token("shipping", |claims| {
        claims.sub = ADA.to_string();
        "shipping:read".clone_into(&mut claims.scope);
    });
    assert_eq!(world.get(&posing, &path).await.problem().0, 404);
    let unknown = format!("/v1/shipments/{}", Uuid::from_u128(7));
    let answer = world.get(&world.customer(ADA), &unknown).await;
    assert_eq!(answer.problem(), (404, "shipment-not-found".into()));
}

#[tokio::test]
async fn staff_see_what_is_under_way_in_pages_and_without_addresses() {
    let world = World::new().await;
    let (first, second) = (world.booked().await, world.booked().await);
    world.announced().await;
    let ended = world.booked().await;
    world.hear("order.cancelled.v1", ended, 3).await;
    let third = world.searching().await;
    let path = format!("/v1/stores/{STORE}/shipments");
    let page = world
        .get(&world.staff(), &format!("{path}?limit=2"))
        .await
        .body;
    let orders = |page: &serde_json::Value| -> Vec<_> {
        let items = page["items"].as_array().expect("items").iter();
        items.map(|one| one["order_id"].clone()).collect()
    };
    assert_eq!(orders(&page), [json!(first), json!(second)]);
    assert!(!page.to_string().contains("Canary"), "{page}");
    let next = page["next"].as_str().expect("a cursor");
    let rest = world
        .get(&world.staff(), &format!("{path}?limit=2&cursor={next}"))
        .await
        .body;
    assert_eq!(
        (orders(&rest), &rest["next"]),
        (vec![json!(third)], &json!(null))
    );

    let elsewhere = format!("/v1/stores/{OTHER_STORE}/shipments");
    let answer = world.get(&world.staff(), &elsewhere).await;
    assert_eq!(answer.problem(), (404, "store-not-found".into()));
}
