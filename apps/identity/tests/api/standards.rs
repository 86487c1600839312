//! Lines of the standards that no operation's own tests quote, each with its place.

use axum::body::Body;
use chrono::TimeDelta;
use http::{Request, header};
use identity::role::Role;
use serde_json::{Value, json};

use crate::callers::{authorization, authorization_with, encode};
use crate::world::{ACCESS_TOKEN, CALLBACK, EXCHANGE, VERIFIER, World, start_of_day, verified};

const ADDRESS: &str = "ada@example.com";
const PASSWORD: &str = "punched cards";

/// RFC 6749 §3.2, RFC 7009 §2.1, RFC 7662 §2.1, RFC 8693 §2.1 (where resource and audience may be repeated, and this
/// server takes one): "Request and response parameters MUST NOT be included more than once."
#[tokio::test]
async fn request_parameters_must_not_be_included_more_than_once() {
    let world = World::new().await;
    let tokens = world.customer_tokens().await;
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    let code = [
        ("grant_type", "authorization_code"),
        ("code", "made-up"),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let renewal = [("grant_type", "refresh_token"), ("refresh_token", &refresh)];
    let own = [
        ("grant_type", "client_credentials"),
        ("audience", "catalog"),
    ];
    let exchange = [
        ("grant_type", EXCHANGE),
        ("subject_token", &access),
        ("subject_token_type", ACCESS_TOKEN),
        ("audience", "order"),
    ];
    let token = [("token", &*access), ("token_type_hint", "access_token")];
    let good: [(&str, &[(&str, &str)]); 6] = [
        ("/oauth2/token", &code),
        ("/oauth2/token", &renewal),
        ("/oauth2/token", &own),
        ("/oauth2/token", &exchange),
        ("/oauth2/introspect", &token),
        ("/oauth2/revoke", &token),
    ];
    for (path, form) in good {
        for (name, value) in form.iter().copied().chain([("unknown", "1")]) {
            let mut twice = form.to_vec();
            twice.retain(|(other, _)| *other != name);
            twice.extend([(name, value), (name, value)]);
            let answer = world.bff().post(path, &twice).await;
            answer.refused(400, "invalid_request");
        }
    }
    // None of these revoked or used anything.
    assert_eq!(world.bff().exchange(&access, "order").await.status, 200);
}

/// RFC 6749 §3.1: "Parameters sent without a value MUST be treated as if they were omitted from the request."
#[tokio::test]
async fn parameters_without_a_value_are_as_if_omitted() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    for (name, then) in [
        ("max_age", None),
        ("prompt", None),
        ("request", None),
        ("code_challenge", Some("invalid_request")),
    ] {
        let mut request = authorization_with(name, "");
        request.push((name, ""));
        let answer = browser.authorize(&request).await;
        assert_eq!(answer.sent("error").as_deref(), then, "{name}");
        assert_eq!(answer.sent("code").is_some(), then.is_none(), "{name}");
    }
}

/// OpenID Connect Core §3.1.2.1, `nonce`: "The value is passed through unmodified from the Authentication Request to the
/// ID Token." §2: "If present in the ID Token …", and not otherwise.
#[tokio::test]
async fn the_nonce_is_passed_through_unmodified() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    for (sent, told) in [
        ("", Value::Null),
        (" a+b&c=%20\"\u{e9} ", json!(" a+b&c=%20\"\u{e9} ")),
    ] {
        let answer = browser.authorize(&authorization_with("nonce", sent)).await;
        let code = answer.sent("code").expect("a code");
        let tokens = world.bff().redeem(&code).await;
        let (_, id) = verified(&world, &tokens.text("id_token")).await;
        assert_eq!(id["nonce"], told, "{sent:?}");
        assert_eq!(id.get("nonce").is_some(), !sent.is_empty());
    }
}

/// OpenID Connect Core §2, `auth_time`: "Time when the End-User authentication occurred", not when the code was given.
#[tokio::test]
async fn auth_time_is_when_the_person_signed_in() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    world.clock.advance(TimeDelta::minutes(90));
    let tokens = world.bff().redeem(&browser.code().await).await;
    let (_, id) = verified(&world, &tokens.text("id_token")).await;
    let start = start_of_day().timestamp();
    assert_eq!(id["auth_time"], json!(start));
    assert_eq!(id["iat"], json!(start + 90 * 60));
}

