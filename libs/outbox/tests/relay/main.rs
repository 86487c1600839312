//! The relay between a real PostgreSQL and a sidecar that fails on demand.

mod sidecar;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use outbox::{Event, MIGRATOR, Relay};
use serde_json::{Value, json};
use service::database;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Executor as _, PgPool};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use sidecar::{Failure, Sidecar};

/// A relay that runs until it is stopped.
struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        self.stop.send(()).expect("the relay runs");
        self.task.await.expect("the relay ends in good order");
    }
}

fn start(db: &PgPool, sidecar: &Sidecar) -> Running {
    let relay = Relay::new(db.clone(), sidecar.dapr(), "pubsub", "order-events");
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(relay.run(async move {
        let _ = stopped.await;
    }));
    Running { stop, task }
}

async fn database() -> PgPool {
    testkit::database(&[&MIGRATOR]).await
}

fn at() -> DateTime<Utc> {
    "2026-03-02T07:30:00.120Z".parse().expect("an instant")
}

fn event(subject: &str, sequence: i64) -> Event {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let id = COUNT.fetch_add(1, Ordering::Relaxed);
    Event {
        id: Uuid::from_u128(id.into()),
        source: "/order".into(),
        kind: "order.confirmed.v1".into(),
        subject: subject.into(),
        sequence,
        time: at(),
        data: json!({"version": sequence}),
    }
}

/// Appends one event in a transaction of its own.
async fn append(db: &PgPool, event: Event) {
    let mut transaction = database::begin(db).await.expect("a transaction");
    outbox::append(&mut transaction, &[event])
        .await
        .expect("stored");
    transaction.commit().await.expect("committed");
}

async fn pending(db: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM outbox.events")
        .fetch_one(db)
        .await
        .expect("a count")
}

/// Polls until `reached` says so.
async fn until(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !reached().await {
        assert!(Instant::now() < deadline, "{what}: not in time");
        sleep(Duration::from_millis(5)).await;
    }
}

async fn drained(db: &PgPool) {
    until("the outbox drains", async || pending(db).await == 0).await;
}

/// The sequences that arrived, by key and in the order of arrival.
fn arrived(sidecar: &Sidecar) -> BTreeMap<String, Vec<i64>> {
    let mut keys = BTreeMap::<_, Vec<_>>::new();
    for entry in sidecar.delivered() {
        assert_eq!(entry.event["subject"], entry.key, "the key is the subject");
        let sequence = entry.event["sequence"].as_str().expect("a text");
        keys.entry(entry.key)
            .or_default()
            .push(sequence.parse().expect("a number"));
    }
    keys
}

/// Ten aggregates change at once, each one step by step; without a word to the relay.
async fn rush(db: &PgPool, steps: i64) {
    let aggregates: Vec<_> = (0..10)
        .map(|aggregate| {
            let db = db.clone();
            tokio::spawn(async move {
                for sequence in 1..=steps {
                    append(&db, event(&format!("aggregate-{aggregate}"), sequence)).await;
                }
            })
        })
        .collect();
    for aggregate in aggregates {
        aggregate.await.expect("appended");
    }
}

#[tokio::test]
async fn every_event_arrives_once_and_in_the_order_of_its_key() {
    let (db, sidecar) = (database().await, Sidecar::start().await);
    let relay = start(&db, &sidecar);
    rush(&db, 60).await;
    drained(&db).await;
    relay.stop().await;
    let arrived = arrived(&sidecar);
    assert_eq!(arrived.len(), 10);
    for (key, sequences) in arrived {
        assert_eq!(sequences, (1..=60).collect::<Vec<_>>(), "{key}");
    }
}

#[tokio::test]
async fn an_event_travels_in_its_envelope() {
    let (db, sidecar) = (database().await, Sidecar::start().await);
    let event = event("aggregate", 7);
    append(&db, event.clone()).await;
    start(&db, &sidecar).stop().await;
    let delivered = sidecar.delivered();
    assert_eq!(delivered.len(), 1);
    assert_eq!(
        delivered[0].target,
        ("pubsub".into(), "order-events".into())
    );
    assert_eq!(delivered[0].content_type, "application/cloudevents+json");
    assert_eq!(
        delivered[0].event,
        json!({
            "specversion": "1.0", "id": event.id, "source": "/order", "type": "order.confirmed.v1",
            "subject": "aggregate", "time": "2026-03-02T07:30:00.120Z", "datacontenttype": "application/json",
            "sequence": "7", "data": {"version": 7},
        })
    );
}

