//! What a load leaves behind: sagas that still run, events that are not published, consumers that are behind.
//!
//! Invariant: a saga, a reservation or an event that does not end is an error; only how calm the processors are is a
//! guess, and it is said when they never were.

use std::time::{Duration, Instant};

use anyhow::Result;
use e2e::patience::until;

use crate::pgbench::Programs;
use crate::processes::Processes;
use crate::report::note;
use crate::stack::Root;

/// What is left to do, database by database; every count comes from an index or a table of what is pending.
const PENDING: [(&str, &str); 4] = [
    (
        "db-order",
        "SELECT (SELECT count(*) FROM checkouts WHERE state = 'running') + (SELECT count(*) FROM outbox.events)",
    ),
    (
        "db-identity",
        "SELECT (SELECT count(*) FROM mails) + (SELECT count(*) FROM outbox.events)",
    ),
    ("db-payment", "SELECT count(*) FROM outbox.events"),
    (
        "db-inventory",
        "SELECT (SELECT count(*) FROM reservations WHERE status = 'held') + (SELECT count(*) FROM outbox.events)",
    ),
];
/// How long that may take.
const MOST: Duration = Duration::from_mins(2);
/// Over so long a time the processors are looked at.
const WINDOW: Duration = Duration::from_millis(500);
/// The part of one processor that the stack may take when nobody asks it for anything.
const CALM: f64 = 0.25;
/// How long consumers may take to be calm.
const MOST_UNREST: Duration = Duration::from_secs(30);

/// How the end of a load is told.
#[derive(Clone)]
pub struct Aftermath {
    /// How the databases are asked.
    pub programs: Programs,
    /// Whose processor time tells that all is done.
    pub roots: Vec<Root>,
}

impl Aftermath {
    /// Returns once nothing is pending and the processors are calm.
    pub async fn over(&self) -> Result<()> {
        for (database, pending) in PENDING {
            until(
                &format!("the end of what is pending in {database}"),
                MOST,
                || async {
                    let left = self.programs.number(database, pending).await;
                    matches!(left, Ok(0)).then_some(())
                },
            )
            .await?;
        }
        let start = Instant::now();
        while !self.calm().await? {
            if start.elapsed() > MOST_UNREST {
                note("the processors did not come to rest");
                break;
            }
        }
        Ok(())
    }

    async fn calm(&self) -> Result<bool> {
        let (before, start) = (Processes::now()?, Instant::now());
        tokio::time::sleep(WINDOW).await;
        let after = Processes::now()?;
        let took = self.roots.iter().map(|root| {
            let took = after.time(root.pid).saturating_sub(before.time(root.pid));
            took.as_secs_f64()
        });
        Ok(took.sum::<f64>() < CALM * start.elapsed().as_secs_f64())
    }
}
