//! History as evidence: what was recorded can't be changed unseen, and all of it is sealed.

use std::borrow::Cow;

use axum::http::StatusCode;
use chrono::TimeDelta;
use order::audit::{Flaw, Hash, Head, Row, Seal, verify, verify_seals};
use order::order::OrderId;
use order::upkeep::seal_history;
use service::database;
use sqlx::migrate::Migrator;
use sqlx::{Executor as _, PgPool};
use uuid::Uuid;

use crate::world::World;

async fn history(db: &PgPool, order: Uuid) -> Vec<Row> {
    sqlx::query_as("SELECT * FROM order_history WHERE order_id = $1 ORDER BY version")
        .bind(order)
        .fetch_all(db)
        .await
        .expect("a history")
}

type SealRow = (
    i64,
    chrono::DateTime<chrono::Utc>,
    Vec<Uuid>,
    Vec<i64>,
    Hash,
);

/// All seals, with the hashes that the rows they cover have now.
async fn seals(db: &PgPool) -> Vec<Seal> {
    let rows: Vec<SealRow> = sqlx::query_as(
        "SELECT seal, at, orders, versions, digest FROM history_seals ORDER BY seal",
    )
    .fetch_all(db)
    .await
    .expect("the seals");
    let mut seals = Vec::new();
    for (number, at, orders, versions, digest) in rows {
        let mut heads = Vec::new();
        for (order, version) in orders.into_iter().zip(versions) {
            let hash = sqlx::query_scalar(
                "SELECT hash FROM order_history WHERE order_id = $1 AND version = $2",
            )
            .bind(order)
            .bind(version)
            .fetch_one(db)
            .await
            .expect("a row under seal");
            heads.push(Head {
                order: OrderId(order),
                version,
                hash,
            });
        }
        seals.push(Seal {
            number,
            at,
            heads,
            digest,
        });
    }
    seals
}

/// An order that was made and handed over, of version 6.
async fn completed(world: &World) -> Uuid {
    let id = world.ordered().await.id();
    for (version, status) in [(2, "preparation"), (3, "ready"), (4, "delivered")] {
        let answer = world.fulfil(&world.barista(), id, version, status).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }
    id
}

#[tokio::test]
async fn what_is_recorded_verifies() {
    let world = World::new().await;
    let (one, other) = (completed(&world).await, completed(&world).await);
    for id in [one, other] {
        let rows = history(world.db(), id).await;
        assert_eq!(rows.len(), 6);
        assert_eq!(verify(OrderId(id), 6, &rows), Ok(rows[5].hash));
    }
    let mixed = [
        &history(world.db(), one).await[..5],
        &history(world.db(), other).await[5..],
    ]
    .concat();
    assert_eq!(verify(OrderId(one), 6, &mixed), Err(Flaw::Missing(6)));
}

#[tokio::test]
async fn the_encoding_is_the_documented_one() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    // A text that would be two fields, were lengths not written, and characters of several bytes.
    let actor = "ż,8:checkout,☕\n";
    sqlx::query(
        "INSERT INTO order_history (order_id, version, at, actor, axis, from_status, to_status)
         VALUES ($1, 3, '2026-03-02T07:30:00.123456Z', $2, 'checkout', '', '-,')",
    )
    .bind(id)
    .bind(actor)
    .execute(world.db())
    .await
    .expect("a row");
    let rows = history(world.db(), id).await;
    assert_eq!(verify(OrderId(id), 3, &rows), Ok(rows[2].hash));

    let text = format!("36:{id},1:3,16:1772436600123456,18:{actor},8:checkout,0:,2:-,,");
    let bytes = [rows[1].hash.0.as_slice(), text.as_bytes()].concat();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    assert_eq!(hash.as_ref(), rows[2].hash.0);
}

type Change = fn(&mut Row);

#[tokio::test]
async fn a_changed_row_is_found() {
    let world = World::new().await;
    let id = completed(&world).await;
    let rows = history(world.db(), id).await;
    let changes: [(&str, Change); 6] = [
        ("at", |row| row.at += TimeDelta::microseconds(1)),
        ("actor", |row| row.actor.push('x')),
        ("axis", |row| row.axis = "other".into()),
        ("from", |row| {
            row.from_status = row.from_status.take().xor(Some(String::new()));
        }),
        ("to", |row| row.to_status = "cancelled".into()),
        ("hash", |row| row.hash.0[31] ^= 1),
    ];
    for index in 0..rows.len() {
        for (name, change) in changes {
            let mut forged = rows.clone();
            change(&mut forged[index]);
            let version = forged[index].version;
            assert_eq!(
                verify(OrderId(id), 6, &forged),
                Err(Flaw::Changed(version)),
                "{name} of version {version}"
            );
        }
    }
    sqlx::query("UPDATE order_history SET actor = 'nobody' WHERE order_id = $1 AND version = 4")
        .bind(id)
        .execute(world.db())
        .await
        .expect("a forgery");
    let forged = history(world.db(), id).await;
    assert_eq!(verify(OrderId(id), 6, &forged), Err(Flaw::Changed(4)));
}

