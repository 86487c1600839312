//! The audit: what is on record, and that it can't be changed without a trace.

use identity::audit::Flaw;
use identity::ops::audit::verify;
use service::database;
use sqlx::AssertSqlSafe;

use crate::world::World;

const ADDRESS: &str = "ada@example.com";
const PASSWORD: &str = "punched cards";
const FORM: [(&str, &str); 3] = [("name", "Ada"), ("email", ADDRESS), ("password", PASSWORD)];

/// Every kind on record, in the order of the chain.
pub async fn kinds(world: &World) -> Vec<String> {
    sqlx::query_scalar("select kind from audit order by position")
        .fetch_all(&world.app.db)
        .await
        .expect("the audit")
}

pub async fn flaw(world: &World) -> Option<Flaw> {
    let mut db = world.app.db.acquire().await.expect("a connection");
    let (_, flaw) = verify(&mut db).await.expect("a verdict");
    flaw
}

/// From a registration to a sign-out, from a known network.
async fn a_day(world: &World) {
    let mut browser = world.browser();
    browser.address = Some("203.0.113.77");
    browser.post("/register", &FORM).await;
    browser.post("/register", &FORM).await;
    let wrong = [("email", ADDRESS), ("password", "wrong")];
    browser.post("/sign-in", &wrong).await;
    let nobody = [("email", "Bob@example.com"), ("password", PASSWORD)];
    browser.post("/sign-in", &nobody).await;
    browser.post("/sign-in", &FORM[1..]).await;
    let code = browser.code().await;
    let tokens = world.bff().redeem(&code).await;
    world.bff().refresh(&tokens.text("refresh_token")).await;
    world.bff().redeem(&code).await;
    browser.post("/sign-out", &[]).await;
}

#[tokio::test]
async fn every_authentication_event_is_on_record_in_its_order() {
    let world = World::new().await;
    a_day(&world).await;
    assert_eq!(
        kinds(&world).await,
        [
            "registered",
            "registration_repeated",
            "sign_in_refused",
            "sign_in_refused",
            "signed_in",
            "code_issued",
            "code_redeemed",
            "refreshed",
            "code_reused",
            "session_ended",
            "signed_out",
        ]
    );
    assert_eq!(flaw(&world).await, None);
}

#[tokio::test]
async fn a_stolen_refresh_token_and_a_revocation_are_on_record() {
    let world = World::new().await;
    let tokens = world.customer_tokens().await;
    let first = tokens.text("refresh_token");
    let second = world.bff().refresh(&first).await.text("refresh_token");
    world.bff().refresh(&second).await;
    let replayed = world.bff().refresh(&first).await;
    replayed.refused(400, "invalid_grant");
    let other = world.customer_tokens().await;
    for token in ["access_token", "refresh_token"] {
        let token = other.text(token);
        world
            .bff()
            .post("/oauth2/revoke", &[("token", &token)])
            .await;
    }
    assert_eq!(
        kinds(&world).await,
        [
            "code_issued",
            "code_redeemed",
            "refreshed",
            "refreshed",
            "refresh_replayed",
            "code_issued",
            "code_redeemed",
            "revoked",
            "session_ended",
            "revoked",
        ]
    );
}

#[tokio::test]
async fn nobody_is_named_and_no_address_is_whole() {
    let world = World::new().await;
    a_day(&world).await;
    let rows: Vec<String> = sqlx::query_scalar("select audit::text from audit order by position")
        .fetch_all(&world.app.db)
        .await
        .expect("the audit");
    let all = rows.join("\n");
    for personal in ["Ada", "ada@", "bob", "Bob", "example", "203.0.113.77"] {
        assert!(!all.contains(personal), "{personal} in {all}");
    }
    let refused: Vec<(Option<String>, Option<String>, bool)> = sqlx::query_as(
        "select network, account, person_id is null from audit where kind = 'sign_in_refused' order by position",
    )
    .fetch_all(&world.app.db)
    .await
    .expect("the audit");
    let network = Some("203.0.113.0/24".to_owned());
    // printf bob@example.com | sha256sum
    let bob = "5ff860bf1190596c7188ab851db691f0f3169c453936e9e1eba2f9a47f7a0018".to_owned();
    assert_eq!(
        refused,
        [(network.clone(), None, false), (network, Some(bob), true)]
    );
}

