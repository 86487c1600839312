//! Signing in, and every way in which it must not work.

use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, Header};
use serde_json::json;

use crate::identity::STORE;
use crate::stage::Stage;

const START: &str = "/api/session/start?return=/orders";

#[tokio::test]
async fn a_person_signs_in_and_is_known() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    assert_eq!(
        browser.get("/api/session").await.json(),
        json!({"signed_in": false, "user": null})
    );
    stage.sign_in(&mut browser, "/orders").await;
    let session = browser.get("/api/session").await;
    let user = json!({"name": "Ada", "roles": ["customer", "barista"], "stores": [STORE]});
    assert_eq!(session.json(), json!({"signed_in": true, "user": user}));
    assert_eq!(session.header("cache-control"), "no-store");
}

#[tokio::test]
async fn cookies_are_host_bound_hidden_from_scripts_and_strict() {
    let stage = Stage::set().await;
    let browser = stage.signed_in().await;
    let of = |name: &str| {
        let prefix = format!("{name}=");
        browser
            .set_cookies
            .iter()
            .find(|cookie| cookie.starts_with(&prefix))
            .expect("the cookie")
            .clone()
    };
    let login = of("__Host-crema-login");
    assert!(
        login.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600"),
        "{login}"
    );
    let session = of("__Host-crema");
    assert!(
        session.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=43200"),
        "{session}"
    );
    assert_eq!(browser.cookies["__Host-crema"].len(), 43, "256 bits");
    assert!(
        !browser.cookies.contains_key("__Host-crema-login"),
        "used up"
    );
    assert!(
        browser
            .set_cookies
            .iter()
            .all(|cookie| !cookie.contains("Domain"))
    );
}

#[tokio::test]
async fn no_token_is_in_any_byte_that_a_browser_sees_nor_readable_in_the_store() {
    let stage = Stage::set().await;
    stage
        .sidecar
        .invoke("order", Method::GET, "/v1/orders")
        .respond(200, json!({"items": [], "next": null}))
        .await;
    let mut browser = stage.signed_in().await;
    assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    stage.clock.advance(TimeDelta::minutes(5));
    assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    browser.get("/api/session").await;
    let stored = stage.store.contents();
    assert_eq!(stored.len(), 1);
    let id = browser.cookies["__Host-crema"].clone();
    assert!(!stored[0].0.contains(&id), "filed under its hash");
    let given = stage.identity.with(|identity| identity.given.clone());
    assert!(
        given.len() >= 5,
        "access, refresh and ID tokens, refreshed and exchanged ones: {}",
        given.len()
    );
    for token in given
        .iter()
        .map(String::as_str)
        .chain(["client-secret-canary"])
    {
        // Any part of a token counts, not only the whole.
        for part in token
            .split('.')
            .filter(|part| part.len() > 16 && !part.starts_with("eyJ0eXAi"))
        {
            assert!(
                !contains(&browser.seen, part.as_bytes()),
                "a browser saw {part}"
            );
            assert!(
                !contains(&stored[0].1, part.as_bytes()),
                "the store holds {part}"
            );
        }
    }
}

#[tokio::test]
async fn a_session_id_that_an_attacker_chose_is_never_adopted() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    let planted = "A".repeat(43);
    browser
        .cookies
        .insert("__Host-crema".into(), planted.clone());
    stage.sign_in(&mut browser, "/").await;
    assert_ne!(browser.cookies["__Host-crema"], planted);
    let mut attacker = stage.browser();
    attacker.cookies.insert("__Host-crema".into(), planted);
    assert_eq!(
        attacker.get("/api/session").await.json()["signed_in"],
        false
    );
}

#[tokio::test]
async fn signing_in_again_ends_the_session_before() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    let mut old = browser.clone();
    stage.sign_in(&mut browser, "/").await;
    assert_ne!(browser.cookies["__Host-crema"], old.cookies["__Host-crema"]);
    assert_eq!(old.get("/api/session").await.json()["signed_in"], false);
    assert_eq!(browser.get("/api/session").await.json()["signed_in"], true);
}

#[tokio::test]
async fn each_start_has_its_own_state_nonce_and_challenge() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    let first = browser.get(START).await.header("location").to_owned();
    let second = browser.get(START).await.header("location").to_owned();
    for parameter in ["state", "nonce", "code_challenge"] {
        assert_ne!(of(&first, parameter), of(&second, parameter), "{parameter}");
        assert!(of(&first, parameter).len() >= 43, "256 bits of {parameter}");
    }
}

#[tokio::test]
async fn return_addresses_that_lead_elsewhere_are_refused() {
    let stage = Stage::set().await;
    for evil in [
        "//evil.example",
        "/%5Cevil.example",
        "https:evil.example",
        "/a%0D%0ASet-Cookie:x=y",
        "%2F%2Fevil.example",
    ] {
        let answer = stage
            .browser()
            .get(&format!("/api/session/start?return={evil}"))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{evil}");
        assert_eq!(answer.problem(), "return-url-refused");
        assert!(
            !answer.headers.contains_key("location") && !answer.headers.contains_key("set-cookie")
        );
    }
}

