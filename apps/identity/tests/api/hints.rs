//! What a client says of the person it expects, and of how recent her sign-in must be.

use chrono::TimeDelta;
use identity::role::Role;

use crate::ada;
use crate::callers::{Browser, authorization, encode};
use crate::world::{Answer, World, verified};

/// A correct request with more parameters.
fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = authorization();
    all.extend_from_slice(more);
    all
}

/// Signs Ada in where this answer sends her, and goes on from there.
async fn sign_in_and_on(world: &World, browser: &mut Browser<'_>, sent_off: &Answer) -> Answer {
    let back = sent_off.sent("return").expect("a way back");
    let form = [
        ("email", ada::ADDRESS),
        ("password", ada::PASSWORD),
        ("return", &*back),
    ];
    let answer = browser.post("/sign-in", &form).await;
    assert_eq!(answer.location(), back, "{answer:?}");
    world.clock.advance(TimeDelta::seconds(1));
    browser.get(&back).await
}

#[tokio::test]
async fn a_new_sign_in_is_proved_on_the_way_back() {
    let world = World::new().await;
    ada::registers(&world).await;
    for wish in [("prompt", "login"), ("max_age", "0"), ("max_age", "5")] {
        let mut browser = ada::signs_in(&world).await;
        world.clock.advance(TimeDelta::minutes(1));
        let sent_off = browser.authorize(&with(&[wish])).await;
        assert!(sent_off.location().starts_with("/sign-in?"), "{wish:?}");
        let back = sent_off.sent("return").expect("a way back");
        // Who goes there without signing in comes to the sign-in page again, whatever she leaves out.
        assert!(back.contains(wish.0), "{back}");
        for address in [
            back.clone(),
            back.replace("&first_seen=", "&first_seen=1"),
            back.split("&first_seen").next().expect("a part").to_owned(),
        ] {
            let again = browser.get(&address).await;
            assert!(again.location().starts_with("/sign-in?"), "{address}");
        }
        let signed_in_at = world.clock.now().timestamp();
        let answer = sign_in_and_on(&world, &mut browser, &sent_off).await;
        let code = answer.sent("code");
        let code = code.unwrap_or_else(|| panic!("{wish:?}: {answer:?}"));
        let tokens = world.bff().redeem(&code).await;
        let (_, claims) = verified(&world, &tokens.text("id_token")).await;
        assert_eq!(claims["auth_time"], signed_in_at, "{wish:?}");
    }
}

#[tokio::test]
async fn a_proof_is_for_its_own_request() {
    let world = World::new().await;
    ada::registers(&world).await;
    let mut browser = world.browser();
    let sent_off = browser.authorize(&with(&[("prompt", "login")])).await;
    let back = sent_off.sent("return").expect("a way back");
    world.clock.advance(TimeDelta::seconds(1));
    let answer = sign_in_and_on(&world, &mut browser, &sent_off).await;
    assert!(answer.sent("code").is_some());
    let another = back.replace("nonce=n-1", "nonce=n-2");
    assert_ne!(another, back);
    let answer = browser.get(&another).await;
    assert!(answer.location().starts_with("/sign-in?"), "{answer:?}");
    world.clock.advance(TimeDelta::hours(1));
    let late = browser.get(&back).await;
    assert!(late.location().starts_with("/sign-in?"), "{late:?}");
}

#[tokio::test]
async fn the_person_of_the_id_token_is_expected() {
    let world = World::new().await;
    let (one, other) = (
        world.person(Role::Customer, &[]).await,
        world.person(Role::Customer, &[]).await,
    );
    let hint = world.tokens_of(one).await.text("id_token");
    let (here, elsewhere) = (world.signed_in(one).await, world.signed_in(other).await);
    for (more, hers) in [
        (vec![("id_token_hint", &*hint)], true),
        (vec![("id_token_hint", &*hint), ("prompt", "none")], true),
    ] {
        assert_eq!(
            here.authorize(&with(&more)).await.sent("code").is_some(),
            hers
        );
    }
    let silent = with(&[("id_token_hint", &hint), ("prompt", "none")]);
    let answer = elsewhere.authorize(&silent).await;
    assert_eq!(answer.sent("error").as_deref(), Some("login_required"));
    let answer = elsewhere
        .authorize(&with(&[("id_token_hint", &hint)]))
        .await;
    assert!(answer.location().starts_with("/sign-in?"), "{answer:?}");
    // Long expired, it still says who she is.
    world.clock.advance(TimeDelta::hours(6));
    let answer = here.authorize(&with(&[("id_token_hint", &hint)])).await;
    assert!(answer.sent("code").is_some(), "{answer:?}");
    let access = world.tokens_of(one).await.text("access_token");
    for no_hint in ["x", "e30.e30.", &*access] {
        let answer = here.authorize(&with(&[("id_token_hint", no_hint)])).await;
        assert_eq!(answer.sent("error").as_deref(), Some("invalid_request"));
    }
}

#[tokio::test]
async fn whoever_signs_in_instead_of_her_is_sent_back_without_a_code() {
    let world = World::new().await;
    ada::registers(&world).await;
    let somebody = world.person(Role::Customer, &[]).await;
    let hint = world.tokens_of(somebody).await.text("id_token");
    let mut browser = world.browser();
    let sent_off = browser.authorize(&with(&[("id_token_hint", &hint)])).await;
    world.clock.advance(TimeDelta::seconds(1));
    let answer = sign_in_and_on(&world, &mut browser, &sent_off).await;
    assert_eq!(answer.sent("error").as_deref(), Some("login_required"));
    assert_eq!(answer.sent("code"), None);
}

#[tokio::test]
async fn a_login_hint_is_in_the_field_as_text() {
    let world = World::new().await;
    let long = "a".repeat(255);
    for (hint, shown) in [
        ("ada@example.com", Some("ada@example.com")),
        (
            "\"><script>x</script>",
            Some("&quot;&gt;&lt;script&gt;x&lt;/script&gt;"),
        ),
        (&*long, None),
        ("a\nb", None),
    ] {
        let sent_off = world
            .browser()
            .authorize(&with(&[("login_hint", hint)]))
            .await;
        let page = world.browser().get(sent_off.location()).await;
        assert_eq!(page.status, 200);
        assert!(!page.body.contains("<script"), "{}", page.body);
        let field = format!(r#"required value="{}""#, shown.unwrap_or_default());
        assert!(page.body.contains(&field), "{hint}: {}", page.body);
    }
    let twice = "/oauth2/authorize?login_hint=a&login_hint=b";
    let query = encode(&[("return", twice)]);
    let page = world.browser().get(&format!("/sign-in?{query}")).await;
    assert!(page.body.contains(r#"required value="""#), "{}", page.body);
}

#[tokio::test]
async fn what_is_not_known_here_is_ignored() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    for unknown in [
        ("ui_locales", "fr-CA fr"),
        ("claims", r#"{"id_token":{"email":{"essential":true}}}"#),
        ("claims_locales", "de"),
        ("acr_values", "urn:mace:incommon:iap:silver"),
        ("display", "touch"),
        ("first_seen", "1.x"),
        ("anything", "else"),
    ] {
        let answer = browser.authorize(&with(&[unknown])).await;
        assert!(answer.sent("code").is_some(), "{unknown:?}");
    }
}