#[tokio::test]
async fn a_deleted_or_invented_row_is_found() {
    let world = World::new().await;
    let id = completed(&world).await;
    let rows = history(world.db(), id).await;
    for index in 0..rows.len() {
        let mut forged = rows.clone();
        let version = forged.remove(index).version;
        assert_eq!(verify(OrderId(id), 6, &forged), Err(Flaw::Missing(version)));

        // As if the rest had always been numbered like this.
        for row in &mut forged[index..] {
            row.version -= 1;
        }
        assert!(
            verify(OrderId(id), 6, &forged).is_err(),
            "without version {version}"
        );

        let mut forged = rows.clone();
        forged.insert(index, rows[index].clone());
        assert_eq!(
            verify(OrderId(id), 7, &forged),
            Err(Flaw::Missing(version + 1))
        );
    }
    assert_eq!(verify(OrderId(id), 6, &[]), Err(Flaw::Missing(1)));

    // Even one that the database has chained by itself.
    sqlx::query(
        "INSERT INTO order_history (order_id, version, at, actor, axis, from_status, to_status)
         VALUES ($1, 7, now(), 'nobody', 'checkout', 'completed', 'cancelled')",
    )
    .bind(id)
    .execute(world.db())
    .await
    .expect("a row too many");
    let forged = history(world.db(), id).await;
    assert_eq!(verify(OrderId(id), 6, &forged), Err(Flaw::Invented(7)));
}

#[tokio::test]
async fn no_row_is_recorded_without_the_one_before_it() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    let outcome = sqlx::query(
        "INSERT INTO order_history (order_id, version, at, actor, axis, from_status, to_status)
         VALUES ($1, 4, now(), 'order', 'checkout', 'pending', 'confirmed')",
    )
    .bind(id)
    .execute(world.db())
    .await;
    let error = outcome.expect_err("a gap").to_string();
    assert!(error.contains("no history before version 4"), "{error}");
}

#[tokio::test]
async fn new_heads_are_sealed_in_a_chain() {
    let world = World::new().await;
    let one = world.ordered().await.id();
    let other = world.ordered().await.id();
    assert_eq!(seal_history(&world.app).await.expect("sealed"), 1);
    assert_eq!(seal_history(&world.app).await.expect("nothing new"), 0);
    world.fulfil(&world.barista(), one, 2, "preparation").await;
    world.fulfil(&world.barista(), one, 3, "ready").await;
    assert_eq!(seal_history(&world.app).await.expect("sealed"), 1);

    let sealed = seals(world.db()).await;
    let covered: Vec<Vec<_>> = sealed
        .iter()
        .map(|seal| {
            seal.heads
                .iter()
                .map(|head| (head.order.0, head.version))
                .collect()
        })
        .collect();
    assert_eq!(covered, [vec![(one, 2), (other, 2)], vec![(one, 4)]]);
    assert_eq!(verify_seals(&sealed), Ok(sealed[1].digest));

    assert_eq!(verify_seals(&sealed[1..]), Err(Flaw::SealMissing(1)));
    let mut forged = sealed.clone();
    forged[0].at += TimeDelta::milliseconds(1);
    assert_eq!(verify_seals(&forged), Err(Flaw::Broken(1)));
    let mut forged = sealed.clone();
    forged[0].heads.pop();
    assert_eq!(verify_seals(&forged), Err(Flaw::Broken(1)));
    let mut forged = sealed.clone();
    forged[1].heads[0].version = 3;
    assert_eq!(verify_seals(&forged), Err(Flaw::Broken(2)));
    let mut forged = sealed;
    forged.remove(0);
    forged[0].number = 1;
    assert_eq!(verify_seals(&forged), Err(Flaw::Broken(1)));
}

