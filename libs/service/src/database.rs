//! The service's own PostgreSQL database, by a secret that may change while it runs.
//!
//! Every connection acts as the database's owner role, so that what one login made the next one may use. When the secret
//! changes, connections of the login before are given up as soon as nobody works with them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dapr_kit::{DaprError, Secret, Secrets};
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{Connection as _, PgPool, PgTransaction};
use tracing::Instrument as _;

/// Connections of one service at most.
const MOST_CONNECTIONS: u32 = 10;
/// How long a request waits for a connection before it is answered 503.
const ACQUIRE: Duration = Duration::from_secs(3);
/// A connection that was idle for longer than this is tried before it is used. One that was just used is not: the
/// question would cost as much as most statements do.
const FRESH: Duration = Duration::from_secs(1);
/// How often an absent server is tried at start.
const RETRY: Duration = Duration::from_millis(200);

/// Connects by the fields `host port database username password role` of the secret, waiting for a
/// server that is not there yet, and follows every change of the secret.
pub async fn connect(mut secret: Secrets) -> Result<PgPool, DaprError> {
    let retirement = Retirement::default();
    let (on_acquire, on_release) = (retirement.clone(), retirement.clone());
    let pool = PgPoolOptions::new()
        .max_connections(MOST_CONNECTIONS)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .before_acquire(move |connection, about| {
            let serves = !on_acquire.reaches(about.age);
            Box::pin(async move {
                if serves && about.idle_for > FRESH {
                    connection.ping().await?;
                }
                Ok(serves)
            })
        })
        .after_release(move |_, about| {
            let serves = !on_release.reaches(about.age);
            Box::pin(async move { Ok(serves) })
        })
        .connect_lazy_with(options(&secret.current())?);
    let mut warned = false;
    while let Err(error) = ping(&pool).await {
        if !std::mem::replace(&mut warned, true) {
            tracing::warn!(%error, "waiting for the database");
        }
        tokio::time::sleep(RETRY).await;
    }
    let following = pool.clone();
    tokio::spawn(async move {
        while !following.is_closed() {
            secret.changed().await;
            match options(&secret.current()) {
                Ok(options) => {
                    following.set_connect_options(options);
                    retirement.begin(&following).await;
                    // What was being opened with the old options is open by now.
                    tokio::time::sleep(ACQUIRE).await;
                    retirement.begin(&following).await;
                }
                Err(error) => tracing::error!(%error, "the new database secret is unusable"),
            }
        }
    });
    Ok(pool)
}

/// Since when connections are of the login in use: those that are older are given up.
#[derive(Clone, Default)]
struct Retirement(Arc<Mutex<Option<Instant>>>);

impl Retirement {
    fn reaches(&self, age: Duration) -> bool {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| age > since.elapsed())
    }

    /// Gives up all connections of before now: at once those that are idle, the others when they are released.
    async fn begin(&self, pool: &PgPool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        let idle: Vec<_> = std::iter::from_fn(|| pool.try_acquire()).collect();
        for connection in idle {
            // One that can't be ended in good order is gone too.
            let _ = connection.close().await;
        }
    }
}

/// Opens a transaction.
///
/// # Errors
/// Those of the pool and of the server.
pub async fn begin(pool: &PgPool) -> Result<PgTransaction<'static>, sqlx::Error> {
    open(pool, "BEGIN").await
}

/// Opens a transaction whose queries all see the rows of one instant, and write none.
///
/// # Errors
/// Those of the pool and of the server.
pub async fn snapshot(pool: &PgPool) -> Result<PgTransaction<'static>, sqlx::Error> {
    open(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
}

/// A request may be given up at any await, and sqlx 0.9.0 loses track of a `BEGIN` that is given up on its way
/// (transact-rs/sqlx#4393): the pool would lend the connection with its transaction open, and what the next ones write
/// would not be committed. A task of its own is not given up, and a transaction that nobody takes is rolled back.
async fn open(
    pool: &PgPool,
    statement: &'static str,
) -> Result<PgTransaction<'static>, sqlx::Error> {
    let pool = pool.clone();
    #[expect(clippy::disallowed_methods, reason = "the one place that may")]
    let opening = async move { pool.begin_with(statement).await };
    match tokio::spawn(opening.in_current_span()).await {
        Ok(opened) => opened,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The process is about to end.
            Err(_) => Err(sqlx::Error::PoolClosed),
        },
    }
}

/// Whether the database answers.
pub async fn ready(pool: &PgPool) -> bool {
    ping(pool).await.is_ok()
}

/// Whether `error` says that the database can't answer now, rather than that the query is wrong.
#[must_use]
pub fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Tls(_) => true,
        // PostgreSQL, appendix A. 08: connection exceptions; 40: rolled back, such as by a deadlock; 53: disk, memory
        // or connections are used up; 55: a lock could not be had; 57: cancelled, or the server is going or coming.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            let passing = ["08", "40", "53", "55", "57"];
            passing.iter().any(|class| code.starts_with(class))
        }),
        _ => false,
    }
}

/// Whether `error` says that no column can hold what it was given, such as a text with a NUL in it.
pub(crate) fn is_unstorable(error: &sqlx::Error) -> bool {
    // PostgreSQL, appendix A. 22: data exceptions.
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| code.starts_with("22"))
}

async fn ping(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT 1").execute(pool).await.map(drop)
}

fn options(secret: &Secret) -> Result<PgConnectOptions, DaprError> {
    let port = secret
        .require("port")?
        .parse()
        .map_err(|_| DaprError::Config("the database secret's port is no port".into()))?;
    Ok(PgConnectOptions::new_without_pgpass()
        .host(secret.require("host")?)
        .port(port)
        .database(secret.require("database")?)
        .username(secret.require("username")?)
        .password(secret.require("password")?)
        .ssl_mode(PgSslMode::Prefer)
        .options([("role", secret.require("role")?)]))
}
