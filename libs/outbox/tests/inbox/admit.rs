//! An event takes effect once, however often, late or at once with itself it arrives.

use dapr_kit::CloudEvent;
use outbox::{Admission, Incoming, admit};
use serde_json::{Value, json};
use service::database;
use sqlx::PgPool;

use crate::{count, database, effect};

fn event<'a>(id: &'a str, subject: &'a str, sequence: i64) -> Incoming<'a> {
    Incoming {
        id,
        source: "/order",
        subject,
        sequence,
    }
}

/// What every consumer does: admission and effect in one transaction.
async fn consume(db: &PgPool, event: Incoming<'_>) -> Admission {
    let mut transaction = database::begin(db).await.expect("a transaction");
    let admission = admit(&mut transaction, &event).await.expect("admitted");
    if admission != Admission::Duplicate {
        effect(&mut transaction, event.id).await;
    }
    transaction.commit().await.expect("committed");
    admission
}

#[tokio::test]
async fn a_repeated_delivery_takes_effect_once() {
    let db = database().await;
    let one = event("one", "order 1", 1);
    assert_eq!(consume(&db, one).await, Admission::Fresh);
    for _ in 0..4 {
        assert_eq!(consume(&db, one).await, Admission::Duplicate);
    }
    assert_eq!(count(&db, "effects").await, 1);
}

#[tokio::test]
async fn an_id_is_unique_within_its_source_only() {
    let db = database().await;
    let order = event("one", "1", 1);
    let payment = Incoming {
        source: "/payment",
        ..order
    };
    assert_eq!(consume(&db, order).await, Admission::Fresh);
    assert_eq!(consume(&db, payment).await, Admission::Fresh);
    assert_eq!(consume(&db, payment).await, Admission::Duplicate);
}

#[tokio::test]
async fn what_comes_after_something_newer_is_late_and_audited() {
    let db = database().await;
    for (id, subject, sequence, expected) in [
        ("first", "order 1", 1, Admission::Fresh),
        ("third", "order 1", 3, Admission::Fresh),
        ("second", "order 1", 2, Admission::Late { newest: 3 }),
        // The late one did not move the head back.
        ("zeroth", "order 1", 0, Admission::Late { newest: 3 }),
        ("of another", "order 2", 1, Admission::Fresh),
        ("second", "order 1", 2, Admission::Duplicate),
        ("fourth", "order 1", 4, Admission::Fresh),
    ] {
        let admission = consume(&db, event(id, subject, sequence)).await;
        assert_eq!(admission, expected, "{id}");
    }
    let late: Vec<(String, String, i64, i64)> =
        sqlx::query_as("SELECT id, subject, sequence, newest FROM inbox.late ORDER BY sequence")
            .fetch_all(&db)
            .await
            .expect("the audit");
    assert_eq!(
        late,
        [
            ("zeroth".into(), "order 1".into(), 0, 3),
            ("second".into(), "order 1".into(), 2, 3)
        ]
    );
}

#[tokio::test]
async fn another_event_of_the_same_sequence_is_not_late() {
    let db = database().await;
    assert_eq!(consume(&db, event("a", "1", 1)).await, Admission::Fresh);
    assert_eq!(consume(&db, event("b", "1", 1)).await, Admission::Fresh);
    assert_eq!(count(&db, "late").await, 0);
}

#[tokio::test]
async fn what_is_rolled_back_was_never_admitted() {
    let db = database().await;
    consume(&db, event("newer", "order 1", 5)).await;
    let late = event("one", "order 1", 1);
    let mut transaction = database::begin(&db).await.expect("a transaction");
    let admission = admit(&mut transaction, &late).await.expect("admitted");
    assert_eq!(admission, Admission::Late { newest: 5 });
    effect(&mut transaction, late.id).await;
    transaction.rollback().await.expect("rolled back");
    for (table, rows) in [("effects", 1), ("messages", 1), ("late", 0)] {
        assert_eq!(count(&db, table).await, rows, "{table}");
    }
    // The next delivery is the first one again, effect and audit included.
    assert_eq!(consume(&db, late).await, Admission::Late { newest: 5 });
    for (table, rows) in [("effects", 2), ("messages", 2), ("late", 1)] {
        assert_eq!(count(&db, table).await, rows, "{table}");
    }
}

#[tokio::test]
async fn of_simultaneous_deliveries_one_takes_effect() {
    let db = database().await;
    let deliveries: Vec<_> = (0..20)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move { consume(&db, event("one", "order 1", 1)).await })
        })
        .collect();
    let mut fresh = 0;
    for delivery in deliveries {
        fresh += usize::from(delivery.await.expect("consumed") == Admission::Fresh);
    }
    assert_eq!((fresh, count(&db, "effects").await), (1, 1));
}

/// The one that waited for a delivery which came to nothing is the first itself.
#[tokio::test]
async fn a_delivery_that_waited_for_one_rolled_back_takes_effect() {
    let db = database().await;
    let mut first = database::begin(&db).await.expect("a transaction");
    admit(&mut first, &event("one", "order 1", 1))
        .await
        .expect("admitted");
    let waiting = tokio::spawn({
        let db = db.clone();
        async move { consume(&db, event("one", "order 1", 1)).await }
    });
    let blocked = "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
                   WHERE NOT granted AND datname = current_database())";
    while !sqlx::query_scalar::<_, bool>(blocked)
        .fetch_one(&db)
        .await
        .expect("a look")
    {
        assert!(!waiting.is_finished(), "it did not wait");
        tokio::task::yield_now().await;
    }
    first.rollback().await.expect("rolled back");
    assert_eq!(waiting.await.expect("consumed"), Admission::Fresh);
    assert_eq!(count(&db, "effects").await, 1);
}

/// However the events of one subject interleave, the last word on the subject is the newest, and each one took effect.
#[tokio::test]
async fn events_of_one_subject_at_once_are_each_admitted_and_the_newest_is_the_head() {
    let db = database().await;
    let ids: Vec<_> = (1..=20)
        .map(|sequence| format!("event {sequence}"))
        .collect();
    let deliveries: Vec<_> = (1..=20)
        .zip(ids.clone())
        .map(|(sequence, id)| {
            let db = db.clone();
            tokio::spawn(async move { consume(&db, event(&id, "order 1", sequence)).await })
        })
        .collect();
    for delivery in deliveries {
        assert_ne!(delivery.await.expect("consumed"), Admission::Duplicate);
    }
    assert_eq!(count(&db, "effects").await, 20);
    let head: i64 = sqlx::query_scalar("SELECT sequence FROM inbox.heads")
        .fetch_one(&db)
        .await
        .expect("one head");
    assert_eq!(head, 20);
}

#[test]
fn a_delivered_event_is_what_the_inbox_reads() {
    let event: CloudEvent<Value> = serde_json::from_value(json!({
        "specversion": "1.0", "id": "one", "source": "/order", "type": "order.confirmed.v1",
        "subject": "order 1", "time": "2026-03-02T07:30:00.000Z", "sequence": "7", "data": {},
    }))
    .expect("an event");
    assert_eq!(Incoming::from(&event), self::event("one", "order 1", 7));
}
