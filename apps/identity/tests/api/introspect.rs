//! Introspection (RFC 7662).

use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use identity::role::Role;
use identity::token::AccessClaims;
use serde_json::{Value, json};

use crate::world::{ISSUER, World, start_of_day, verified};

/// RFC 7662 §2.2: of a token that is not good, nothing but that.
fn inactive() -> Value {
    json!({"active": false})
}

#[tokio::test]
async fn a_good_access_token_is_described() {
    let world = World::new().await;
    let barista = world.person(Role::Barista, &[uuid::Uuid::nil()]).await;
    let tokens = world.tokens_of(barista).await;
    let access = tokens.text("access_token");
    let (_, claims) = verified(&world, &access).await;
    let now = start_of_day().timestamp();
    let expected = json!({
        "active": true,
        "token_type": "Bearer",
        "iss": ISSUER,
        "aud": "bff",
        "sub": barista.0,
        "client_id": "bff",
        "scope": "email openid profile",
        "iat": now,
        "exp": now + 300,
        "jti": claims["jti"],
        "sid": claims["sid"],
        "roles": ["barista"],
        "stores": [uuid::Uuid::nil()],
    });
    assert_eq!(world.bff().introspect(&access).await, expected);
}

#[tokio::test]
async fn a_good_refresh_token_is_described_and_not_used_by_it() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let tokens = world.tokens_of(customer).await;
    let (_, claims) = verified(&world, &tokens.text("access_token")).await;
    let first = tokens.text("refresh_token");
    let lost = world.bff().refresh(&first).await.text("refresh_token");
    let now = start_of_day().timestamp();
    let expected = json!({
        "active": true,
        "iss": ISSUER,
        "sub": customer.0,
        "client_id": "bff",
        "scope": "email openid profile",
        "iat": now,
        "exp": now + 12 * 3600,
        "sid": claims["sid"],
    });
    for _ in 0..2 {
        assert_eq!(world.bff().introspect(&lost).await, expected);
    }
    assert_eq!(world.bff().introspect(&first).await, inactive(), "replaced");
    // Its predecessor is still good for another try: nobody has used it.
    let again = world.bff().refresh(&first).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(
        world.bff().introspect(&lost).await,
        inactive(),
        "superseded"
    );
}

#[tokio::test]
async fn asking_about_an_access_token_is_no_use_of_it_either() {
    let world = World::new().await;
    let first = world.customer_tokens().await.text("refresh_token");
    let lost = world.bff().refresh(&first).await;
    let told = world.bff().introspect(&lost.text("access_token")).await;
    assert_eq!(told["active"], true);
    assert_eq!(world.bff().refresh(&first).await.status, 200);
}

#[tokio::test]
async fn a_resource_server_learns_of_the_tokens_that_are_for_it_and_of_no_others() {
    let world = World::new().await;
    let access = world.customer_tokens().await.text("access_token");
    let for_order = world.bff().exchange(&access, "order").await;
    let for_order = for_order.text("access_token");
    for asker in ["order", "bff"] {
        let told = world.client(asker).introspect(&for_order).await;
        assert_eq!(told["active"], true, "{asker}");
        assert_eq!(told["aud"], "order");
        assert_eq!(told["act"], json!({"sub": "bff"}));
        assert_eq!(
            told["scope"],
            "order:cancel order:place order:read order:slots"
        );
        assert!(
            told.get("grant").is_none(),
            "it is nobody else's business: {told}"
        );
    }
    let for_catalog = world.bff().exchange(&access, "catalog").await;
    let for_catalog = for_catalog.text("access_token");
    for foreign in [&for_catalog, &access] {
        assert_eq!(world.client("order").introspect(foreign).await, inactive());
    }
}

#[tokio::test]
async fn a_services_own_token_is_good_until_it_expires() {
    let world = World::new().await;
    let form = [
        ("grant_type", "client_credentials"),
        ("audience", "catalog"),
    ];
    let order = world.client("order");
    let token = order.token(&form).await.text("access_token");
    let told = order.introspect(&token).await;
    assert_eq!(
        (&told["active"], &told["sub"], &told["scope"]),
        (&json!(true), &json!("order"), &json!("catalog:quote"))
    );
    assert_eq!(world.bff().introspect(&token).await, inactive());
    world.clock.advance(TimeDelta::seconds(300));
    assert_eq!(order.introspect(&token).await, inactive());
}

