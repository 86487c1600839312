//! Token exchange: the BFF acts for a person.

use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use identity::role::Role;
use identity::store;
use identity::token::AccessClaims;
use serde_json::json;
use uuid::Uuid;

use crate::world::{ACCESS_TOKEN, EXCHANGE, World, verified};

#[tokio::test]
async fn the_bff_acts_for_the_person_towards_one_audience() {
    let world = World::new().await;
    let store = world.app.ids.next();
    let barista = world.person(Role::Barista, &[store]).await;
    let subject = world.tokens_of(barista).await.text("access_token");
    let (_, subject_claims) = verified(&world, &subject).await;
    for (audience, scope) in [
        (
            "order",
            "order:cancel order:fulfil order:place order:read order:slots",
        ),
        ("catalog", "catalog:quote catalog:read"),
    ] {
        let answer = world.bff().exchange(&subject, audience).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.text("issued_token_type"), ACCESS_TOKEN);
        assert_eq!(answer.json()["expires_in"], 300);
        assert!(answer.json().get("refresh_token").is_none());
        let (header, claims) = verified(&world, &answer.text("access_token")).await;
        assert_eq!(header["typ"], "at+jwt");
        for (claim, value) in [
            ("aud", json!(audience)),
            ("sub", json!(barista.0)),
            ("client_id", json!("bff")),
            ("act", json!({"sub": "bff"})),
            ("scope", json!(scope)),
            ("roles", json!(["barista"])),
            ("stores", json!([store])),
            ("sid", subject_claims["sid"].clone()),
        ] {
            assert_eq!(claims[claim], value, "{claim}");
        }
        assert_eq!(
            claims["grant"], subject_claims["grant"],
            "by which this server knows whether it still stands"
        );
    }
}

#[tokio::test]
async fn a_customer_cannot_fulfil() {
    let world = World::new().await;
    let subject = world.customer_tokens().await.text("access_token");
    let answer = world.bff().exchange(&subject, "order").await;
    assert_eq!(
        answer.text("scope"),
        "order:cancel order:place order:read order:slots"
    );
    let more = [
        ("grant_type", EXCHANGE),
        ("subject_token", subject.as_str()),
        ("subject_token_type", ACCESS_TOKEN),
        ("audience", "order"),
        ("scope", "order:fulfil"),
    ];
    world.bff().token(&more).await.refused(400, "invalid_scope");
}

#[tokio::test]
async fn a_person_without_roles_gets_nothing() {
    let world = World::new().await;
    let nobody = world.person(Role::Customer, &[]).await;
    sqlx::query("delete from roles")
        .execute(&world.app.db)
        .await
        .expect("deleted");
    let subject = world.tokens_of(nobody).await.text("access_token");
    world
        .bff()
        .exchange(&subject, "order")
        .await
        .refused(400, "invalid_scope");
}

