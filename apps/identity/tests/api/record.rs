//! What people do with their accounts: what others are told of it, and what is on record.

use serde_json::json;
use uuid::Uuid;

use crate::ada::{self, ADDRESS, PASSWORD, mail};
use crate::audit::{flaw, kinds};
use crate::callers::Browser;
use crate::events::{published, told_of};
use crate::reset_password::link;
use crate::second_factor::{codes_on, half_way, next_step, with_factor};
use crate::world::World;
use identity::paths::SHOP;

const NEW: &str = "analytical engine";
const NEWEST: &str = "difference engine";

/// The reasons of all sessions that ended, in their order.
async fn reasons(world: &World) -> Vec<String> {
    let events = published(world).await;
    let ended = events
        .iter()
        .filter(|event| event["type"] == "identity.session.revoked.v1");
    ended
        .map(|event| event["data"]["reason"].as_str().expect("text").to_owned())
        .collect()
}

async fn signs_in_with<'a>(world: &'a World, password: &str) -> Browser<'a> {
    let (browser, answer) = ada::gives(world, password).await;
    assert_eq!(answer.location(), SHOP, "{answer:?}");
    browser
}

#[tokio::test]
async fn every_session_that_ends_in_the_account_is_told_with_its_reason_and_once() {
    let world = World::new().await;
    let operator = world.operator().await;
    ada::registers(&world).await;
    mail(&world).await;
    let ada = ada::id(&world).await.0;

    signs_in_with(&world, PASSWORD).await;
    let mut here = signs_in_with(&world, PASSWORD).await;
    for _ in 0..2 {
        here.post("/account/sessions/end", &[]).await;
    }
    signs_in_with(&world, PASSWORD).await;
    let form = [("old_password", PASSWORD), ("password", NEW)];
    assert_eq!(here.post("/account/password", &form).await.status, 303);
    assert_eq!(
        reasons(&world).await,
        ["signed_out_elsewhere", "password_changed"],
        "and not the one in which it was changed"
    );
    mail(&world).await;
    let letter = link(&world).await;
    let form = [("token", letter.token()), ("password", NEWEST)];
    world.browser().post("/reset-password", &form).await;
    signs_in_with(&world, NEWEST).await;
    let roles = json!({
        "roles": ["customer"],
        "staff": [{"store_id": Uuid::nil(), "role": "barista"}],
    });
    let path = format!("/v1/users/{ada}");
    let version = operator.get(&path).await.json()["version"].clone();
    let version = version.as_i64().expect("a version");
    let answer = operator
        .put(&format!("{path}/roles"), version, &roles)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut last = signs_in_with(&world, NEWEST).await;
    let answer = last.post("/account/delete", &[("password", NEWEST)]).await;
    assert_eq!(answer.status, 200, "{answer:?}");

    assert_eq!(
        reasons(&world).await,
        [
            "signed_out_elsewhere",
            "password_changed",
            "password_changed",
            "roles_changed",
            "account_deleted",
        ]
    );
    assert_eq!(
        told_of(&world, ada).await,
        [
            "user.registered.v1",
            "user.logged_in.v1",
            "user.logged_in.v1",
            "user.logged_in.v1",
            "user.password_changed.v1",
            "user.password_changed.v1",
            "user.logged_in.v1",
            "user.updated.v1",
            "user.logged_in.v1",
            "user.deleted.v1",
        ]
    );
}

