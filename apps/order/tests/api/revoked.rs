//! A session that has ended: its tokens are of no more use here.

use axum::http::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use crate::world::World;

#[tokio::test]
async fn identitys_event_ends_a_sessions_tokens_here() {
    let world = World::new().await;
    let sample = include_str!("../../../identity/events/identity.session.revoked.v1.json");
    let sample: Value = serde_json::from_str(sample).expect("the golden sample");
    let ended: Uuid = sample["data"]["sid"]
        .as_str()
        .and_then(|sid| sid.parse().ok())
        .expect("a session");
    let token = |session| {
        world.issuer.token("order", |claims| {
            claims.person(Uuid::from_u128(5), "customer");
            claims.sid = Some(session);
            claims.scope = "order:read".to_owned();
        })
    };
    let (gone, stays) = (token(ended), token(Uuid::from_u128(6)));
    for token in [&gone, &stays] {
        let read = world.get(token, "/v1/orders").await;
        assert_eq!(read.status, StatusCode::OK);
    }
    let delivered = world
        .deliver("/events/identity", "identity-events", &sample)
        .await;
    assert_eq!(delivered.status, StatusCode::NO_CONTENT);
    let refused = world.get(&gone, "/v1/orders").await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem().0.as_str()),
        (401, "invalid-token")
    );
    let read = world.get(&stays, "/v1/orders").await;
    assert_eq!(read.status, StatusCode::OK);
}