#[tokio::test]
async fn an_answer_to_another_sign_in_is_refused() {
    let stage = Stage::set().await;
    let (mut victim, mut attacker) = (stage.browser(), stage.browser());
    victim.get(START).await;
    let theirs = stage
        .identity
        .sign_in(attacker.get(START).await.header("location"));
    refused(victim.get(&theirs).await.status, &victim);
    let mut nobody = stage.browser();
    refused(nobody.get(&theirs).await.status, &nobody);
}

#[tokio::test]
async fn state_issuer_and_code_must_fit() {
    let stage = Stage::set().await;
    let changes: [fn(&str) -> String; 7] = [
        |back| back.replace("state=", "state=x"),
        |back| back.replace("iss=https", "iss=http"),
        |back| back.split("&iss=").next().unwrap_or_default().to_owned(),
        |back| back.replace("code=", "code=x"),
        |back| back.replace("code=", "kode="),
        |back| back.replace("code=", "error=access_denied&kode="),
        |_| "/api/session/callback".to_owned(),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut browser = stage.browser();
        let back = stage
            .identity
            .sign_in(browser.get(START).await.header("location"));
        let answer = browser.get(&change(&back)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "change {index}");
        refused(answer.status, &browser);
        assert_eq!(
            answer.header("content-type"),
            "text/html; charset=utf-8",
            "change {index}"
        );
    }
    let mut browser = stage.browser();
    let back = stage
        .identity
        .sign_in(browser.get(START).await.header("location"));
    let twice = format!("{back}&state=x");
    assert_eq!(
        browser.get(&twice).await.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "a parameter sent twice"
    );
}

#[tokio::test]
async fn a_sign_in_counts_once_and_for_ten_minutes() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    let back = stage
        .identity
        .sign_in(browser.get(START).await.header("location"));
    let mut copy = browser.clone();
    assert_eq!(browser.get(&back).await.status, StatusCode::SEE_OTHER);
    refused(copy.get(&back).await.status, &copy);

    let mut slow = stage.browser();
    let back = stage
        .identity
        .sign_in(slow.get(START).await.header("location"));
    stage.clock.advance(TimeDelta::minutes(10));
    refused(slow.get(&back).await.status, &slow);
}

#[tokio::test]
async fn an_id_token_that_proves_nothing_signs_nobody_in() {
    let forgeries: [fn(&mut serde_json::Value); 7] = [
        |claims| claims["aud"] = "order".into(),
        |claims| claims["iss"] = "https://evil.example".into(),
        |claims| claims["nonce"] = "another".into(),
        |claims| claims["azp"] = "order".into(),
        |claims| claims["exp"] = 1.into(),
        |claims| claims["iat"] = (claims["iat"].as_i64().expect("a number") + 3600).into(),
        |claims| {
            claims.as_object_mut().expect("an object").remove("nonce");
        },
    ];
    let stage = Stage::set().await;
    for (index, forge) in forgeries.into_iter().enumerate() {
        stage.identity.with(|identity| identity.forge = forge);
        assert!(!signs_in(&stage).await, "forgery {index}");
    }
    stage.identity.with(|identity| identity.forge = |_| {});
    let headed = |algorithm: Algorithm, kind: &str| {
        let mut header = Header::new(algorithm);
        header.typ = Some(kind.into());
        header
    };
    let typed = |kind: &str| headed(Algorithm::RS256, kind);
    stage
        .identity
        .with(|identity| identity.header = typed("at+jwt"));
    assert!(!signs_in(&stage).await, "an access token");
    stage.identity.with(|identity| {
        identity.header = typed("JWT");
        identity.header.kid = Some("unknown".into());
    });
    assert!(!signs_in(&stage).await, "an unknown key");
    for algorithm in [Algorithm::EdDSA, Algorithm::RS384, Algorithm::HS256] {
        stage
            .identity
            .with(|identity| identity.header = headed(algorithm, "JWT"));
        assert!(!signs_in(&stage).await, "{algorithm:?} by the RS256 key");
    }
    stage.identity.with(|identity| {
        identity.header = headed(Algorithm::EdDSA, "JWT");
        identity.by_access_key = true;
    });
    assert!(!signs_in(&stage).await, "the key for access tokens");
    stage
        .identity
        .with(|identity| identity.by_access_key = false);
    stage
        .identity
        .with(|identity| identity.header = typed("JWT"));
    assert!(signs_in(&stage).await, "the true one");
}

#[tokio::test]
async fn an_identity_that_is_away_is_a_problem_with_retry_after() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    let back = stage
        .identity
        .sign_in(browser.get(START).await.header("location"));
    stage.store.set_away(true);
    let answer = browser.get(&back).await;
    assert!(answer.status.is_server_error(), "{answer:?}");
    assert!(!browser.cookies.contains_key("__Host-crema"));
}

async fn signs_in(stage: &Stage) -> bool {
    let mut browser = stage.browser();
    let back = stage
        .identity
        .sign_in(browser.get(START).await.header("location"));
    let answer = browser.get(&back).await;
    answer.status == StatusCode::SEE_OTHER && browser.cookies.contains_key("__Host-crema")
}

fn refused(status: StatusCode, browser: &crate::browser::Browser) {
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(!browser.cookies.contains_key("__Host-crema"));
}

fn of(url: &str, parameter: &str) -> String {
    let url: url::Url = url.parse().expect("an address");
    url.query_pairs()
        .find(|(name, _)| name == parameter)
        .expect("the parameter")
        .1
        .into_owned()
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}
