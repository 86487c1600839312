//! PostgreSQL's own programs: `pgbench` running what the services ask of PostgreSQL for one order and nothing else, and
//! `psql` for what only the databases know.
//!
//! Invariant: what writes works on a database of its own with the services' own schemas, what only reads on a service's
//! data; where the server is, both are told by libpq's environment (PGHOST, PGPORT, PGUSER).

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::customer::{Customer, Until};

/// Placing an order.
const PLACE: &str = include_str!("../sql/place.sql");
/// What follows until it is confirmed, by card.
const SAGA: &str = include_str!("../sql/saga.sql");
/// What the saga takes from.
const SHELVES: &str = include_str!("../sql/shelves.sql");
/// Where both run; `bench.sh` makes the database.
const DATABASE: &str = "bench";
/// Threads of pgbench: one keeps up with what two processors can serve.
const THREADS: &str = "1";

/// PostgreSQL's own programs.
#[derive(Clone)]
pub struct Programs(PathBuf);

impl Programs {
    /// In this folder.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// What a service's database answers; columns are parted by a bar. `variables` stand for `:'name'`.
    pub async fn query(
        &self,
        database: &str,
        variables: &[(&str, &str)],
        sql: &str,
    ) -> Result<String> {
        let mut words = vec!["-XqAt".to_owned(), "-vON_ERROR_STOP=1".to_owned()];
        words.extend(
            variables
                .iter()
                .map(|(name, value)| format!("-v{name}={value}")),
        );
        words.push(database.to_owned());
        self.run("psql", &words, sql).await
    }

    /// The one number that a database answers.
    pub async fn number(&self, database: &str, sql: &str) -> Result<u64> {
        Ok(self.query(database, &[], sql).await?.trim().parse()?)
    }

    async fn run(&self, program: &str, words: &[String], input: &str) -> Result<String> {
        let mut child = Command::new(self.0.join(program))
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| self.0.join(program).display().to_string())?;
        let mut pipe = child.stdin.take().context("no standard input")?;
        pipe.write_all(input.as_bytes()).await?;
        drop(pipe);
        let done = child.wait_with_output().await?;
        let complaint = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "{program}: {complaint}");
        Ok(String::from_utf8(done.stdout)?)
    }
}

/// Statements again and again.
#[derive(Clone)]
pub struct Pgbench {
    programs: Programs,
    database: String,
    script: String,
    definitions: Vec<String>,
}

/// What a run did.
#[derive(Debug, PartialEq)]
pub struct Ran {
    /// Transactions a second.
    pub per_second: f64,
    /// Transactions.
    pub done: u64,
}

impl Pgbench {
    /// This script, on the data that a service has.
    #[must_use]
    pub fn of(programs: Programs, database: &str, script: &str) -> Self {
        Self {
            programs,
            database: database.to_owned(),
            script: script.to_owned(),
            definitions: Vec::new(),
        }
    }

    /// The load of orders like a given one. With documents as large as those of `order`, which the service answered, and with as much stock.
    pub async fn like(programs: Programs, until: Until, order: &Value) -> Result<Self> {
        let id = order["id"].as_str().context("an order has no id")?;
        let stock = "SELECT items, quantities FROM reservations WHERE order_id = :'order'";
        let stock = programs
            .query("db-inventory", &[("order", id)], stock)
            .await?;
        let (items, quantities) = stock
            .trim()
            .split_once('|')
            .context("an order has no reservation")?;
        programs
            .query(DATABASE, &[("items", items)], SHELVES)
            .await?;
        let each = |to: &dyn Fn(&str) -> String| {
            let inner = quantities.trim_matches(['{', '}']);
            let changed: Vec<_> = inner.split(',').map(to).collect();
            format!("{{{}}}", changed.join(","))
        };
        let (script, method) = match until {
            Until::Accepted => (PLACE.to_owned(), "counter"),
            Until::Confirmed => ([PLACE, SAGA].concat(), "card"),
        };
        let definitions = [
            ("answer", json!({ "id": id }).to_string()),
            ("tax", order["tax"].to_string()),
            ("options", order["lines"][0]["options"].to_string()),
            ("event", Customer::event_of(order).to_string()),
            ("items", items.to_owned()),
            ("quantities", quantities.to_owned()),
            ("takings", each(&|quantity| format!("-{quantity}"))),
            ("zeros", each(&|_| "0".to_owned())),
            ("guard", "true".to_owned()),
            ("method", method.to_owned()),
            // Numbers that a client has left of its block.
            ("free", "0".to_owned()),
        ];
        let definition = |(name, value)| format!("-D{name}={value}");
        Ok(Self {
            programs,
            database: DATABASE.to_owned(),
            script,
            definitions: definitions.into_iter().map(definition).collect(),
        })
    }

    /// Keeps that many clients busy.
    pub async fn run(&self, clients: usize, length: Duration) -> Result<Ran> {
        let seconds = length.as_secs().max(1);
        let mut words = ["-n", "-Mprepared", "-f-", "-j", THREADS]
            .map(str::to_owned)
            .to_vec();
        words.extend([format!("-c{clients}"), format!("-T{seconds}")]);
        words.extend(self.definitions.iter().cloned());
        words.push(self.database.clone());
        read(&self.programs.run("pgbench", &words, &self.script).await?)
    }
}

fn read(report: &str) -> Result<Ran> {
    let number = |name: &str| {
        let rest = report.lines().find_map(|line| line.strip_prefix(name));
        let word = rest.and_then(|rest| rest.split([' ', '/']).find(|word| !word.is_empty()));
        word.with_context(|| format!("pgbench did not say {name:?}: {report}"))
    };
    let failed = number("number of failed transactions:")?;
    ensure!(failed == "0", "pgbench: {failed} transactions failed");
    Ok(Ran {
        per_second: number("tps =")?.parse()?,
        done: number("number of transactions actually processed:")?.parse()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_pgbench_reports() {
        let report = "pgbench (15.13)\nnumber of transactions actually processed: 52100\n\
            number of failed transactions: 0 (0.000%)\nlatency average = 1.5 ms\n\
            initial connection time = 20.1 ms\ntps = 10420.7 (without initial connection time)\n";
        let expected = Ran {
            per_second: 10420.7,
            done: 52100,
        };
        assert_eq!(read(report).expect("well formed"), expected);
        assert!(read(&report.replace("transactions: 0", "transactions: 3")).is_err());
    }
}
