//! Services for themselves, and how every client proves who it is.

use axum::body::Body;
use http::{Request, header};
use serde_json::json;

use crate::world::{World, verified};

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

#[tokio::test]
async fn a_service_gets_its_one_scope_for_its_one_audience() {
    let world = World::new().await;
    for (client, scope) in [("order", "catalog:quote"), ("bff", "catalog:read")] {
        let answer = world
            .client(client)
            .token(&[GRANT, ("audience", "catalog")])
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(answer.text("scope"), scope);
        assert!(answer.json().get("refresh_token").is_none());
        let (header, claims) = verified(&world, &answer.text("access_token")).await;
        assert_eq!(header["typ"], "at+jwt");
        for (claim, value) in [
            ("sub", json!(client)),
            ("client_id", json!(client)),
            ("aud", json!("catalog")),
            ("scope", json!(scope)),
        ] {
            assert_eq!(claims[claim], value, "{claim}");
        }
        for absent in ["sid", "roles", "stores", "act", "grant"] {
            assert!(claims.get(absent).is_none(), "{absent}");
        }
    }
}

#[tokio::test]
async fn nothing_beyond_the_registry() {
    let world = World::new().await;
    let order = world.client("order");
    order.token(&[GRANT]).await.refused(400, "invalid_request");
    for audience in ["order", "bff", "identity", "Catalog", "nowhere"] {
        order
            .token(&[GRANT, ("audience", audience)])
            .await
            .refused(400, "invalid_target");
    }
    let more = [
        GRANT,
        ("audience", "catalog"),
        ("scope", "catalog:quote catalog:read"),
    ];
    order.token(&more).await.refused(400, "invalid_scope");
    for grant in ["authorization_code", crate::world::EXCHANGE] {
        order
            .token(&[("grant_type", grant)])
            .await
            .refused(400, "unauthorized_client");
    }
    for grant in [
        "password",
        "implicit",
        "urn:ietf:params:oauth:grant-type:device_code",
    ] {
        order
            .token(&[("grant_type", grant)])
            .await
            .refused(400, "unsupported_grant_type");
    }
    order
        .token(&[("audience", "catalog")])
        .await
        .refused(400, "invalid_request");
    let twice = [GRANT, ("audience", "catalog"), ("audience", "order")];
    order.token(&twice).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn a_client_must_prove_who_it_is() {
    let world = World::new().await;
    let mut client = world.client("order");
    for credentials in [
        None,
        Some("order:wrong"),
        Some("order:"),
        Some("nobody:the secret of nobody"),
        Some("order:the secret of bff"),
    ] {
        client.credentials = credentials.map(str::to_owned);
        for form in [
            &[GRANT, ("audience", "catalog")][..],
            &[("grant_type", "password")],
        ] {
            let answer = client.token(form).await;
            answer.refused(401, "invalid_client");
            assert_eq!(
                answer.headers[header::WWW_AUTHENTICATE],
                r#"Basic realm="crema""#
            );
        }
    }
    let in_the_body = [
        GRANT,
        ("audience", "catalog"),
        ("client_id", "order"),
        ("client_secret", "the secret of order"),
    ];
    client.credentials = Some("order:the secret of order".to_owned());
    let twice = client.token(&in_the_body).await;
    twice.refused(400, "invalid_request");
    client.credentials = None;
    assert_eq!(client.token(&in_the_body).await.status, 200);
    let mut wrong = in_the_body;
    for secret in ["", "the secret of bff"] {
        wrong[3].1 = secret;
        let answer = client.token(&wrong).await;
        answer.refused(401, "invalid_client");
    }
}

#[tokio::test]
async fn only_a_form_from_our_own_sidecar_is_read() {
    let world = World::new().await;
    let json = Request::post("/oauth2/token")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from("{}"))
        .expect("a request");
    world.send(json).await.refused(400, "invalid_request");

    let direct = Request::post("/oauth2/token")
        .body(Body::empty())
        .expect("a request");
    let answer = tower::ServiceExt::oneshot(world.router.clone(), direct).await;
    assert_eq!(answer.expect("an answer").status(), 401);
}
