//! The payment provider's webhooks: from the public listener to the payment service, unread.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::stage::Stage;

const PATH: &str = "/webhooks/provider";
const UPSTREAM: &str = "/v1/webhooks/provider";
const SIGNATURE: &str = "t=1767322800,v1=00ff";

#[tokio::test]
async fn the_signed_bytes_arrive_as_they_were_sent_and_nothing_else() {
    let stage = Stage::set().await;
    let payment = stage.sidecar.invoke("payment", Method::POST, UPSTREAM);
    payment.respond(200, json!({"canary": true})).await;
    // A person's browser, with a session: none of it may matter.
    let mut browser = stage.signed_in().await;
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let longest = vec![b'x'; 64 * 1024];
    for body in [
        b"{ \"id\" :\t\"ev_1\"}\r\n".as_slice(),
        &every_byte,
        b"",
        &longest,
    ] {
        let before = stage.sidecar.received("payment").await.len();
        let headers = [
            ("content-type", "application/json; charset=utf-8"),
            ("acquirer-signature", SIGNATURE),
            ("stripe-signature", SIGNATURE),
            ("authorization", "Bearer forged"),
            ("idempotency-key", "forged"),
            ("x-forwarded-for", "203.0.113.9"),
            ("dapr-app-id", "order"),
            ("dapr-caller-app-id", "order"),
            ("x-crema-request", "1"),
            ("origin", "https://provider.example"),
            ("sec-fetch-site", "cross-site"),
            ("user-agent", "canary"),
        ];
        let answer = browser
            .ask(Method::POST, PATH, &headers, Body::from(body.to_vec()))
            .await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.body.is_empty(), "it learns the status alone");
        let call = stage.sidecar.received("payment").await.remove(before);
        assert_eq!(call.body, body);
        assert_eq!(call.path_and_query, UPSTREAM);
        for provider in ["acquirer-signature", "stripe-signature"] {
            assert_eq!(call.headers[provider], SIGNATURE);
        }
        assert_eq!(
            call.headers["content-type"],
            "application/json; charset=utf-8"
        );
        for (name, _) in &headers[3..] {
            assert!(!call.headers.contains_key(*name), "{name}");
        }
        assert!(!call.headers.contains_key("cookie"));
    }
    let exchanged = stage
        .identity
        .with(|identity| identity.grants.contains(&"token-exchange".to_owned()));
    assert!(!exchanged, "nobody's name is used");
}

#[tokio::test]
async fn the_provider_learns_the_payment_services_status() {
    for status in [200, 401, 409, 503] {
        let stage = Stage::set().await;
        let answer = ResponseTemplate::new(status)
            .insert_header("retry-after", "7")
            .insert_header("set-cookie", "__Host-crema=planted; Path=/; Secure")
            .insert_header("x-internal", "canary");
        let payment = stage.sidecar.invoke("payment", Method::POST, UPSTREAM);
        payment.respond_with(answer).await;
        let mut provider = stage.browser();
        let answer = provider.ask(Method::POST, PATH, &[], "{}".into()).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("retry-after"), "7");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(!answer.headers.contains_key("x-internal"));
        assert!(provider.set_cookies.is_empty());
    }
}

#[tokio::test]
async fn while_the_payment_service_is_away_the_provider_is_told_to_come_again() {
    let stage = Stage::set().await;
    let answer = stage
        .browser()
        .ask(Method::POST, PATH, &[], "{}".into())
        .await;
    assert_eq!(
        (answer.status, answer.problem()),
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable".into())
    );
    assert!(!answer.header("retry-after").is_empty());
}

#[tokio::test]
async fn what_is_too_long_goes_no_further() {
    let stage = Stage::set().await;
    let large = "x".repeat(64 * 1024 + 1);
    for length in [None, Some(large.len().to_string())] {
        let mut headers = vec![("acquirer-signature", SIGNATURE)];
        headers.extend(length.as_deref().map(|length| ("content-length", length)));
        let answer = stage
            .browser()
            .ask(Method::POST, PATH, &headers, large.clone().into())
            .await;
        assert_eq!(
            (answer.status, answer.problem()),
            (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large".into())
        );
    }
    for (method, path) in [
        (Method::GET, PATH.to_owned()),
        (Method::POST, format!("{PATH}/other")),
        (Method::POST, "/webhooks".to_owned()),
    ] {
        let answer = stage.browser().ask(method, &path, &[], "{}".into()).await;
        assert!(answer.status.is_client_error(), "{path}");
    }
    assert!(stage.sidecar.received("payment").await.is_empty());
}
