//! Goods that come back: once per return, no more than was sold, and thrown away or sold again.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ledger::Counters;
use crate::world::{
    Answer, BEANS, BUN, BUN_PIECE, FLAT_WHITE, GIFT_CARD, STORE, WHOLE_MILK, World, buns, line,
};

fn back(variation: Uuid, quantity: i64, goods: &str) -> Value {
    let mut line = line(variation, quantity, &[]);
    line["goods"] = json!(goods);
    line
}

impl World {
    async fn take_back(&self, id: Uuid, order: Uuid, lines: &Value) -> Answer {
        let body = json!({"order_id": order, "lines": lines});
        self.put(&self.saga(), &format!("/v1/returns/{id}"), &body)
            .await
    }

    /// An order that has bought so much.
    async fn sold(&self, lines: &Value) -> Uuid {
        let order = self.reserved(lines).await;
        self.hear("order.confirmed.v1", order, 2).await;
        order
    }
}

#[tokio::test]
async fn what_comes_back_is_sold_again_or_thrown_away_and_once() {
    let world = World::new().await;
    let order = world.sold(&buns(3)).await;
    let sold = Counters {
        initial: 1_000,
        available: 997,
        sold: 3,
        ..Counters::default()
    };
    assert_eq!(world.counters(BUN).await, sold);
    let (good, bad) = (world.order(), world.order());
    for _ in 0..3 {
        let answer = world
            .take_back(good, order, &json!([back(BUN_PIECE, 1, "restocked")]))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.body, json!({"return_id": good, "order_id": order}));
        // Long after.
        world.app.clock.advance(TimeDelta::days(2));
    }
    let restocked = Counters {
        available: 998,
        restocked: 1,
        ..sold
    };
    assert_eq!(world.counters(BUN).await, restocked);
    world
        .take_back(bad, order, &json!([back(BUN_PIECE, 2, "wasted")]))
        .await;
    let wasted = Counters {
        restocked: 3,
        wasted: 2,
        ..restocked
    };
    assert_eq!(world.counters(BUN).await, wasted);
    world.assert_nothing_lost().await;
    let path = format!("/v1/stores/{STORE}/stock/{BUN}/movements");
    let movements = world.get(&world.manager(), &path).await.body;
    let told: Vec<_> = movements["items"]
        .as_array()
        .expect("items")
        .iter()
        .take(3)
        .map(|it| json!([it["kind"], it["quantity"], it["order_id"], it["return_id"]]))
        .collect();
    assert_eq!(
        json!(told),
        json!([
            ["waste", 2, order, bad],
            ["restock", 2, order, bad],
            ["restock", 1, order, good]
        ])
    );
}

#[tokio::test]
async fn no_more_comes_back_than_was_sold_however_many_ask_at_once() {
    let world = World::new().await;
    let order = world.sold(&buns(3)).await;
    world.warm().await;
    let lines = json!([back(BUN_PIECE, 1, "restocked")]);
    let rush = (0..12).map(|_| world.take_back(world.order(), order, &lines));
    let answers = futures::future::join_all(rush).await;
    let taken = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::OK);
    assert_eq!(taken.count(), 3);
    for answer in answers.iter().filter(|it| it.status != StatusCode::OK) {
        assert_eq!(answer.problem(), (409, "return-exceeds-sale".into()));
    }
    let other = world
        .take_back(
            world.order(),
            order,
            &json!([back(FLAT_WHITE, 1, "restocked")]),
        )
        .await;
    assert_eq!(other.problem(), (409, "return-exceeds-sale".into()));
    assert_eq!(world.stock(BUN).await, (1_000, 0));
    world.assert_nothing_lost().await;
}

#[tokio::test]
async fn a_line_brings_back_what_its_options_took_too() {
    let world = World::new().await;
    let order = world
        .sold(&json!([
            line(FLAT_WHITE, 2, &[WHOLE_MILK]),
            line(GIFT_CARD, 1, &[])
        ]))
        .await;
    let mut flat_white = back(FLAT_WHITE, 1, "wasted");
    flat_white["option_ids"] = json!([WHOLE_MILK]);
    let lines = json!([flat_white, back(GIFT_CARD, 1, "restocked")]);
    let answer = world.take_back(world.order(), order, &lines).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let beans = world.counters(BEANS).await;
    assert_eq!((beans.sold, beans.restocked, beans.wasted), (36, 18, 18));
    world.assert_nothing_lost().await;
}

#[tokio::test]
async fn what_was_not_sold_or_is_another_return_is_refused() {
    let world = World::new().await;
    let lines = json!([back(BUN_PIECE, 1, "restocked")]);
    let unknown = world.take_back(world.order(), world.order(), &lines).await;
    assert_eq!(unknown.problem(), (404, "reservation-not-found".into()));
    let held = world.reserved(&buns(2)).await;
    let answer = world.take_back(world.order(), held, &lines).await;
    assert_eq!(answer.problem(), (409, "not-sold".into()));
    world.release(held).await;
    let answer = world.take_back(world.order(), held, &lines).await;
    assert_eq!(answer.problem(), (409, "not-sold".into()));

    let (order, id) = (world.sold(&buns(2)).await, world.order());
    world.take_back(id, order, &lines).await;
    for lines in [
        json!([back(BUN_PIECE, 2, "restocked")]),
        json!([back(BUN_PIECE, 1, "wasted")]),
    ] {
        let other = world.take_back(id, order, &lines).await;
        assert_eq!(other.problem(), (422, "return-differs".into()));
    }
    let elsewhere = world.sold(&buns(2)).await;
    let other = world.take_back(id, elsewhere, &lines).await;
    assert_eq!(other.problem(), (422, "return-differs".into()));
    for lines in [json!([]), json!([back(BUN_PIECE, 1, "kept")])] {
        let bad = world.take_back(world.order(), order, &lines).await;
        assert_eq!(bad.problem(), (422, "invalid-body".into()));
    }
    world.assert_nothing_lost().await;
}