#[tokio::test]
async fn what_matters_in_an_account_is_on_record_in_its_order() {
    let world = World::new().await;
    let (secret, codes) = with_factor(&world).await;
    let before = kinds(&world).await;
    assert_eq!(before, ["registered", "signed_in", "second_factor_on"]);

    let mut browser = half_way(&world).await;
    browser.address = Some("203.0.113.77");
    for _ in 0..6 {
        let wrong = [("code", "000000")];
        browser.post("/sign-in/code", &wrong).await;
    }
    next_step(&world);
    let code = secret.code(world.clock.now());
    browser.post("/sign-in/code", &[("code", &code)]).await;
    let form = [("code", codes[0].as_str())];
    let page = browser
        .post("/account/security/recovery-codes", &form)
        .await;
    let fresh = codes_on(&page);
    let form = [("code", fresh[0].as_str())];
    browser.post("/account/security/remove", &form).await;
    let form = [("old_password", PASSWORD), ("password", NEW)];
    browser.post("/account/password", &form).await;
    let form = [("email", ADDRESS)];
    browser.post("/verify-email/again", &form).await;
    world.clock.advance(chrono::TimeDelta::minutes(1));
    let again = mail(&world).await;
    let again = again
        .iter()
        .find(|sent| sent.letter.body.contains("token="));
    let form = [("token", again.expect("a link").token())];
    browser.post("/verify-email", &form).await;
    let form = [("email", ADDRESS)];
    browser.post("/forgot-password", &form).await;
    let letter = mail(&world).await.remove(0);
    let form = [("token", letter.token()), ("password", NEWEST)];
    browser.post("/reset-password", &form).await;
    let form = [("email", ADDRESS), ("password", NEWEST)];
    browser.post("/sign-in", &form).await;
    browser.post("/account/delete", &form[1..]).await;

    assert_eq!(
        kinds(&world).await[before.len()..],
        [
            "password_accepted",
            "second_factor_refused",
            "second_factor_refused",
            "second_factor_refused",
            "second_factor_refused",
            "second_factor_refused",
            "second_factor_refused",
            "signed_in",
            "recovery_codes_renewed",
            "second_factor_off",
            "session_ended",
            "password_changed",
            "mail_asked",
            "address_confirmed",
            "mail_asked",
            "session_ended",
            "password_reset",
            "signed_in",
            "session_ended",
            "account_deleted",
        ]
    );
    assert_eq!(flaw(&world).await, None);
    let rows: Vec<String> = sqlx::query_scalar("select audit::text from audit order by position")
        .fetch_all(&world.app.db)
        .await
        .expect("the audit");
    for personal in ["Ada", "ada@", "example"] {
        assert!(!rows.join("\n").contains(personal), "{personal}");
    }
    let from: Vec<(Option<String>, Option<String>)> = sqlx::query_as(
        "select network, detail from audit where kind in ('mail_asked', 'second_factor_refused') order by position",
    )
    .fetch_all(&world.app.db)
    .await
    .expect("the audit");
    let row = |detail: Option<&str>| (Some("203.0.113.0/24".to_owned()), detail.map(str::to_owned));
    assert_eq!(from[4..6], [row(None), row(Some("barred"))]);
    assert_eq!(
        from[6..],
        [row(Some("confirm_address")), row(Some("reset_password"))]
    );
}

#[tokio::test]
async fn asking_for_mail_is_recorded_alike_for_every_address() {
    let world = World::new().await;
    ada::registers(&world).await;
    for email in [ADDRESS, "nobody@example.com"] {
        world
            .browser()
            .post("/forgot-password", &[("email", email)])
            .await;
    }
    let rows: Vec<(bool, bool)> = sqlx::query_as(
        "select person_id is null, account is not null from audit where kind = 'mail_asked'",
    )
    .fetch_all(&world.app.db)
    .await
    .expect("the audit");
    assert_eq!(rows, [(true, true); 2]);
}

#[tokio::test]
async fn the_export_has_what_is_on_record_about_her_and_nobody_elses() {
    let world = World::new().await;
    world.customer_tokens().await;
    ada::registers(&world).await;
    let data = ada::signs_in(&world)
        .await
        .get("/account/export")
        .await
        .json();
    let record = data["record"].as_array().expect("a list");
    let kinds: Vec<_> = record.iter().map(|row| &row["what"]).collect();
    assert_eq!(kinds, ["registered", "signed_in"]);
}