/// OpenID Connect Core §3.1.2.1: with `prompt=login` the server "SHOULD prompt the End-User for reauthentication", and
/// past `max_age` it "MUST attempt to actively re-authenticate the End-User".
#[tokio::test]
async fn who_must_sign_in_again_does_and_auth_time_says_so() {
    let world = World::new().await;
    let mut browser = world.browser();
    let account = [("name", "Ada"), ("email", ADDRESS), ("password", PASSWORD)];
    browser.post("/register", &account).await;
    browser
        .post("/sign-in", &[("email", ADDRESS), ("password", PASSWORD)])
        .await;
    let start = start_of_day().timestamp();
    for (round, wish) in [(1, ("prompt", "login")), (2, ("max_age", "60"))] {
        world.clock.advance(TimeDelta::minutes(10));
        let answer = browser.authorize(&authorization_with(wish.0, wish.1)).await;
        let back = answer.sent("return").expect("to the sign-in page");
        let form = [
            ("email", ADDRESS),
            ("password", PASSWORD),
            ("return", &*back),
        ];
        let answer = browser.post("/sign-in", &form).await;
        let answer = browser.get(answer.location()).await;
        let code = answer.sent("code").expect("a code");
        let tokens = world.bff().redeem(&code).await;
        let (_, id) = verified(&world, &tokens.text("id_token")).await;
        assert_eq!(id["auth_time"], json!(start + round * 600), "{wish:?}");
    }
}

/// OpenID Connect Core §3.1.2.1: "Authorization Servers MUST support the use of the HTTP GET and POST methods".
#[tokio::test]
async fn an_authorization_request_may_be_a_form_of_another_site() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.origin = Some("https://client.example".to_owned());
    let answer = browser.post("/oauth2/authorize", &authorization()).await;
    assert_eq!(answer.status, 303);
    let link = format!("/oauth2/authorize?{}", encode(&authorization()));
    assert_eq!(answer.location(), link);
    let mut twice = authorization();
    twice.extend([("state", "a")]);
    let answer = browser.post("/oauth2/authorize", &twice).await;
    let answer = browser.get(answer.location()).await;
    assert_eq!(answer.sent("error").as_deref(), Some("invalid_request"));
}

/// OpenID Connect Core §5.3: "The `UserInfo` Endpoint MUST support the use of the HTTP GET and HTTP POST methods".
#[tokio::test]
async fn userinfo_may_be_asked_for_by_post() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let access = world.tokens_of(customer).await.text("access_token");
    let request = Request::post("/oauth2/userinfo")
        .header(header::AUTHORIZATION, format!("Bearer {access}"))
        .body(Body::empty())
        .expect("a request");
    let answer = world.send(request).await;
    assert_eq!(answer.json()["sub"], json!(customer.0));
}

/// OpenID Connect Core §3.1.2.1, `prompt=none`: "The Authorization Server MUST NOT display any authentication or consent
/// user interface pages. An error is returned if an End-User is not already Authenticated".
#[tokio::test]
async fn prompt_none_shows_no_page_although_the_sign_in_is_too_old() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    world.clock.advance(TimeDelta::seconds(61));
    let mut request = authorization();
    request.extend([("prompt", "none"), ("max_age", "60")]);
    let answer = browser.authorize(&request).await;
    assert!(answer.location().starts_with(CALLBACK), "{answer:?}");
    assert_eq!(answer.sent("error").as_deref(), Some("login_required"));
    assert_eq!(answer.sent("state").as_deref(), Some("s-1 &="));
}

/// OpenID Connect Core §3.1.2.1: "If this parameter contains none with any other value, an error is returned."
#[tokio::test]
async fn prompt_none_stands_alone() {
    let world = World::new().await;
    for prompt in ["none login", "consent none", "none none"] {
        let answer = world
            .browser()
            .authorize(&authorization_with("prompt", prompt))
            .await;
        assert_eq!(
            answer.sent("error").as_deref(),
            Some("invalid_request"),
            "{prompt}"
        );
    }
}

/// RFC 9207 §2: "the authorization server MUST include the `iss` parameter in the authorization response", errors too.
#[tokio::test]
async fn every_authorization_response_names_its_issuer() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    for (name, value) in [("scope", "openid"), ("scope", "nothing"), ("max_age", "x")] {
        let answer = browser.authorize(&authorization_with(name, value)).await;
        assert_eq!(
            answer.sent("iss").as_deref(),
            Some(crate::world::ISSUER),
            "{name}={value}"
        );
    }
}
