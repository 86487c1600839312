//! Tokens of a session that has ended.

use http::StatusCode;
use serde_json::{Value, json};
use service::auth::Verifier;
use service::clock::Clock;
use testkit::Issuer;
use uuid::Uuid;

use crate::stand_in::{deliver, get, router, verifier};

fn ended(sid: &Value) -> Value {
    json!({
        "specversion": "1.0", "id": "e-1", "source": "/identity", "type": "identity.session.revoked.v1",
        "subject": sid, "time": "2026-03-02T06:30:00.000Z", "datacontenttype": "application/json",
        "sequence": "1", "data": {"sid": sid, "user_id": Uuid::from_u128(9), "reason": "signed_out",
        "occurred_at": "2026-03-02T06:30:00.000Z"},
    })
}

fn token(issuer: &Issuer, session: Uuid) -> String {
    issuer.token("order", |claims| {
        claims.person(Uuid::from_u128(7), "customer");
        claims.sid = Some(session);
        claims.scope = "order:read".into();
    })
}

#[tokio::test]
async fn they_are_refused_from_the_event_on_and_those_of_others_are_not() {
    let issuer = Issuer::new();
    let router = router(verifier(&issuer));
    let (session, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let (gone, stays) = (token(&issuer, session), token(&issuer, other));
    let service = issuer.token("order", |claims| claims.scope = "order:read".into());
    assert_eq!(get(&router, "/mine", Some(&gone)).await.0, StatusCode::OK);

    for _ in 0..2 {
        let delivered = deliver(&router, "/events/identity", &ended(&json!(session))).await;
        assert_eq!(delivered, StatusCode::NO_CONTENT);
    }
    let (status, body) = get(&router, "/mine", Some(&gone)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(
        body.contains("urn:problem-type:crema:invalid-token"),
        "{body}"
    );
    for token in [stays, service] {
        assert_eq!(get(&router, "/mine", Some(&token)).await.0, StatusCode::OK);
    }
    assert_eq!(get(&router, "/public", None).await.0, StatusCode::OK);
}

#[tokio::test]
async fn other_events_of_identity_change_nothing_and_an_unreadable_one_is_put_aside() {
    let issuer = Issuer::new();
    let router = router(verifier(&issuer));
    let session = Uuid::from_u128(1);
    let mut signed_in = ended(&json!(session));
    signed_in["type"] = json!("user.logged_in.v1");
    let delivered = deliver(&router, "/events/identity", &signed_in).await;
    assert_eq!(delivered, StatusCode::NO_CONTENT);
    let poison = ended(&json!("no id"));
    let delivered = deliver(&router, "/events/identity", &poison).await;
    assert_eq!(delivered, StatusCode::NOT_FOUND);
    let token = token(&issuer, session);
    assert_eq!(get(&router, "/mine", Some(&token)).await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_issuer_verifies_its_own_tokens_by_the_keys_it_has_at_the_moment() {
    let issuer = Issuer::new();
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_value(issuer.jwks()).expect("keys");
    let find = move |kid: &str| jsonwebtoken::DecodingKey::from_jwk(keys.find(kid)?).ok();
    let router = router(Verifier::own(
        find,
        issuer.address(),
        "order",
        Clock::system(),
    ));
    let token = token(&issuer, Uuid::from_u128(1));
    assert_eq!(get(&router, "/mine", Some(&token)).await.0, StatusCode::OK);
    let stranger = self::token(&Issuer::new(), Uuid::from_u128(1));
    let (status, _) = get(&router, "/mine", Some(&stranger)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}
