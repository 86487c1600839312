//! What lands in the outbox: equal to the golden samples but for ids and the time, and with nothing personal in it.

use identity::events::{self, Change};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::World;

const ADDRESS: &str = "ada@example.com";
const PASSWORD: &str = "punched cards";
/// The store of the samples.
const STORE: &str = "0190a000-0000-7000-8000-000000000001";

/// The events in the outbox as they would be published with the golden samples' trace.
pub async fn published(world: &World) -> Vec<Value> {
    testkit::events::published(&world.app.db).await
}

/// The types of the events in the outbox about one subject, in their order.
pub async fn told_of(world: &World, subject: Uuid) -> Vec<String> {
    let subject = json!(subject);
    let events = published(world).await;
    let about = events.iter().filter(|event| event["subject"] == subject);
    about
        .map(|event| event["type"].as_str().expect("a type").to_owned())
        .collect()
}

/// Puts the sample's ids in place of the event's own, so that everything else must be equal.
fn like(sample: &Value, mut event: Value) -> Value {
    for pointer in ["/id", "/subject", "/data/user_id", "/data/sid"] {
        let Some(golden) = sample.pointer(pointer) else {
            continue;
        };
        let own = event.pointer_mut(pointer).expect(pointer);
        let id = own.as_str().expect("a text");
        assert!(Uuid::try_parse(id).is_ok(), "{pointer}: {id}");
        *own = golden.clone();
    }
    event
}

#[tokio::test]
async fn what_happens_to_an_account_is_told_as_in_the_golden_samples() {
    let world = World::new().await;
    let operator = world.operator().await;
    let mut browser = world.browser();
    let form = [("name", "Ada"), ("email", ADDRESS), ("password", PASSWORD)];
    browser.post("/register", &form).await;
    let signing_in = browser.post("/sign-in", &form[1..]).await;
    assert_eq!(signing_in.status, 303);
    let id: Uuid = sqlx::query_scalar("select id from people where email = $1")
        .bind(ADDRESS)
        .fetch_one(&world.app.db)
        .await
        .expect("Ada");
    let person = identity::person::PersonId(id);
    let mut db = world.app.db.acquire().await.expect("a connection");
    let form = [
        ("old_password", PASSWORD),
        ("password", "analytical engine"),
    ];
    let changed = browser.post("/account/password", &form).await;
    assert_eq!(changed.status, 303, "{changed:?}");
    assert_eq!(browser.post("/sign-out", &[]).await.status, 303);
    let roles = json!({"roles": ["customer"], "staff": [{"store_id": STORE, "role": "barista"}]});
    let answer = operator
        .put(&format!("/v1/users/{id}/roles"), 3, &roles)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let told = events::changed(&world.app, &mut db, person, Change::Deleted).await;
    told.expect("told");

    let published = published(&world).await;
    let of_ada: Vec<_> = published
        .iter()
        .filter(|event| event["data"]["user_id"] == json!(id))
        .collect();
    let kinds: Vec<_> = of_ada.iter().map(|event| &event["type"]).collect();
    assert_eq!(
        kinds,
        [
            "user.registered.v1",
            "user.logged_in.v1",
            "user.password_changed.v1",
            "identity.session.revoked.v1",
            "user.updated.v1",
            "user.deleted.v1",
        ]
    );
    let golden = testkit::events::golden(env!("CARGO_MANIFEST_DIR"));
    for (event, kind) in of_ada.iter().zip(kinds) {
        let sample = &golden[kind.as_str().expect("a type")];
        assert_eq!(like(sample, (*event).clone()), *sample);
    }
    let all = serde_json::to_string(&published).expect("JSON");
    for personal in ["Ada", "ada@", "example.com", "crema.example"] {
        assert!(!all.contains(personal), "{personal} in {all}");
    }
}

#[tokio::test]
async fn a_registration_that_is_repeated_is_told_once() {
    let world = World::new().await;
    let form = [("name", "Ada"), ("email", ADDRESS), ("password", PASSWORD)];
    for _ in 0..2 {
        assert_eq!(world.browser().post("/register", &form).await.status, 303);
    }
    let kinds: Vec<_> = published(&world)
        .await
        .into_iter()
        .map(|event| event["type"].clone())
        .collect();
    assert_eq!(kinds, ["user.registered.v1"]);
}

#[tokio::test]
async fn every_way_to_end_a_session_is_told_with_its_reason_and_once() {
    let world = World::new().await;
    let form = [("name", "Ada"), ("email", ADDRESS), ("password", PASSWORD)];
    let mut browser = world.browser();
    browser.post("/register", &form).await;
    browser.post("/sign-in", &form[1..]).await;
    // A new sign-in in the same browser.
    browser.post("/sign-in", &form[1..]).await;
    let tokens = world.bff().redeem(&browser.code().await).await;
    // The BFF's sign-out, repeated; then the page's, which comes too late.
    let token = tokens.text("refresh_token");
    for _ in 0..2 {
        world
            .bff()
            .post("/oauth2/revoke", &[("token", &token)])
            .await;
    }
    browser.post("/sign-out", &[]).await;
    browser.post("/sign-in", &form[1..]).await;
    browser.post("/sign-out", &[]).await;

    let ended: Vec<_> = published(&world)
        .await
        .into_iter()
        .filter(|event| event["type"] == "identity.session.revoked.v1")
        .collect();
    let reasons: Vec<_> = ended.iter().map(|event| &event["data"]["reason"]).collect();
    assert_eq!(reasons, ["replaced", "revoked", "signed_out"]);
    for event in &ended {
        assert_eq!(event["subject"], event["data"]["sid"]);
    }
}
