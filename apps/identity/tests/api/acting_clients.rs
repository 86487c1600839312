//! What a client of another company does: for people who allow it, and for itself.

use http::Method;
use identity::role::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::foreign::{Foreign, customer, registration};
use crate::world::{ACCESS_TOKEN, EXCHANGE, World, verified};

/// What an operator says of a client that orders for people.
fn acting() -> Value {
    let mut said = registration();
    said["scopes"] = json!(["openid", "order:place", "order:read"]);
    said["grant_types"] = json!(["authorization_code", "refresh_token", EXCHANGE]);
    said
}

/// What an operator says of a client that reads menus and knows nobody.
fn alone() -> Value {
    let mut said = registration();
    said["redirect_uris"] = json!([]);
    said["scopes"] = json!(["catalog:read"]);
    said["grant_types"] = json!(["client_credentials"]);
    said
}

#[tokio::test]
async fn it_does_what_its_person_allowed_and_a_customer_may() {
    let world = World::new().await;
    let operator = world.operator().await;
    let beans = Foreign::of(&world, &operator, &acting()).await;
    let manager = world.person(Role::Manager, &[Uuid::nil()]).await;
    let mut browser = world.signed_in(manager).await;
    let page = browser.authorize(&beans.request("order:read", &[])).await;
    assert!(page.body.contains("<li>see your orders</li>"), "{page:?}");
    let tokens = beans
        .tokens(&mut browser, "openid order:read order:fulfil")
        .await;
    assert_eq!(tokens.text("scope"), "openid order:read");

    let access = tokens.text("access_token");
    let answer = beans.client().exchange(&access, "order").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.text("scope"), "order:read");
    let (_, claims) = verified(&world, &answer.text("access_token")).await;
    for (claim, value) in [
        ("aud", json!("order")),
        ("sub", json!(manager.0)),
        ("client_id", json!(beans.id)),
        ("act", json!({"sub": beans.id})),
        ("scope", json!("order:read")),
        ("roles", json!([])),
        ("stores", json!([])),
    ] {
        assert_eq!(claims[claim], value, "{claim}");
    }

    let more = [
        ("grant_type", EXCHANGE),
        ("subject_token", &*access),
        ("subject_token_type", ACCESS_TOKEN),
        ("audience", "order"),
        ("scope", "order:place"),
    ];
    let refused = beans.client().token(&more).await;
    refused.refused(400, "invalid_scope");
    for audience in [
        "catalog",
        "inventory",
        "payment",
        "shipping",
        "identity",
        "bff",
        &beans.id,
    ] {
        let refused = beans.client().exchange(&access, audience).await;
        refused.refused(400, "invalid_target");
    }
    let refreshed = beans.client().refresh(&tokens.text("refresh_token")).await;
    let access = refreshed.text("access_token");
    let again = beans.client().exchange(&access, "order").await;
    assert_eq!(again.text("scope"), "order:read");
}

#[tokio::test]
async fn what_is_taken_from_it_is_exchanged_no_more() {
    let world = World::new().await;
    let operator = world.operator().await;
    let beans = Foreign::of(&world, &operator, &acting()).await;
    let tea = Foreign::of(&world, &operator, &acting()).await;
    let mut browser = customer(&world).await;
    let tokens = beans.tokens(&mut browser, "order:read order:place").await;
    let access = tokens.text("access_token");
    let exchanged = async |client: &Foreign<'_>| client.client().exchange(&access, "order").await;
    let held = exchanged(&beans).await;
    assert_eq!(held.text("scope"), "order:place order:read");
    exchanged(&tea).await.refused(400, "invalid_grant");

    let mut less = acting();
    less["scopes"] = json!(["order:read"]);
    let path = format!("/v1/clients/{}", beans.id);
    let edited = operator
        .send(Method::PUT, &path, Some("\"1\""), &less.to_string())
        .await;
    assert_eq!(edited.status, 200, "{edited:?}");
    let held = exchanged(&beans).await;
    assert_eq!(held.text("scope"), "order:read", "what an operator took");

    let form = [("application", beans.id.as_str())];
    browser.post("/account/applications/withdraw", &form).await;
    exchanged(&beans).await.refused(400, "invalid_grant");
}

#[tokio::test]
async fn one_without_a_secret_acts_by_its_id() {
    let world = World::new().await;
    let operator = world.operator().await;
    let mut said = acting();
    said["kind"] = json!("public");
    let app = Foreign::of(&world, &operator, &said).await;
    let mut browser = customer(&world).await;
    let access = app
        .tokens(&mut browser, "order:read")
        .await
        .text("access_token");
    let form = [
        ("grant_type", EXCHANGE),
        ("subject_token", &*access),
        ("subject_token_type", ACCESS_TOKEN),
        ("audience", "order"),
        ("client_id", &*app.id),
    ];
    assert_eq!(app.client().token(&form).await.text("scope"), "order:read");
}

#[tokio::test]
async fn for_itself_it_does_what_concerns_nobody() {
    let world = World::new().await;
    let operator = world.operator().await;
    let guide = Foreign::of(&world, &operator, &alone()).await;
    let own = |audience| [("grant_type", "client_credentials"), ("audience", audience)];
    let answer = guide.client().token(&own("catalog")).await;
    assert_eq!(answer.text("scope"), "catalog:read");
    let (_, claims) = verified(&world, &answer.text("access_token")).await;
    assert_eq!(claims["sub"], json!(guide.id));
    assert_eq!(claims.get("sid"), None, "nobody signed in");
    for audience in [
        "order",
        "inventory",
        "payment",
        "shipping",
        "identity",
        "bff",
    ] {
        let refused = guide.client().token(&own(audience)).await;
        refused.refused(400, "invalid_target");
    }
    let nowhere = customer(&world).await;
    let refused = nowhere.authorize(&guide.request("catalog:read", &[])).await;
    assert_eq!(refused.status, 400, "no address is its own: {refused:?}");

    let mut stranger = guide.client();
    stranger.credentials = Some(format!("{}:guessed", guide.id));
    let refused = stranger.token(&own("catalog")).await;
    refused.refused(401, "invalid_client");
    let beans = Foreign::of(&world, &operator, &acting()).await;
    let refused = beans.client().token(&own("catalog")).await;
    refused.refused(400, "unauthorized_client");
}