#[tokio::test]
async fn what_was_rolled_back_is_not_on_record_and_leaves_no_gap() {
    let world = World::new().await;
    let mut db = database::begin(&world.app.db).await.expect("a transaction");
    let entry = identity::audit::Entry::of(identity::audit::Kind::SignedIn);
    entry.record(&world.app, &mut db).await.expect("recorded");
    db.rollback().await.expect("rolled back");
    a_day(&world).await;
    let first: i64 = sqlx::query_scalar("select min(position) from audit")
        .fetch_one(&world.app.db)
        .await
        .expect("a position");
    assert_eq!(first, 1);
    assert_eq!(flaw(&world).await, None);
}

#[tokio::test]
async fn the_database_refuses_every_change_of_a_row() {
    let world = World::new().await;
    a_day(&world).await;
    for change in [
        "update audit set kind = 'signed_in' where position = 3",
        "delete from audit where position = 3",
        "truncate audit",
    ] {
        let refused = sqlx::query(change).execute(&world.app.db).await;
        let error = refused.expect_err(change).to_string();
        assert!(error.contains("only ever added to"), "{change}: {error}");
    }
}

#[tokio::test]
async fn whoever_gets_around_the_database_is_found_out() {
    const ID: &str = "'0190a000-0000-7000-8000-0000000000ff'";
    let changes = [
        (
            "update audit set id = gen_random_uuid() where position = 3".to_owned(),
            Flaw::Changed(3),
        ),
        (
            "update audit set at = at + interval '1 microsecond' where position = 3".to_owned(),
            Flaw::Changed(3),
        ),
        (
            "update audit set kind = 'signed_in' where position = 3".to_owned(),
            Flaw::Changed(3),
        ),
        (
            format!("update audit set person_id = {ID} where position = 3"),
            Flaw::Changed(3),
        ),
        (
            "update audit set actor = '' where position = 3".to_owned(),
            Flaw::Changed(3),
        ),
        (
            "update audit set client_id = 'bff' where position = 3".to_owned(),
            Flaw::Changed(3),
        ),
        (
            format!("update audit set session_id = {ID} where position = 3"),
            Flaw::Changed(3),
        ),
        (
            "update audit set network = null where position = 3".to_owned(),
            Flaw::Changed(3),
        ),
        (
            "update audit set account = 'a' where position = 3".to_owned(),
            Flaw::Changed(3),
        ),
        (
            "update audit set detail = 'a' where position = 3".to_owned(),
            Flaw::Changed(3),
        ),
        (
            "update audit set hash = sha256('a') where position = 3".to_owned(),
            Flaw::Changed(3),
        ),
        (
            "delete from audit where position = 1".to_owned(),
            Flaw::Missing(1),
        ),
        (
            "delete from audit where position = 5".to_owned(),
            Flaw::Missing(5),
        ),
        (
            "delete from audit where position = 11".to_owned(),
            Flaw::End(11),
        ),
        ("delete from audit".to_owned(), Flaw::End(11)),
        (
            "update audit_head set hash = sha256('a')".to_owned(),
            Flaw::End(11),
        ),
    ];
    let world = World::new().await;
    a_day(&world).await;
    assert_eq!(flaw(&world).await, None);
    for (change, expected) in changes {
        let mut db = database::begin(&world.app.db).await.expect("a transaction");
        let disable = "alter table audit disable trigger user";
        sqlx::query(disable).execute(&mut *db).await.expect("ours");
        let done = sqlx::query(AssertSqlSafe(change.as_str()))
            .execute(&mut *db)
            .await;
        assert!(done.expect(&change).rows_affected() > 0, "{change}");
        let (_, found) = verify(&mut db).await.expect("a verdict");
        assert_eq!(found, Some(expected), "{change}");
        db.rollback().await.expect("undone");
    }
}

#[tokio::test]
async fn writers_at_the_same_moment_make_one_chain() {
    let world = World::new().await;
    let people = std::iter::repeat_with(|| world.customer_tokens()).take(8);
    futures::future::join_all(people).await;
    assert_eq!(kinds(&world).await.len(), 16);
    assert_eq!(flaw(&world).await, None);
}
