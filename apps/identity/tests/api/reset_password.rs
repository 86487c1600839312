//! Choosing a new password after a mail.

use chrono::TimeDelta;

use crate::ada::{self, ADDRESS, PASSWORD, Sent, mail};
use crate::callers::authorization;
use crate::world::World;

const NEW: &str = "analytical engine";

/// The letter with a link for a new password.
pub async fn link(world: &World) -> Sent {
    let form = [("email", ADDRESS)];
    let answer = world.browser().post("/forgot-password", &form).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    mail(world).await.pop().expect("a letter")
}

async fn with_ada() -> World {
    let world = World::new().await;
    ada::registers(&world).await;
    mail(&world).await;
    world
}

async fn status_with(world: &World, password: &str) -> u16 {
    ada::gives(world, password).await.1.status.as_u16()
}

#[tokio::test]
async fn asking_is_answered_alike_for_every_address_and_writes_alike() {
    let world = with_ada().await;
    let mut answers = Vec::new();
    for email in [ADDRESS, "bob@example.com", " ADA@example.com "] {
        let form = [("email", email)];
        let answer = world.browser().post("/forgot-password", &form).await;
        answers.push((answer.status, answer.headers, answer.body));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    let queued: i64 =
        sqlx::query_scalar("select count(*) from mails where kind = 'reset_password'")
            .fetch_one(&world.app.db)
            .await
            .expect("a count");
    assert_eq!(queued, 3, "whoever asks costs one row");
    let letters = mail(&world).await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0].to, ADDRESS);
}

#[tokio::test]
async fn a_new_password_ends_what_the_old_one_opened() {
    let world = with_ada().await;
    let browser = ada::signs_in(&world).await;
    let tokens = world.bff().redeem(&browser.code().await).await;
    let letter = link(&world).await;
    assert_eq!(world.browser().get(letter.link()).await.status, 200);
    let form = [("token", letter.token()), ("password", NEW)];
    let answer = world.browser().post("/reset-password", &form).await;
    assert_eq!(answer.status, 200, "{answer:?}");

    let location = browser.authorize(&authorization()).await;
    assert!(location.location().starts_with("/sign-in?"));
    let refresh = tokens.text("refresh_token");
    world
        .bff()
        .refresh(&refresh)
        .await
        .refused(400, "invalid_grant");
    let access = tokens.text("access_token");
    world
        .bff()
        .exchange(&access, "order")
        .await
        .refused(400, "invalid_grant");
    assert_eq!(status_with(&world, PASSWORD).await, 422);
    assert_eq!(status_with(&world, NEW).await, 303);
    let told = mail(&world).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].letter.subject, "Your password was changed");
    let again = [("token", letter.token()), ("password", "another engine")];
    let answer = world.browser().post("/reset-password", &again).await;
    assert_eq!(answer.status, 422);
    assert_eq!(status_with(&world, NEW).await, 303);
}

#[tokio::test]
async fn one_link_used_ends_every_other() {
    let world = with_ada().await;
    let first = link(&world).await;
    world.clock.advance(TimeDelta::minutes(1));
    let second = link(&world).await;
    assert_ne!(first.token(), second.token());
    for (letter, status) in [(&second, 200), (&first, 422)] {
        let form = [("token", letter.token()), ("password", NEW)];
        let answer = world.browser().post("/reset-password", &form).await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn a_link_is_good_for_half_an_hour() {
    let world = with_ada().await;
    let letter = link(&world).await;
    world.clock.advance(TimeDelta::minutes(30));
    let form = [("token", letter.token()), ("password", NEW)];
    let answer = world.browser().post("/reset-password", &form).await;
    assert_eq!(answer.status, 422);
    assert_eq!(status_with(&world, PASSWORD).await, 303);
}

#[tokio::test]
async fn a_password_that_will_not_do_leaves_the_link_good() {
    let world = with_ada().await;
    let letter = link(&world).await;
    for (bad, why) in [
        ("short", "Use at least 8 characters."),
        ("TrustNo1", "so it is tried first"),
        (ADDRESS, "not your name or e-mail address"),
    ] {
        let form = [("token", letter.token()), ("password", bad)];
        let answer = world.browser().post("/reset-password", &form).await;
        assert_eq!(answer.status, 422, "{bad}");
        assert!(answer.body.contains(why), "{}", answer.body);
        assert!(answer.body.contains(letter.token()) && !answer.body.contains(bad));
    }
    let form = [("token", letter.token()), ("password", NEW)];
    let answer = world.browser().post("/reset-password", &form).await;
    assert_eq!(answer.status, 200);
}
