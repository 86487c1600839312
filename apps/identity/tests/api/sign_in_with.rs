//! Signing in by another provider: who gets an account, who gets into hers.

use chrono::TimeDelta;
use http::header;
use identity::events::Change;
use identity::paths::SHOP;
use identity::role::Role;
use identity::second_factor::Policy;
use identity::store;
use serde_json::json;
use uuid::Uuid;

use crate::ada::{self, ADDRESS, PASSWORD, mail};
use crate::audit::{flaw, kinds};
use crate::callers::{authorization, encode};
use crate::events::told_of;
use crate::provider::{Provider, Signer};
use crate::traveller::{Traveller, WITH, last_on_record, person};
use crate::world::World;

#[tokio::test]
async fn without_providers_there_is_no_button_and_nobody_to_go_to() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.get("/sign-in").await;
    assert!(!page.body.contains("Continue with"), "{}", page.body);
    let answer = browser.post(WITH, &[]).await;
    assert_eq!(answer.status, 404, "{answer:?}");
    let provider = Provider::start(&world).await;
    let page = browser.get("/sign-in").await;
    assert!(page.body.contains("Continue with Campus &lt;Card&gt;"));
    assert!(page.body.contains(r#"action="/sign-in/with/campus""#));
    assert_eq!(provider.asked("discovery"), 0, "a page asks nobody");
}

#[tokio::test]
async fn a_stranger_gets_an_account_without_a_password_and_comes_back_to_it() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let mut ada = Traveller::new(&world);
    let back = format!("/oauth2/authorize?{}", encode(&authorization()));
    let there = ada.sets_off(WITH, &[("return", &back)]).await;
    assert!(!there.as_str().contains("max_age"), "{there}");
    let answer = ada.get(&provider.authorize(&there)).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, &*back));
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(
        ada.jar.len(),
        1,
        "the session's cookie is left: {:?}",
        ada.jar
    );
    assert!(ada.is_in().await);

    let account = person(&world, ADDRESS).await.expect("an account");
    let page = ada.get("/account").await;
    assert!(page.body.contains("<dd>Ada L.</dd>") && page.body.contains("(confirmed)"));
    let registered = [Change::Registered.kind(), Change::LoggedIn.kind()];
    assert_eq!(told_of(&world, account.0).await, registered);
    assert_eq!(kinds(&world).await[..2], ["registered", "signed_in"]);
    assert_eq!(mail(&world).await.len(), 0);

    let mut elsewhere = Traveller::new(&world);
    provider.set().person["email"] = json!("moved@example.com");
    let answer = elsewhere.signs_in(&provider).await;
    assert_eq!(answer.location(), SHOP);
    assert_eq!(person(&world, "moved@example.com").await, None);
    let (kind, detail) = last_on_record(&world).await;
    assert_eq!((&*kind, detail.as_deref()), ("signed_in", Some("campus")));
    assert_eq!(told_of(&world, account.0).await.len(), 3);
    assert_eq!(provider.asked("discovery"), 1, "it is kept");
    assert_eq!(provider.asked("jwks"), 1, "they are kept");
    assert_eq!(flaw(&world).await, None);
}

#[tokio::test]
async fn what_the_id_token_leaves_out_is_asked_for() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    {
        let mut set = provider.set();
        set.userinfo = set.person.clone();
        set.person = json!({"sub": "ada-over-there"});
    }
    assert_eq!(Traveller::new(&world).signs_in(&provider).await.status, 303);
    let account = person(&world, ADDRESS).await;
    assert!(account.is_some());
    Traveller::new(&world).signs_in(&provider).await;
    assert_eq!(provider.asked("me"), 1, "only of somebody new");

    provider.set().person["sub"] = json!("eve");
    let mut eve = Traveller::new(&world);
    let answer = eve.signs_in(&provider).await;
    assert_eq!(answer.status, 403, "another subject's address: {answer:?}");
    assert!(!eve.is_in().await);
}

