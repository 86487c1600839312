//! Confirming an address.

use chrono::TimeDelta;
use identity::opaque;
use serde_json::json;

use crate::ada::{self, ADDRESS, mail};
use crate::events::published;
use crate::world::{World, verified};

async fn claims(world: &World) -> serde_json::Value {
    let code = ada::signs_in(world).await.code().await;
    let tokens = world.bff().redeem(&code).await;
    verified(world, &tokens.text("id_token")).await.1
}

#[tokio::test]
async fn the_button_confirms_once_and_looking_does_not() {
    let world = World::new().await;
    ada::registers(&world).await;
    assert_eq!(claims(&world).await["email_verified"], json!(false));
    let letters = mail(&world).await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0].to, ADDRESS);
    assert_eq!(letters[0].letter.subject, "Confirm your e-mail address");
    assert_eq!(letters[0].token().len(), 43, "256 bits");

    let mut browser = world.browser();
    for _ in 0..2 {
        let page = browser.get(letters[0].link()).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains(r#"action="/verify-email""#));
    }
    assert_eq!(claims(&world).await["email_verified"], json!(false));
    let form = [("token", letters[0].token())];
    let answer = browser.post("/verify-email", &form).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(claims(&world).await["email_verified"], json!(true));
    assert_eq!(browser.post("/verify-email", &form).await.status, 422);
    let updates: Vec<_> = published(&world)
        .await
        .into_iter()
        .filter(|event| event["type"] == "user.updated.v1")
        .collect();
    assert_eq!(updates.len(), 1, "{updates:?}");
    assert_eq!(updates[0]["data"]["email_verified"], json!(true));
}

#[tokio::test]
async fn a_link_is_good_for_a_day_and_for_its_own_purpose() {
    let world = World::new().await;
    ada::registers(&world).await;
    let letter = mail(&world).await.remove(0);
    let elsewhere = [("token", letter.token()), ("password", "analytical engine")];
    let answer = world.browser().post("/reset-password", &elsewhere).await;
    assert_eq!(answer.status, 422);
    world.clock.advance(TimeDelta::days(1));
    let form = [("token", letter.token())];
    let answer = world.browser().post("/verify-email", &form).await;
    assert_eq!(answer.status, 422);
    assert_eq!(claims(&world).await["email_verified"], json!(false));
    for token in ["", "made-up"] {
        let answer = world
            .browser()
            .post("/verify-email", &[("token", token)])
            .await;
        assert_eq!(answer.status, 422, "{token}");
    }
}

#[tokio::test]
async fn no_token_is_in_the_database() {
    let world = World::new().await;
    ada::registers(&world).await;
    let rows = "select coalesce(jsonb_agg(m), '[]')::text from mails m";
    let queued: String = sqlx::query_scalar(rows)
        .fetch_one(&world.app.db)
        .await
        .expect("rows");
    assert!(
        queued.contains(ADDRESS) && !queued.contains("token"),
        "{queued}"
    );
    let letter = mail(&world).await.remove(0);
    let left: String = sqlx::query_scalar(rows)
        .fetch_one(&world.app.db)
        .await
        .expect("rows");
    assert_eq!(left, "[]");
    let stored: Vec<u8> = sqlx::query_scalar("select hash from links")
        .fetch_one(&world.app.db)
        .await
        .expect("a link");
    assert_eq!(stored, opaque::hash(letter.token()));
}

#[tokio::test]
async fn who_registers_with_a_known_address_is_answered_as_ever_and_the_address_is_told() {
    let world = World::new().await;
    let first = ada::registers(&world).await;
    mail(&world).await;
    let second = ada::registers(&world).await;
    assert_eq!((first.headers, first.body), (second.headers, second.body));
    let letters = mail(&world).await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0].to, ADDRESS);
    assert_eq!(letters[0].letter.subject, "You have an account already");
    assert!(!letters[0].letter.body.contains("token="));
}

#[tokio::test]
async fn asking_again_is_answered_alike_and_reaches_only_who_needs_it() {
    let world = World::new().await;
    ada::registers(&world).await;
    mail(&world).await;
    let ask = async |email| {
        let form = [("email", email)];
        let answer = world.browser().post("/verify-email/again", &form).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        (answer.headers, answer.body)
    };
    let known = ask(ADDRESS).await;
    assert_eq!(known, ask("bob@example.com").await);
    assert_eq!(mail(&world).await.len(), 0, "one a minute is enough");
    world.clock.advance(TimeDelta::minutes(1));
    ask(ADDRESS).await;
    let letter = mail(&world).await.remove(0);
    let form = [("token", letter.token())];
    world.browser().post("/verify-email", &form).await;
    world.clock.advance(TimeDelta::minutes(1));
    assert_eq!(known, ask(ADDRESS).await);
    assert_eq!(mail(&world).await.len(), 0, "it is confirmed already");
    let list = [("email", "a;b@c.d")];
    let answer = world.browser().post("/verify-email/again", &list).await;
    assert_eq!(answer.status, 422);
}
