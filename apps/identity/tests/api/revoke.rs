//! Revocation.

use identity::role::Role;

use crate::callers::authorization;
use crate::world::World;

#[tokio::test]
async fn giving_back_a_refresh_token_ends_all_that_came_from_the_sign_in() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    let tokens = world.bff().redeem(&browser.code().await).await;
    let other = world.bff().redeem(&browser.code().await).await;
    let refresh = tokens.text("refresh_token");
    let answer = world
        .bff()
        .post("/oauth2/revoke", &[("token", &refresh)])
        .await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));

    for dead in [&tokens, &other] {
        world
            .bff()
            .refresh(&dead.text("refresh_token"))
            .await
            .refused(400, "invalid_grant");
        let exchanged = world
            .bff()
            .exchange(&dead.text("access_token"), "order")
            .await;
        exchanged.refused(400, "invalid_grant");
    }
    // The BFF's sign-out is the person's: the next one at this browser types a password.
    let again = browser.authorize(&authorization()).await;
    assert!(again.location().starts_with("/sign-in?"));
}

#[tokio::test]
async fn giving_back_an_access_token_ends_its_grant_alone() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    let tokens = world.bff().redeem(&browser.code().await).await;
    let access = tokens.text("access_token");
    let answer = world
        .bff()
        .post("/oauth2/revoke", &[("token", &access)])
        .await;
    assert_eq!(answer.status, 200);
    world
        .bff()
        .exchange(&access, "order")
        .await
        .refused(400, "invalid_grant");
    world
        .bff()
        .refresh(&tokens.text("refresh_token"))
        .await
        .refused(400, "invalid_grant");
    assert!(
        browser
            .authorize(&authorization())
            .await
            .sent("code")
            .is_some()
    );
}

#[tokio::test]
async fn nothing_is_learnt_and_nothing_of_others_is_ended() {
    let world = World::new().await;
    let tokens = world.customer_tokens().await;
    let refresh = tokens.text("refresh_token");
    for token in ["made-up", "a.b.c"] {
        let answer = world
            .bff()
            .post("/oauth2/revoke", &[("token", token)])
            .await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    }
    for token in [&refresh, &tokens.text("access_token")] {
        let answer = world
            .client("order")
            .post("/oauth2/revoke", &[("token", token)])
            .await;
        assert_eq!(answer.status, 200);
    }
    assert_eq!(world.bff().refresh(&refresh).await.status, 200);

    world
        .bff()
        .post("/oauth2/revoke", &[])
        .await
        .refused(400, "invalid_request");
    let mut stranger = world.bff();
    stranger.credentials = Some("bff:wrong".to_owned());
    let answer = stranger
        .post("/oauth2/revoke", &[("token", &refresh)])
        .await;
    answer.refused(401, "invalid_client");
}