#[tokio::test]
async fn the_three_algorithms_that_a_key_may_have_and_both_ways_to_show_a_secret() {
    for key in [Signer::Rs256, Signer::Es256, Signer::EdDsa] {
        let world = World::new().await;
        let provider = Provider::start(&world).await;
        {
            let mut set = provider.set();
            set.key = key;
            set.metadata["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
        }
        let answer = Traveller::new(&world).signs_in(&provider).await;
        assert_eq!(answer.status, 303, "{key:?} {answer:?}");
    }
}

#[tokio::test]
async fn an_account_that_is_here_is_never_taken_over() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    ada::registers(&world).await;
    let before = kinds(&world).await.len();
    let mut eve = Traveller::new(&world);
    let answer = eve.signs_in(&provider).await;
    assert_eq!(answer.status, 409, "{answer:?}");
    assert!(answer.body.contains(ADDRESS));
    let link = "/sign-in?return=%2Faccount%2Flinks";
    assert!(answer.body.contains(link), "{}", answer.body);
    assert!(!eve.is_in().await);
    assert_eq!(kinds(&world).await[before..], ["provider_address_taken"]);

    let mut ada = Traveller::with(ada::signs_in(&world).await);
    let page = ada.get("/account/export").await;
    assert_eq!(page.json()["linked_accounts"], json!([]));
    assert_eq!(eve.signs_in(&provider).await.status, 409, "still");
}

#[tokio::test]
async fn an_address_that_the_provider_does_not_vouch_for_tells_nothing() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    provider.set().userinfo = json!({"sub": "ada-over-there"});
    for spoilt in [
        json!({"email_verified": false}),
        json!({"email_verified": null}),
        json!({"email": null}),
        json!({"email": "no address"}),
    ] {
        provider.set().claims = spoilt.clone();
        let unknown = Traveller::new(&world).signs_in(&provider).await;
        assert_eq!(unknown.status, 403, "{spoilt}");
        if person(&world, ADDRESS).await.is_none() {
            ada::registers(&world).await;
        }
        let known = Traveller::new(&world).signs_in(&provider).await;
        assert_eq!((known.status, known.body), (unknown.status, unknown.body));
        let (kind, detail) = last_on_record(&world).await;
        assert_eq!(kind, "provider_refused");
        assert_eq!(detail.as_deref(), Some("campus: e-mail address"));
    }
}

#[tokio::test]
async fn staff_still_need_a_second_factor() {
    let world = World::with(Policy::RequiredForStaff).await;
    let provider = Provider::start(&world).await;
    Traveller::new(&world).signs_in(&provider).await;
    let ada = person(&world, ADDRESS).await.expect("an account");
    let mut db = world.app.db.acquire().await.expect("a connection");
    store::people::employ(&mut db, ada, Uuid::nil(), Role::Barista)
        .await
        .expect("a place");
    drop(db);
    let mut browser = Traveller::new(&world);
    let answer = browser.signs_in(&provider).await;
    assert_eq!(answer.location(), "/sign-in/second-factor");
    assert!(!browser.is_in().await);
    assert_eq!(browser.get("/account").await.status, 303);
    let (kind, detail) = last_on_record(&world).await;
    assert_eq!(
        (&*kind, detail.as_deref()),
        ("provider_accepted", Some("campus"))
    );
}

#[tokio::test]
async fn whoever_has_a_second_factor_uses_it_here_too() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let (secret, _) = crate::second_factor::with_factor(&world).await;
    let ada = ada::id(&world).await;
    let mut db = world.app.db.acquire().await.expect("a connection");
    let identity = (&*provider.issuer, "ada-over-there");
    let linked = store::federation::link(&mut db, Uuid::nil(), identity, ada, world.clock.now());
    assert!(linked.await.expect("linked"));
    drop(db);
    crate::second_factor::next_step(&world);
    let mut browser = Traveller::new(&world);
    assert_eq!(
        browser.signs_in(&provider).await.location(),
        "/sign-in/code"
    );
    assert!(!browser.is_in().await);
    let code = secret.code(world.clock.now());
    let answer = browser.post("/sign-in/code", &[("code", &code)]).await;
    assert_eq!(answer.location(), SHOP);
    assert!(browser.is_in().await);
}

