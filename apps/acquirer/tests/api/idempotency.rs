//! A key is carried out once, and answers alike for ever: also after a lost answer and after a restart.

use axum::http::Method;
use serde_json::json;

use crate::world::{World, amount, authorise, captures, refunds, voids};

#[tokio::test]
async fn the_same_request_has_the_same_answer() {
    let world = World::new().await;
    for (key, token, status) in [("good", "tok_visa", 201), ("bad", "tok_declined", 402)] {
        let first = world
            .post("/v1/authorisations", key, authorise(token))
            .await;
        let second = world
            .post("/v1/authorisations", key, authorise(token))
            .await;
        assert_eq!((first.status, &first), (status, &second));
    }
    assert_eq!(world.lines().len(), 2);
}

#[tokio::test]
async fn a_refusal_stays_one() {
    let world = World::new().await;
    let id = world.authorised("tok_visa").await;
    let over = world.post(&captures(&id), "c", amount(501)).await;
    assert_eq!(over.status, 409);
    assert_eq!(world.post(&captures(&id), "c", amount(501)).await, over);
    assert_eq!(world.lines().len(), 2);
}

#[tokio::test]
async fn fifty_at_once_are_one() {
    let world = World::new().await;
    let rush = (0..50).map(|_| world.post("/v1/authorisations", "k", authorise("tok_visa")));
    let answers = futures::future::join_all(rush).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(world.lines().len(), 1);
}

#[tokio::test]
async fn another_request_under_a_key_is_refused() {
    let world = World::new().await;
    let (authorisation, capture) = world.captured("tok_visa").await;
    let (path, key) = ("/v1/authorisations", "tok_visa:au");
    let mut other = authorise("tok_visa");
    other["reference"] = json!("another");
    let mut more = authorise("tok_visa");
    more["amount"]["amount"] = json!(501);
    let reused = [
        (path.to_owned(), key, other),
        (path.to_owned(), key, more),
        (path.to_owned(), key, authorise("tok_slow_not")),
        (captures(&authorisation), key, amount(500)),
        (captures(&authorisation), "tok_visa:ca", amount(499)),
        (voids(&authorisation), "tok_visa:ca", json!({})),
        (refunds(&capture), "tok_visa:ca", amount(500)),
    ];
    let before = world.lines();
    for (path, key, body) in reused {
        let answer = world.post(&path, key, body.clone()).await;
        let told = (answer.status, answer.error());
        assert_eq!(told, (422, "idempotency_key_reused"), "{path} {body}");
    }
    assert_eq!(world.lines(), before);
}

#[tokio::test]
async fn a_lost_answer_is_found_by_its_key_and_given_again() {
    let world = World::new().await;
    for lost in ["authorise", "capture", "void", "refund"] {
        let token = format!("tok_lost_{lost}");
        let (path, body) = match lost {
            "authorise" => ("/v1/authorisations".to_owned(), authorise(&token)),
            "capture" => (captures(&world.authorised(&token).await), amount(500)),
            "void" => (voids(&world.authorised(&token).await), json!({})),
            _ => (refunds(&world.captured(&token).await.1), amount(500)),
        };
        let before = world.lines().len();
        let call = world.call(Method::POST, &path, Some(lost), Some(body.clone()));
        assert_eq!(call.await, None, "{lost}: the connection is closed");
        assert_eq!(
            world.lines().len(),
            before + 1,
            "{lost}: it was carried out"
        );

        let found = world.get(&format!("/v1/operations?key={lost}")).await;
        assert_eq!(found.status, 200);
        let again = world.post(&path, lost, body).await;
        assert_eq!(again.status, 201);
        assert_eq!(
            found.body,
            json!({ "key": lost, "status_code": 201, "response": again.body })
        );
        assert_eq!(world.lines().len(), before + 1, "{lost}: once");
    }
}

#[tokio::test]
async fn a_key_answers_alike_after_a_restart() {
    let world = World::new().await;
    let declined = authorise("tok_declined");
    let refused = world
        .post("/v1/authorisations", "d", declined.clone())
        .await;
    let id = world.authorised("tok_visa").await;
    let captured = world.post(&captures(&id), "c", amount(200)).await;

    let world = world.restart(|_| {}).await;
    assert_eq!(
        world.post("/v1/authorisations", "d", declined).await,
        refused
    );
    assert_eq!(world.post(&captures(&id), "c", amount(200)).await, captured);
    let over = world.post(&captures(&id), "c2", amount(301)).await;
    assert_eq!(over.error(), "over_capture", "what was taken is remembered");
    let other = world.post(&captures(&id), "c", amount(300)).await;
    assert_eq!(other.status, 422);
}

#[tokio::test]
async fn an_unknown_key_is_not_found() {
    let world = World::new().await;
    let answer = world.get("/v1/operations?key=none").await;
    assert_eq!((answer.status, answer.error()), (404, "no_such_operation"));
}
