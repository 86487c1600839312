//! Rotation of the signing keys under the running service.

use std::sync::Arc;

use axum::body::Body;
use dapr_kit::Secret;
use http::Request;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::world::{World, secret, signing_keys, verified};

fn field(secret: &Secret, name: &str) -> String {
    let value = secret.get(name).expect("a field");
    value.expose_secret().to_owned()
}

async fn published(world: &World) -> Vec<Value> {
    let request = Request::get("/oauth2/jwks")
        .body(Body::empty())
        .expect("a request");
    let keys = world.send(request).await.json();
    let keys = keys["keys"].as_array().expect("keys");
    keys.iter().map(|key| key["kid"].clone()).collect()
}

#[tokio::test]
async fn a_rotation_takes_effect_without_a_restart_and_refuses_no_token() {
    let world = World::new().await;
    let tokens = world.customer_tokens().await;
    let before = tokens.text("access_token");
    let announced = published(&world).await;

    let (old, new) = (world.signing.borrow().clone(), signing_keys());
    let rotated = secret(
        "signing",
        &[
            ("current", field(&old, "next")),
            ("next", field(&new, "next")),
            ("retired", field(&old, "current")),
            ("rs256.current", field(&old, "rs256.current")),
            ("current_since", "1800000000".to_owned()),
        ],
    );
    world.signing.send_replace(Arc::new(rotated));

    let refreshed = world.bff().refresh(&tokens.text("refresh_token")).await;
    let after = refreshed.text("access_token");
    let ((old_header, _), (new_header, _)) = (
        verified(&world, &before).await,
        verified(&world, &after).await,
    );
    assert_ne!(old_header["kid"], new_header["kid"]);
    assert!(
        announced.contains(&new_header["kid"]),
        "every verifier had it before it signed"
    );
    assert_eq!(published(&world).await.len(), 4);
    for token in [&before, &after] {
        let exchanged = world.bff().exchange(token, "order").await;
        assert_eq!(exchanged.status, 200, "{exchanged:?}");
    }
}

#[tokio::test]
async fn a_key_that_is_gone_takes_its_tokens_with_it() {
    let world = World::new().await;
    let access = world.customer_tokens().await.text("access_token");
    world.signing.send_replace(Arc::new(signing_keys()));
    world
        .bff()
        .exchange(&access, "order")
        .await
        .refused(400, "invalid_grant");
}
