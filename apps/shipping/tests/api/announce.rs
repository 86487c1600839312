//! An order is being placed that is to be delivered.

use axum::http::StatusCode;
use serde_json::json;

use crate::world::{BOB, FEE, OTHER_STORE, World, address, announcement, eur};

#[tokio::test]
async fn an_announcement_gets_the_terms_and_said_again_the_same_ones() {
    let world = World::new().await;
    let order = world.order();
    let first = world.announce(order, &announcement(&address())).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    let terms = json!({
        "order_id": order, "status": "announced", "zone": "Zentrum", "fee": eur(FEE), "tax_rate_bp": 1900,
        "minutes": 25,
    });
    assert_eq!(first.body, terms);
    // Whatever a manager has done to the zones since.
    sqlx::query("UPDATE stores SET zones = '[]'")
        .execute(world.db())
        .await
        .expect("a change");
    let again = world.announce(order, &announcement(&address())).await;
    assert_eq!((again.status, again.body), (StatusCode::OK, terms));
    assert_eq!(world.count("shipments").await, 1);
    assert!(world.published().await.is_empty());
    let new = world
        .announce(world.order(), &announcement(&address()))
        .await;
    assert_eq!(new.problem(), (422, "address-out-of-reach".into()));
}

#[tokio::test]
async fn announcements_at_once_are_one() {
    let world = World::new().await;
    let order = world.order();
    let body = announcement(&address());
    let all = (0..12).map(|_| world.announce(order, &body));
    let answers = futures::future::join_all(all).await;
    let created = answers
        .iter()
        .filter(|one| one.status == StatusCode::CREATED);
    assert_eq!(created.count(), 1);
    assert!(
        answers.iter().all(|one| one.status.is_success()),
        "{answers:?}"
    );
}

#[tokio::test]
async fn another_announcement_for_the_same_order_is_refused() {
    let world = World::new().await;
    let order = world.announced().await;
    let mut elsewhere = address();
    elsewhere["street"] = json!("Another Row 1");
    let mut others = announcement(&address());
    others["customer_id"] = json!(BOB);
    for other in [announcement(&elsewhere), others] {
        let answer = world.announce(order, &other).await;
        assert_eq!(answer.problem(), (409, "shipment-exists".into()));
    }
}

#[tokio::test]
async fn a_fee_that_is_not_the_one_shown_is_refused_and_nothing_kept() {
    let world = World::new().await;
    for fee in [
        json!({"amount": FEE + 1, "currency": "EUR"}),
        json!({"amount": FEE, "currency": "PLN"}),
    ] {
        let mut body = announcement(&address());
        body["fee"] = fee;
        let answer = world.announce(world.order(), &body).await;
        assert_eq!(answer.problem(), (409, "delivery-fee-changed".into()));
    }
    let mut abroad = announcement(&address());
    abroad["store_id"] = json!(OTHER_STORE);
    let answer = world.announce(world.order(), &abroad).await;
    assert_eq!(answer.problem(), (422, "address-invalid".into()));
    assert_eq!(answer.pointers(), ["/address/country"]);
    assert_eq!(world.count("shipments").await, 0);
}
