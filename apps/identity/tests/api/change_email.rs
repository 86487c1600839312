//! Another e-mail address for an account.

use chrono::TimeDelta;
use identity::person::EmailAddress;
use identity::role::Role;
use identity::{opaque, store};
use serde_json::json;
use service::database;

use crate::ada::{self, ADDRESS, PASSWORD, Sent, mail};
use crate::audit::{flaw, kinds};
use crate::callers::{Browser, authorization};
use crate::events::{published, told_of};
use crate::reset_password::link;
use crate::traveller::person;
use crate::world::{Answer, World, verified};

const NEW: &str = "countess@example.com";
const BOB: &str = "bob@example.com";

async fn with_ada() -> World {
    let world = World::new().await;
    ada::registers(&world).await;
    mail(&world).await;
    world
}

async fn asks(browser: &mut Browser<'_>, address: &str) -> Answer {
    browser.post("/account/email", &[("email", address)]).await
}

/// The letter with the link that she asked for.
async fn letter(world: &World, browser: &mut Browser<'_>) -> Sent {
    let answer = asks(browser, NEW).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut letters = mail(world).await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    letters.remove(0)
}

/// What pressing the button behind a link is answered, in a browser that nobody is signed in to.
async fn press(world: &World, token: &str) -> u16 {
    let form = [("token", token)];
    let answer = world.browser().post("/change-email", &form).await;
    answer.status.as_u16()
}

async fn signs_in_as(world: &World, address: &str) -> u16 {
    let form = [("email", address), ("password", PASSWORD)];
    let answer = world.browser().post("/sign-in", &form).await;
    answer.status.as_u16()
}

async fn bob_registers(world: &World) {
    let form = [("name", "Bob"), ("email", BOB), ("password", PASSWORD)];
    let answer = world.browser().post("/register", &form).await;
    assert_eq!(answer.status, 303, "{answer:?}");
}

#[tokio::test]
async fn the_button_changes_and_confirms_the_address_once_and_looking_does_not() {
    let world = with_ada().await;
    let id = ada::id(&world).await;
    let elsewhere = ada::signs_in(&world).await;
    let mut browser = ada::signs_in(&world).await;
    let sent = letter(&world, &mut browser).await;
    assert_eq!(sent.to, NEW);
    assert_eq!(sent.letter.subject, "Use this e-mail address");
    assert_eq!(sent.token().len(), 43, "256 bits");
    assert!(!sent.letter.body.contains(ADDRESS) && !sent.letter.body.contains("Ada"));
    for _ in 0..2 {
        let page = world.browser().get(sent.link()).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains(r#"action="/change-email""#));
    }
    assert_eq!(person(&world, ADDRESS).await, Some(id));

    assert_eq!(press(&world, sent.token()).await, 200);
    assert_eq!(person(&world, NEW).await, Some(id));
    assert_eq!(person(&world, ADDRESS).await, None);
    assert_eq!(signs_in_as(&world, NEW).await, 303);
    assert_eq!(signs_in_as(&world, ADDRESS).await, 422);
    let told = mail(&world).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].to, ADDRESS);
    assert_eq!(told[0].letter.subject, "Your e-mail address was changed");
    assert!(!told[0].letter.body.contains(NEW));
    let page = elsewhere.get("/account").await;
    assert!(page.body.contains(&format!("{NEW} (confirmed)")));
    let tokens = world.bff().redeem(&elsewhere.code().await).await;
    let (_, claims) = verified(&world, &tokens.text("id_token")).await;
    assert_eq!(
        (&claims["email"], &claims["email_verified"]),
        (&json!(NEW), &json!(true))
    );

    assert_eq!(press(&world, sent.token()).await, 422, "once");
    assert_eq!(mail(&world).await.len(), 0);
    let record = kinds(&world).await;
    let changed = record.iter().filter(|kind| *kind == "address_changed");
    assert_eq!(changed.count(), 1, "{record:?}");
    assert_eq!(flaw(&world).await, None);
    let told = told_of(&world, id.0).await;
    let updated = told.iter().filter(|kind| *kind == "user.updated.v1");
    assert_eq!(updated.count(), 1, "{told:?}");
    let events = json!(published(&world).await).to_string();
    assert!(!events.contains("example.com"), "{events}");
}

