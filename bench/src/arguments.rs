//! What `./run.sh bench` tells this program; which stack it is about, it is told by the environment, as all of `e2e`.
//!
//! Invariant: a word that is not known refuses to start.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use lexopt::prelude::*;

/// Which figures are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figures {
    /// Those of start-up, the menu, orders, events and memory.
    System {
        /// How long the system took to come up when everything was built and had run before.
        second_start: Duration,
    },
    /// Those of a large catalogue.
    Chain,
    /// Those of identity.
    Identity,
    /// Those of the public entry.
    Perimeter,
}

/// The arguments.
#[derive(Debug)]
pub struct Arguments {
    /// The first of thirty ports that are free for the controls.
    pub ports: u16,
    /// The folder of PostgreSQL's programs.
    pub postgres: PathBuf,
    /// Which figures are wanted.
    pub figures: Figures,
    /// Where the report goes.
    pub report: PathBuf,
    /// What was measured: a commit.
    pub subject: String,
}

impl Arguments {
    /// Of this process.
    pub fn read() -> Result<Self> {
        let (mut ports, mut postgres, mut figures) = (None, None, None);
        let (mut report, mut subject) = (None, None);
        let mut words = lexopt::Parser::from_env();
        while let Some(word) = words.next()? {
            match word {
                Long("ports") => ports = Some(words.value()?.parse()?),
                Long("postgres") => postgres = Some(words.value()?.into()),
                Long("second-start-ms") => {
                    let second_start = Duration::from_millis(words.value()?.parse()?);
                    figures = Some(Figures::System { second_start });
                }
                Long("chain") => figures = Some(Figures::Chain),
                Long("identity") => figures = Some(Figures::Identity),
                Long("perimeter") => figures = Some(Figures::Perimeter),
                Long("report") => report = Some(words.value()?.into()),
                Long("subject") => subject = Some(words.value()?.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Self {
            ports: ports.context("--ports is missing")?,
            postgres: postgres.context("--postgres is missing")?,
            figures: figures.context(
                "none of --second-start-ms, --chain, --identity and --perimeter is there",
            )?,
            report: report.context("--report is missing")?,
            subject: subject.context("--subject is missing")?,
        })
    }
}
