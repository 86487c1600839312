//! The inbox, deliveries in bulk and the dead letters on a real PostgreSQL, with an effect beside them that can be counted.

mod admit;
mod bulk;
mod dead;

use outbox::MIGRATOR;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{PgConnection, PgPool, SqlSafeStr as _};

/// A database with the schema under test and the table of [`effect`].
async fn database() -> PgPool {
    let effects = Migrator::with_migrations(vec![Migration::new(
        1,
        "effects".into(),
        MigrationType::Simple,
        "CREATE TABLE effects (event text NOT NULL)".into_sql_str(),
        false,
    )]);
    testkit::database(&[&MIGRATOR, &effects]).await
}

/// What a consumer does because of an event.
async fn effect(connection: &mut PgConnection, event: &str) {
    sqlx::query("INSERT INTO effects VALUES ($1)")
        .bind(event)
        .execute(connection)
        .await
        .expect("an insert");
}

/// How many rows a table has.
async fn count(db: &PgPool, table: &'static str) -> i64 {
    let count = match table {
        "effects" => "SELECT count(*) FROM effects",
        "messages" => "SELECT count(*) FROM inbox.messages",
        "late" => "SELECT count(*) FROM inbox.late",
        other => panic!("{other}"),
    };
    sqlx::query_scalar(count)
        .fetch_one(db)
        .await
        .expect("a count")
}
