//! Signing out.

use http::header;
use identity::role::Role;

use crate::callers::authorization;
use crate::world::World;

#[tokio::test]
async fn signing_out_ends_the_session_and_takes_the_cookie() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let mut browser = world.signed_in(customer).await;
    let tokens = world.bff().redeem(&browser.code().await).await;
    let old = browser.cookie.clone();
    let answer = browser.post("/sign-out", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/"));
    assert_eq!(browser.cookie.as_deref(), Some("__Host-crema-id="));
    browser.cookie = old;
    assert!(
        browser
            .authorize(&authorization())
            .await
            .location()
            .starts_with("/sign-in?")
    );
    world
        .bff()
        .refresh(&tokens.text("refresh_token"))
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn nobody_is_signed_out_from_another_site() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let mut browser = world.signed_in(customer).await;
    browser.origin = Some("https://evil.example".to_owned());
    let answer = browser.post("/sign-out", &[]).await;
    assert_eq!(answer.status, 403);
    assert!(!answer.headers.contains_key(header::SET_COOKIE));
    assert!(
        browser
            .authorize(&authorization())
            .await
            .sent("code")
            .is_some()
    );
}

#[tokio::test]
async fn signing_out_twice_is_no_error() {
    let world = World::new().await;
    assert_eq!(world.browser().post("/sign-out", &[]).await.status, 303);
}