#[tokio::test]
async fn only_a_live_access_token_of_this_client_is_exchanged() {
    let world = World::new().await;
    let tokens = world.customer_tokens().await;
    let subject = tokens.text("access_token");
    let exchanged = world
        .bff()
        .exchange(&subject, "order")
        .await
        .text("access_token");
    let own = [
        ("grant_type", "client_credentials"),
        ("audience", "catalog"),
    ];
    let own = world.bff().token(&own).await.text("access_token");
    let foreign = testkit::Issuer::new().token("bff", |claims| claims.person(Uuid::nil(), "admin"));
    let stolen = {
        let (_, claims) = verified(&world, &subject).await;
        let mut claims: AccessClaims = serde_json::from_value(claims).expect("our claims");
        claims.aud = "order".to_owned();
        claims.client_id = "order".to_owned();
        world.app.mint.access(&claims).expect("signed")
    };
    let tampered = format!("{}x", &subject[..subject.len() - 1]);
    for refused in [
        exchanged.as_str(),
        &own,
        &foreign,
        &stolen,
        &tampered,
        &tokens.text("id_token"),
        &tokens.text("refresh_token"),
        "made-up",
        "a.b.c",
    ] {
        world
            .bff()
            .exchange(refused, "catalog")
            .await
            .refused(400, "invalid_grant");
    }
    world.clock.advance(TimeDelta::seconds(300));
    world
        .bff()
        .exchange(&subject, "order")
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn nothing_beyond_the_registry() {
    let world = World::new().await;
    let subject = world.customer_tokens().await.text("access_token");
    for audience in ["bff", "acquirer", "carrier"] {
        world
            .bff()
            .exchange(&subject, audience)
            .await
            .refused(400, "invalid_target");
    }
    // The BFF may reach it, but not for a customer.
    world
        .bff()
        .exchange(&subject, "payment")
        .await
        .refused(400, "invalid_scope");
    world
        .client("order")
        .exchange(&subject, "catalog")
        .await
        .refused(400, "unauthorized_client");
    let whole = [
        ("grant_type", EXCHANGE),
        ("subject_token", subject.as_str()),
        ("subject_token_type", ACCESS_TOKEN),
        ("audience", "order"),
    ];
    for missing in ["subject_token", "subject_token_type", "audience"] {
        let form: Vec<_> = whole
            .into_iter()
            .filter(|(name, _)| *name != missing)
            .collect();
        world
            .bff()
            .token(&form)
            .await
            .refused(400, "invalid_request");
    }
    for (more, error) in [
        (
            (
                "requested_token_type",
                "urn:ietf:params:oauth:token-type:refresh_token",
            ),
            "invalid_request",
        ),
        (("actor_token", "x"), "invalid_request"),
        (("resource", "https://localhost:8443"), "invalid_target"),
    ] {
        let form: Vec<_> = whole.into_iter().chain([more]).collect();
        world.bff().token(&form).await.refused(400, error);
    }
}

#[tokio::test]
async fn a_standing_is_looked_up_once_and_forgotten_on_revocation() {
    let world = World::new().await;
    let tokens = world.customer_tokens().await;
    let subject = tokens.text("access_token");
    for audience in ["order", "catalog", "order"] {
        assert_eq!(world.bff().exchange(&subject, audience).await.status, 200);
    }
    assert_eq!((world.redis.len(), world.redis.hits()), (1, 2));
    let form = [("token", tokens.text("refresh_token"))];
    let form: Vec<_> = form
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(world.bff().post("/oauth2/revoke", &form).await.status, 200);
    assert_eq!(world.redis.len(), 0);
    world
        .bff()
        .exchange(&subject, "order")
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn without_redis_the_truth_is_in_postgres() {
    let world = World::new().await;
    world.redis.down.store(true, Ordering::SeqCst);
    let tokens = world.customer_tokens().await;
    let subject = tokens.text("access_token");
    assert_eq!(world.bff().exchange(&subject, "order").await.status, 200);
    let refresh = tokens.text("refresh_token");
    let revoked = world
        .bff()
        .post("/oauth2/revoke", &[("token", &refresh)])
        .await;
    assert_eq!(revoked.status, 200);
    world
        .bff()
        .exchange(&subject, "order")
        .await
        .refused(400, "invalid_grant");
    // A Redis that comes back empty changes nothing.
    world.redis.down.store(false, Ordering::SeqCst);
    world
        .bff()
        .exchange(&subject, "order")
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_cached_standing_does_not_outlive_its_session() {
    let world = World::new().await;
    let refresh = world.customer_tokens().await.text("refresh_token");
    world
        .clock
        .advance(TimeDelta::hours(12) - TimeDelta::seconds(10));
    let subject = world.bff().refresh(&refresh).await.text("access_token");
    let answer = world.bff().exchange(&subject, "order").await;
    assert_eq!(answer.json()["expires_in"], 10);
    world.clock.advance(TimeDelta::seconds(10));
    world
        .bff()
        .exchange(&subject, "order")
        .await
        .refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_new_role_counts_from_the_next_access_token_on() {
    let world = World::new().await;
    let person = world.person(Role::Customer, &[]).await;
    let tokens = world.tokens_of(person).await;
    let before = world
        .bff()
        .exchange(&tokens.text("access_token"), "order")
        .await;
    assert_eq!(
        before.text("scope"),
        "order:cancel order:place order:read order:slots"
    );
    let mut db = world.app.db.acquire().await.expect("a connection");
    let shop = world.app.ids.next();
    store::people::employ(&mut db, person, shop, Role::Manager)
        .await
        .expect("employed");
    let refreshed = world.bff().refresh(&tokens.text("refresh_token")).await;
    let answer = world
        .bff()
        .exchange(&refreshed.text("access_token"), "order")
        .await;
    assert_eq!(
        answer.text("scope"),
        "order:cancel order:fulfil order:manage order:place order:read order:slots"
    );
    let (_, claims) = verified(&world, &answer.text("access_token")).await;
    assert_eq!(claims["roles"], json!(["customer", "manager"]));
}
