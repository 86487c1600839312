//! `PUT /v1/reservations/{order}`: all that an order takes, once, or nothing.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::world::{
    BEANS, BUN, BUN_PIECE, FLAT_WHITE, GIFT_CARD, MILK, OTHER_STORE, SHOT, STORE, WHOLE_MILK,
    World, buns, line,
};

#[tokio::test]
async fn takes_what_variations_and_options_need() {
    let world = World::new().await;
    let order = world.order();
    let lines = json!([
        line(FLAT_WHITE, 2, &[WHOLE_MILK, SHOT]),
        line(BUN_PIECE, 3, &[]),
        line(GIFT_CARD, 1, &[]),
    ]);
    let answer = world.reserve(order, &lines).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.body,
        json!({"order_id": order, "status": "held", "expires_at": "2026-03-02T07:45:00.000Z"})
    );
    assert_eq!(world.stock(BEANS).await, (10_000 - 54, 54));
    assert_eq!(world.stock(MILK).await, (100_000 - 300, 300));
    assert_eq!(world.stock(BUN).await, (997, 3));
    world.assert_nothing_lost().await;
}

#[tokio::test]
async fn the_same_again_is_answered_alike_and_takes_nothing_more() {
    let world = World::new().await;
    let order = world.order();
    let first = world.reserve(order, &buns(2)).await;
    world.app.clock.advance(chrono::TimeDelta::minutes(1));
    let again = world.reserve(order, &buns(2)).await;
    assert_eq!((again.status, &again.body), (StatusCode::OK, &first.body));
    assert_eq!(world.stock(BUN).await, (998, 2));
    assert_eq!(world.told("").await.len(), 1);
}

#[tokio::test]
async fn another_body_for_the_order_is_refused() {
    let world = World::new().await;
    let order = world.reserved(&buns(2)).await;
    let other = world.reserve(order, &buns(3)).await;
    assert_eq!(other.problem(), (422, "reservation-differs".into()));
    let body = json!({"store_id": OTHER_STORE, "lines": buns(2)});
    let path = format!("/v1/reservations/{order}");
    let elsewhere = world.put(&world.saga(), &path, &body).await;
    assert_eq!(elsewhere.problem(), (422, "reservation-differs".into()));
    assert_eq!(world.stock(BUN).await, (998, 2));
}

#[tokio::test]
async fn too_little_names_the_lines_and_takes_nothing() {
    let world = World::with(100, 1_000, 3).await;
    let lines = json!([
        line(BUN_PIECE, 2, &[]),
        line(FLAT_WHITE, 1, &[WHOLE_MILK]),
        line(BUN_PIECE, 2, &[]),
    ]);
    let order = world.order();
    let answer = world.reserve(order, &lines).await;
    assert_eq!(answer.problem(), (409, "sold-out".into()));
    assert_eq!(answer.pointers(), ["/lines/2"]);
    assert_eq!(world.stock(BUN).await, (3, 0));
    assert_eq!(world.stock(BEANS).await, (100, 0));
    assert_eq!(world.count("reservations").await, 0);
    assert_eq!(world.count("outbox.events").await, 0);
    // Nothing was remembered of it: once there is more, the same order is served.
    let receipt = json!({"item_id": BUN, "quantity": 1, "reason": "the baker"});
    let path = format!("/v1/stores/{STORE}/receipts");
    let received = world.command(&world.manager(), &path, "k1", &receipt).await;
    assert_eq!(received.status, StatusCode::OK);
    assert_eq!(world.reserve(order, &lines).await.status, StatusCode::OK);
    assert_eq!(world.stock(BUN).await, (0, 4));
}

#[tokio::test]
async fn a_store_that_keeps_no_such_item_is_sold_out() {
    let world = World::empty().await;
    world.keep(STORE, &[(BEANS, 100)]).await;
    let answer = world.reserve(world.order(), &buns(1)).await;
    assert_eq!(answer.problem(), (409, "sold-out".into()));
    let body = json!({"store_id": OTHER_STORE, "lines": buns(1)});
    let path = format!("/v1/reservations/{}", world.order());
    let nowhere = world.put(&world.saga(), &path, &body).await;
    assert_eq!(nowhere.problem(), (409, "sold-out".into()));
}

#[tokio::test]
async fn what_is_not_stocked_is_held_without_taking_anything() {
    let world = World::with(0, 0, 0).await;
    let order = world.reserved(&json!([line(GIFT_CARD, 99, &[])])).await;
    assert_eq!(world.count("movements").await, 0);
    world.hear("order.confirmed.v1", order, 2).await;
    assert_eq!(world.status(order).await, "committed");
    world.release(order).await;
    assert_eq!(world.status(order).await, "released");
}

#[tokio::test]
async fn quantities_out_of_range_are_refused_where_they_stand() {
    let world = World::new().await;
    for quantity in [
        json!(0),
        json!(-1),
        json!(100),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(1e30),
        json!(u64::MAX),
        json!("1"),
        json!(null),
        json!(1.5),
    ] {
        let bad = json!({"variation_id": BUN_PIECE, "quantity": quantity, "option_ids": []});
        let answer = world
            .reserve(world.order(), &json!([line(BUN_PIECE, 1, &[]), bad]))
            .await;
        assert_eq!(answer.problem(), (422, "invalid-body".into()), "{quantity}");
        assert_eq!(answer.pointers(), ["/lines/1/quantity"], "{quantity}");
    }
    for (lines, pointer) in [
        (json!([]), "/lines"),
        (Value::from(vec![line(BUN_PIECE, 1, &[]); 51]), "/lines"),
        (
            json!([line(BUN_PIECE, 1, &[SHOT; 51])]),
            "/lines/0/option_ids",
        ),
        (
            json!([{"variation_id": "x", "quantity": 1}]),
            "/lines/0/variation_id",
        ),
        (
            json!([{"variation_id": BUN_PIECE, "quantity": 1, "price": 1}]),
            "/lines/0/price",
        ),
    ] {
        let answer = world.reserve(world.order(), &lines).await;
        assert_eq!(answer.problem(), (422, "invalid-body".into()), "{lines}");
        assert_eq!(answer.pointers(), [pointer], "{lines}");
    }
    assert_eq!(world.stock(BUN).await, (1_000, 0));
    assert_eq!(world.count("reservations").await, 0);
}

#[tokio::test]
async fn the_most_that_may_be_asked_for_does_not_overflow() {
    let world = World::new().await;
    sqlx::query("UPDATE option_recipes SET quantity = 1000000")
        .execute(world.db())
        .await
        .expect("an update");
    let mut connection = world.db().acquire().await.expect("a connection");
    let book = inventory::store::recipes::book(&mut connection)
        .await
        .expect("the recipes");
    let huge = json!(vec![line(FLAT_WHITE, 99, &[SHOT; 50]); 50]);
    let needs = book.needs(&serde_json::from_value(huge).expect("lines"));
    let beans = needs.total()[0].quantity;
    assert_eq!(beans, 50 * 99 * (18 + 50 * 1_000_000));
}

#[tokio::test]
async fn an_order_that_never_reserved_has_no_reservation() {
    let world = World::new().await;
    let path = format!("/v1/reservations/{}", world.order());
    let answer = world.get(&world.saga(), &path).await;
    assert_eq!(answer.problem(), (404, "reservation-not-found".into()));
    let answer = world.get(&world.saga(), "/v1/reservations/7").await;
    assert_eq!(answer.problem(), (404, "not-found".into()));
}
