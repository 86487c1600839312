//! Placing an order at a quote's prices.
//!
//! Invariant: whether a quote holds is the catalog's to say; what it refuses is ordered at no other price.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, one_flat_white, order_of};

const QUOTE: &str = "q1.eyJleHAiOjE3NzI0MzY2MDB9.c2lnbmVk";

fn at(quote: &str) -> Value {
    let mut body = one_flat_white();
    body["quote"] = json!(quote);
    body
}

#[tokio::test]
async fn a_quote_goes_to_the_catalog_with_the_lines_and_its_prices_are_ordered_at() {
    let world = World::new().await;
    let placed = world.place("k1", &at(QUOTE)).await;
    assert_eq!(placed.status, StatusCode::ACCEPTED, "{}", placed.body);
    let asked = world.sidecar.received("catalog").await;
    let body = one_flat_white();
    assert_eq!(
        asked[0].json(),
        json!({"store_id": body["store_id"], "lines": body["lines"], "quote": QUOTE})
    );
    // And without one there is no word of it.
    world.place("k2", &body).await;
    let asked = world.sidecar.received("catalog").await;
    assert_eq!(
        asked[1].json(),
        json!({"store_id": body["store_id"], "lines": body["lines"]})
    );
}

#[tokio::test]
async fn what_is_no_quote_for_it_any_more_is_ordered_at_no_other_price() {
    for (status, slug) in [(409, "quote-expired"), (422, "quote-invalid")] {
        let world = World::without_catalog().await;
        let problem = json!({
            "type": format!("urn:problem-type:crema:{slug}"), "title": "No", "status": status,
            "errors": [{"pointer": "/quote", "detail": "Ask for a new one."}],
        });
        world
            .sidecar
            .invoke("catalog", Method::POST, "/v1/quotes")
            .respond(status, problem)
            .await;
        let refused = world.place("k1", &at(QUOTE)).await;
        assert_eq!(refused.status, status);
        assert_eq!(
            refused.problem(),
            (slug.to_owned(), vec!["/quote".to_owned()])
        );
        assert_eq!(world.sidecar.received("catalog").await.len(), 1);
        assert_eq!(world.rows().await, [0; 6]);
    }
}

#[tokio::test]
async fn what_was_ordered_at_a_quote_is_answered_again_after_its_time() {
    let world = World::new().await;
    let placed = world.place("k1", &at(QUOTE)).await;
    let again = world.place("k1", &at(QUOTE)).await;
    assert_eq!(again.id(), placed.id());
    assert_eq!(world.sidecar.received("catalog").await.len(), 1);
    // At another quote it is another command.
    let other = world.place("k1", &at("q1.e30.c2lnbmVk")).await;
    assert_eq!(
        (other.status.as_u16(), other.problem().0.as_str()),
        (422, "idempotency-key-reused")
    );
}

#[tokio::test]
async fn what_can_be_no_quote_is_refused_at_the_door() {
    let world = World::new().await;
    for quote in [
        json!(""),
        json!("a b"),
        json!("q1.é"),
        json!(7),
        json!("q".repeat(65_537)),
    ] {
        let mut body = order_of(1);
        body["quote"] = quote;
        let refused = world.place("k1", &body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem()),
            (422, ("invalid-body".to_owned(), vec!["/quote".to_owned()]))
        );
    }
    assert!(world.sidecar.received("catalog").await.is_empty());
}