#[tokio::test]
async fn whatever_is_not_a_good_token_is_inactive_and_no_more() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    let unused_code = browser.code().await;
    let tokens = world.bff().redeem(&browser.code().await).await;
    let access = tokens.text("access_token");
    let another_issuers =
        testkit::Issuer::new().token("bff", |claims| claims.person(customer.0, "admin"));
    let without_grant = {
        let (_, claims) = verified(&world, &access).await;
        let mut claims: AccessClaims = serde_json::from_value(claims).expect("our claims");
        if let Some(person) = &mut claims.person {
            person.grant = None;
        }
        world.app.mint.access(&claims).expect("signed")
    };
    for token in [
        "made-up",
        "a.b.c",
        "\0",
        &unused_code,
        &tokens.text("id_token"),
        &another_issuers,
        &without_grant,
        &format!("{access}x"),
        &access[..access.len() - 1],
        &"x".repeat(5000),
    ] {
        let told = world.bff().introspect(token).await;
        assert_eq!(told, inactive(), "{token}");
    }
    world.clock.advance(TimeDelta::seconds(300));
    assert_eq!(world.bff().introspect(&access).await, inactive());
    let refresh = tokens.text("refresh_token");
    assert_eq!(world.bff().introspect(&refresh).await["active"], true);
    world.clock.advance(TimeDelta::hours(12));
    assert_eq!(world.bff().introspect(&refresh).await, inactive());
}

#[tokio::test]
async fn a_revoked_grant_is_inactive_at_once_whatever_the_cache_holds() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    let ended = world.bff().redeem(&browser.code().await).await;
    let other = world.bff().redeem(&browser.code().await).await;
    let access = ended.text("access_token");
    let exchanged = world.bff().exchange(&access, "order").await;
    let exchanged = exchanged.text("access_token");
    // The cache keeps that the grant stands, and can't be told otherwise.
    assert_eq!(world.redis.len(), 1);
    world.redis.down.store(true, Ordering::SeqCst);
    let form = [("token", &*access)];
    let revoked = world.bff().post("/oauth2/revoke", &form).await;
    assert_eq!(revoked.status, 200);
    world.redis.down.store(false, Ordering::SeqCst);
    assert_eq!(world.redis.len(), 1);
    for dead in [&access, &exchanged, &ended.text("refresh_token")] {
        assert_eq!(world.bff().introspect(dead).await, inactive());
    }
    assert_eq!(
        world.client("order").introspect(&exchanged).await,
        inactive()
    );
    // Another grant of the same sign-in is another matter.
    for alive in ["access_token", "refresh_token"] {
        let told = world.bff().introspect(&other.text(alive)).await;
        assert_eq!(told["active"], true, "{alive}");
    }
}

#[tokio::test]
async fn what_a_stolen_refresh_token_gave_is_inactive_with_its_family() {
    let world = World::new().await;
    let first = world.customer_tokens().await.text("refresh_token");
    let second = world.bff().refresh(&first).await;
    let access = second.text("access_token");
    let exchanged = world.bff().exchange(&access, "order").await;
    let exchanged = exchanged.text("access_token");
    world
        .bff()
        .refresh(&first)
        .await
        .refused(400, "invalid_grant");
    for dead in [&access, &exchanged, &second.text("refresh_token")] {
        assert_eq!(world.bff().introspect(dead).await, inactive());
    }
}

#[tokio::test]
async fn a_session_that_ended_takes_all_its_tokens_with_it() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let mut browser = world.signed_in(customer).await;
    let tokens = world.bff().redeem(&browser.code().await).await;
    let access = tokens.text("access_token");
    let exchanged = world.bff().exchange(&access, "order").await;
    let exchanged = exchanged.text("access_token");
    browser.post("/sign-out", &[]).await;
    for dead in [&access, &exchanged, &tokens.text("refresh_token")] {
        assert_eq!(world.bff().introspect(dead).await, inactive());
    }
}

/// RFC 7662 §2.1 and §2.3.
#[tokio::test]
async fn only_a_client_that_proves_who_it_is_may_ask() {
    let world = World::new().await;
    let access = world.customer_tokens().await.text("access_token");
    let mut stranger = world.bff();
    for credentials in [
        None,
        Some("bff:wrong"),
        Some("catalog:the secret of catalog"),
    ] {
        stranger.credentials = credentials.map(str::to_owned);
        let form = [("token", &*access)];
        let answer = stranger.post("/oauth2/introspect", &form).await;
        answer.refused(401, "invalid_client");
    }
    world
        .bff()
        .post("/oauth2/introspect", &[])
        .await
        .refused(400, "invalid_request");
    let hinted = [("token", &*access), ("token_type_hint", "refresh_token")];
    let told = world.bff().post("/oauth2/introspect", &hinted).await;
    assert_eq!(told.json()["active"], true, "a hint is only a hint");
}
