//! The authorization code grant.

use chrono::TimeDelta;
use identity::role::Role;
use serde_json::json;

use crate::callers::authorization_with;
use crate::world::{CALLBACK, ISSUER, VERIFIER, World, start_of_day, verified};

#[tokio::test]
async fn a_code_gives_tokens_that_say_who_signed_in() {
    let world = World::new().await;
    let barista = world.person(Role::Barista, &[uuid::Uuid::nil()]).await;
    let answer = world.tokens_of(barista).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let body = answer.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 300);
    assert_eq!(body["scope"], "email openid profile");
    assert_eq!(answer.text("refresh_token").len(), 43);

    let now = start_of_day().timestamp();
    let (header, access) = verified(&world, &answer.text("access_token")).await;
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!("EdDSA"), &json!("at+jwt"))
    );
    for (claim, value) in [
        ("iss", json!(ISSUER)),
        ("aud", json!("bff")),
        ("client_id", json!("bff")),
        ("sub", json!(barista.0)),
        ("iat", json!(now)),
        ("exp", json!(now + 300)),
        ("roles", json!(["barista"])),
        ("stores", json!([uuid::Uuid::nil()])),
    ] {
        assert_eq!(access[claim], value, "{claim}");
    }
    assert!(access["jti"].is_string() && access.get("act").is_none());

    let (header, id) = verified(&world, &answer.text("id_token")).await;
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!("RS256"), &json!("JWT"))
    );
    for (claim, value) in [
        ("iss", json!(ISSUER)),
        ("aud", json!("bff")),
        ("sub", json!(barista.0)),
        ("nonce", json!("n-1")),
        ("name", json!("Ada")),
        ("email", json!(format!("{barista}@crema.example"))),
        ("roles", json!(["barista"])),
        ("auth_time", json!(now)),
        ("sid", access["sid"].clone()),
    ] {
        assert_eq!(id[claim], value, "{claim}");
    }
}

#[tokio::test]
async fn only_what_was_asked_for_is_told() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    let answer = browser
        .authorize(&authorization_with("scope", "openid order:place"))
        .await;
    let answer = world
        .bff()
        .redeem(&answer.sent("code").expect("a code"))
        .await;
    assert_eq!(answer.text("scope"), "openid");
    let (_, id) = verified(&world, &answer.text("id_token")).await;
    assert!(id.get("email").is_none() && id.get("name").is_none());
}

#[tokio::test]
async fn a_code_is_good_once_and_its_second_use_ends_what_the_first_gave() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let code = world.signed_in(customer).await.code().await;
    let first = world.bff().redeem(&code).await;
    let access = first.text("access_token");
    assert_eq!(world.bff().exchange(&access, "order").await.status, 200);

    world
        .bff()
        .redeem(&code)
        .await
        .refused(400, "invalid_grant");
    world
        .bff()
        .refresh(&first.text("refresh_token"))
        .await
        .refused(400, "invalid_grant");
    world
        .bff()
        .exchange(&access, "order")
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_code_is_good_for_a_minute() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    let (in_time, too_late) = (browser.code().await, browser.code().await);
    world.clock.advance(TimeDelta::seconds(59));
    assert_eq!(world.bff().redeem(&in_time).await.status, 200);
    world.clock.advance(TimeDelta::seconds(1));
    world
        .bff()
        .redeem(&too_late)
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_code_needs_its_own_verifier_and_redirect_uri() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    let other = "0123456789012345678901234567890123456789012";
    let near = "https://localhost:8443/api/session/callback/";
    let code = browser.code().await;
    for (uri, verifier) in [(CALLBACK, other), (near, VERIFIER)] {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", uri),
            ("code_verifier", verifier),
        ];
        world.bff().token(&form).await.refused(400, "invalid_grant");
    }
    for missing in ["code", "redirect_uri", "code_verifier"] {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        form.retain(|(name, _)| *name != missing);
        world
            .bff()
            .token(&form)
            .await
            .refused(400, "invalid_request");
    }
    world
        .bff()
        .redeem("made-up")
        .await
        .refused(400, "invalid_grant");
    // None of these used it up.
    assert_eq!(world.bff().redeem(&code).await.status, 200);
}

#[tokio::test]
async fn a_code_dies_with_the_session() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let mut browser = world.signed_in(customer).await;
    let code = browser.code().await;
    browser.post("/sign-out", &[]).await;
    world
        .bff()
        .redeem(&code)
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn two_redemptions_at_once_give_one_grant_or_none() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let code = world.signed_in(customer).await.code().await;
    let bff = world.bff();
    let (one, two) = tokio::join!(bff.redeem(&code), bff.redeem(&code));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
}