#[tokio::test]
async fn a_closed_account_stays_closed() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    Traveller::new(&world).signs_in(&provider).await;
    let ada = person(&world, ADDRESS).await.expect("an account");
    let operator = world.operator().await;
    operator
        .post(&format!("/v1/users/{}/deactivate", ada.0))
        .await;
    let mut browser = Traveller::new(&world);
    let answer = browser.signs_in(&provider).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    assert!(!browser.is_in().await);
    let (kind, detail) = last_on_record(&world).await;
    assert_eq!(
        (&*kind, detail.as_deref()),
        ("provider_refused", Some("campus: closed"))
    );
}

#[tokio::test]
async fn a_session_is_replaced_and_a_planted_cookie_is_not_taken_over() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let mut ada = Traveller::new(&world);
    let planted = "__Host-crema-id".to_owned();
    ada.jar.insert(planted.clone(), "known to eve".to_owned());
    ada.signs_in(&provider).await;
    assert_ne!(ada.jar[&planted], "known to eve");
    let first = ada.jar[&planted].clone();
    ada.signs_in(&provider).await;
    assert_ne!(ada.jar[&planted], first);
    let mut stale = Traveller::new(&world);
    stale.jar.insert(planted, first);
    assert!(ada.is_in().await && !stale.is_in().await);
}

#[tokio::test]
async fn a_password_for_an_account_that_has_none_is_as_wrong_as_any() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    Traveller::new(&world).signs_in(&provider).await;
    let before = world.app.passwords.computed();
    let (_, without) = ada::gives(&world, PASSWORD).await;
    assert_eq!(world.app.passwords.computed(), before + 1, "one hash");
    let form = [("email", "bob@example.com"), ("password", PASSWORD)];
    let unknown = world.browser().post("/sign-in", &form).await;
    assert_eq!(
        (without.status, unknown.status.as_u16()),
        (unknown.status, 422)
    );
    assert_eq!(
        without.body.replace(ADDRESS, "bob@example.com"),
        unknown.body
    );
    for empty in ["", "none", "null"] {
        assert_eq!(ada::gives(&world, empty).await.1.status.as_u16() / 100, 4);
    }
}

#[tokio::test]
async fn two_who_are_one_and_come_at_once_get_one_account() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let (mut one, mut two) = (Traveller::new(&world), Traveller::new(&world));
    let first = provider.authorize(&one.sets_off(WITH, &[]).await);
    let second = provider.authorize(&two.sets_off(WITH, &[]).await);
    let (first, second) = futures::join!(one.get(&first), two.get(&second));
    assert_eq!((first.location(), second.location()), (SHOP, SHOP));
    let people: i64 = sqlx::query_scalar("select count(*) from people")
        .fetch_one(&world.app.db)
        .await
        .expect("a count");
    assert_eq!(people, 1);
    assert!(one.is_in().await && two.is_in().await);
}

#[tokio::test]
async fn a_new_key_is_looked_for_once_and_a_forged_one_causes_no_storm() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    Traveller::new(&world).signs_in(&provider).await;
    provider.set().kid = "second".to_owned();
    let answer = Traveller::new(&world).signs_in(&provider).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!(provider.asked("jwks"), 2);
    provider.set().token_kid = Some("of nobody".to_owned());
    for _ in 0..3 {
        let answer = Traveller::new(&world).signs_in(&provider).await;
        assert_eq!(answer.status, 403, "{answer:?}");
    }
    assert_eq!(provider.asked("jwks"), 2, "it has just been looked for");
    world.clock.advance(TimeDelta::seconds(10));
    Traveller::new(&world).signs_in(&provider).await;
    assert_eq!(provider.asked("jwks"), 3);
    world.clock.advance(TimeDelta::hours(1));
    provider.set().token_kid = None;
    assert_eq!(Traveller::new(&world).signs_in(&provider).await.status, 303);
    assert_eq!(provider.asked("jwks"), 4, "nothing is believed for ever");
    assert_eq!(provider.asked("discovery"), 2);
}
