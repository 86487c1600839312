//! Changing a password in the account.

use crate::ada::{self, PASSWORD, mail};
use crate::callers::authorization;
use crate::world::World;

const NEW: &str = "analytical engine";

#[tokio::test]
async fn it_takes_the_old_password_and_a_new_one_that_will_do() {
    let world = World::new().await;
    ada::registers(&world).await;
    mail(&world).await;
    let mut browser = ada::signs_in(&world).await;
    for (old, new, wrong) in [
        ("not hers", NEW, "old_password-wrong"),
        ("", NEW, "old_password-wrong"),
        (PASSWORD, "short", "password-wrong"),
        (PASSWORD, "password1", "password-wrong"),
    ] {
        let form = [("old_password", old), ("password", new)];
        let answer = browser.post("/account/password", &form).await;
        assert_eq!(answer.status, 422, "{old} {new}");
        let id = format!(r#"id="{wrong}""#);
        assert!(answer.body.contains(&id), "{}", answer.body);
    }
    assert_eq!(mail(&world).await.len(), 0);
    assert_eq!(ada::gives(&world, PASSWORD).await.1.status, 303);
}

#[tokio::test]
async fn it_ends_every_other_session_and_tells() {
    let world = World::new().await;
    ada::registers(&world).await;
    mail(&world).await;
    let elsewhere = ada::signs_in(&world).await;
    let tokens = world.bff().redeem(&elsewhere.code().await).await;
    let mut here = ada::signs_in(&world).await;
    let form = [("old_password", PASSWORD), ("password", NEW)];
    let answer = here.post("/account/password", &form).await;
    assert_eq!(
        (answer.status.as_u16(), answer.location()),
        (303, "/account")
    );
    let request = authorization();
    assert!(here.authorize(&request).await.sent("code").is_some());
    let sent_off = elsewhere.authorize(&request).await;
    assert!(sent_off.location().starts_with("/sign-in?"));
    let refresh = tokens.text("refresh_token");
    world
        .bff()
        .refresh(&refresh)
        .await
        .refused(400, "invalid_grant");
    assert_eq!(ada::gives(&world, PASSWORD).await.1.status, 422);
    assert_eq!(ada::gives(&world, NEW).await.1.status, 303);
    assert_eq!(
        mail(&world).await[0].letter.subject,
        "Your password was changed"
    );
}
