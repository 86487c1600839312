//! A delivery of many: one transaction if all can be taken, one each if not, and nothing acknowledged that is not kept.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use chrono::{DateTime, Utc};
use dapr_kit::CloudEvent;
use http::StatusCode;
use outbox::bulk::{self, Statuses};
use outbox::{Consumer, dead};
use serde_json::{Value, json};
use service::clock::Clock;
use service::delivery::NotTaken;
use service::problem::Problem;
use sqlx::{PgConnection, PgPool};

use crate::{count, database, effect};

/// Takes every event but those whose type says otherwise.
#[derive(Clone)]
struct Cafe {
    db: PgPool,
    clock: Clock,
}

impl Cafe {
    async fn open() -> Self {
        let at: DateTime<Utc> = "2026-03-02T07:30:00Z".parse().expect("an instant");
        let (db, clock) = (database().await, Clock::manual(at));
        Self { db, clock }
    }

    async fn hear(&self, kinds: &[&str]) -> Vec<String> {
        let body = body("order-events", kinds);
        settled(bulk::together(State(self.clone()), body).await)
    }

    /// The ids of events that took effect, in their order.
    async fn effects(&self) -> Vec<String> {
        sqlx::query_scalar("SELECT event FROM effects ORDER BY ctid")
            .fetch_all(&self.db)
            .await
            .expect("the effects")
    }

    /// Topics and ids of what was given up.
    async fn letters(&self) -> BTreeSet<(String, String)> {
        let mut connection = self.db.acquire().await.expect("a connection");
        let letters = dead::list(&mut connection, None, 10).await.expect("a list");
        let letters = letters.into_iter();
        letters.map(|one| (one.topic, one.event_id)).collect()
    }
}

impl Consumer for Cafe {
    const APP: &'static str = "cafe";

    fn db(&self) -> &PgPool {
        &self.db
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }

    async fn take(
        &self,
        connection: &mut PgConnection,
        event: CloudEvent<Value>,
    ) -> Result<(), NotTaken> {
        effect(connection, &event.id).await;
        match event.kind.as_str() {
            "poison" => Err(NotTaken::Unusable("poison".into())),
            "unstorable" => {
                let statement = sqlx::query("INSERT INTO effects VALUES (NULL)");
                Ok(statement.execute(connection).await.map(drop)?)
            }
            "breaks" => panic!("a handler's mistake"),
            "waits" => Err(NotTaken::Failed(not_now())),
            _ => Ok(()),
        }
    }

    fn taken(&self) {}
}

fn not_now() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "any", "Not now")
}

/// A delivery of events of these types; the id of each is its type and its place.
fn body(topic: &str, kinds: &[&str]) -> Bytes {
    let entries = kinds.iter().zip(0..).map(|(kind, place)| {
        let event = json!({
            "specversion": "1.0", "id": format!("{kind} {place}"), "source": "/order", "type": kind,
            "subject": "order 1", "time": "2026-03-02T07:30:00Z", "sequence": place, "data": {},
        });
        json!({"entryId": format!("{place}"), "event": event})
    });
    let entries: Vec<_> = entries.collect();
    json!({"topic": topic, "entries": entries})
        .to_string()
        .into()
}

fn settled(answer: Result<Json<Statuses>, Problem>) -> Vec<String> {
    let Json(answer) = answer.expect("an answer");
    testkit::call::statuses(&serde_json::to_value(answer).expect("JSON"))
}

#[tokio::test]
async fn what_can_all_be_taken_is_one_transaction() {
    let cafe = Cafe::open().await;
    assert_eq!(cafe.hear(&["a", "b", "c"]).await, ["SUCCESS"; 3]);
    assert_eq!(cafe.effects().await, ["a 0", "b 1", "c 2"]);
    let transactions: i64 = sqlx::query_scalar("SELECT count(DISTINCT xmin::text) FROM effects")
        .fetch_one(&cafe.db)
        .await
        .expect("a count");
    assert_eq!(transactions, 1);
    assert_eq!(cafe.hear(&[]).await, [""; 0]);
}

