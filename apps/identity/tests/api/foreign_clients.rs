//! What a client of another company gets, and what it can't bring about.

use identity::role::Role;
use serde_json::json;
use uuid::Uuid;

use crate::foreign::{BEANS, BYE, Foreign, customer, field, policy, registration_with, userinfo};
use crate::world::{World, verified};

#[tokio::test]
async fn a_foreign_client_learns_what_was_allowed_and_no_roles() {
    let world = World::new().await;
    let beans = Foreign::beans(&world).await;
    let barista = world.person(Role::Barista, &[Uuid::nil()]).await;
    let mut browser = world.signed_in(barista).await;
    let tokens = beans.tokens(&mut browser, "openid email").await;
    let (header, claims) = verified(&world, &tokens.text("id_token")).await;
    assert_eq!(header["alg"], "RS256");
    assert_eq!(claims["aud"], json!(beans.id));
    assert!(claims["email"].is_string());
    let access = tokens.text("access_token");
    let told = userinfo(&world, &access).await.json();
    assert!(told["email"].is_string());
    for hidden in ["name", "roles", "stores"] {
        assert_eq!(claims.get(hidden), None, "{hidden}");
        assert_eq!(told.get(hidden), None, "{hidden}");
    }
    let (_, claims) = verified(&world, &access).await;
    assert_eq!(claims["aud"], json!(beans.id));
    assert_eq!(
        (&claims["roles"], &claims["stores"]),
        (&json!([]), &json!([]))
    );

    let refreshed = beans.client().refresh(&tokens.text("refresh_token")).await;
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    let refused = beans.client().exchange(&access, "order").await;
    refused.refused(400, "unauthorized_client");
    let own = [
        ("grant_type", "client_credentials"),
        ("audience", "catalog"),
    ];
    let refused = beans.client().token(&own).await;
    refused.refused(400, "unauthorized_client");
    let through_us = world.bff().exchange(&access, "order").await;
    through_us.refused(400, "invalid_grant");

    let refresh = refreshed.text("refresh_token");
    let form = [("token", refresh.as_str())];
    assert_eq!(
        beans.client().post("/oauth2/revoke", &form).await.status,
        200
    );
    let refused = beans.client().refresh(&refresh).await;
    refused.refused(400, "invalid_grant");
    assert_eq!(
        browser.get("/account").await.status,
        200,
        "she stays signed in"
    );
}

#[tokio::test]
async fn without_the_grant_there_is_no_refresh_token() {
    let world = World::new().await;
    let operator = world.operator().await;
    let said = registration_with("grant_types", json!(["authorization_code"]));
    let beans = Foreign::of(&world, &operator, &said).await;
    let mut browser = customer(&world).await;
    let tokens = beans.tokens(&mut browser, "openid").await;
    assert_eq!(tokens.json().get("refresh_token"), None);
    let access = tokens.text("access_token");
    assert_eq!(userinfo(&world, &access).await.status, 200);
    assert_eq!(beans.client().introspect(&access).await["active"], true);
}

/// Browsers hold a form's redirects against the page's policy too: from the sign-in page the way may lead straight on.
#[tokio::test]
async fn the_pages_on_the_way_let_their_forms_lead_to_the_client() {
    let world = World::new().await;
    let beans = Foreign::beans(&world).await;
    let request = beans.request("openid", &[]);
    let sent_off = world.browser().authorize(&request).await;
    let page = world.browser().get(sent_off.location()).await;
    assert!(policy(&page).contains("form-action 'self' https://beans.example;"));
    let evil = [("redirect_uri", "https://evil.example/callback")];
    for (back, allowed) in [
        (
            crate::callers::encode(&beans.request("openid", &evil)),
            false,
        ),
        (
            crate::callers::encode(&crate::callers::authorization()),
            false,
        ),
        (crate::callers::encode(&request), true),
    ] {
        let query = format!("/oauth2/authorize?{back}");
        let query = crate::callers::encode(&[("return", &query)]);
        let page = world.browser().get(&format!("/sign-in?{query}")).await;
        assert_eq!(page.status, 200);
        assert_eq!(
            policy(&page).contains("form-action 'self' https:"),
            allowed,
            "{}",
            policy(&page)
        );
        assert!(!policy(&page).contains("evil"));
    }
}

#[tokio::test]
async fn another_companys_client_signs_nobody_out_unasked() {
    let world = World::new().await;
    let beans = Foreign::beans(&world).await;
    let mut browser = customer(&world).await;
    let hint = beans.tokens(&mut browser, "openid").await.text("id_token");
    let logout = |uri: &'static str| {
        let query = [("id_token_hint", &*hint), ("post_logout_redirect_uri", uri)];
        format!("/oauth2/logout?{}", crate::callers::encode(&query))
    };
    let page = browser.get(&logout(BYE)).await;
    assert!(page.body.contains("Sign out?"), "{page:?}");
    assert!(policy(&page).contains("form-action 'self' https://beans.example;"));
    // Nor where her browser is not: a link in a mail, say.
    assert_eq!(world.browser().get(&logout(BYE)).await.location(), BYE);
    assert_eq!(browser.get("/account").await.status, 200);
    for not_hers in [
        BEANS,
        "https://beans.example/by",
        "https://evil.example/bye",
    ] {
        assert_eq!(browser.get(&logout(not_hers)).await.status, 400);
    }
    let (client, uri) = (
        field(&page, "client_id"),
        field(&page, "post_logout_redirect_uri"),
    );
    let form = [("client_id", &*client), ("post_logout_redirect_uri", &*uri)];
    assert_eq!(browser.post("/sign-out", &form).await.location(), BYE);
    assert_eq!(browser.get("/account").await.status, 303);
}
