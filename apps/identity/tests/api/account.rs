//! The account's own page: sessions, the data, the end.

use identity::role::Role;
use serde_json::json;

use crate::ada::{self, ADDRESS, PASSWORD, mail};
use crate::callers::authorization;
use crate::world::World;

/// The id of the only other session that the page offers to end.
fn other_session(body: &str) -> String {
    let mut ids = body.split(r#"name="session" value=""#).skip(1);
    let id = ids.next().expect("another session").split('"').next();
    assert!(ids.next().is_none(), "{body}");
    id.expect("an id").to_owned()
}

async fn is_in(browser: &crate::callers::Browser<'_>) -> bool {
    browser
        .authorize(&authorization())
        .await
        .sent("code")
        .is_some()
}

async fn with_ada() -> World {
    let world = World::new().await;
    ada::registers(&world).await;
    mail(&world).await;
    world
}

#[tokio::test]
async fn it_shows_who_she_is_and_where_she_is_signed_in() {
    let world = with_ada().await;
    let browser = ada::signs_in(&world).await;
    let page = browser.get("/account").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["cache-control"], "no-store");
    for text in [
        "<dd>Ada</dd>",
        ADDRESS,
        "not confirmed",
        "(this browser)",
        "2 March 2026, 06:30 UTC",
    ] {
        assert!(page.body.contains(text), "{text} in {}", page.body);
    }
    assert!(!page.body.contains("Sign out there") && !page.body.contains("everywhere else"));
    ada::signs_in(&world).await;
    let page = browser.get("/account").await;
    assert!(page.body.contains("Sign out there") && page.body.contains("everywhere else"));
}

#[tokio::test]
async fn one_other_session_ends_with_its_tokens_and_the_rest_stays() {
    let world = with_ada().await;
    let first = ada::signs_in(&world).await;
    let tokens = world.bff().redeem(&first.code().await).await;
    let mut here = ada::signs_in(&world).await;
    let id = other_session(&here.get("/account").await.body);
    let answer = here
        .post("/account/sessions/end", &[("session", &id)])
        .await;
    assert_eq!(answer.location(), "/account");
    assert!(!is_in(&first).await && is_in(&here).await);
    let access = tokens.text("access_token");
    world
        .bff()
        .exchange(&access, "order")
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn all_other_sessions_end_at_once() {
    let world = with_ada().await;
    let (one, two) = (ada::signs_in(&world).await, ada::signs_in(&world).await);
    let mut here = ada::signs_in(&world).await;
    let answer = here.post("/account/sessions/end", &[]).await;
    assert_eq!(answer.status, 303);
    assert!(!is_in(&one).await && !is_in(&two).await && is_in(&here).await);
}

#[tokio::test]
async fn nobody_ends_the_session_of_another() {
    let world = with_ada().await;
    let ada = ada::signs_in(&world).await;
    ada::signs_in(&world).await;
    let id = other_session(&ada.get("/account").await.body);
    let eve = world.person(Role::Admin, &[]).await;
    let mut eve = world.signed_in(eve).await;
    for id in [id.as_str(), "0190a000-0000-7000-8000-0000000000aa", "no id"] {
        let answer = eve.post("/account/sessions/end", &[("session", id)]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.location()),
            (303, "/account")
        );
    }
    assert_eq!(other_session(&ada.get("/account").await.body), id);
    assert!(is_in(&eve).await, "and hers stays too");
}

#[tokio::test]
async fn the_export_has_all_of_hers_and_nothing_to_sign_in_with() {
    let world = with_ada().await;
    world.person(Role::Customer, &[]).await;
    let browser = ada::signs_in(&world).await;
    browser.code().await;
    let answer = browser.get("/account/export").await;
    assert_eq!(
        answer.headers["content-disposition"],
        r#"attachment; filename="crema-account.json""#
    );
    assert_eq!(answer.headers["cache-control"], "no-store");
    let data = answer.json();
    assert_eq!(data["id"], json!(ada::id(&world).await.0));
    assert_eq!(
        (&data["name"], &data["email"]),
        (&json!("Ada"), &json!(ADDRESS))
    );
    assert_eq!(data["roles"], json!(["customer"]));
    assert_eq!(data["sessions"][0]["applications"][0]["application"], "bff");
    let cookie = browser.cookie.expect("a cookie");
    let cookie = cookie.split_once('=').expect("a value").1;
    for secret in ["argon2id", "hash", "cookie", cookie] {
        assert!(!answer.body.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn deleting_takes_the_password_and_leaves_an_id_alone() {
    let world = with_ada().await;
    let id = ada::id(&world).await;
    let mut browser = ada::signs_in(&world).await;
    let tokens = world.bff().redeem(&browser.code().await).await;
    let wrong = browser
        .post("/account/delete", &[("password", "not hers")])
        .await;
    assert_eq!(wrong.status, 422);
    assert!(is_in(&browser).await);

    let answer = browser
        .post("/account/delete", &[("password", PASSWORD)])
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(browser.cookie.as_deref(), Some("__Host-crema-id="));
    let refresh = tokens.text("refresh_token");
    world
        .bff()
        .refresh(&refresh)
        .await
        .refused(400, "invalid_grant");
    let access = tokens.text("access_token");
    world
        .bff()
        .exchange(&access, "order")
        .await
        .refused(400, "invalid_grant");
    assert_eq!(ada::gives(&world, PASSWORD).await.1.status, 422);
    let letters = mail(&world).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].letter.subject, "Your account was deleted");

    let tombstone: uuid::Uuid = sqlx::query_scalar("select id from erased_people")
        .fetch_one(&world.app.db)
        .await
        .expect("a tombstone");
    assert_eq!(tombstone, id.0);
    for table in [
        "people", "roles", "staff", "sessions", "grants", "links", "mails",
    ] {
        let sql = format!("select count(*) from {table}");
        let left: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(&world.app.db)
            .await
            .expect("a count");
        assert_eq!(left, 0, "{table}");
    }
    ada::registers(&world).await;
    assert_ne!(ada::id(&world).await, id, "a new person");
}
