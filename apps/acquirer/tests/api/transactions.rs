//! The list that a merchant compares with her own books.

use serde_json::{Value, json};

use crate::world::{World, amount, authorise, captures, euros, refunds, voids};

/// All of a list whose pages are as long as this.
async fn all(world: &World, from: &str, to: &str, limit: usize) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/transactions?from={from}&to={to}&limit={limit}{cursor}");
        let page = world.get(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        let listed = page.body["items"].as_array().expect("items");
        assert!(listed.len() <= limit);
        items.extend(listed.iter().cloned());
        match page.body["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

const EVER: (&str, &str) = ("2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z");

#[tokio::test]
async fn purchases_are_listed_as_they_stand_and_refunds_by_themselves() {
    let world = World::new().await;
    let (taken, capture) = world.captured("tok_visa").await;
    let refund = world.post(&refunds(&capture), "r", amount(200)).await;
    let held = world
        .post("/v1/authorisations", "held", authorise("tok_visa"))
        .await
        .id();
    let given_up = world
        .post("/v1/authorisations", "given_up", authorise("tok_visa"))
        .await
        .id();
    world.post(&voids(&given_up), "v", json!({})).await;
    let declined = authorise("tok_insufficient_funds");
    world.post("/v1/authorisations", "no", declined).await;
    // Refused: it moved nothing.
    world.post(&captures(&taken), "over", amount(1)).await;

    let listed = all(&world, EVER.0, EVER.1, 100).await;
    let of = |id: &str, key: &str, captures: Value, voided: bool, at: &Value| {
        json!({
            "id": id, "kind": "authorisation", "key": key, "reference": "order-tok_visa", "amount": euros(500),
            "at": at, "captures": captures, "voided": voided,
        })
    };
    let at = |index: usize| listed[index]["at"].clone();
    assert_eq!(
        listed,
        [
            of(
                &taken,
                "tok_visa:au",
                json!([{ "id": capture, "amount": euros(500) }]),
                false,
                &at(0)
            ),
            json!({
                "id": refund.id(), "kind": "refund", "key": "r", "reference": "order-tok_visa",
                "amount": euros(200), "at": at(1), "capture": capture,
            }),
            of(&held, "held", json!([]), false, &at(2)),
            of(&given_up, "given_up", json!([]), true, &at(3)),
        ]
    );
}

#[tokio::test]
async fn every_page_size_lists_the_same_and_a_period_only_what_began_in_it() {
    let world = World::new().await;
    for token in [
        "tok_visa",
        "tok_declined",
        "tok_capture_declined",
        "tok_undo_fails",
    ] {
        let body = authorise(token);
        world.post("/v1/authorisations", token, body).await;
    }
    let whole = all(&world, EVER.0, EVER.1, 100).await;
    for limit in 1..=whole.len() {
        assert_eq!(all(&world, EVER.0, EVER.1, limit).await, whole, "{limit}");
    }
    let first = whole[0]["at"].as_str().expect("an instant");
    assert_eq!(all(&world, EVER.0, first, 100).await, Vec::<Value>::new());
    assert_eq!(all(&world, first, EVER.1, 100).await, whole);
}

#[tokio::test]
async fn a_list_that_can_not_be_is_refused() {
    let world = World::new().await;
    for query in [
        "",
        "from=2026-01-01T00:00:00Z",
        "from=yesterday&to=today",
        "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&limit=0",
        "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&limit=101",
        "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&cursor=x",
    ] {
        let answer = world.get(&format!("/v1/transactions?{query}")).await;
        assert_eq!(
            (answer.status, answer.error()),
            (422, "invalid_request"),
            "{query}"
        );
    }
}
