//! Memory: of each service, and of everything that runs.
//!
//! Invariant: services are measured by what they hold in RAM, shared pages in full; the whole counts each page once.

use std::collections::BTreeSet;

use anyhow::Result;
use e2e::{Part, Target};

use crate::processes::{Processes, proportional, resident};
use crate::report::{Goal, Report, Row};
use crate::stack::pid;

/// What `run.sh` starts; the services, the sidecars and their keepers descend from the first.
const STARTED: [&str; 5] = ["dapr", "postgres", "redis", "kafka", "vault"];
const IDLE: f64 = 12.0;
const LOADED: f64 = 25.0;
const WHOLE: f64 = 2500.0;

/// Memory at one moment, in MB.
pub struct Memory {
    apps: Vec<(String, f64)>,
    sidecars: f64,
    whole: f64,
}

impl Memory {
    /// As it is now.
    pub fn now(target: &Target) -> Result<Self> {
        let (mut apps, mut sidecars) = (Vec::new(), 0.0);
        for app in target.apps() {
            let own = resident(pid(target, &Part::App(app.into()))?)?;
            apps.push((app.to_owned(), megabytes(own)?));
            sidecars += megabytes(resident(pid(target, &Part::Sidecar(app.into()))?)?)?;
        }
        let processes = Processes::now()?;
        let mut all = BTreeSet::new();
        for part in STARTED {
            all.extend(processes.tree(pid(target, &Part::Backing(part))?));
        }
        // One that has ended since holds nothing.
        let whole = all
            .into_iter()
            .filter_map(|pid| proportional(pid).ok())
            .sum();
        let whole = megabytes(whole)?;
        Ok(Self {
            apps,
            sidecars,
            whole,
        })
    }

    /// The rows of both moments.
    pub fn report(idle: &Self, loaded: &Self, report: &mut Report) {
        for (when, memory, goal) in [("idle", idle, IDLE), ("after load", loaded, LOADED)] {
            report.rows(memory.apps.iter().map(|(app, own)| {
                Row::alone(
                    &format!("memory of {app}, {when}"),
                    *own,
                    " MB",
                    Goal::AtMost(goal),
                )
            }));
            let sidecars = format!("memory of all sidecars, {when}");
            let whole = format!("memory of the whole stack, {when}");
            report.rows([
                Row::alone(&sidecars, memory.sidecars, " MB", Goal::None),
                Row::alone(&whole, memory.whole, " MB", Goal::AtMost(WHOLE)),
            ]);
        }
        report.remark(
            "Memory: RSS of services and sidecars, PSS of the whole stack. Identity is measured with its hash buffers."
                .to_owned(),
        );
    }
}

/// As it is written.
pub(super) fn megabytes(kibibytes: u64) -> Result<f64> {
    Ok(f64::from(u32::try_from(kibibytes)?) / 1024.0)
}
