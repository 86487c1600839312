//! A person's accounts at other providers: linking, removing, and proving who she is without a password.

use chrono::TimeDelta;
use serde_json::json;

use crate::ada::{self, ADDRESS, PASSWORD, mail};
use crate::audit::kinds;
use crate::events::told_of;
use crate::provider::Provider;
use crate::traveller::{Traveller, WITH, last_on_record, person};
use crate::world::World;
use identity::paths::SHOP;

const LINKS: &str = "/account/links";
const BEGIN: &str = "/account/links/begin";
const REMOVE: &str = "/account/links/remove";
const CAMPUS: [(&str, &str); 1] = [("provider", "campus")];
const NEW: &str = "analytical engine";

/// Ada, with a password and a browser in which she is signed in.
pub async fn with_ada(world: &World) -> Traveller<'_> {
    ada::registers(world).await;
    let letters = mail(world).await;
    let form = [("token", letters[0].token())];
    let answer = world.browser().post("/verify-email", &form).await;
    assert_eq!(answer.status, 200);
    Traveller::with(ada::signs_in(world).await)
}

/// She links her account at the provider: what she is answered.
pub async fn links(ada: &mut Traveller<'_>, provider: &Provider) -> crate::world::Answer {
    let there = ada.sets_off(BEGIN, &CAMPUS).await;
    ada.get(&provider.authorize(&there)).await
}

/// The ids of the accounts that the page offers to remove.
fn on(body: &str) -> Vec<String> {
    let items = body.split(r#"name="account" value=""#).skip(1);
    items
        .map(|rest| rest.split('"').next().expect("an id").to_owned())
        .collect()
}

fn signs_in_there(provider: &Provider, world: &World) {
    let now = world.clock.now().timestamp();
    provider.set().person["auth_time"] = json!(now);
}

#[tokio::test]
async fn an_account_that_is_linked_signs_her_in_and_is_removed_again() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let mut ada = with_ada(&world).await;
    let page = ada.get("/account").await;
    assert!(page.body.contains(LINKS), "{}", page.body);
    let page = ada.get(LINKS).await;
    assert!(page.body.contains("Link an account at Campus &lt;Card&gt;"));
    let answer = links(&mut ada, &provider).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, LINKS));
    assert_eq!(last_on_record(&world).await.0, "provider_linked");
    let subject = &mail(&world).await[0].letter.subject.to_owned();
    assert_eq!(*subject, "You can sign in by another account now");
    let answer = links(&mut ada, &provider).await;
    assert_eq!(answer.location(), LINKS, "once more changes nothing");

    let export = ada.get("/account/export").await.json();
    assert_eq!(export["linked_accounts"][0]["subject"], "ada-over-there");
    assert_eq!(export["linked_accounts"].as_array().map(Vec::len), Some(1));
    assert_eq!(export["has_password"], json!(true));
    let mut elsewhere = Traveller::new(&world);
    assert_eq!(elsewhere.signs_in(&provider).await.location(), SHOP);
    let account = ada::id(&world).await;
    assert_eq!(person(&world, ADDRESS).await, Some(account));

    let ids = on(&ada.get(LINKS).await.body);
    let answer = ada.post(REMOVE, &[("account", &ids[0])]).await;
    assert_eq!(answer.location(), LINKS);
    assert!(on(&ada.get(LINKS).await.body).is_empty());
    let record = kinds(&world).await;
    assert_eq!(
        record[record.len() - 2..],
        ["session_ended", "provider_unlinked"]
    );
    assert!(ada.is_in().await && !elsewhere.is_in().await);
    assert_eq!(mail(&world).await.len(), 1);
    assert_eq!(
        elsewhere.signs_in(&provider).await.status,
        409,
        "a stranger again"
    );
    assert_eq!(
        told_of(&world, account.0).await.len(),
        4,
        "and no event of its own"
    );
}

