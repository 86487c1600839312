//! The merchant hears of everything, signed, until it says that it has.

use acquirer::book::Line;
use acquirer::pace::Wait;
use acquirer::webhooks::TRIES;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::merchant::Post;
use crate::world::{World, amount, authorise, captures, refunds, soon, voids};

/// Returns when the ledger says that this many webhooks are not owed any more.
async fn settled(world: &World, count: usize) -> Vec<Value> {
    soon(async {
        loop {
            let ledger = world.ledger();
            let lines: Vec<Value> = ledger
                .lines()
                .filter(|line| line.contains("\"webhook\""))
                .map(|line| serde_json::from_str(line).expect("JSON"))
                .collect();
            if lines.len() >= count {
                return lines;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn every_success_and_every_decline_is_told_and_signed() {
    let world = World::new().await;
    let (_, capture) = world.captured("tok_visa").await;
    world.post(&refunds(&capture), "r", amount(100)).await;
    let given_up = world.authorised("tok_error_capture").await;
    world.post(&voids(&given_up), "v", json!({})).await;
    world
        .post("/v1/authorisations", "d", authorise("tok_declined"))
        .await;
    // Neither a success nor a decline of an authorisation.
    let unwilling = world.authorised("tok_capture_declined").await;
    world.post(&captures(&unwilling), "c", amount(500)).await;
    world.post(&captures(&unwilling), "o", amount(501)).await;

    settled(&world, 7).await;
    let mut posts = world.merchant.posts();
    assert!(posts.iter().all(Post::is_signed));
    posts.sort_by_key(|post| post.event().0);
    let operations = world.lines();
    let told: Vec<_> = operations
        .iter()
        .filter(|operation| operation.event.is_some())
        .collect();
    let kinds: Vec<_> = posts.iter().map(Post::kind).collect();
    assert_eq!(
        kinds,
        [
            "authorisation.succeeded",
            "capture.succeeded",
            "refund.succeeded",
            "authorisation.succeeded",
            "void.succeeded",
            "authorisation.declined",
            "authorisation.succeeded",
        ]
    );
    for (post, operation) in posts.iter().zip(told) {
        let event = post.json();
        assert_eq!(Some(post.event()), operation.event);
        assert_eq!(event["created"], operation.at.timestamp());
        assert_eq!(event["data"], operation.response());
        assert_eq!(event["data"]["reference"], operation.reference);
    }
}

#[tokio::test]
async fn a_webhook_is_sent_again_until_it_is_taken() {
    let world = World::new().await;
    let no = [
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::UNAUTHORIZED,
        StatusCode::FOUND,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    world.merchant.answer(no, StatusCode::NO_CONTENT);
    world.app.pace.open(Wait::Retry);
    world.authorised("tok_visa").await;
    let line = settled(&world, 1).await.remove(0);
    let posts = world.merchant.posts();
    assert_eq!(posts.len(), 5);
    assert!(
        posts
            .iter()
            .all(|post| post.body == posts[0].body && post.is_signed())
    );
    assert_eq!(
        line["webhook"],
        json!({ "id": posts[0].event(), "status": "delivered" })
    );
    assert!(serde_json::from_value::<Line>(line).is_ok());
}

#[tokio::test]
async fn a_webhook_that_nobody_takes_is_given_up_and_that_is_noted() {
    let world = World::new().await;
    world.merchant.answer([], StatusCode::INTERNAL_SERVER_ERROR);
    world.app.pace.open(Wait::Retry);
    world.authorised("tok_visa").await;
    let line = settled(&world, 1).await.remove(0);
    assert_eq!(line["webhook"]["status"], "abandoned");
    assert_eq!(world.merchant.posts().len(), TRIES as usize);
}

#[tokio::test]
async fn what_was_not_taken_is_sent_again_after_a_restart_and_what_was_is_not() {
    let world = World::new().await;
    world
        .merchant
        .answer([StatusCode::OK], StatusCode::INTERNAL_SERVER_ERROR);
    let id = world.authorised("tok_visa").await;
    settled(&world, 1).await;
    world.post(&captures(&id), "c", amount(500)).await;
    soon(world.app.pace.reached(Wait::Retry)).await;
    let tried = world.merchant.posts();
    assert_eq!(tried.len(), 2);

    world.merchant.answer([], StatusCode::OK);
    let world = world.restart(|_| {}).await;
    settled(&world, 2).await;
    let posts = world.merchant.posts();
    assert_eq!(posts.len(), 3);
    assert_eq!(posts[2].kind(), "capture.succeeded");
    assert_eq!(posts[2].body, tried[1].body);
    assert!(posts[2].is_signed());
}

#[tokio::test]
async fn a_webhook_may_come_five_times() {
    let world = World::new().await;
    world.authorised("tok_duplicate_webhooks").await;
    settled(&world, 1).await;
    let posts = world.merchant.posts();
    assert_eq!(posts.len(), 5);
    assert!(
        posts
            .iter()
            .all(|post| post.body == posts[0].body && post.is_signed())
    );
}

#[tokio::test]
async fn an_authorisation_may_be_told_after_its_capture() {
    let world = World::new().await;
    let (_, capture) = world.captured("tok_out_of_order_webhooks").await;
    settled(&world, 2).await;
    world.post(&refunds(&capture), "r", amount(1)).await;
    settled(&world, 3).await;
    let kinds: Vec<_> = world.merchant.posts().iter().map(Post::kind).collect();
    assert_eq!(
        kinds,
        [
            "capture.succeeded",
            "authorisation.succeeded",
            "refund.succeeded"
        ]
    );
}

#[tokio::test]
async fn an_authorisation_that_nothing_follows_is_told_all_the_same() {
    let world = World::new().await;
    world.authorised("tok_out_of_order_webhooks").await;
    soon(world.app.pace.reached(Wait::HeldBack)).await;
    assert!(world.merchant.posts().is_empty());
    world.app.pace.open(Wait::HeldBack);
    settled(&world, 1).await;
    assert_eq!(world.merchant.posts().len(), 1);
}
