//! From a right password to a session: what is told and recorded when, and who is not let in after all.

use serde_json::json;

use crate::ada::{self, ADDRESS, PASSWORD};
use crate::audit::kinds;
use crate::events::told_of;
use crate::reset_password::link;
use crate::second_factor::{half_way, is_in, next_step, step, with_factor};
use crate::world::World;

/// How often she was told to have signed in, and the newest kind on record.
async fn state(world: &World) -> (usize, String) {
    let told = told_of(world, ada::id(world).await.0).await;
    let sign_ins = told.iter().filter(|kind| *kind == "user.logged_in.v1");
    (
        sign_ins.count(),
        kinds(world).await.pop().expect("a record"),
    )
}

#[tokio::test]
async fn a_sign_in_is_told_and_recorded_as_one_when_its_second_factor_was_right() {
    let world = World::new().await;
    let (secret, _) = with_factor(&world).await;
    next_step(&world);
    assert_eq!(state(&world).await, (1, "second_factor_on".to_owned()));
    let mut browser = half_way(&world).await;
    assert_eq!(state(&world).await, (1, "password_accepted".to_owned()));
    step(&mut browser, "000000").await;
    assert_eq!(state(&world).await, (1, "second_factor_refused".to_owned()));
    step(&mut browser, &secret.code(world.clock.now())).await;
    assert_eq!(state(&world).await, (2, "signed_in".to_owned()));
}

#[tokio::test]
async fn a_right_password_is_no_failure_though_a_second_factor_is_still_to_come() {
    let world = World::new().await;
    with_factor(&world).await;
    for _ in 0..2 {
        for _ in 0..4 {
            assert_eq!(ada::gives(&world, "wrong").await.1.status, 422);
        }
        half_way(&world).await;
    }
}

#[tokio::test]
async fn an_account_that_is_closed_meanwhile_is_sent_back_whatever_code_is_typed() {
    let world = World::new().await;
    let (secret, codes) = with_factor(&world).await;
    let operator = world.operator().await;
    next_step(&world);
    let mut browser = half_way(&world).await;
    let path = format!("/v1/users/{}", ada::id(&world).await);
    let closed = operator.post(&format!("{path}/deactivate")).await;
    assert_eq!(closed.json()["active"], json!(false));
    assert_eq!(browser.get("/sign-in/code").await.location(), "/sign-in");
    for code in ["000000", &secret.code(world.clock.now()), &codes[0]] {
        let answer = browser.post("/sign-in/code", &[("code", code)]).await;
        assert_eq!(answer.location(), "/sign-in", "{code}");
        assert!(!is_in(&browser).await);
    }
    let closed = ada::gives(&world, PASSWORD).await.1;
    let wrong = ada::gives(&world, "wrong").await.1;
    assert_eq!(closed.status, 422);
    assert_eq!(
        (closed.headers, closed.body),
        (wrong.headers, wrong.body),
        "the first step says nothing either"
    );
}

#[tokio::test]
async fn another_password_ends_a_sign_in_that_waits() {
    let world = World::new().await;
    let (secret, _) = with_factor(&world).await;
    next_step(&world);
    let mut thief = half_way(&world).await;
    let letter = link(&world).await;
    let form = [("token", letter.token()), ("password", "analytical engine")];
    let answer = world.browser().post("/reset-password", &form).await;
    assert_eq!(answer.status, 200);
    let code = secret.code(world.clock.now());
    let answer = thief.post("/sign-in/code", &[("code", &code)]).await;
    assert_eq!(answer.location(), "/sign-in");
    assert!(!is_in(&thief).await);
}

#[tokio::test]
async fn a_session_of_before_is_replaced_at_the_first_step() {
    let world = World::new().await;
    with_factor(&world).await;
    // The browser in which she set it up is gone; this one has a session of somebody else.
    let bob = world.person(identity::role::Role::Customer, &[]).await;
    let mut browser = world.signed_in(bob).await;
    let session = browser.cookie.clone();
    let form = [("email", ADDRESS), ("password", PASSWORD)];
    let answer = browser.post("/sign-in", &form).await;
    assert_eq!(answer.location(), "/sign-in/code");
    browser.cookie = session;
    assert!(!is_in(&browser).await);
    let record = kinds(&world).await;
    assert_eq!(
        record[record.len() - 2..],
        ["session_ended", "password_accepted"]
    );
}