#[tokio::test]
async fn the_trace_of_the_cause_travels_in_an_extension() {
    let (db, sidecar) = (database().await, Sidecar::start().await);
    append(&db, event("aggregate", 1)).await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    sqlx::query("UPDATE outbox.events SET trace_parent = $1")
        .bind(trace)
        .execute(&db)
        .await
        .expect("an update");
    start(&db, &sidecar).stop().await;
    assert_eq!(sidecar.delivered()[0].event["crematraceparent"], trace);
}

#[tokio::test]
async fn whatever_part_of_a_batch_arrives_no_event_overtakes_an_earlier_one() {
    let (db, sidecar) = (database().await, Sidecar::start().await);
    let subjects: Vec<_> = (0..10)
        .map(|subject| format!("aggregate {subject}"))
        .collect();
    let mut all = Vec::new();
    for subject in &subjects {
        all.extend([event(subject, 1), event(subject, 2), event(subject, 3)]);
    }
    let mut transaction = database::begin(&db).await.expect("a transaction");
    outbox::append(&mut transaction, &all)
        .await
        .expect("stored");
    transaction.commit().await.expect("committed");
    sidecar.fail_next([
        Failure::Refuse,
        Failure::DeliverHalf,
        Failure::DeliverLaterHalf,
        Failure::DenyAfterDelivery,
    ]);
    let relay = start(&db, &sidecar);
    drained(&db).await;
    relay.stop().await;
    let arrived = arrived(&sidecar);
    for subject in &subjects {
        let mut sequences = arrived[subject].clone();
        assert!(sequences.is_sorted(), "{subject}: {sequences:?}");
        sequences.dedup();
        assert_eq!(sequences, [1, 2, 3], "{subject}");
        // Half of the batch, or its later half, and all of it with a failure reported: then at last for good.
        assert_eq!(
            arrived[subject].len(),
            5,
            "{subject}: only what was not taken for sure is sent again"
        );
    }
}

#[tokio::test]
async fn a_sidecar_that_is_away_is_waited_for() {
    let (db, sidecar) = (database().await, Sidecar::away().await);
    let relay = start(&db, &sidecar);
    append(&db, event("aggregate", 1)).await;
    until("it tries twice", async || sidecar.refused() >= 2).await;
    assert_eq!(pending(&db).await, 1);
    sidecar.come().await;
    append(&db, event("aggregate", 2)).await;
    drained(&db).await;
    relay.stop().await;
    assert_eq!(arrived(&sidecar)["aggregate"], [1, 2]);
}

#[tokio::test]
async fn of_two_relays_one_publishes_and_the_other_takes_over() {
    let (db, sidecar) = (database().await, Sidecar::start().await);
    let (one, two) = (start(&db, &sidecar), start(&db, &sidecar));
    rush(&db, 20).await;
    drained(&db).await;
    let leaders: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
         WHERE locktype = 'advisory' AND datname = current_database()",
    )
    .fetch_one(&db)
    .await
    .expect("a count");
    assert_eq!(leaders, 1);
    one.stop().await;
    append(&db, event("later", 1)).await;
    drained(&db).await;
    two.stop().await;
    assert_eq!(sidecar.most_at_once(), 1, "they never publish at once");
    for (key, sequences) in arrived(&sidecar) {
        let steps = if key == "later" { 1 } else { 20 };
        assert_eq!(
            sequences,
            (1..=steps).collect::<Vec<_>>(),
            "{key}: none twice"
        );
    }
}

#[tokio::test]
async fn no_transaction_is_open_while_it_publishes() {
    let (db, sidecar) = (database().await, Sidecar::start().await);
    let gate = sidecar.hold();
    append(&db, event("aggregate", 1)).await;
    let relay = start(&db, &sidecar);
    until("it publishes", async || sidecar.most_at_once() == 1).await;
    let open: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL",
    )
    .fetch_one(&db)
    .await
    .expect("a count");
    assert_eq!(open, 0);
    drop(gate);
    drained(&db).await;
    relay.stop().await;
}

#[tokio::test]
async fn it_goes_on_after_its_connection_was_killed() {
    let (db, sidecar) = (database().await, Sidecar::start().await);
    let relay = start(&db, &sidecar);
    append(&db, event("aggregate", 1)).await;
    drained(&db).await;
    let killed: Vec<bool> = sqlx::query_scalar(
        "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON pg_database.oid = database
         WHERE locktype = 'advisory' AND datname = current_database()",
    )
    .fetch_all(&db)
    .await
    .expect("the relay's connection");
    assert_eq!(killed, [true]);
    append(&db, event("aggregate", 2)).await;
    drained(&db).await;
    relay.stop().await;
    assert_eq!(arrived(&sidecar)["aggregate"], [1, 2]);
}

