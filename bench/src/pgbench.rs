//! `pgbench` running what the order service asks of PostgreSQL for one order, and nothing else.
//!
//! Invariant: it works on a database of its own with the service's own schema; where the server is, it and `psql` are
//! told by libpq's environment (PGHOST, PGPORT, PGUSER).

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::process::Command;

/// The script; `bench.sh` makes the database.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sql/place.sql");
/// Where it runs.
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

    /// How many events wait in the order service's outbox.
    pub async fn waiting_events(&self) -> Result<u64> {
        let count = "SELECT count(*) FROM outbox.events";
        let words = ["-XqAtc", count, "db-order"];
        Ok(self.run("psql", &words).await?.trim().parse()?)
    }

    async fn run(&self, program: &str, words: &[&str]) -> Result<String> {
        let done = Command::new(self.0.join(program))
            .args(words)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| self.0.join(program).display().to_string())?;
        let complaint = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "{program}: {complaint}");
        Ok(String::from_utf8(done.stdout)?)
    }
}

/// The load of orders like a given one.
#[derive(Clone)]
pub struct Pgbench {
    programs: Programs,
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
    /// With documents as large as those of `order`, which the service answered.
    #[must_use]
    pub fn like(programs: Programs, order: &Value) -> Self {
        let event = json!({
            "order_id": order["id"], "store_id": order["store_id"], "number": order["number"],
            "checkout": order["checkout"], "fulfilment": order["fulfilment"], "version": order["version"],
            "total": order["total"], "occurred_at": order["placed_at"],
        });
        let documents = [
            ("answer", order),
            ("tax", &order["tax"]),
            ("options", &order["lines"][0]["options"]),
            ("event", &event),
        ];
        let definition = |(name, value)| format!("{name}={value}");
        Self {
            programs,
            definitions: documents.into_iter().map(definition).collect(),
        }
    }

    /// Keeps that many clients busy.
    pub async fn run(&self, clients: usize, length: Duration) -> Result<Ran> {
        let (clients, seconds) = (clients.to_string(), length.as_secs().max(1).to_string());
        let mut words = vec!["-n", "-M", "prepared", "-j", THREADS, "-f", SCRIPT];
        words.extend(["-c", &clients, "-T", &seconds]);
        for definition in &self.definitions {
            words.extend(["-D", definition]);
        }
        words.push(DATABASE);
        read(&self.programs.run("pgbench", &words).await?)
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
