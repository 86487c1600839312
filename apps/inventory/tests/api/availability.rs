//! The sweeper: levels, alerts and what is sold out, told once per change that lasted.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::world::{
    Answer, BEANS, BUN, BUN_PIECE, ESPRESSO, FLAT_WHITE, MILK, SHOT, STORE, WHOLE_MILK, World,
    buns, line, request,
};

async fn availability(world: &World, tag: Option<&str>) -> Answer {
    let token = world.token("inventory:availability", &[]);
    let mut request = request(
        Method::GET,
        &format!("/v1/stores/{STORE}/availability"),
        &token,
    );
    if let Some(tag) = tag {
        request = request.header(header::IF_NONE_MATCH, tag);
    }
    world
        .send(request.body(Body::empty()).expect("a request"))
        .await
}

async fn sold_out(world: &World) -> (Value, Value) {
    let answer = availability(world, None).await;
    assert_eq!(answer.status, StatusCode::OK);
    let sold_out = &answer.body["sold_out"];
    (sold_out["variations"].clone(), sold_out["options"].clone())
}

#[tokio::test]
async fn a_hot_item_is_told_once_per_sweep() {
    let world = World::new().await;
    assert_eq!(world.sweep().await, 6, "every level of both stores");
    assert_eq!(world.sweep().await, 0);
    for _ in 0..10 {
        world.reserved(&buns(1)).await;
    }
    assert_eq!(world.sweep().await, 1);
    assert_eq!(world.sweep().await, 0);
    let subject = format!("{STORE}:{BUN}");
    let told = world.told("inventory.level_changed.v1").await;
    let of_buns: Vec<_> = told
        .iter()
        .filter(|event| event["subject"] == subject)
        .collect();
    assert_eq!(of_buns.len(), 2);
    let last = &of_buns[1]["data"];
    assert_eq!(
        (&last["available"], &last["reserved"], &last["on_hand"]),
        (&json!(990), &json!(10), &json!(1_000))
    );
    assert_eq!(of_buns[1]["sequence"], last["version"].to_string());
}

#[tokio::test]
async fn of_two_sweepers_at_once_one_tells() {
    let world = World::new().await;
    let sweeps = (0..8).map(|_| world.sweep());
    let told: usize = futures::future::join_all(sweeps).await.into_iter().sum();
    assert_eq!(told, 6);
    assert_eq!(world.told("inventory.level_changed.v1").await.len(), 6);
}

#[tokio::test]
async fn an_alert_comes_once_until_the_stock_has_recovered() {
    let world = World::with(0, 0, 10).await;
    let path = format!("/v1/stores/{STORE}/stock/{BUN}/threshold");
    let set = world
        .put(&world.manager(), &path, &json!({"threshold": 8}))
        .await;
    assert_eq!(
        (set.status, &set.body["low"]),
        (StatusCode::OK, &json!(false))
    );
    let alerts = async || {
        world.sweep().await;
        let told = world.told("inventory.low_stock.v1").await;
        told.iter()
            .map(|event| {
                (
                    event["sequence"].clone(),
                    event["data"]["available"].clone(),
                )
            })
            .collect::<Vec<_>>()
    };
    let first = world.reserved(&buns(2)).await;
    assert_eq!(alerts().await, [], "at the threshold is not below it");
    let second = world.reserved(&buns(1)).await;
    assert_eq!(alerts().await, [(json!("1"), json!(7))]);
    world.reserved(&buns(1)).await;
    assert_eq!(alerts().await.len(), 1, "still low");
    world.release(first).await;
    world.release(second).await;
    assert_eq!(alerts().await.len(), 1, "recovered");
    world.reserved(&buns(5)).await;
    assert_eq!(alerts().await[1..], [(json!("2"), json!(4))]);
}

#[tokio::test]
async fn exactly_what_can_t_be_made_is_sold_out() {
    // Two flat whites' beans; an espresso or a shot take half of one's.
    let world = World::with(36, 149, 1).await;
    world.sweep().await;
    assert_eq!(sold_out(&world).await, (json!([]), json!([WHOLE_MILK])));
    let order = world.reserved(&json!([line(FLAT_WHITE, 1, &[SHOT])])).await;
    world.sweep().await;
    assert_eq!(
        sold_out(&world).await,
        (json!([FLAT_WHITE]), json!([WHOLE_MILK]))
    );
    let last = world
        .reserved(&json!([line(ESPRESSO, 1, &[]), line(BUN_PIECE, 1, &[])]))
        .await;
    world.sweep().await;
    assert_eq!(
        sold_out(&world).await,
        (
            json!([FLAT_WHITE, ESPRESSO, BUN_PIECE]),
            json!([WHOLE_MILK, SHOT])
        )
    );
    world.release(order).await;
    world.sweep().await;
    assert_eq!(
        sold_out(&world).await,
        (json!([BUN_PIECE]), json!([WHOLE_MILK]))
    );
    world.release(last).await;
    let receipt = json!({"item_id": MILK, "quantity": 1, "reason": "the dairy"});
    let path = format!("/v1/stores/{STORE}/receipts");
    world.command(&world.manager(), &path, "k1", &receipt).await;
    world.sweep().await;
    assert_eq!(sold_out(&world).await, (json!([]), json!([])));
}

#[tokio::test]
async fn the_menu_is_told_only_of_what_changes_it() {
    let world = World::with(10_000, 10_000, 2).await;
    world.sweep().await;
    let told = async || world.told("inventory.availability_changed.v1").await;
    assert_eq!(told().await.len(), 0);
    world.reserved(&buns(1)).await;
    world.sweep().await;
    assert_eq!(told().await.len(), 0);
    let tag = availability(&world, None).await.headers[header::ETAG].clone();
    let tag = tag.to_str().expect("text");
    let known = availability(&world, Some(tag)).await;
    assert_eq!(
        (known.status, known.body),
        (StatusCode::NOT_MODIFIED, Value::Null)
    );

    world.reserved(&buns(1)).await;
    world.sweep().await;
    let news = told().await;
    assert_eq!(news.len(), 1);
    assert_eq!(news[0]["subject"], STORE.to_string());
    let fresh = availability(&world, Some(tag)).await;
    assert_eq!(fresh.status, StatusCode::OK);
    for member in ["store_id", "sold_out", "version"] {
        assert_eq!(news[0]["data"][member], fresh.body[member], "{member}");
    }
    assert_eq!(news[0]["sequence"], fresh.body["version"].to_string());
    assert_eq!(
        fresh.headers[header::ETAG],
        format!("\"{}\"", fresh.body["version"])
    );
}

#[tokio::test]
async fn an_item_that_the_store_does_not_keep_is_sold_out_there() {
    let world = World::empty().await;
    world.keep(STORE, &[(BEANS, 100)]).await;
    world.sweep().await;
    assert_eq!(
        sold_out(&world).await,
        (json!([BUN_PIECE]), json!([WHOLE_MILK]))
    );
    let token = world.token("inventory:availability", &[]);
    let nowhere = world
        .get(&token, &format!("/v1/stores/{BUN}/availability"))
        .await;
    assert_eq!(nowhere.problem(), (404, "store-not-found".into()));
}
