//! The stack under load, as the kernel sees it: which process is which part.
//!
//! Invariant: the processes are found through [`Target`], so a part that was restarted is not measured as the old one.

use anyhow::{Context as _, Result};
use e2e::{Part, Target};

/// The label of the sidecars.
const SIDECARS: &str = "sidecars";
/// The label of the database.
pub const POSTGRES: &str = "PostgreSQL";

/// A process whose descendants are counted with it, under one of a few labels.
#[derive(Clone, Debug)]
pub struct Root {
    /// What its time is added to.
    pub kind: String,
    /// The process.
    pub pid: u32,
}

impl Root {
    /// A part of the running stack.
    pub fn of(target: &Target, kind: &str, part: &Part) -> Result<Self> {
        Ok(Self {
            kind: kind.to_owned(),
            pid: pid(target, part)?,
        })
    }
}

/// The process of a part.
pub fn pid(target: &Target, part: &Part) -> Result<u32> {
    let pid = target.instance(part);
    let pid = pid.with_context(|| format!("{part} does not run"))?;
    Ok(pid.parse()?)
}

/// Everything that has a share in serving an order: each service by its name, the rest by what it is.
pub fn whole(target: &Target) -> Result<Vec<Root>> {
    let mut roots = Vec::new();
    for app in target.apps() {
        roots.push(Root::of(target, app, &Part::App(app.into()))?);
        roots.push(Root::of(target, SIDECARS, &Part::Sidecar(app.into()))?);
    }
    for (kind, part) in [
        (POSTGRES, "postgres"),
        ("Kafka", "kafka"),
        ("Redis, vault", "redis"),
        ("Redis, vault", "vault"),
    ] {
        roots.push(Root::of(target, kind, &Part::Backing(part))?);
    }
    Ok(roots)
}
