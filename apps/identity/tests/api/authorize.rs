//! The authorization endpoint.

use chrono::TimeDelta;
use http::header;
use identity::role::Role;

use crate::callers::{authorization, authorization_with, encode};
use crate::world::{CALLBACK, ISSUER, World};

#[tokio::test]
async fn a_signed_in_person_goes_back_with_a_code() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    let answer = browser.authorize(&authorization()).await;
    assert_eq!(answer.status, 303);
    assert!(answer.location().starts_with(&format!("{CALLBACK}?")));
    assert_eq!(answer.sent("code").map(|code| code.len()), Some(43));
    assert_eq!(answer.sent("state").as_deref(), Some("s-1 &="));
    assert_eq!(answer.sent("iss").as_deref(), Some(ISSUER));
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(answer.headers[header::REFERRER_POLICY], "no-referrer");
}

#[tokio::test]
async fn others_sign_in_first_and_come_back() {
    let world = World::new().await;
    let answer = world.browser().authorize(&authorization()).await;
    assert_eq!(answer.status, 303);
    assert!(
        answer
            .location()
            .starts_with("/sign-in?return=%2Foauth2%2Fauthorize%3F")
    );
    let back = format!("/oauth2/authorize?{}", encode(&authorization()));
    assert_eq!(answer.sent("return"), Some(back));
    let mut forged = world.browser();
    forged.cookie = Some("__Host-crema-id=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned());
    let answer = forged.authorize(&authorization()).await;
    assert!(answer.location().starts_with("/sign-in?"));
}

#[tokio::test]
async fn an_address_that_is_not_registered_gets_nothing() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    let mut refused = vec![
        authorization_with("client_id", ""),
        authorization_with("client_id", "nobody"),
        authorization_with("client_id", "order"),
        authorization_with("redirect_uri", ""),
    ];
    for uri in [
        "https://evil.example/api/session/callback",
        "https://localhost:8443/api/session/callback/",
        "https://localhost:8443/api/session/callback?x=1",
        "https://localhost:443/api/session/callback",
        "https://LOCALHOST:8443/api/session/callback",
        "https://localhost:8443/API/session/callback",
        "http://localhost:8443/api/session/callback",
        "/api/session/callback",
        "javascript:alert(1)",
    ] {
        refused.push(authorization_with("redirect_uri", uri));
    }
    let mut twice = authorization();
    twice.push(("redirect_uri", CALLBACK));
    refused.push(twice);
    for request in refused {
        let answer = browser.authorize(&request).await;
        assert_eq!(answer.status, 400, "{request:?}");
        assert!(
            !answer.headers.contains_key(header::LOCATION),
            "{request:?}"
        );
    }
}

#[tokio::test]
async fn mistakes_are_told_to_the_client() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    for (name, value, error) in [
        ("response_type", "", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "code token", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("request", "e30.e30.", "request_not_supported"),
        ("request_uri", "urn:x", "request_uri_not_supported"),
        ("registration", "{}", "registration_not_supported"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "too-short", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("scope", "", "invalid_scope"),
        ("scope", "order:place", "invalid_scope"),
        ("prompt", "none login", "invalid_request"),
        ("max_age", "soon", "invalid_request"),
        ("nonce", "a\0b", "invalid_request"),
    ] {
        let answer = browser.authorize(&authorization_with(name, value)).await;
        assert_eq!(answer.status, 303, "{name}={value}");
        assert!(answer.location().starts_with(CALLBACK), "{name}={value}");
        assert_eq!(
            answer.sent("error").as_deref(),
            Some(error),
            "{name}={value}"
        );
        assert_eq!(answer.sent("state").as_deref(), Some("s-1 &="));
        assert_eq!(answer.sent("iss").as_deref(), Some(ISSUER));
        assert_eq!(answer.sent("code"), None);
    }
}

#[tokio::test]
async fn repeated_parameters_are_refused() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    for (name, value) in [("state", "other"), ("scope", "openid"), ("unknown", "1")] {
        let mut request = authorization();
        request.extend([(name, value), (name, value)]);
        let answer = browser.authorize(&request).await;
        assert_eq!(
            answer.sent("error").as_deref(),
            Some("invalid_request"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn prompt_and_max_age_are_honoured() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let silent = authorization_with("prompt", "none");
    let answer = world.browser().authorize(&silent).await;
    assert_eq!(answer.sent("error").as_deref(), Some("login_required"));

    let browser = world.signed_in(customer).await;
    assert!(browser.authorize(&silent).await.sent("code").is_some());
    let answer = browser
        .authorize(&authorization_with("prompt", "login"))
        .await;
    let back = answer.sent("return").expect("to the sign-in page");
    assert!(back.contains("prompt=login") && back.contains("&first_seen="));

    world.clock.advance(TimeDelta::seconds(61));
    let stale = browser
        .authorize(&authorization_with("max_age", "60"))
        .await;
    assert!(stale.location().starts_with("/sign-in?"));
    assert!(
        browser
            .authorize(&authorization_with("max_age", "61"))
            .await
            .sent("code")
            .is_some()
    );
}

#[tokio::test]
async fn a_sign_in_ends_after_twelve_hours() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    world
        .clock
        .advance(TimeDelta::hours(12) - TimeDelta::seconds(1));
    assert!(
        browser
            .authorize(&authorization())
            .await
            .sent("code")
            .is_some()
    );
    world.clock.advance(TimeDelta::seconds(1));
    assert!(
        browser
            .authorize(&authorization())
            .await
            .location()
            .starts_with("/sign-in?")
    );
}
