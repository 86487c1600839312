//! Idempotency-Key on `POST /v1/orders`: one order per key, whoever asks how often.

use std::collections::HashSet;
use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use chrono::TimeDelta;

use serde_json::json;

use crate::world::{World, one_flat_white, order_of, place, request, send, waiting};

#[tokio::test]
async fn the_same_command_is_answered_again_and_not_repeated() {
    let world = World::new().await;
    let first = world.place("k1", &one_flat_white()).await;
    world
        .fulfil(&world.barista(), first.id(), 2, "preparation")
        .await;
    // The same command in another notation, and the key in the draft's.
    let body = "{ \"payment\":{\"method\":\"counter\"}, \"lines\":[{\"quantity\":1,\"variation_id\":\
                \"0190a000-0000-7000-8000-000000001001\"}], \"store_id\":\"0190A000-0000-7000-8000-000000000001\"}";
    let request = request(Method::POST, "/v1/orders", &world.customer())
        .header("idempotency-key", "\"k1\"")
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.into())
        .expect("a request");
    let again = world.send(request).await;
    assert_eq!(again.status, StatusCode::ACCEPTED);
    assert_eq!(
        again.headers[header::LOCATION],
        first.headers[header::LOCATION]
    );
    assert_eq!(
        (again.id(), &again.body["version"]),
        (first.id(), &json!(3)),
        "the order of then, as it is now"
    );
    assert_eq!(world.sidecar.received("catalog").await.len(), 1);
    assert_eq!(world.shop.called(), ["reserve"]);
}

#[tokio::test]
async fn another_command_under_the_key_is_refused() {
    let world = World::new().await;
    world.place("k1", &one_flat_white()).await;
    let answer = world.place("k1", &order_of(2)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.problem().0, "idempotency-key-reused");
    assert_eq!(world.rows().await[0], 1);
}

#[tokio::test]
async fn a_key_is_needed_and_must_be_usable() {
    let world = World::new().await;
    let mut request = place(&world.customer(), "k1", &one_flat_white());
    request.headers_mut().remove("idempotency-key");
    let answer = world.send(request).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().0.as_str()),
        (400, "idempotency-key-missing")
    );
    let answer = world.place("two words", &one_flat_white()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().0.as_str()),
        (400, "idempotency-key-invalid")
    );
}

#[tokio::test]
async fn fifty_at_once_make_one_order() {
    let world = World::new().await;
    let body = one_flat_white();
    let rush = (0..50).map(|_| world.place("k1", &body));
    let answers = futures::future::join_all(rush).await;
    let mut ids = HashSet::new();
    for answer in answers {
        match answer.status {
            StatusCode::ACCEPTED => {
                ids.insert(answer.id());
            }
            StatusCode::CONFLICT => {
                assert_eq!(answer.problem().0, "idempotency-key-in-flight");
                assert!(answer.headers.contains_key(header::RETRY_AFTER));
            }
            other => panic!("{other}: {}", answer.body),
        }
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(world.rows().await, [1, 1, 2, 1, 1, 2]);
    let after = world.place("k1", &one_flat_white()).await;
    assert!(ids.contains(&after.id()));
}

#[tokio::test]
async fn while_the_first_is_under_way_the_key_is_taken() {
    let world = World::without_catalog().await;
    world
        .catalog_sells("Europe/Warsaw", Duration::from_millis(300))
        .await;
    let (one, two) = (one_flat_white(), order_of(2));
    let (first, same, other) = tokio::join!(
        world.place("k1", &one),
        world.place("k1", &one),
        world.place("k1", &two),
    );
    assert_eq!(first.status, StatusCode::ACCEPTED);
    assert_eq!(same.status, StatusCode::CONFLICT);
    assert_eq!(same.problem().0, "idempotency-key-in-flight");
    assert!(same.headers.contains_key(header::RETRY_AFTER));
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other.problem().0, "idempotency-key-reused");
    assert_eq!(world.sidecar.received("catalog").await.len(), 1);
}

#[tokio::test]
async fn a_command_that_is_given_up_frees_its_key() {
    let world = World::without_catalog().await;
    world
        .catalog_sells("Europe/Warsaw", Duration::from_millis(300))
        .await;
    let body = one_flat_white();
    let given_up = world.place("k1", &body);
    let given_up = tokio::time::timeout(Duration::from_millis(50), given_up).await;
    assert!(given_up.is_err());
    assert_eq!(world.place("k1", &body).await.status, StatusCode::ACCEPTED);
    assert_eq!(world.rows().await, [1, 1, 2, 1, 1, 2]);
}

#[tokio::test]
async fn two_processes_make_one_order_between_them() {
    let world = World::without_catalog().await;
    // Slow enough that every process has looked for a replay in vain before the first one stores its order.
    world
        .catalog_sells("Europe/Warsaw", Duration::from_millis(300))
        .await;
    let processes = (0..6).map(|_| {
        send(
            world.sibling(),
            waiting(place(&world.customer(), "k1", &one_flat_white())),
        )
    });
    let answers = futures::future::join_all(processes).await;
    let ids: HashSet<_> = answers
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
            answer.id()
        })
        .collect();
    assert_eq!(
        world.sidecar.received("catalog").await.len(),
        6,
        "all of them were under way at once"
    );
    assert_eq!(ids.len(), 1);
    assert_eq!(world.rows().await, [1, 1, 2, 1, 1, 2]);
}

#[tokio::test]
async fn a_key_is_free_again_after_a_day() {
    let world = World::new().await;
    let first = world.place("k1", &one_flat_white()).await;
    world
        .app
        .clock
        .advance(TimeDelta::hours(24) - TimeDelta::milliseconds(1));
    assert_eq!(world.place("k1", &one_flat_white()).await.id(), first.id());
    assert_eq!(
        order::upkeep::forget_old_replays(&world.app)
            .await
            .expect("upkeep"),
        0
    );
    world.app.clock.advance(TimeDelta::milliseconds(1));
    let second = world.place("k1", &order_of(3)).await;
    assert_eq!(second.status, StatusCode::ACCEPTED);
    assert_ne!(second.id(), first.id());
    assert_eq!(world.place("k1", &order_of(3)).await.id(), second.id());
    world.app.clock.advance(TimeDelta::hours(24));
    assert_eq!(
        order::upkeep::forget_old_replays(&world.app)
            .await
            .expect("upkeep"),
        1
    );
}
