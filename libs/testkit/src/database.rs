//! A database per test, cloned from a template that holds the migrated schema.
//!
//! Invariant: a database is dropped as soon as the last clone of its pool is gone; what an aborted run leaves behind is
//! dropped by the next run. Ownership is an advisory lock that lives exactly as long as the process, so a sweep can
//! never take a database from a test that is still running.

use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_lc_rs::digest;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::sync::mpsc;

/// Names the server: a superuser's URL such as `postgres://postgres@localhost:5432/postgres`.
const SERVER: &str = "TESTKIT_POSTGRES";

/// A new database with `migrators` applied in order, empty otherwise.
///
/// The first test of a schema builds the template; every other one pays a file copy of a few milliseconds.
///
/// # Panics
/// When `TESTKIT_POSTGRES` is missing, the server does not answer, or a migration fails.
pub async fn database(migrators: &[&Migrator]) -> PgPool {
    let server = server();
    let run = run(&server);
    let mut admin = connect(&server).await;
    let template = template(&server, &mut admin, migrators).await;

    let name = run.next_name();
    // FILE_COPY beats the default WAL_LOG for a template this small once fsync is off, as it is under tests.
    let create = format!(r#"CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY"#);
    execute(&mut admin, create).await;
    close(admin).await;

    let guard = DropGuard {
        name: name.clone(),
        dropped: run.dropped.clone(),
    };
    PgPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(move |_, _| {
            // The pool owns this closure, so the guard dies with the last clone of the pool.
            let _owned_by_the_pool = &guard;
            Box::pin(async { Ok(()) })
        })
        .connect_with(server.database(&name))
        .await
        .unwrap_or_else(|error| panic!("cannot open the new test database {name}: {error}"))
}

fn server() -> PgConnectOptions {
    #[expect(
        clippy::disallowed_methods,
        reason = "a setting of the tests, not of a service"
    )]
    let url = std::env::var(SERVER).unwrap_or_else(|_| {
        panic!(
            "{SERVER} is not set: give it a superuser's URL of a PostgreSQL 15 server, \
             for example postgres://postgres@localhost:5432/postgres"
        )
    });
    PgConnectOptions::from_str(&url)
        .unwrap_or_else(|error| panic!("{SERVER} is not a PostgreSQL URL: {error}"))
}

/// The template's name, built first if no run has met this set of migrations before.
async fn template(
    server: &PgConnectOptions,
    admin: &mut PgConnection,
    migrators: &[&Migrator],
) -> String {
    let mut hash = digest::Context::new(&digest::SHA256);
    for migrator in migrators {
        for migration in migrator.iter() {
            hash.update(&migration.version.to_be_bytes());
            hash.update(&migration.checksum);
        }
        // Two migrators with one migration each are not one migrator with two.
        hash.update(b"/");
    }
    let mut key = [0; 8];
    key.copy_from_slice(&hash.finish().as_ref()[..8]);
    let key = i64::from_be_bytes(key);
    let name = format!("testkit_template_{key:016x}");

    lock(admin, key).await;
    if !exists(admin, &name).await {
        let unfinished = format!("{name}_unfinished");
        drop_database(admin, &unfinished).await;
        execute(admin, format!(r#"CREATE DATABASE "{unfinished}""#)).await;
        let mut fresh = connect(&server.clone().database(&unfinished)).await;
        for migrator in migrators {
            migrator
                .run(&mut fresh)
                .await
                .unwrap_or_else(|error| panic!("a migration failed on an empty database: {error}"));
        }
        close(fresh).await;
        // A template that somebody is connected to cannot be cloned.
        execute(
            admin,
            format!(r#"ALTER DATABASE "{unfinished}" ALLOW_CONNECTIONS false"#),
        )
        .await;
        execute(
            admin,
            format!(r#"ALTER DATABASE "{unfinished}" RENAME TO "{name}""#),
        )
        .await;
    }
    unlock(admin, key).await;
    name
}

/// This process as the owner of its databases.
struct Run {
    id: i64,
    count: AtomicU64,
    dropped: mpsc::UnboundedSender<String>,
}

impl Run {
    fn next_name(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!("{}{:016x}_{count}", PREFIX, self.id)
    }
}

const PREFIX: &str = "testkit_run_";

/// The run a database belongs to, read back from its name.
fn owner(name: &str) -> Option<i64> {
    let id = name.strip_prefix(PREFIX)?.split('_').next()?;
    i64::from_str_radix(id, 16).ok()
}

fn run(server: &PgConnectOptions) -> &'static Run {
    static RUN: OnceLock<Run> = OnceLock::new();
    RUN.get_or_init(|| {
        let mut bytes = [0; 8];
        aws_lc_rs::rand::fill(&mut bytes).expect("the system's random source works");
        // Positive, so that it reads back from hexadecimal.
        let id = i64::from_be_bytes(bytes) & i64::MAX;
        let (dropped, names) = mpsc::unbounded_channel();
        let (ready, wait) = std::sync::mpsc::channel();
        let server = server.clone();
        // A thread of its own: each test's runtime, and every connection made in it, ends with that test.
        std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime for the test databases")
                .block_on(janitor(&server, id, names, ready));
        });
        wait.recv()
            .unwrap_or_else(|_| panic!("no PostgreSQL at {SERVER}"));
        Run {
            id,
            count: AtomicU64::new(0),
            dropped,
        }
    })
}

/// Holds the run's lock, sweeps what dead runs left, then drops each database whose pool has gone.
async fn janitor(
    server: &PgConnectOptions,
    id: i64,
    mut names: mpsc::UnboundedReceiver<String>,
    ready: std::sync::mpsc::Sender<()>,
) {
    let mut admin = connect(server).await;
    lock(&mut admin, id).await;
    if ready.send(()).is_err() {
        return;
    }
    let left: Vec<String> =
        sqlx::query_scalar("SELECT datname FROM pg_database WHERE starts_with(datname, $1)")
            .bind(PREFIX)
            .fetch_all(&mut admin)
            .await
            .unwrap_or_else(|error| panic!("cannot list the test databases: {error}"));
    for name in left {
        if let Some(dead) = owner(&name).filter(|run| *run != id)
            && try_lock(&mut admin, dead).await
        {
            drop_database(&mut admin, &name).await;
            unlock(&mut admin, dead).await;
        }
    }
    while let Some(name) = names.recv().await {
        drop_database(&mut admin, &name).await;
    }
}

struct DropGuard {
    name: String,
    dropped: mpsc::UnboundedSender<String>,
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        // The receiver is gone only when the process ends; the next run sweeps then.
        let _ = self.dropped.send(std::mem::take(&mut self.name));
    }
}

