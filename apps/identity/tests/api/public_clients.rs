//! Clients that can't keep a secret: programs on people's own devices.

use serde_json::json;

use crate::callers::Browser;
use crate::foreign::{Foreign, customer, registration_with, says, userinfo};
use crate::world::{ACCESS_TOKEN, Answer, EXCHANGE, World};

const LOOPBACK: &str = "http://127.0.0.1/callback";
const SCHEME: &str = "com.example.beans:/callback";

async fn app(world: &World) -> Foreign<'_> {
    let operator = world.operator().await;
    let mut said = registration_with("kind", json!("public"));
    said["redirect_uris"] = json!([LOOPBACK, SCHEME]);
    Foreign::of(world, &operator, &said).await
}

/// The answer that arrives at this address when a person allows the app to know her.
async fn allowed(app: &Foreign<'_>, browser: &mut Browser<'_>, uri: &str) -> Answer {
    let request = app.request("openid", &[("redirect_uri", uri)]);
    let page = browser.authorize(&request).await;
    says(browser, &page, "allow").await
}

#[tokio::test]
async fn its_id_and_pkce_are_all_it_needs() {
    let world = World::new().await;
    let app = app(&world).await;
    for uri in [LOOPBACK, SCHEME, "http://127.0.0.1:51004/callback"] {
        let mut browser = customer(&world).await;
        let back = allowed(&app, &mut browser, uri).await;
        assert!(back.location().starts_with(&format!("{uri}?")), "{back:?}");
        let code = back.sent("code").expect("a code");
        let tokens = app.redeem(&code, uri).await;
        assert_eq!(tokens.status, 200, "{uri}: {tokens:?}");
        let access = tokens.text("access_token");
        assert_eq!(userinfo(&world, &access).await.status, 200);

        let refresh = tokens.text("refresh_token");
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str()),
            ("client_id", app.id.as_str()),
        ];
        let refreshed = app.client().token(&form).await;
        assert_eq!(refreshed.status, 200, "{refreshed:?}");
        let refresh = refreshed.text("refresh_token");
        let form = [("token", &*refresh), ("client_id", app.id.as_str())];
        let revoked = app.client().post("/oauth2/revoke", &form).await;
        assert_eq!(revoked.status, 200);
        let access = refreshed.text("access_token");
        assert_eq!(userinfo(&world, &access).await.status, 401);
    }
}

#[tokio::test]
async fn the_port_of_the_request_is_the_port_of_the_code() {
    let world = World::new().await;
    let app = app(&world).await;
    let mut browser = customer(&world).await;
    let uri = "http://127.0.0.1:51004/callback";
    let code = allowed(&app, &mut browser, uri).await.sent("code");
    let code = code.expect("a code");
    for other in [LOOPBACK, "http://127.0.0.1:51005/callback"] {
        app.redeem(&code, other).await.refused(400, "invalid_grant");
    }
    assert_eq!(app.redeem(&code, uri).await.status, 200);
    for refused in [
        "http://localhost:51004/callback",
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004/callback?x",
        "https://127.0.0.1:51004/callback",
        "http://127.0.0.1:51004@evil.example/callback",
        "com.example.beans:/other",
        "com.example.beans://callback",
    ] {
        let request = app.request("openid", &[("redirect_uri", refused)]);
        assert_eq!(browser.authorize(&request).await.status, 400, "{refused}");
    }
}

#[tokio::test]
async fn it_may_nothing_that_takes_a_proof() {
    let world = World::new().await;
    let app = app(&world).await;
    let mut browser = customer(&world).await;
    let code = allowed(&app, &mut browser, LOOPBACK).await.sent("code");
    let tokens = app.redeem(&code.expect("a code"), LOOPBACK).await;
    let access = tokens.text("access_token");
    let (id, form) = (
        app.id.as_str(),
        [("token", &*access), ("client_id", &*app.id)],
    );
    let asked = app.client().post("/oauth2/introspect", &form).await;
    asked.refused(401, "invalid_client");
    let own = [
        ("grant_type", "client_credentials"),
        ("audience", "catalog"),
        ("client_id", id),
    ];
    app.client()
        .token(&own)
        .await
        .refused(400, "unauthorized_client");
    let exchange = [
        ("grant_type", EXCHANGE),
        ("subject_token", &*access),
        ("subject_token_type", ACCESS_TOKEN),
        ("audience", "order"),
        ("client_id", id),
    ];
    let refused = app.client().token(&exchange).await;
    refused.refused(400, "unauthorized_client");
}

#[tokio::test]
async fn nobodys_code_and_nobodys_name_is_taken() {
    let world = World::new().await;
    let app = app(&world).await;
    let beans = Foreign::beans(&world).await;
    let mut browser = customer(&world).await;
    let code = allowed(&app, &mut browser, LOOPBACK).await.sent("code");
    let code = code.expect("a code");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", LOOPBACK),
        (
            "code_verifier",
            "a-verifier-that-is-not-the-one-of-the-challenge",
        ),
        ("client_id", &*app.id),
    ];
    app.client()
        .token(&form)
        .await
        .refused(400, "invalid_grant");
    let thief = beans.redeem(&code, LOOPBACK).await;
    thief.refused(400, "invalid_grant");
    // One with a secret does not get by without it, nor one of ours.
    for id in [&*beans.id, "bff", &app.id.to_uppercase()] {
        let mut form = form;
        form[4].1 = id;
        app.client()
            .token(&form)
            .await
            .refused(401, "invalid_client");
    }
    assert_eq!(app.redeem(&code, LOOPBACK).await.status, 200);
}
