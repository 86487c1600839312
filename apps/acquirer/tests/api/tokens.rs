//! Every row of the table of tokens, through the interface.

use std::collections::BTreeSet;

use acquirer::pace::Wait;
use acquirer::tokens::TABLE;
use axum::http::Method;
use serde_json::json;

use crate::world::{World, amount, authorise, captures, refunds, soon, voids};

#[test]
fn this_file_or_its_neighbours_try_every_token() {
    let sources = [
        include_str!("tokens.rs"),
        include_str!("idempotency.rs"),
        include_str!("webhooks.rs"),
    ];
    let tried = |name: &&str| {
        // Tokens of one kind are tried in a loop over their last word.
        let lost = name.strip_prefix("tok_lost_");
        let hang = name.strip_prefix("tok_hang_");
        let quoted = format!("\"{}\"", lost.or(hang).unwrap_or(name));
        sources.iter().any(|source| source.contains(&quoted))
    };
    let untried: BTreeSet<_> = TABLE
        .iter()
        .map(|token| token.name)
        .filter(|name| !tried(name))
        .collect();
    assert!(untried.is_empty(), "{untried:?}");
}

#[tokio::test]
async fn declined_cards_say_why() {
    let world = World::new().await;
    for (token, code) in [
        ("tok_declined", "do_not_honour"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_expired_card", "expired_card"),
        ("tok_nobody_knows", "do_not_honour"),
    ] {
        let answer = world
            .post("/v1/authorisations", token, authorise(token))
            .await;
        assert_eq!(answer.status, 402, "{token}");
        assert_eq!(
            (&answer.body["status"], &answer.body["decline_code"]),
            (&json!("declined"), &json!(code))
        );
        assert!(answer.id().starts_with("au_"));
    }
}

#[tokio::test]
async fn a_declined_capture_takes_nothing() {
    let world = World::new().await;
    let id = world.authorised("tok_capture_declined").await;
    let answer = world.post(&captures(&id), "c", amount(500)).await;
    assert_eq!(answer.status, 402);
    assert_eq!(
        (
            &answer.body["kind"],
            &answer.body["status"],
            &answer.body["decline_code"]
        ),
        (
            &json!("capture"),
            &json!("declined"),
            &json!("do_not_honour")
        )
    );
    assert_eq!(world.post(&voids(&id), "v", json!({})).await.status, 201);
}

#[tokio::test]
async fn a_slow_card_takes_its_time_for_everything() {
    for step in ["authorise", "capture", "void", "refund"] {
        let world = World::new().await;
        world.app.pace.open(Wait::Slow);
        let (path, body) = match step {
            "authorise" => ("/v1/authorisations".to_owned(), authorise("tok_slow")),
            "capture" => (captures(&world.authorised("tok_slow").await), amount(500)),
            "void" => (voids(&world.authorised("tok_slow").await), json!({})),
            _ => (refunds(&world.captured("tok_slow").await.1), amount(500)),
        };
        // A gate, once open, stays so; another provider's are closed.
        let world = world.restart(|_| {}).await;
        let before = world.lines().len();
        let call = world.post(&path, step, body);
        let (answer, ()) = tokio::join!(call, async {
            soon(world.app.pace.reached(Wait::Slow)).await;
            assert_eq!(world.lines().len(), before, "{step}: not yet");
            world.app.pace.open(Wait::Slow);
        });
        assert_eq!(answer.status, 201, "{step}");
    }
}

#[tokio::test]
async fn a_call_that_hangs_does_nothing_and_the_next_is_good() {
    for step in ["authorise", "capture"] {
        let world = World::new().await;
        let token = format!("tok_hang_{step}");
        let (path, body) = match step {
            "authorise" => ("/v1/authorisations".to_owned(), authorise(&token)),
            _ => (captures(&world.authorised(&token).await), amount(500)),
        };
        let before = world.lines().len();
        let hanging = world.call(Method::POST, &path, Some("k"), Some(body.clone()));
        let (hanging, ()) = tokio::join!(hanging, async {
            soon(world.app.pace.reached(Wait::Hang)).await;
            let unknown = world.get("/v1/operations?key=k").await;
            assert_eq!(unknown.status, 404, "nothing was done");
            let again = world.post(&path, "k", body.clone()).await;
            assert_eq!(again.status, 201, "{again:?}");
            world.app.pace.open(Wait::Hang);
        });
        assert_eq!(hanging, None, "never answered");
        assert_eq!(world.lines().len(), before + 1);
    }
}

#[tokio::test]
async fn a_late_authorisation_comes_by_itself_and_once() {
    let world = World::new().await;
    let body = || authorise("tok_late_authorise");
    for _ in 0..2 {
        let early = world.post("/v1/authorisations", "k", body()).await;
        assert_eq!((early.status, early.error()), (503, "unavailable"));
    }
    assert_eq!(world.get("/v1/operations?key=k").await.status, 404);
    assert_eq!(world.lines(), []);

    world.app.pace.open(Wait::Late);
    let told = world.merchant.took(1).await;
    assert_eq!(told[0].kind(), "authorisation.succeeded");
    let found = world.get("/v1/operations?key=k").await;
    assert_eq!(found.body["response"], told[0].json()["data"]);
    let answer = world.post("/v1/authorisations", "k", body()).await;
    assert_eq!(
        (answer.status, &answer.body),
        (201, &found.body["response"])
    );
    assert_eq!(world.lines().len(), 1);
}

#[tokio::test]
async fn a_capture_may_break_twice() {
    let world = World::new().await;
    let id = world.authorised("tok_error_capture").await;
    let statuses = [500, 500, 201, 201];
    for expected in statuses {
        let answer = world.post(&captures(&id), "c", amount(500)).await;
        assert_eq!(answer.status, expected);
    }
    assert_eq!(world.lines().len(), 2);
}

#[tokio::test]
async fn undoing_fails_until_it_is_mended() {
    let world = World::new().await;
    let (_, capture) = world.captured("tok_undo_fails").await;
    let mut another = authorise("tok_undo_fails");
    another["reference"] = json!("another");
    let another = world.post("/v1/authorisations", "a2", another).await.id();
    let undo = [(refunds(&capture), "r"), (voids(&another), "v")];
    for _ in 0..3 {
        for (path, key) in &undo {
            let answer = world.post(path, key, amount(500)).await;
            assert_eq!((answer.status, answer.error()), (500, "internal"));
        }
    }
    let mended = world.control("undo", json!({ "works": true })).await;
    assert_eq!(
        (mended.status, mended.body),
        (200, json!({ "works": true }))
    );
    for (path, key) in &undo {
        assert_eq!(world.post(path, key, amount(500)).await.status, 201);
    }
    world.control("undo", json!({ "works": false })).await;
    for (path, key) in &undo {
        let done = world.post(path, key, amount(500)).await;
        assert_eq!(done.status, 201, "what is done stays done");
    }
}
