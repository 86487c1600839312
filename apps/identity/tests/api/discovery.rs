//! Discovery and keys.

use axum::body::Body;
use http::Request;
use identity::routes;
use serde_json::Value;

use crate::world::{ISSUER, World};

#[tokio::test]
async fn discovery_names_what_is_routed_and_nothing_else() {
    let world = World::new().await;
    let browser = world.browser();
    let metadata = browser
        .get("/.well-known/openid-configuration")
        .await
        .json();
    assert_eq!(metadata["issuer"], ISSUER);
    let mut named: Vec<&str> = metadata
        .as_object()
        .expect("an object")
        .iter()
        .filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri")
        .map(|(_, address)| address.as_str().expect("text"))
        .map(|address| address.strip_prefix(ISSUER).expect("under the issuer"))
        .collect();
    named.sort_unstable();
    let table = routes::routes();
    let mut routed: Vec<&str> = table.table().iter().map(|route| route.path).collect();
    routed.retain(|path| path.starts_with("/oauth2/"));
    routed.sort_unstable();
    assert_eq!(named, routed);
    for path in [
        "/oauth2/introspect",
        "/oauth2/register",
        "/oauth2/device",
        "/.well-known/x",
    ] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn every_grant_that_is_named_is_known() {
    let world = World::new().await;
    let metadata = world
        .browser()
        .get("/.well-known/openid-configuration")
        .await
        .json();
    for grant in metadata["grant_types_supported"]
        .as_array()
        .expect("a list")
    {
        let grant = grant.as_str().expect("text");
        let answer = world.bff().token(&[("grant_type", grant)]).await;
        answer.refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn the_keys_are_public_halves() {
    let world = World::new().await;
    let request = Request::get("/oauth2/jwks")
        .body(Body::empty())
        .expect("a request");
    let answer = world.send(request).await;
    let keys = answer.json();
    let keys = keys["keys"].as_array().expect("keys");
    assert_eq!(keys.len(), 2, "the one that signs and the next");
    for key in keys {
        let names: Vec<&String> = key.as_object().expect("an object").keys().collect();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
        assert_eq!(key["alg"], Value::from("EdDSA"));
    }
}
