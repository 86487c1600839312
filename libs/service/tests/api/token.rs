//! Which bearer tokens are accepted (RFC 9068), and that everything else is 401 or 403.

use chrono::TimeDelta;
use http::StatusCode;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use service::auth::Verifier;
use service::clock::Clock;
use testkit::Issuer;
use uuid::Uuid;

use crate::stand_in::{get, router, verifier};

fn claims() -> Value {
    let now = Clock::system().now().timestamp();
    json!({
        "iss": "https://localhost:8443", "aud": "order", "sub": "someone", "client_id": "bff",
        "iat": now, "exp": now + 300, "jti": "1", "scope": "order:read"
    })
}

fn typed(alg: Algorithm) -> Header {
    let mut header = Header::new(alg);
    header.typ = Some("at+jwt".into());
    header
}

#[tokio::test]
async fn a_good_token_names_its_caller() {
    let issuer = Issuer::new();
    let user = Uuid::from_u128(7);
    let token = issuer.token("order", |claims| {
        claims.person(user, "customer");
        claims.scope = "order:place order:read".into();
    });
    let answer = get(&router(verifier(&issuer)), "/mine", Some(&token)).await;
    assert_eq!(answer, (StatusCode::OK, user.to_string()));
}

#[tokio::test]
async fn a_token_without_the_scope_is_forbidden() {
    let issuer = Issuer::new();
    for scope in ["", "order:place", "order:reader", "order"] {
        let token = issuer.token("order", |claims| claims.scope = scope.into());
        let (status, body) = get(&router(verifier(&issuer)), "/mine", Some(&token)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{scope}: {body}");
    }
}

#[tokio::test]
async fn a_claim_that_is_wrong_or_missing_is_refused() {
    let issuer = Issuer::new();
    let router = router(verifier(&issuer));
    let good = issuer.sign(typed(Algorithm::EdDSA), &claims());
    assert_eq!(get(&router, "/mine", Some(&good)).await.0, StatusCode::OK);
    for (claim, value) in [
        ("iss", json!("https://evil.example")),
        ("iss", json!("https://localhost:8443/")),
        ("aud", json!("catalog")),
        ("exp", json!(Clock::system().now().timestamp() - 6)),
        ("exp", Value::Null),
        ("iss", Value::Null),
        ("aud", Value::Null),
        ("sub", Value::Null),
        ("client_id", Value::Null),
    ] {
        let mut claims = claims();
        claims[claim] = value.clone();
        if value.is_null() {
            claims.as_object_mut().expect("claims").remove(claim);
        }
        let token = issuer.sign(typed(Algorithm::EdDSA), &claims);
        let (status, body) = get(&router, "/mine", Some(&token)).await;
        assert_eq!(
            status,
            StatusCode::UNAUTHORIZED,
            "{claim} = {value}: {body}"
        );
    }
}

#[tokio::test]
async fn a_header_that_chooses_its_own_rules_is_refused() {
    let issuer = Issuer::new();
    let router = router(verifier(&issuer));
    let evil = "https://evil.example/keys";
    let mut headers = Vec::new();
    for change in [
        (|header: &mut Header| header.typ = Some("JWT".into())) as fn(&mut Header),
        |header| header.typ = None,
        |header| header.kid = Some("unknown".into()),
        |header| header.x5c = Some(vec![String::new()]),
    ] {
        let mut header = typed(Algorithm::EdDSA);
        change(&mut header);
        headers.push(header);
    }
    for place in [
        (|header: &mut Header, url| header.jku = Some(url)) as fn(&mut Header, String),
        |header, url| {
            header.x5u = Some(url);
        },
    ] {
        let mut header = typed(Algorithm::EdDSA);
        place(&mut header, evil.into());
        headers.push(header);
    }
    let mut own_key = typed(Algorithm::EdDSA);
    own_key.jwk = serde_json::from_value(Issuer::new().jwks()["keys"][0].clone()).expect("a key");
    headers.push(own_key);
    for header in headers {
        let shown = format!("{header:?}");
        let token = issuer.sign(header, &claims());
        assert_eq!(
            get(&router, "/mine", Some(&token)).await.0,
            StatusCode::UNAUTHORIZED,
            "{shown}"
        );
    }
}

#[tokio::test]
async fn the_public_key_is_no_shared_secret_and_none_is_no_algorithm() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let issuer = Issuer::new();
    let router = router(verifier(&issuer));
    let key = &issuer.jwks()["keys"][0];
    let public = URL_SAFE_NO_PAD
        .decode(key["x"].as_str().expect("a key"))
        .expect("base64");
    let mut header = typed(Algorithm::HS256);
    header.kid = key["kid"].as_str().map(str::to_owned);
    let confused = jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(&public))
        .expect("a token");
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = format!(
        "{}.{}.",
        part(json!({ "alg": "none", "typ": "at+jwt", "kid": key["kid"] })),
        part(claims())
    );
    let other_issuers = Issuer::new().sign(
        {
            let mut header = typed(Algorithm::EdDSA);
            header.kid = key["kid"].as_str().map(str::to_owned);
            header
        },
        &claims(),
    );
    for token in [
        confused,
        unsigned,
        other_issuers,
        "x".repeat(5000),
        "a.b.c".into(),
        String::new(),
    ] {
        let (status, body) = get(&router, "/mine", Some(&token)).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{token}: {body}");
    }
    assert_eq!(
        get(&router, "/mine", None).await.0,
        StatusCode::UNAUTHORIZED
    );
}

/// The issuer publishes its key for ID tokens beside ours; only keys for `EdDSA` sign access tokens.
#[tokio::test]
async fn the_issuers_rsa_key_signs_no_access_token() {
    let issuer = Issuer::new();
    let mut jwks = issuer.jwks();
    jwks["keys"]
        .as_array_mut()
        .expect("keys")
        .push(testkit::rsa::jwk());
    let keys = serde_json::from_value(jwks).expect("a key set");
    let clock = Clock::system();
    let router = router(Verifier::local(&keys, issuer.address(), "order", clock));
    let good = issuer.sign(typed(Algorithm::EdDSA), &claims());
    assert_eq!(get(&router, "/mine", Some(&good)).await.0, StatusCode::OK);
    for algorithm in [Algorithm::RS256, Algorithm::EdDSA] {
        for by_name_of_the_other in [false, true] {
            let mut header = typed(algorithm);
            if by_name_of_the_other {
                header.kid = issuer.jwks()["keys"][0]["kid"].as_str().map(str::to_owned);
            }
            let token = testkit::rsa::sign(header, &claims());
            assert_eq!(
                get(&router, "/mine", Some(&token)).await.0,
                StatusCode::UNAUTHORIZED,
                "{algorithm:?} {by_name_of_the_other}"
            );
        }
    }
}

#[tokio::test]
async fn a_token_ends_with_the_clock() {
    let issuer = Issuer::new();
    let clock = Clock::manual(Clock::system().now());
    let keys = serde_json::from_value(issuer.jwks()).expect("a key set");
    let router = router(Verifier::local(
        &keys,
        issuer.address(),
        "order",
        clock.clone(),
    ));
    let token = issuer.token("order", |claims| claims.scope = "order:read".into());
    assert_eq!(get(&router, "/mine", Some(&token)).await.0, StatusCode::OK);
    clock.advance(TimeDelta::seconds(306));
    assert_eq!(
        get(&router, "/mine", Some(&token)).await.0,
        StatusCode::UNAUTHORIZED
    );
}