#[tokio::test]
async fn linking_takes_a_sign_in_just_now_in_this_very_session() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let mut ada = with_ada(&world).await;
    let back = provider.authorize(&ada.sets_off(BEGIN, &CAMPUS).await);
    // Her cookie of the request, in the browser of somebody else.
    let eve = world.person(identity::role::Role::Customer, &[]).await;
    let mut eve = Traveller::with(world.signed_in(eve).await);
    let tie = "__Host-crema-id-with".to_owned();
    eve.jar.insert(tie.clone(), ada.jar[&tie].clone());
    let answer = eve.get(&back).await;
    assert!(
        answer.location().starts_with("/sign-in?return="),
        "{answer:?}"
    );
    assert!(on(&eve.get(LINKS).await.body).is_empty());
    assert!(on(&ada.get(LINKS).await.body).is_empty());

    ada.browser.origin = Some("https://evil.example".to_owned());
    assert_eq!(ada.post(BEGIN, &CAMPUS).await.status, 403);
    assert_eq!(ada.post(REMOVE, &[]).await.status, 403);
    ada.browser.origin = world.browser().origin;
    world.clock.advance(TimeDelta::minutes(16));
    for path in [BEGIN, REMOVE] {
        let answer = ada.post(path, &CAMPUS).await;
        assert_eq!(answer.location(), "/sign-in?return=%2Faccount%2Flinks");
    }
    assert_eq!(ada.get(LINKS).await.status, 303);
}

#[tokio::test]
async fn linking_takes_a_confirmed_address() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    ada::registers(&world).await;
    let mut eve = Traveller::with(ada::signs_in(&world).await);
    let answer = eve.post(BEGIN, &CAMPUS).await;
    assert_eq!(answer.status, 403, "it may be another's: {answer:?}");
    assert!(answer.body.contains("/verify-email/again"));
    assert_eq!(provider.asked("discovery"), 0);
}

#[tokio::test]
async fn an_account_over_there_signs_in_one_person_here() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let mut ada = with_ada(&world).await;
    links(&mut ada, &provider).await;
    let ids = on(&ada.get(LINKS).await.body);
    let eve = world.person(identity::role::Role::Customer, &[]).await;
    let mut db = world.app.db.acquire().await.expect("a connection");
    let confirmed = identity::store::people::confirm_address(&mut db, eve, world.clock.now());
    assert!(confirmed.await.expect("confirmed"));
    drop(db);
    let mut eve = Traveller::with(world.signed_in(eve).await);
    let answer = links(&mut eve, &provider).await;
    assert_eq!(answer.status, 409, "{answer:?}");
    assert_eq!(
        last_on_record(&world).await.1.as_deref(),
        Some("campus: another's")
    );
    assert!(on(&eve.get(LINKS).await.body).is_empty());
    for id in [ids[0].as_str(), "no id"] {
        let answer = eve.post(REMOVE, &[("account", id)]).await;
        assert_eq!(answer.location(), LINKS);
    }
    assert_eq!(on(&ada.get(LINKS).await.body), ids, "hers stays");
}

#[tokio::test]
async fn the_last_way_to_sign_in_stays_until_there_is_a_password() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    signs_in_there(&provider, &world);
    let mut ada = Traveller::new(&world);
    ada.signs_in(&provider).await;
    let page = ada.get(LINKS).await;
    assert!(page.body.contains("You have no password here."), "{page:?}");
    let ids = on(&page.body);
    let answer = ada.post(REMOVE, &[("account", &ids[0])]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("Nothing else would sign you in."));
    assert_eq!(on(&answer.body), ids);

    let form = [("password", NEW)];
    let page = ada.get("/account/password").await;
    assert!(page.body.contains("Choose a password") && !page.body.contains("old_password"));
    assert_eq!(
        ada.post("/account/password", &[("password", "short")])
            .await
            .status,
        422
    );
    assert_eq!(
        ada.post("/account/password", &form).await.location(),
        "/account"
    );
    assert_eq!(ada::gives(&world, NEW).await.1.location(), SHOP);
    let answer = ada.post("/account/password", &form).await;
    assert_eq!(answer.status, 422, "now the old one is asked for");
    let answer = ada.post(REMOVE, &[("account", &ids[0])]).await;
    assert_eq!(answer.location(), LINKS);
    assert!(on(&ada.get(LINKS).await.body).is_empty());
}