#[tokio::test]
async fn what_can_t_be_handled_is_kept_and_takes_nothing_with_it() {
    let cafe = Cafe::open().await;
    // By itself: of several, the first decides how the shared transaction fails.
    assert_eq!(cafe.hear(&["breaks"]).await, ["SUCCESS"]);
    let heard = cafe.hear(&["a", "poison", "unstorable", "breaks", "b"]);
    assert_eq!(heard.await, ["SUCCESS"; 5]);
    assert_eq!(cafe.effects().await, ["a 0", "b 4"]);
    let of = |id: &str| ("order-events.cafe.dead".to_owned(), id.to_owned());
    assert_eq!(
        cafe.letters().await,
        BTreeSet::from(["breaks 0", "poison 1", "unstorable 2", "breaks 3"].map(of))
    );
}

#[tokio::test]
async fn behind_what_has_to_wait_everything_waits() {
    let cafe = Cafe::open().await;
    let heard = cafe.hear(&["a", "poison", "waits", "b", "poison"]);
    assert_eq!(
        heard.await,
        ["SUCCESS", "SUCCESS", "RETRY", "RETRY", "RETRY"]
    );
    assert_eq!(cafe.effects().await, ["a 0"]);
    assert_eq!(cafe.letters().await.len(), 1);
}

#[tokio::test]
async fn what_can_t_be_kept_waits_too() {
    let cafe = Cafe::open().await;
    cafe.db.close().await;
    assert_eq!(cafe.hear(&["a", "b"]).await, ["RETRY"; 2]);
    // Found unusable before the database is asked for anything but to keep it.
    let others = body("payment-events", &["a", "b"]);
    let answer = bulk::together(State(cafe), others).await;
    assert_eq!(settled(answer), ["RETRY"; 2]);
}

#[tokio::test]
async fn an_event_of_another_than_the_topic_s_owner_is_given_up() {
    let cafe = Cafe::open().await;
    for topic in ["payment-events", "order", "-events"] {
        let answer = bulk::together(State(cafe.clone()), body(topic, &["a"])).await;
        assert_eq!(settled(answer), ["SUCCESS"], "{topic}");
        assert_eq!(cafe.effects().await, [""; 0], "{topic}");
    }
    assert_eq!(cafe.letters().await.len(), 3);
}

#[tokio::test]
async fn one_after_the_other_is_the_same_without_the_shared_transaction() {
    let cafe = Cafe::open().await;
    let body = body("order-events", &["a", "poison", "b", "waits", "c"]);
    let db = &cafe.db;
    let heard = bulk::each(&cafe, &body, |event| async move {
        let mut connection = db.acquire().await?;
        match event.kind.as_str() {
            "poison" => Err(NotTaken::Unusable("poison".into())),
            "waits" => Err(NotTaken::Failed(not_now())),
            _ => {
                effect(&mut connection, &event.id).await;
                Ok(())
            }
        }
    });
    assert_eq!(
        settled(heard.await),
        ["SUCCESS", "SUCCESS", "SUCCESS", "RETRY", "RETRY"]
    );
    assert_eq!(cafe.effects().await, ["a 0", "b 2"]);
    assert_eq!(cafe.letters().await.len(), 1);
}

/// The sidecar would take a 404 for "drop all of it".
#[tokio::test]
async fn what_is_no_delivery_in_bulk_is_refused_and_not_dropped() {
    let cafe = Cafe::open().await;
    for bad in [&b"no JSON"[..], b"{}", br#"{"topic": "order-events"}"#] {
        let answer = bulk::together(State(cafe.clone()), Bytes::from_static(bad)).await;
        let refusal = answer.expect_err("a refusal").status();
        assert!(refusal.is_client_error() && refusal != StatusCode::NOT_FOUND);
    }
    assert_eq!(count(&cafe.db, "effects").await, 0);
}