/// Whose connection holds the lock.
async fn leaders(db: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT usename::text FROM pg_locks JOIN pg_database ON pg_database.oid = database
         JOIN pg_stat_activity USING (pid)
         WHERE locktype = 'advisory' AND pg_locks.granted AND pg_database.datname = current_database()",
    )
    .fetch_all(db)
    .await
    .expect("the relay's connection")
}

#[tokio::test]
async fn it_gives_its_connection_up_when_the_pool_has_another_login() {
    let (db, sidecar) = (database().await, Sidecar::start().await);
    let relay = start(&db, &sidecar);
    append(&db, event("aggregate", 1)).await;
    drained(&db).await;
    let name: String = sqlx::query_scalar("SELECT current_database()::text")
        .fetch_one(&db)
        .await
        .expect("a name");
    let login = format!("{name}_next");
    let admin = db.acquire().await.expect("a connection");
    let mut admin = admin.detach();
    let run = async |admin: &mut sqlx::PgConnection, sql: String| {
        let done = admin.execute(AssertSqlSafe(sql)).await;
        done.expect("SQL of ours");
    };
    let role = format!("CREATE ROLE {login} LOGIN SUPERUSER PASSWORD 'word'");
    run(&mut admin, role).await;
    let options = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(db.connect_options().get_port())
        .database(&name)
        .username(&login)
        .password("word");
    db.set_connect_options(options);

    until("the next login leads", async || {
        leaders(&db).await == [login.clone()]
    })
    .await;
    append(&db, event("aggregate", 2)).await;
    drained(&db).await;
    relay.stop().await;
    assert_eq!(arrived(&sidecar)["aggregate"], [1, 2]);
    db.close().await;
    run(&mut admin, format!("DROP ROLE {login}")).await;
}

#[tokio::test]
async fn what_was_committed_before_the_end_is_drained() {
    let (db, sidecar) = (database().await, Sidecar::start().await);
    let relay = start(&db, &sidecar);
    append(&db, event("first", 1)).await;
    drained(&db).await;
    // More than two batches, and nobody wakes the relay but the end itself.
    let all: Vec<_> = (1..=1100)
        .map(|one| event(&format!("last {one}"), 1))
        .collect();
    let mut transaction = database::begin(&db).await.expect("a transaction");
    outbox::append(&mut transaction, &all)
        .await
        .expect("stored");
    transaction.commit().await.expect("committed");
    relay.stop().await;
    assert_eq!(pending(&db).await, 0);
    assert_eq!(arrived(&sidecar).len(), 1101);
}

#[tokio::test]
async fn events_that_are_too_large_for_one_message_together_travel_apart() {
    let (db, sidecar) = (database().await, Sidecar::start().await);
    for one in 0..30 {
        let large = Event {
            data: Value::from("x".repeat(200 * 1024)),
            ..event(&format!("large {one}"), 1)
        };
        append(&db, large).await;
    }
    let relay = start(&db, &sidecar);
    drained(&db).await;
    relay.stop().await;
    assert_eq!(sidecar.delivered().len(), 30, "each of them, and once");
}

#[tokio::test]
async fn an_end_without_a_sidecar_keeps_the_events() {
    let (db, sidecar) = (database().await, Sidecar::away().await);
    let relay = start(&db, &sidecar);
    append(&db, event("aggregate", 1)).await;
    relay.stop().await;
    assert_eq!(pending(&db).await, 1);
    sidecar.come().await;
    start(&db, &sidecar).stop().await;
    assert_eq!(arrived(&sidecar)["aggregate"], [1]);
}

#[tokio::test]
async fn what_is_rolled_back_is_never_published() {
    let (db, sidecar) = (database().await, Sidecar::start().await);
    let mut transaction = database::begin(&db).await.expect("a transaction");
    outbox::append(&mut transaction, &[event("undone", 1)])
        .await
        .expect("stored");
    transaction.rollback().await.expect("rolled back");
    append(&db, event("done", 1)).await;
    start(&db, &sidecar).stop().await;
    assert_eq!(arrived(&sidecar).into_keys().collect::<Vec<_>>(), ["done"]);
}

#[tokio::test]
async fn an_event_that_could_never_be_published_is_refused() {
    let db = database().await;
    let huge = Event {
        data: Value::from("x".repeat(300 * 1024)),
        ..event("aggregate", 1)
    };
    let mut connection = db.acquire().await.expect("a connection");
    for (events, constraint) in [
        (vec![huge], "events_data_check"),
        (
            vec![event("aggregate", 1), event("aggregate", 1)],
            "events_source_subject_sequence_key",
        ),
    ] {
        let error = outbox::append(&mut connection, &events)
            .await
            .expect_err("refused");
        let error = error.into_database_error().expect("by the database");
        assert_eq!(error.constraint(), Some(constraint));
    }
}