#[tokio::test]
async fn what_counts_is_when_she_signed_in_over_there() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let guarded = [
        "/account/password",
        "/account/delete",
        "/account/security",
        LINKS,
    ];
    // One that does not say.
    let mut ada = Traveller::new(&world);
    ada.signs_in(&provider).await;
    assert_eq!(ada.get("/account").await.status, 200);
    for page in guarded {
        assert_eq!(ada.get(page).await.status, 303, "{page}");
        let answer = ada.proves_it(&provider, page).await;
        assert_eq!(answer.status, 403, "{page}");
        assert!(answer.body.contains("/forgot-password"), "{}", answer.body);
    }
    assert_eq!(
        last_on_record(&world).await.1.as_deref(),
        Some("campus: auth_time")
    );
    // One at which she signed in this morning.
    signs_in_there(&provider, &world);
    world.clock.advance(TimeDelta::minutes(16));
    ada.signs_in(&provider).await;
    for page in guarded {
        assert_eq!(ada.get(page).await.status, 303, "{page}");
        assert_eq!(ada.proves_it(&provider, page).await.status, 403, "{page}");
    }
    // One at which she signs in now: for what a password is asked for, within five minutes.
    signs_in_there(&provider, &world);
    let answer = ada.proves_it(&provider, "/account/delete").await;
    assert_eq!(answer.location(), "/account/delete");
    for page in guarded {
        assert_eq!(ada.get(page).await.status, 200, "{page}");
    }
    world.clock.advance(TimeDelta::minutes(6));
    for (page, status) in guarded.into_iter().zip([303, 303, 200, 200]) {
        assert_eq!(ada.get(page).await.status, status, "{page}");
    }
    let answer = ada.post("/account/delete", &[("password", "")]).await;
    assert_eq!(answer.location(), "/sign-in?return=%2Faccount%2Fdelete");
    let answer = ada.post("/account/password", &[("password", NEW)]).await;
    assert_eq!(answer.location(), "/sign-in?return=%2Faccount%2Fpassword");
    assert!(ada.is_in().await);
}

#[tokio::test]
async fn an_account_without_a_password_is_deleted_with_all_that_belongs_to_it() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    signs_in_there(&provider, &world);
    let mut ada = Traveller::new(&world);
    ada.signs_in(&provider).await;
    ada.sets_off(WITH, &[]).await;
    ada.sets_off(BEGIN, &CAMPUS).await;
    let page = ada.get("/account/delete").await;
    assert!(!page.body.contains("type=\"password\""), "{}", page.body);
    let answer = ada.post("/account/delete", &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    for table in [
        "people",
        "sessions",
        "federated_identities",
        "federated_sessions",
    ] {
        let sql = format!("select count(*) from {table}");
        let left: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(&world.app.db)
            .await
            .expect("a count");
        assert_eq!(left, 0, "{table}");
    }
    assert_eq!(person(&world, ADDRESS).await, None);
    assert_eq!(
        ada.signs_in(&provider).await.location(),
        SHOP,
        "a new person"
    );
}

#[tokio::test]
async fn a_password_is_still_asked_of_who_has_one() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    let mut ada = with_ada(&world).await;
    links(&mut ada, &provider).await;
    signs_in_there(&provider, &world);
    let mut elsewhere = Traveller::new(&world);
    elsewhere.proves_it(&provider, LINKS).await;
    assert_eq!(elsewhere.post("/account/delete", &[]).await.status, 422);
    let answer = elsewhere
        .post("/account/password", &[("password", NEW)])
        .await;
    assert_eq!(answer.status, 422);
    assert_eq!(ada::gives(&world, PASSWORD).await.1.status, 303);
}

#[tokio::test]
async fn a_mailed_link_gives_her_a_password() {
    let world = World::new().await;
    let provider = Provider::start(&world).await;
    Traveller::new(&world).signs_in(&provider).await;
    let letter = crate::reset_password::link(&world).await;
    let form = [("token", letter.token()), ("password", NEW)];
    world.browser().post("/reset-password", &form).await;
    assert_eq!(ada::gives(&world, NEW).await.1.location(), SHOP);
    assert_eq!(
        Traveller::new(&world).signs_in(&provider).await.location(),
        SHOP
    );
}
