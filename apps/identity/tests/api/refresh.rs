//! Refresh tokens: rotation, a lost answer, a stolen token.

use chrono::TimeDelta;

use crate::world::{World, verified};

#[tokio::test]
async fn every_refresh_gives_new_tokens() {
    let world = World::new().await;
    let first = world.customer_tokens().await;
    world.clock.advance(TimeDelta::minutes(4));
    let second = world.bff().refresh(&first.text("refresh_token")).await;
    assert_eq!(second.status, 200, "{second:?}");
    assert_ne!(second.text("refresh_token"), first.text("refresh_token"));
    let (_, before) = verified(&world, &first.text("access_token")).await;
    let (_, after) = verified(&world, &second.text("access_token")).await;
    for same in ["sub", "sid", "aud", "scope", "roles"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert_ne!(before["jti"], after["jti"]);
    let third = world.bff().refresh(&second.text("refresh_token")).await;
    assert_eq!(third.status, 200);
}

#[tokio::test]
async fn a_lost_answer_can_be_asked_for_again() {
    let world = World::new().await;
    let first = world.customer_tokens().await.text("refresh_token");
    let lost = world.bff().refresh(&first).await.text("refresh_token");
    let again = world.bff().refresh(&first).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(
        world
            .bff()
            .refresh(&again.text("refresh_token"))
            .await
            .status,
        200
    );
    // Whoever holds the answer that got lost is a third party by now: nobody keeps anything.
    world
        .bff()
        .refresh(&lost)
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_replay_after_its_successor_was_used_ends_the_family() {
    let world = World::new().await;
    let tokens = world.customer_tokens().await;
    let first = tokens.text("refresh_token");
    let second = world.bff().refresh(&first).await.text("refresh_token");
    let third = world.bff().refresh(&second).await;
    let access = third.text("access_token");
    assert_eq!(world.bff().exchange(&access, "order").await.status, 200);

    world
        .bff()
        .refresh(&first)
        .await
        .refused(400, "invalid_grant");
    for dead in [&first, &second, &third.text("refresh_token")] {
        world
            .bff()
            .refresh(dead)
            .await
            .refused(400, "invalid_grant");
    }
    world
        .bff()
        .exchange(&access, "order")
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_replay_after_its_successors_access_token_was_used_ends_the_family() {
    let world = World::new().await;
    let first = world.customer_tokens().await.text("refresh_token");
    let second = world.bff().refresh(&first).await;
    let exchanged = world
        .bff()
        .exchange(&second.text("access_token"), "order")
        .await;
    assert_eq!(exchanged.status, 200);
    world
        .bff()
        .refresh(&first)
        .await
        .refused(400, "invalid_grant");
    world
        .bff()
        .refresh(&second.text("refresh_token"))
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_superseded_successor_ends_the_family() {
    let world = World::new().await;
    let first = world.customer_tokens().await.text("refresh_token");
    let lost = world.bff().refresh(&first).await.text("refresh_token");
    let kept = world.bff().refresh(&first).await.text("refresh_token");
    world
        .bff()
        .refresh(&lost)
        .await
        .refused(400, "invalid_grant");
    world
        .bff()
        .refresh(&kept)
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn parallel_refreshes_leave_one_token_that_works() {
    let world = World::new().await;
    let first = world.customer_tokens().await.text("refresh_token");
    let bff = world.bff();
    let (one, two) = tokio::join!(bff.refresh(&first), bff.refresh(&first));
    assert_eq!((one.status.as_u16(), two.status.as_u16()), (200, 200));
    let unreplaced: i64 =
        sqlx::query_scalar("select count(*) from refresh_tokens where replaced_at is null")
            .fetch_one(&world.app.db)
            .await
            .expect("a count");
    assert_eq!(unreplaced, 1);
}

#[tokio::test]
async fn a_family_ends_with_its_session() {
    let world = World::new().await;
    let mut token = world.customer_tokens().await.text("refresh_token");
    for _ in 0..2 {
        world.clock.advance(TimeDelta::hours(5));
        token = world.bff().refresh(&token).await.text("refresh_token");
    }
    world.clock.advance(TimeDelta::hours(2));
    world
        .bff()
        .refresh(&token)
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn the_last_access_token_ends_with_the_session_too() {
    let world = World::new().await;
    let token = world.customer_tokens().await.text("refresh_token");
    world
        .clock
        .advance(TimeDelta::hours(12) - TimeDelta::seconds(40));
    let answer = world.bff().refresh(&token).await;
    assert_eq!(answer.json()["expires_in"], 40);
}

#[tokio::test]
async fn scopes_can_only_shrink() {
    let world = World::new().await;
    let token = world.customer_tokens().await.text("refresh_token");
    let ask = |scope| {
        [
            ("grant_type", "refresh_token"),
            ("refresh_token", token.as_str()),
            ("scope", scope),
        ]
    };
    let more = world.bff().token(&ask("openid order:place")).await;
    more.refused(400, "invalid_scope");
    let less = world.bff().token(&ask("openid")).await;
    assert_eq!(less.text("scope"), "openid");
}

#[tokio::test]
async fn what_is_no_refresh_token_of_this_client_is_refused() {
    let world = World::new().await;
    let tokens = world.customer_tokens().await;
    for token in [tokens.text("access_token").as_str(), "made-up"] {
        world
            .bff()
            .refresh(token)
            .await
            .refused(400, "invalid_grant");
    }
    let missing = world.bff().token(&[("grant_type", "refresh_token")]).await;
    missing.refused(400, "invalid_request");
    let other = world
        .client("order")
        .refresh(&tokens.text("refresh_token"))
        .await;
    other.refused(400, "unauthorized_client");
}
