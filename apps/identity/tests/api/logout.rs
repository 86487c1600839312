//! Sign-out at a client's request (OpenID Connect RP-Initiated Logout 1.0).

use chrono::TimeDelta;
use http::header;
use identity::role::Role;
use identity::token::IdClaims;

use crate::callers::{Browser, authorization, encode};
use crate::world::{Answer, ISSUER, World, verified};

const HOME: &str = "https://localhost:8443/";

async fn logout(browser: &Browser<'_>, query: &[(&str, &str)]) -> Answer {
    browser
        .get(&format!("/oauth2/logout?{}", encode(query)))
        .await
}

async fn signed_in(browser: &Browser<'_>) -> bool {
    let answer = browser.authorize(&authorization()).await;
    answer.sent("code").is_some()
}

/// The fields of the form on a page, and where it posts.
fn form(page: &str) -> (String, Vec<(String, String)>) {
    let attribute = |tag: &str, name: &str| {
        let rest = tag.split_once(&format!("{name}=\"")).expect("present").1;
        let value = rest.split('"').next().expect("closed");
        value.replace("&amp;", "&").replace("&quot;", "\"")
    };
    let form = page.split_once("<form").expect("a form").1;
    let fields = form
        .split("<input")
        .skip(1)
        .map(|tag| (attribute(tag, "name"), attribute(tag, "value")));
    (attribute(form, "action"), fields.collect())
}

#[tokio::test]
async fn the_clients_own_id_token_signs_out_at_once_and_sends_back_with_the_state() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    let tokens = world.bff().redeem(&browser.code().await).await;
    let hint = tokens.text("id_token");
    // Long expired, as it is when people sign out (§2).
    world.clock.advance(TimeDelta::hours(11));
    let query = [
        ("id_token_hint", &*hint),
        ("post_logout_redirect_uri", HOME),
        ("state", "s &="),
    ];
    for ended in [false, true] {
        let answer = logout(&browser, &query).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        assert_eq!(answer.location(), format!("{HOME}?state=s+%26%3D"));
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(answer.headers[header::REFERRER_POLICY], "no-referrer");
        let cookie = answer.headers.get(header::SET_COOKIE);
        assert_eq!(cookie.is_some(), !ended, "the second time is no error");
    }
    assert!(!signed_in(&browser).await);
    let refresh = tokens.text("refresh_token");
    world
        .bff()
        .refresh(&refresh)
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn an_id_token_ends_its_session_where_the_browser_has_lost_it() {
    let world = World::new().await;
    let tokens = world.customer_tokens().await;
    let hint = tokens.text("id_token");
    let answer = logout(&world.browser(), &[("id_token_hint", &hint)]).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("You are signed out"), "{answer:?}");
    world
        .bff()
        .refresh(&tokens.text("refresh_token"))
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn without_a_good_hint_the_person_is_asked_and_the_button_signs_out() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let mut browser = world.signed_in(customer).await;
    let tokens = world.bff().redeem(&browser.code().await).await;
    let forged = format!("{}A", tokens.text("id_token"));
    let access = tokens.text("access_token");
    for hint in ["", "made-up", &forged, &access] {
        let query = [
            ("id_token_hint", hint),
            ("client_id", "bff"),
            ("post_logout_redirect_uri", HOME),
            ("state", "\"&"),
        ];
        let page = logout(&browser, &query).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert!(page.body.contains("<strong>Ada</strong>"), "{page:?}");
        assert!(!page.headers.contains_key(header::SET_COOKIE));
        assert!(signed_in(&browser).await, "nothing has happened yet");
        let (action, fields) = form(&page.body);
        let fields: Vec<_> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
        assert_eq!(
            (&*action, &fields[..]),
            (
                "/sign-out",
                &[
                    ("client_id", "bff"),
                    ("post_logout_redirect_uri", HOME),
                    ("state", "\"&")
                ][..]
            )
        );
    }
    let form = [
        ("client_id", "bff"),
        ("post_logout_redirect_uri", HOME),
        ("state", "\"&"),
    ];
    let answer = browser.post("/sign-out", &form).await;
    assert_eq!(answer.location(), format!("{HOME}?state=%22%26"));
    assert_eq!(browser.cookie.as_deref(), Some("__Host-crema-id="));
    world
        .bff()
        .refresh(&tokens.text("refresh_token"))
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn somebody_elses_id_token_signs_nobody_out_unasked() {
    let world = World::new().await;
    let attacker = world.customer_tokens().await.text("id_token");
    let victim = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(victim).await;
    let page = logout(&browser, &[("id_token_hint", &attacker)]).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Sign out?"), "{page:?}");
    assert!(!page.headers.contains_key(header::SET_COOKIE));
    assert!(signed_in(&browser).await);
}

