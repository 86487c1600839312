//! A database whose login changes while it is used: nobody notices, and the login before is soon used by nobody.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dapr_kit::{Secret, Secrets};
use futures::FutureExt as _;
use service::database::{self, connect};
use sqlx::{AssertSqlSafe, Executor as _, PgPool};
use tokio::sync::watch;
use tokio::task::JoinSet;

const LIMIT: Duration = Duration::from_secs(10);

/// An owner and two logins in a database of the test's own.
struct Logins {
    admin: PgPool,
    port: String,
    database: String,
}

impl Logins {
    async fn new() -> Self {
        let admin = testkit::database(&[]).await;
        let query = "SELECT current_setting('port'), current_database()";
        let (port, database): (String, String) =
            sqlx::query_as(query).fetch_one(&admin).await.expect("us");
        let logins = Self {
            admin,
            port,
            database,
        };
        let [owner, a, b] = ["owner", "a", "b"].map(|role| logins.role(role));
        logins
            .run(format!(
                "CREATE ROLE {owner} NOLOGIN;
                 CREATE ROLE {a} LOGIN PASSWORD 'one' IN ROLE {owner};
                 CREATE ROLE {b} LOGIN PASSWORD 'two' IN ROLE {owner};"
            ))
            .await;
        logins
    }

    fn role(&self, name: &str) -> String {
        format!("{}_{name}", self.database)
    }

    async fn run(&self, sql: String) {
        let done = self.admin.execute(AssertSqlSafe(sql)).await;
        done.expect("SQL of ours");
    }

    fn secret(&self, login: &str, password: &str) -> Arc<Secret> {
        let (login, owner) = (self.role(login), self.role("owner"));
        let fields = [
            ("host", "127.0.0.1"),
            ("port", &self.port),
            ("database", &self.database),
            ("role", &owner),
            ("username", &login),
            ("password", password),
        ];
        let fields: HashMap<_, _> = fields
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        Arc::new(Secret::new("database", fields))
    }

    /// How many are connected by a login.
    async fn connected(&self, login: &str) -> i64 {
        let query = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1";
        let count = sqlx::query_scalar(query).bind(self.role(login));
        count.fetch_one(&self.admin).await.expect("a count")
    }

    async fn until_connected(&self, login: &str, wanted: i64) {
        let since = Instant::now();
        while self.connected(login).await != wanted {
            assert!(since.elapsed() < LIMIT, "not {wanted} by {login}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until none of a login's connections is at work or in a transaction.
    async fn until_idle(&self, login: &str) {
        let query = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND state <> 'idle'";
        let since = Instant::now();
        loop {
            let busy = sqlx::query_scalar(query).bind(self.role(login));
            let busy: i64 = busy.fetch_one(&self.admin).await.expect("a count");
            if busy == 0 {
                return;
            }
            assert!(since.elapsed() < LIMIT, "{login} leaves {busy} open");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn forget(self) {
        for role in ["a", "b", "owner"] {
            self.run(format!("DROP ROLE {}", self.role(role))).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_login_is_taken_up_under_load_and_the_one_before_given_up() {
    let logins = Logins::new().await;
    let (change, secret) = watch::channel(logins.secret("a", "one"));
    let pool = connect(Secrets::from(secret)).await.expect("a pool");

    // As many as there are connections, and one that works for longer than the change takes.
    let mut work = database::begin(&pool).await.expect("a transaction");
    let (open, _) = watch::channel(true);
    let mut load = JoinSet::new();
    for _ in 0..9 {
        let (pool, open) = (pool.clone(), open.subscribe());
        load.spawn(async move {
            let mut done = 0;
            while *open.borrow() {
                // For so long that each needs a connection of its own.
                let one: i32 = sqlx::query_scalar("SELECT 1 FROM pg_sleep(0.02)")
                    .fetch_one(&pool)
                    .await?;
                done += one;
            }
            Ok::<_, sqlx::Error>(done)
        });
    }
    logins.until_connected("a", 10).await;

    change.send_replace(logins.secret("b", "two"));
    logins.until_connected("a", 1).await;
    logins.until_connected("b", 9).await;
    let who: String = sqlx::query_scalar("SELECT session_user::text")
        .fetch_one(&mut *work)
        .await
        .expect("work goes on");
    assert_eq!(who, logins.role("a"));
    work.commit().await.expect("what was begun is finished");
    logins.until_connected("a", 0).await;

    // Locked, as a rotation ends; nobody comes by it any more.
    logins
        .run(format!("ALTER ROLE {} NOLOGIN", logins.role("a")))
        .await;
    // All ten places may be b's now.
    assert!(logins.connected("b").await >= 9);
    assert_eq!(logins.connected("a").await, 0);
    open.send_replace(false);
    for done in load.join_all().await {
        assert!(done.expect("nobody is refused") > 0);
    }
    pool.close().await;
    logins.forget().await;
}

/// As a request is given up by whoever sent it.
#[tokio::test]
async fn a_transaction_that_is_given_up_while_it_opens_does_not_stay_open() {
    let logins = Logins::new().await;
    let (_keep, secret) = watch::channel(logins.secret("a", "one"));
    let pool = connect(Secrets::from(secret)).await.expect("a pool");
    for _ in 0..20 {
        let opened = database::begin(&pool).now_or_never();
        assert!(opened.is_none(), "it was open before it was given up");
        logins.until_idle("a").await;
    }
    pool.close().await;
    logins.forget().await;
}
