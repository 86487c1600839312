//! The issuer's keys: fetched once, kept while it is away, asked for again when a new one appears.

use dapr_kit::{Dapr, DaprConfig};
use http::StatusCode;
use service::auth::Verifier;
use service::clock::Clock;
use testkit::Issuer;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::stand_in::{get, router};

const KEYS: &str = "/v1.0/invoke/identity/method/oauth2/jwks";

fn remote(sidecar: &MockServer, issuer: &Issuer) -> Verifier {
    let base: url::Url = sidecar.uri().parse().expect("an address");
    let dapr = Dapr::connect(&DaprConfig {
        http: base.clone(),
        grpc: base,
        api_token: None,
    })
    .expect("a usable configuration");
    Verifier::remote(
        dapr,
        "identity",
        "/oauth2/jwks",
        issuer.address(),
        "order",
        Clock::system(),
    )
}

async fn asked(sidecar: &MockServer) -> usize {
    sidecar
        .received_requests()
        .await
        .map_or(0, |seen| seen.len())
}

fn token(issuer: &Issuer) -> String {
    issuer.token("order", |claims| claims.scope = "order:read".into())
}

#[tokio::test]
async fn known_keys_outlive_an_identity_service_that_is_away() {
    let (sidecar, issuer) = (MockServer::start().await, Issuer::new());
    let router = router(remote(&sidecar, &issuer));
    assert_eq!(
        get(&router, "/mine", Some(&token(&issuer))).await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    let keys = ResponseTemplate::new(200).set_body_json(issuer.jwks());
    Mock::given(path(KEYS))
        .respond_with(keys)
        .up_to_n_times(1)
        .mount(&sidecar)
        .await;
    for _ in 0..3 {
        assert_eq!(
            get(&router, "/mine", Some(&token(&issuer))).await.0,
            StatusCode::OK
        );
    }
    assert_eq!(asked(&sidecar).await, 2, "the failure and the one fetch");
}

#[tokio::test]
async fn forged_key_ids_cause_one_fetch_and_no_storm() {
    let (sidecar, issuer) = (MockServer::start().await, Issuer::new());
    let keys = ResponseTemplate::new(200).set_body_json(issuer.jwks());
    Mock::given(path(KEYS))
        .respond_with(keys)
        .mount(&sidecar)
        .await;
    let router = router(remote(&sidecar, &issuer));
    for _ in 0..20 {
        let forged = token(&Issuer::new());
        assert_eq!(
            get(&router, "/mine", Some(&forged)).await.0,
            StatusCode::UNAUTHORIZED
        );
    }
    assert_eq!(
        get(&router, "/mine", Some(&token(&issuer))).await.0,
        StatusCode::OK
    );
    assert_eq!(asked(&sidecar).await, 1);
}