#[tokio::test]
async fn an_id_token_of_an_earlier_sign_in_of_hers_signs_out_the_present_one() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let hint = world.tokens_of(customer).await.text("id_token");
    let later = world.signed_in(customer).await;
    let answer = logout(&later, &[("id_token_hint", &hint)]).await;
    assert!(answer.body.contains("You are signed out"), "{answer:?}");
    assert!(!signed_in(&later).await);
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let mut browser = world.signed_in(customer).await;
    let tokens = world.bff().redeem(&browser.code().await).await;
    let hint = tokens.text("id_token");
    let mut refused = Vec::new();
    for uri in [
        "https://evil.example/",
        "https://localhost:8443",
        "https://localhost:8443/?x",
        "https://LOCALHOST:8443/",
        "http://localhost:8443/",
        "https://localhost:8443/api/session/callback",
        "javascript:alert(1)",
        "//evil.example",
    ] {
        refused.push(vec![
            ("id_token_hint", &*hint),
            ("post_logout_redirect_uri", uri),
        ]);
        refused.push(vec![
            ("client_id", "bff"),
            ("post_logout_redirect_uri", uri),
        ]);
    }
    for client in ["order", "nobody", ""] {
        refused.push(vec![
            ("client_id", client),
            ("post_logout_redirect_uri", HOME),
        ]);
    }
    // The hint is another client's (§2).
    refused.push(vec![("id_token_hint", &*hint), ("client_id", "order")]);
    for query in &refused {
        let answer = logout(&browser, query).await;
        assert_eq!(answer.status, 400, "{query:?}");
        assert!(!answer.headers.contains_key(header::LOCATION), "{query:?}");
        let is_hint = query.iter().any(|(name, _)| *name == "id_token_hint");
        if !is_hint {
            let answer = browser.post("/sign-out", query).await;
            assert_eq!(answer.status, 400, "{query:?}");
        }
    }
    assert!(signed_in(&browser).await, "nothing was changed");
}

#[tokio::test]
async fn a_form_of_another_site_leads_on_to_the_link_that_says_the_same() {
    let world = World::new().await;
    let mut stranger = world.browser();
    stranger.origin = Some("https://client.example".to_owned());
    let request = [("client_id", "bff"), ("state", "a&b")];
    let answer = stranger.post("/oauth2/logout", &request).await;
    assert_eq!(answer.status, 303);
    assert_eq!(
        answer.location(),
        "/oauth2/logout?client_id=bff&state=a%26b"
    );
    assert!(!answer.headers.contains_key(header::SET_COOKIE));
}

#[tokio::test]
async fn nobody_signed_in_is_no_error() {
    let world = World::new().await;
    let browser = world.browser();
    let page = logout(&browser, &[]).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("You are signed out"), "{page:?}");
    assert!(
        !page.headers.contains_key(header::SET_COOKIE),
        "a cookie that was not sent is not taken"
    );
    let back = [("client_id", "bff"), ("post_logout_redirect_uri", HOME)];
    assert_eq!(logout(&browser, &back).await.location(), HOME);
}

#[tokio::test]
async fn a_repeated_parameter_is_refused() {
    let world = World::new().await;
    for name in ["state", "id_token_hint", "client_id", "unknown"] {
        let query = [(name, "a"), (name, "a")];
        assert_eq!(logout(&world.browser(), &query).await.status, 400, "{name}");
    }
}

#[tokio::test]
async fn an_id_token_of_another_issuer_is_no_hint() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    let tokens = world.bff().redeem(&browser.code().await).await;
    let (_, claims) = verified(&world, &tokens.text("id_token")).await;
    let text = |name: &str| claims[name].as_str().expect("text").to_owned();
    let claims = IdClaims {
        iss: format!("{ISSUER}0"),
        aud: text("aud"),
        sub: text("sub"),
        iat: 0,
        exp: 0,
        auth_time: 0,
        nonce: None,
        sid: text("sid").parse().expect("an id"),
        name: None,
        zoneinfo: None,
        email: None,
        email_verified: None,
        roles: None,
        stores: None,
    };
    let foreign = world.app.mint.id(&claims).expect("signed");
    let page = logout(&browser, &[("id_token_hint", &foreign)]).await;
    assert!(page.body.contains("Sign out?"), "{page:?}");
    assert!(signed_in(&browser).await);
}
