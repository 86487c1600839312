//! Discovery and keys.

use axum::body::Body;
use http::Request;
use identity::routes;
use serde_json::{Value, json};

use crate::world::{ISSUER, World};

const DISCOVERY: &str = "/.well-known/openid-configuration";

/// OpenID Connect Discovery §4 and RFC 8414 §3: two places, one table.
#[tokio::test]
async fn both_well_known_places_tell_the_same() {
    let world = World::new().await;
    let openid = world.browser().get(DISCOVERY).await;
    let oauth = world
        .browser()
        .get("/.well-known/oauth-authorization-server")
        .await;
    assert_eq!((openid.status.as_u16(), oauth.status.as_u16()), (200, 200));
    assert_eq!(openid.body, oauth.body);
    let metadata = oauth.json();
    for (name, value) in [
        (
            "introspection_endpoint",
            json!(format!("{ISSUER}/oauth2/introspect")),
        ),
        (
            "end_session_endpoint",
            json!(format!("{ISSUER}/oauth2/logout")),
        ),
        ("id_token_signing_alg_values_supported", json!(["RS256"])),
        (
            "token_endpoint_auth_methods_supported",
            json!(["client_secret_basic", "client_secret_post", "none"]),
        ),
        (
            "introspection_endpoint_auth_methods_supported",
            json!(["client_secret_basic", "client_secret_post"]),
        ),
        (
            "prompt_values_supported",
            json!(["none", "login", "consent", "select_account"]),
        ),
        (
            "authorization_response_iss_parameter_supported",
            json!(true),
        ),
    ] {
        assert_eq!(metadata[name], value, "{name}");
    }
}

#[tokio::test]
async fn discovery_names_what_is_routed_and_nothing_else() {
    let world = World::new().await;
    let browser = world.browser();
    let metadata = browser.get(DISCOVERY).await.json();
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
    routed.dedup();
    assert_eq!(named, routed);
    for path in ["/oauth2/register", "/oauth2/device", "/.well-known/x"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn every_grant_that_is_named_is_known() {
    let world = World::new().await;
    let metadata = world.browser().get(DISCOVERY).await.json();
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
    let algorithms: Vec<&Value> = keys.iter().map(|key| &key["alg"]).collect();
    assert_eq!(algorithms, ["EdDSA", "RS256", "EdDSA"]);
    for key in keys {
        let names: Vec<&String> = key.as_object().expect("an object").keys().collect();
        if key["alg"] == "RS256" {
            assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
        } else {
            assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
        }
    }
}