#[tokio::test]
async fn the_answer_is_the_same_whether_or_not_somebody_has_the_address() {
    let world = with_ada().await;
    bob_registers(&world).await;
    mail(&world).await;
    let mut browser = ada::signs_in(&world).await;
    let mut answers = Vec::new();
    for (address, subject) in [
        (NEW, "Use this e-mail address"),
        (BOB, "You have an account already"),
        (ADDRESS, "You have an account already"),
    ] {
        let answer = asks(&mut browser, address).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answers.push((answer.headers, answer.body));
        let letters = mail(&world).await;
        assert_eq!(letters.len(), 1, "{letters:?}");
        assert_eq!(letters[0].to, address);
        assert_eq!(letters[0].letter.subject, subject);
        let has_link = letters[0].letter.body.contains("token=");
        assert_eq!(has_link, address == NEW);
        let again = asks(&mut browser, address).await;
        assert_eq!(again.status, 200);
        assert_eq!(mail(&world).await.len(), 0, "one a minute is enough");
        world.clock.advance(TimeDelta::minutes(1));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    let rows: Vec<(bool, bool, String)> = sqlx::query_as(
        "select person_id is not null, account is not null, detail from audit where kind = 'mail_asked'",
    )
    .fetch_all(&world.app.db)
    .await
    .expect("the audit");
    assert_eq!(rows, vec![(true, true, "change_address".to_owned()); 6]);
    for bad in ["", "no address", "a;b@c.d"] {
        let answer = asks(&mut browser, bad).await;
        assert_eq!(answer.status, 422, "{bad}");
        assert!(answer.body.contains(r#"aria-describedby="email-wrong"#));
    }
}

#[tokio::test]
async fn a_link_is_good_for_an_hour_and_for_its_own_purpose() {
    let world = with_ada().await;
    let mut browser = ada::signs_in(&world).await;
    let sent = letter(&world, &mut browser).await;
    let form = [("token", sent.token()), ("password", "analytical engine")];
    for page in ["/verify-email", "/reset-password"] {
        let answer = world.browser().post(page, &form).await;
        assert_eq!(answer.status, 422, "{page}");
    }
    let reset = link(&world).await;
    for token in [reset.token(), "", "made-up"] {
        assert_eq!(press(&world, token).await, 422, "{token}");
    }
    world.clock.advance(TimeDelta::hours(1));
    assert_eq!(press(&world, sent.token()).await, 422);
    assert_eq!(signs_in_as(&world, ADDRESS).await, 303);
}

#[tokio::test]
async fn a_mail_that_could_not_be_sent_for_an_hour_is_given_up() {
    let world = with_ada().await;
    let mut browser = ada::signs_in(&world).await;
    asks(&mut browser, NEW).await;
    world
        .clock
        .advance(TimeDelta::hours(1) + TimeDelta::seconds(1));
    assert_eq!(mail(&world).await.len(), 0);
}

#[tokio::test]
async fn no_token_is_in_the_database_and_one_link_used_ends_every_other() {
    let world = with_ada().await;
    let id = ada::id(&world).await;
    let mut browser = ada::signs_in(&world).await;
    let first = letter(&world, &mut browser).await;
    let stored: Vec<u8> =
        sqlx::query_scalar("select hash from links where purpose = 'change_address'")
            .fetch_one(&world.app.db)
            .await
            .expect("a link");
    assert_eq!(stored, opaque::hash(first.token()));
    world.clock.advance(TimeDelta::minutes(1));
    let second = letter(&world, &mut browser).await;
    let reset = link(&world).await;
    assert_eq!(reset.to, ADDRESS);
    assert_eq!(press(&world, first.token()).await, 200);
    assert_eq!(press(&world, second.token()).await, 422);
    let form = [("token", reset.token()), ("password", "analytical engine")];
    let answer = world.browser().post("/reset-password", &form).await;
    assert_eq!(answer.status, 422, "it went to the address before");
    assert_eq!(signs_in_as(&world, NEW).await, 303);

    let form = [("email", ADDRESS)];
    world.browser().post("/forgot-password", &form).await;
    let letters = mail(&world).await;
    assert!(
        letters
            .iter()
            .all(|sent| !sent.letter.body.contains("token="))
    );
    assert_eq!(person(&world, NEW).await, Some(id));
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_stays_its_owners() {
    let world = with_ada().await;
    let ada = ada::id(&world).await;
    let mut browser = ada::signs_in(&world).await;
    asks(&mut browser, BOB).await;
    let sent = mail(&world).await.remove(0);
    bob_registers(&world).await;
    let bob = person(&world, BOB).await;
    assert_eq!(press(&world, sent.token()).await, 422);
    assert_eq!(person(&world, BOB).await, bob);
    assert_eq!(person(&world, ADDRESS).await, Some(ada));
    let page = browser.get("/account").await;
    assert!(page.body.contains("not confirmed"), "{}", page.body);
    assert!(!kinds(&world).await.contains(&"address_changed".to_owned()));
}

#[tokio::test]
async fn a_link_is_good_only_while_the_session_stands_that_asked() {
    let world = with_ada().await;
    let mut thief = ada::signs_in(&world).await;
    let sent = letter(&world, &mut thief).await;
    world.clock.advance(TimeDelta::minutes(1));
    asks(&mut thief, NEW).await;
    let mut browser = ada::signs_in(&world).await;
    let form = [
        ("old_password", PASSWORD),
        ("password", "analytical engine"),
    ];
    let answer = browser.post("/account/password", &form).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let letters = mail(&world).await;
    assert!(letters.iter().all(|sent| sent.to == ADDRESS), "{letters:?}");
    assert_eq!(press(&world, sent.token()).await, 422);
    let page = thief.authorize(&authorization()).await;
    assert!(page.location().starts_with("/sign-in?"));
    assert_eq!(person(&world, NEW).await, None);
}

#[tokio::test]
async fn it_is_pressed_once_however_many_press_at_the_same_moment() {
    let world = with_ada().await;
    let mut browser = ada::signs_in(&world).await;
    let sent = letter(&world, &mut browser).await;
    let presses = (0..4).map(|_| press(&world, sent.token()));
    let mut answers = futures::future::join_all(presses).await;
    answers.sort_unstable();
    assert_eq!(answers, [200, 422, 422, 422]);
}

/// Whether somebody waits for a row of this test's database.
async fn somebody_waits(world: &World) -> bool {
    let waits = "select exists (
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
    )";
    let waits = sqlx::query_scalar(waits).fetch_one(&world.app.db).await;
    waits.expect("an answer")
}

#[tokio::test]
async fn no_link_slips_through_to_the_address_before_while_it_is_changed() {
    let world = with_ada().await;
    let id = ada::id(&world).await;
    let form = [("email", ADDRESS)];
    world.browser().post("/forgot-password", &form).await;
    let mut db = database::begin(&world.app.db).await.expect("a transaction");
    let new = EmailAddress::parse(NEW).expect("an address");
    let changed = store::people::set_address(&mut db, id, &new, world.clock.now()).await;
    assert!(changed.expect("a change"));
    let change = async {
        while !somebody_waits(&world).await {
            tokio::task::yield_now().await;
        }
        db.commit().await.expect("committed");
        // Who was to be written to meanwhile is found under her new address alone.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        letters = mail(&world) => assert_eq!(letters.len(), 0, "{letters:?}"),
        () = change => (),
    }
    assert_eq!(person(&world, NEW).await, Some(id));
}

#[tokio::test]
async fn an_origin_that_asks_for_much_has_to_wait() {
    let world = World::new().await;
    let eve = world.person(Role::Customer, &[]).await;
    let mut browser = world.signed_in(eve).await;
    browser.address = Some("192.0.2.1");
    let mut last = asks(&mut browser, NEW).await.status;
    for _ in 0..100 {
        if last != 200 {
            break;
        }
        last = asks(&mut browser, NEW).await.status;
    }
    assert_eq!(last, 429);
    let queued = "select count(*) from mails";
    let count = || sqlx::query_scalar::<_, i64>(queued).fetch_one(&world.app.db);
    let before = count().await.expect("a count");
    assert_eq!(asks(&mut browser, NEW).await.status, 429);
    assert_eq!(count().await.expect("a count"), before);
}