async fn connect(options: &PgConnectOptions) -> PgConnection {
    PgConnection::connect_with(options)
        .await
        .unwrap_or_else(|error| panic!("cannot connect to the server at {SERVER}: {error}"))
}

async fn close(connection: PgConnection) {
    connection
        .close()
        .await
        .unwrap_or_else(|error| panic!("cannot close a connection: {error}"));
}

/// Runs DDL, which takes no bind parameters; every name in it is made in this file.
async fn execute(admin: &mut PgConnection, sql: String) {
    if let Err(error) = admin.execute(AssertSqlSafe(sql.as_str())).await {
        panic!("{sql}: {error}");
    }
}

async fn drop_database(admin: &mut PgConnection, name: &str) {
    execute(
        admin,
        format!(r#"DROP DATABASE IF EXISTS "{name}" WITH (FORCE)"#),
    )
    .await;
}

async fn exists(admin: &mut PgConnection, name: &str) -> bool {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(name)
        .fetch_one(admin)
        .await
        .unwrap_or_else(|error| panic!("cannot look for {name}: {error}"))
}

async fn lock(admin: &mut PgConnection, key: i64) {
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(key)
        .execute(admin)
        .await
        .unwrap_or_else(|error| panic!("cannot take an advisory lock: {error}"));
}

async fn try_lock(admin: &mut PgConnection, key: i64) -> bool {
    sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
        .bind(key)
        .fetch_one(admin)
        .await
        .unwrap_or_else(|error| panic!("cannot try an advisory lock: {error}"))
}

async fn unlock(admin: &mut PgConnection, key: i64) {
    sqlx::query("SELECT pg_advisory_unlock($1)")
        .bind(key)
        .execute(admin)
        .await
        .unwrap_or_else(|error| panic!("cannot release an advisory lock: {error}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::SqlSafeStr;
    use sqlx::migrate::{Migration, MigrationType};

    fn migrator(sql: &'static str) -> Migrator {
        Migrator::with_migrations(vec![Migration::new(
            1,
            "cups".into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )])
    }

    async fn gone(name: &str) {
        let mut admin = connect(&server()).await;
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while exists(&mut admin, name).await {
            assert!(
                std::time::Instant::now() < deadline,
                "{name} is still there"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn name_of(pool: &PgPool) -> String {
        pool.connect_options()
            .get_database()
            .expect("a database")
            .to_owned()
    }

    #[tokio::test]
    async fn tests_do_not_see_each_other_and_leave_nothing() {
        let cups = migrator("CREATE TABLE cups (id bigint PRIMARY KEY)");
        let one = database(&[&cups]).await;
        let two = database(&[&cups]).await;
        sqlx::query("INSERT INTO cups VALUES (1)")
            .execute(&one)
            .await
            .expect("an insert");
        let seen: i64 = sqlx::query_scalar("SELECT count(*) FROM cups")
            .fetch_one(&two)
            .await
            .expect("a count");
        assert_eq!(seen, 0);

        let name = name_of(&one);
        let clone = one.clone();
        drop(one);
        clone
            .acquire()
            .await
            .expect("a clone keeps the database alive");
        drop(clone);
        gone(&name).await;
    }

    #[tokio::test]
    async fn another_schema_gets_another_template() {
        let one = database(&[&migrator("CREATE TABLE mugs (id bigint PRIMARY KEY)")]).await;
        let two = database(&[&migrator("CREATE TABLE jars (id bigint PRIMARY KEY)")]).await;
        let mugs = "SELECT to_regclass('mugs') IS NOT NULL";
        let in_one: bool = sqlx::query_scalar(mugs)
            .fetch_one(&one)
            .await
            .expect("a look-up");
        let in_two: bool = sqlx::query_scalar(mugs)
            .fetch_one(&two)
            .await
            .expect("a look-up");
        assert!(in_one && !in_two);
    }

    #[test]
    fn a_name_tells_its_run() {
        assert_eq!(owner("testkit_run_00000000000000ff_12"), Some(255));
        assert_eq!(owner("testkit_run_"), None);
        assert_eq!(owner("postgres"), None);
    }
}
