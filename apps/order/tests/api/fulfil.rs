//! `POST /v1/orders/{id}/fulfilment`: step by step, one winner per version, by the store's staff.

use axum::http::{Method, StatusCode, header};
use serde_json::json;

use crate::world::{World, request};

#[tokio::test]
async fn hand_over_settles_the_order() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    let barista = world.barista();
    let making = world.fulfil(&barista, id, 2, "preparation").await;
    assert_eq!(making.status, StatusCode::OK);
    assert_eq!(making.headers[header::ETAG], "\"3\"");
    assert_eq!(making.body["fulfilment"], "preparation");
    assert_eq!(making.body["payment"]["status"], "due");
    world.fulfil(&barista, id, 3, "ready").await;
    let done = world.fulfil(&barista, id, 4, "delivered").await;
    assert_eq!(done.headers[header::ETAG], "\"6\"");
    assert_eq!(
        (
            &done.body["checkout"],
            &done.body["fulfilment"],
            &done.body["payment"]
        ),
        (
            &json!("completed"),
            &json!("delivered"),
            &json!({"method": "counter", "status": "captured"})
        )
    );
    let read = world
        .get(&world.customer(), &format!("/v1/orders/{id}"))
        .await;
    assert_eq!(read.body, done.body);
}

#[tokio::test]
async fn a_step_that_is_not_the_next_one_is_refused() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    for status in ["waiting", "ready", "delivered"] {
        let answer = world.fulfil(&world.barista(), id, 2, status).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{status}");
        assert_eq!(
            answer.problem(),
            ("illegal-transition".into(), vec!["/status".into()])
        );
    }
    let unknown = world.fulfil(&world.barista(), id, 2, "drunk").await;
    assert_eq!(
        unknown.problem(),
        ("invalid-body".into(), vec!["/status".into()])
    );
    assert_eq!(world.rows().await, [1, 1, 2, 1, 1, 2]);
}

#[tokio::test]
async fn a_stale_or_missing_version_is_refused() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    for version in [1, 3] {
        let stale = world
            .fulfil(&world.barista(), id, version, "preparation")
            .await;
        assert_eq!(
            (stale.status.as_u16(), stale.problem().0.as_str()),
            (412, "stale-version")
        );
    }
    let blind = request(
        Method::POST,
        &format!("/v1/orders/{id}/fulfilment"),
        &world.barista(),
    )
    .header(header::CONTENT_TYPE, "application/json")
    .body(json!({"status": "preparation"}).to_string().into())
    .expect("a request");
    let answer = world.send(blind).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().0.as_str()),
        (428, "precondition-required")
    );
}

#[tokio::test]
async fn of_two_baristas_one_wins() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    let barista = world.barista();
    world.warm().await;
    let rush = (0..10).map(|_| world.fulfil(&barista, id, 2, "preparation"));
    let answers = futures::future::join_all(rush).await;
    let won = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .count();
    let lost = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::PRECONDITION_FAILED)
        .count();
    assert_eq!((won, lost), (1, 9));
    assert_eq!(world.rows().await, [1, 1, 3, 1, 1, 3]);
}

#[tokio::test]
async fn only_the_stores_staff_may_and_others_are_told_nothing() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    let answer = world
        .fulfil(&world.other_barista(), id, 2, "preparation")
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().0.as_str()),
        (404, "order-not-found")
    );
    // Even a step that would be illegal, or of a stale version, tells nothing.
    let answer = world
        .fulfil(&world.other_barista(), id, 9, "delivered")
        .await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}
