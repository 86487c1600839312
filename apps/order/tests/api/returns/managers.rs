//! What a manager decides: whether a large return goes on.

use axum::http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use super::{asking, completed, pieces};
use crate::world::{OTHER_STORE, PRICE, STORE, World};

#[tokio::test]
async fn above_the_limit_another_manager_has_to_let_it_go_on() {
    let world = World::new().await;
    let order = completed(&world, 6).await;
    // 4 × 4.45 are below 20.00; a fifth is not, however it is asked for.
    let small = world.ask(order, &pieces(4, "wasted")).await;
    assert_eq!(small.body["state"], "running");
    world.reaches(small.id(), "done").await;
    let asked = world.ask(order, &pieces(1, "wasted")).await;
    assert_eq!(
        (asked.status, &asked.body["state"]),
        (StatusCode::ACCEPTED, &json!("waiting"))
    );
    let id = asked.id();
    let before = world.called_for_returns().len();
    let manager = world.runs_the_store();
    let board = format!("/v1/stores/{STORE}/returns");
    let waiting = world.get(&manager, &board).await;
    assert_eq!(waiting.body["items"][0]["id"], json!(id));
    let approval = format!("/v1/returns/{id}/approval");
    let elsewhere = world.token(
        Uuid::from_u128(0x78),
        "manager",
        "order:manage",
        &[OTHER_STORE],
    );
    assert_eq!(
        world.get(&elsewhere, &board).await.problem().0,
        "store-not-found"
    );
    let own = world.token(
        Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_2003),
        "manager",
        "order:manage",
        &[STORE],
    );
    for (token, status, slug) in [
        (&world.barista(), 403, "forbidden"),
        (&elsewhere, 404, "return-not-found"),
        (&own, 409, "own-return"),
    ] {
        let answer = world.post(token, &approval, &json!({})).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (status, slug)
        );
    }
    assert_eq!(world.called_for_returns().len(), before, "nothing moved");
    world.warm().await;
    let nothing = json!({});
    let (one, two) = tokio::join!(
        world.post(&manager, &approval, &nothing),
        world.post(&manager, &approval, &nothing)
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 409], "one decision");
    let done = world.reaches(id, "done").await;
    assert_eq!(done["decided_by"], json!(Uuid::from_u128(0x77)));
    assert_eq!(world.get(&manager, &board).await.body["items"], json!([]));
    // Who runs the store needs nobody.
    let asked = world
        .send(asking(order, &manager, "m", &pieces(1, "wasted")))
        .await;
    assert_eq!(asked.body["state"], "running");
    world.reaches(asked.id(), "done").await;
    assert_eq!(world.back(order).await, (6, 6 * PRICE));
}

#[tokio::test]
async fn what_is_rejected_moves_nothing_and_is_free_again() {
    let world = World::new().await;
    let order = completed(&world, 6).await;
    let asked = world.ask(order, &pieces(6, "restocked")).await;
    let id = asked.id();
    assert_eq!(asked.body["state"], "waiting");
    assert_eq!(
        world.ask(order, &pieces(1, "restocked")).await.problem().0,
        "return-exceeds-order",
        "what waits is spoken for"
    );
    let manager = world.runs_the_store();
    let rejection = format!("/v1/returns/{id}/rejection");
    let silent = world.post(&manager, &rejection, &json!({})).await;
    assert_eq!(silent.problem().0, "invalid-body");
    let note = json!({"note": "All six were drunk."});
    let answer = world.post(&manager, &rejection, &note).await;
    assert_eq!(
        (answer.status, &answer.body["state"]),
        (StatusCode::OK, &json!("rejected"))
    );
    for again in [&rejection, &format!("/v1/returns/{id}/approval")] {
        let answer = world.post(&manager, again, &note).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (409, "not-waiting")
        );
    }
    assert_eq!(world.back(order).await, (0, 0));
    assert_eq!(world.called_for_returns(), [""; 0]);
    let one = world.ask(order, &pieces(1, "restocked")).await;
    assert_eq!(
        (&one.body["number"], &one.body["state"]),
        (&json!("A-001-R2"), &json!("running"))
    );
    world.reaches(one.id(), "done").await;
    assert_eq!(world.back(order).await, (1, PRICE));
}
