//! A letter is kept once, found by page, and redriven once.

use chrono::{DateTime, TimeDelta, Utc};
use outbox::dead::{self, DeadLetter};
use serde_json::{Value, json};
use service::database;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{count, database, effect};

const TOPIC: &str = "order-events.payment.dead";

fn at() -> DateTime<Utc> {
    "2026-03-02T07:30:00.120Z".parse().expect("an instant")
}

fn event(id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/order", "type": "order.completed.v1",
        "subject": "order 1", "sequence": "7", "data": {"version": 7},
    })
}

async fn keep(db: &PgPool, topic: &str, event: &Value, now: DateTime<Utc>) {
    let mut connection = db.acquire().await.expect("a connection");
    dead::keep(&mut connection, topic, event, now)
        .await
        .expect("kept");
}

async fn list(db: &PgPool, before: Option<Uuid>, limit: i64) -> Vec<DeadLetter> {
    let mut connection = db.acquire().await.expect("a connection");
    dead::list(&mut connection, before, limit)
        .await
        .expect("a list")
}

#[tokio::test]
async fn a_letter_is_kept_once_and_shown_whole() {
    let db = database().await;
    let letter = event("one");
    keep(&db, TOPIC, &letter, at()).await;
    // What the broker adds to a second delivery changes nothing.
    let mut again = letter.clone();
    again["traceid"] = "another".into();
    keep(&db, TOPIC, &again, at() + TimeDelta::hours(1)).await;
    let letters = list(&db, None, 10).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(
        serde_json::to_value(&letters[0]).expect("JSON"),
        json!({
            "id": letters[0].id, "topic": TOPIC, "type": "order.completed.v1", "source": "/order",
            "subject": "order 1", "event_id": "one", "received_at": "2026-03-02T07:30:00.120Z",
            "redriven_at": null, "event": letter,
        })
    );
    assert_eq!(letters[0].id.get_version_num(), 7);
}

/// A text that does not shrink by compression.
fn beyond_an_index() -> String {
    let words = (1..=2_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    words.collect()
}

#[tokio::test]
async fn what_is_no_event_is_kept_too_and_each_one_of_them() {
    let db = database().await;
    for _ in 0..2 {
        for letter in [
            json!("poison"),
            json!({"id": 7, "data": "one"}),
            json!({"id": "", "data": "two"}),
            json!({"id": "nul \u{0}", "data": "three \u{0}"}),
            json!({"id": beyond_an_index()}),
            Value::Null,
        ] {
            keep(&db, TOPIC, &letter, at()).await;
        }
    }
    let letters = list(&db, None, 10).await;
    assert_eq!(letters.len(), 6);
    for letter in letters {
        assert!(!letter.event_id.is_empty() && letter.source.is_empty());
    }
}

#[tokio::test]
async fn one_event_given_up_on_two_topics_is_two_letters() {
    let db = database().await;
    keep(&db, TOPIC, &event("one"), at()).await;
    keep(&db, "order-events.inventory.dead", &event("one"), at()).await;
    assert_eq!(list(&db, None, 10).await.len(), 2);
}

#[tokio::test]
async fn the_newest_come_first_and_each_page_goes_on_behind_the_last() {
    let db = database().await;
    for minute in 0..5 {
        let now = at() + TimeDelta::minutes(minute);
        keep(&db, TOPIC, &event(&minute.to_string()), now).await;
    }
    let (mut before, mut seen) = (None, Vec::new());
    for expected in [2, 2, 1, 0] {
        let page = list(&db, before, 2).await;
        assert_eq!(page.len(), expected);
        before = page.last().map(|last| last.id);
        seen.extend(page.into_iter().map(|letter| letter.event_id));
    }
    assert_eq!(seen, ["4", "3", "2", "1", "0"]);
}

/// As a consumer's redrive does it: in one transaction, and only what was not redriven before.
async fn redrive(db: &PgPool, id: Uuid, now: DateTime<Utc>) -> Option<DeadLetter> {
    let mut transaction = database::begin(db).await.expect("a transaction");
    let letter = dead::find_for_update(&mut transaction, id)
        .await
        .expect("a look")?;
    if letter.redriven_at.is_none() {
        effect(&mut transaction, &letter.event_id).await;
        dead::mark_redriven(&mut transaction, id, now)
            .await
            .expect("marked");
    }
    transaction.commit().await.expect("committed");
    Some(letter)
}

#[tokio::test]
async fn a_letter_is_redriven_once_even_by_many_at_once() {
    let db = database().await;
    keep(&db, TOPIC, &event("one"), at()).await;
    let id = list(&db, None, 1).await[0].id;
    let operators: Vec<_> = (1..=8)
        .map(|minute| {
            let db = db.clone();
            tokio::spawn(async move { redrive(&db, id, at() + TimeDelta::minutes(minute)).await })
        })
        .collect();
    let mut first = 0;
    for operator in operators {
        let letter = operator.await.expect("answered").expect("the letter");
        first += usize::from(letter.redriven_at.is_none());
    }
    assert_eq!((first, count(&db, "effects").await), (1, 1));
    let redriven = list(&db, None, 1).await[0].redriven_at.expect("redriven");
    assert!(redriven > at());
    // A mark that is there stays.
    let mut connection = db.acquire().await.expect("a connection");
    dead::mark_redriven(&mut connection, id, at() + TimeDelta::hours(1))
        .await
        .expect("marked");
    drop(connection);
    assert_eq!(list(&db, None, 1).await[0].redriven_at, Some(redriven));
    // And a letter that is delivered again stays redriven.
    keep(&db, TOPIC, &event("one"), at()).await;
    let letters = list(&db, None, 10).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].redriven_at, Some(redriven));
}

#[tokio::test]
async fn a_letter_that_is_not_there_can_not_be_redriven() {
    let db = database().await;
    assert_eq!(redrive(&db, Uuid::nil(), at()).await, None);
}
