//! Userinfo.

use axum::body::Body;
use chrono::TimeDelta;
use http::{Request, header};
use identity::role::Role;
use serde_json::json;

use crate::callers::authorization_with;
use crate::world::{Answer, World};

async fn ask(world: &World, authorization: Option<&str>) -> Answer {
    let mut request = Request::get("/oauth2/userinfo");
    if let Some(value) = authorization {
        request = request.header(header::AUTHORIZATION, value);
    }
    world
        .send(request.body(Body::empty()).expect("a request"))
        .await
}

fn challenge(answer: &Answer) -> &str {
    answer.headers[header::WWW_AUTHENTICATE]
        .to_str()
        .expect("text")
}

#[tokio::test]
async fn it_tells_who_the_person_is() {
    let world = World::new().await;
    let manager = world.person(Role::Manager, &[uuid::Uuid::nil()]).await;
    let access = world.tokens_of(manager).await.text("access_token");
    let answer = ask(&world, Some(&format!("Bearer {access}"))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    let expected = json!({
        "sub": manager.0,
        "name": "Ada",
        "email": format!("{manager}@crema.example"),
        "email_verified": false,
        "roles": ["manager"],
        "stores": [uuid::Uuid::nil()],
    });
    assert_eq!(answer.json(), expected);
}

#[tokio::test]
async fn it_tells_nobody_else() {
    let world = World::new().await;
    assert_eq!(
        challenge(&ask(&world, None).await),
        r#"Bearer realm="crema""#
    );
    let tokens = world.customer_tokens().await;
    let access = tokens.text("access_token");
    let exchanged = world
        .bff()
        .exchange(&access, "order")
        .await
        .text("access_token");
    for token in [exchanged, tokens.text("id_token"), "made-up".to_owned()] {
        let answer = ask(&world, Some(&format!("Bearer {token}"))).await;
        assert_eq!(answer.status, 401);
        assert!(challenge(&answer).contains(r#"error="invalid_token""#));
    }
    world.clock.advance(TimeDelta::minutes(5));
    assert_eq!(
        ask(&world, Some(&format!("Bearer {access}"))).await.status,
        401
    );
}

#[tokio::test]
async fn a_token_without_openid_is_not_enough() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let browser = world.signed_in(customer).await;
    let answer = browser
        .authorize(&authorization_with("scope", "email"))
        .await;
    let tokens = world
        .bff()
        .redeem(&answer.sent("code").expect("a code"))
        .await;
    assert!(tokens.json().get("id_token").is_none());
    let access = tokens.text("access_token");
    let answer = ask(&world, Some(&format!("Bearer {access}"))).await;
    assert_eq!(answer.status, 403);
    assert!(challenge(&answer).contains(r#"error="insufficient_scope""#));
}

#[tokio::test]
async fn a_session_that_ended_is_told_nothing() {
    let world = World::new().await;
    let customer = world.person(Role::Customer, &[]).await;
    let mut browser = world.signed_in(customer).await;
    let access = world
        .bff()
        .redeem(&browser.code().await)
        .await
        .text("access_token");
    let bearer = format!("Bearer {access}");
    assert_eq!(ask(&world, Some(&bearer)).await.status, 200);
    browser.post("/sign-out", &[]).await;
    assert_eq!(ask(&world, Some(&bearer)).await.status, 401);
}