#[tokio::test]
async fn a_chain_that_was_made_anew_breaks_its_seal() {
    let world = World::new().await;
    let id = completed(&world).await;
    seal_history(&world.app).await.expect("sealed");

    let rewritten = world.db().execute(sqlx::AssertSqlSafe(format!(
        "CREATE TEMPORARY TABLE forged AS SELECT * FROM order_history WHERE order_id = '{id}';
         DELETE FROM order_history WHERE order_id = '{id}';
         UPDATE forged SET actor = 'nobody' WHERE version = 3;
         INSERT INTO order_history SELECT * FROM forged ORDER BY version;"
    )));
    rewritten.await.expect("a forgery");
    let rows = history(world.db(), id).await;
    assert_eq!(
        verify(OrderId(id), 6, &rows),
        Ok(rows[5].hash),
        "the forgery is a perfect one"
    );
    assert_eq!(verify_seals(&seals(world.db()).await), Err(Flaw::Broken(1)));
}

#[tokio::test]
async fn what_commits_late_is_sealed_all_the_same() {
    let world = World::new().await;
    let (one, other) = (world.ordered().await.id(), world.ordered().await.id());
    seal_history(&world.app).await.expect("sealed");
    let mut late = database::begin(world.db()).await.expect("a transaction");
    sqlx::query(
        "INSERT INTO order_history (order_id, version, at, actor, axis, from_status, to_status)
         VALUES ($1, 3, now(), 'order', 'fulfilment', 'waiting', 'preparation')",
    )
    .bind(one)
    .execute(&mut *late)
    .await
    .expect("a row");
    world
        .fulfil(&world.barista(), other, 2, "preparation")
        .await;
    assert_eq!(seal_history(&world.app).await.expect("sealed"), 1);
    late.commit().await.expect("a commit");
    assert_eq!(seal_history(&world.app).await.expect("sealed"), 1);
    let sealed = seals(world.db()).await;
    assert_eq!(sealed[1].heads[0].order.0, other);
    assert_eq!(sealed[2].heads[0].order.0, one);
    assert!(verify_seals(&sealed).is_ok());
}

#[tokio::test]
async fn sealers_take_turns() {
    let world = World::new().await;
    for _ in 0..5 {
        let (id, app) = (world.ordered().await.id(), &world.app);
        let sealers = (0..4).map(|_| seal_history(app));
        let sealed: u64 = futures::future::join_all(sealers)
            .await
            .into_iter()
            .map(|outcome| outcome.expect("nobody fails"))
            .sum();
        assert_eq!(sealed, 1, "{id}");
    }
    let sealed = seals(world.db()).await;
    assert_eq!(sealed.len(), 5);
    assert!(verify_seals(&sealed).is_ok());
}

/// A service of the first version has left orders behind.
#[tokio::test]
async fn history_from_before_is_chained_and_sealed() {
    let first = Migrator {
        migrations: Cow::Owned(
            order::MIGRATOR
                .iter()
                .filter(|migration| migration.version == 1)
                .cloned()
                .collect(),
        ),
        ..Migrator::DEFAULT
    };
    let db = testkit::database(&[&first]).await;
    let old = "
        INSERT INTO orders (id, customer, store_id, store_name, business_day, number, placed_at, checkout, fulfilment,
                            payment_method, payment_status, currency, total, tax, version)
        SELECT ('0190a000-0000-7000-8000-00000000000' || n)::uuid, gen_random_uuid(),
               '0190a000-0000-7000-8000-0000000000ff', 'Crema Rynek', '2026-03-02', n, '2026-03-02T07:30:00Z',
               'confirmed', 'waiting', 'counter', 'due', 'EUR', 445, '[]', 2
        FROM generate_series(1, 3) AS n;
        INSERT INTO order_history (order_id, version, at, actor, axis, from_status, to_status)
        SELECT id, 1, placed_at, customer::text, 'checkout', NULL, 'pending' FROM orders;
        INSERT INTO order_history (order_id, version, at, actor, axis, from_status, to_status)
        SELECT id, 2, placed_at, 'order', 'checkout', 'pending', 'confirmed' FROM orders;";
    db.execute(old).await.expect("old orders");
    order::MIGRATOR.run(&db).await.expect("the new schema");

    for n in 1..=3 {
        let id = Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_0000 + n);
        let rows = history(&db, id).await;
        assert_eq!(verify(OrderId(id), 2, &rows), Ok(rows[1].hash));
    }
    let unsealed: Vec<(Uuid, i64)> =
        sqlx::query_as("SELECT order_id, version FROM unsealed_history")
            .fetch_all(&db)
            .await
            .expect("what is to be sealed");
    assert_eq!(unsealed.len(), 3);
    assert!(unsealed.iter().all(|(_, version)| *version == 2));
}
