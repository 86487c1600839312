//! The stack under load, as the kernel sees it: which process is which part.
//!
//! Invariant: the processes are found through [`Target`], so a part that was restarted is not measured as the old one.

use anyhow::{Context as _, Result};
use e2e::{Part, Target};

/// What processor time is told apart by.
pub const KINDS: [&str; 5] = [
    "services",
    "sidecars",
    "PostgreSQL",
    "Kafka",
    "Redis, vault",
];

/// A process whose descendants are counted with it, under one of a few labels.
#[derive(Clone, Debug)]
pub struct Root {
    /// What its time is added to.
    pub kind: &'static str,
    /// The process.
    pub pid: u32,
}

impl Root {
    /// A part of the running stack.
    pub fn of(target: &Target, kind: &'static str, part: &Part) -> Result<Self> {
        let pid = pid(target, part)?;
        Ok(Self { kind, pid })
    }
}

/// The process of a part.
pub fn pid(target: &Target, part: &Part) -> Result<u32> {
    let pid = target.instance(part);
    let pid = pid.with_context(|| format!("{part} does not run"))?;
    Ok(pid.parse()?)
}

/// Everything that has a share in serving an order.
pub fn whole(target: &Target) -> Result<Vec<Root>> {
    let mut roots = Vec::new();
    for app in target.apps() {
        roots.push(Root::of(target, KINDS[0], &Part::App(app.into()))?);
        roots.push(Root::of(target, KINDS[1], &Part::Sidecar(app.into()))?);
    }
    for (kind, part) in [
        (KINDS[2], "postgres"),
        (KINDS[3], "kafka"),
        (KINDS[4], "redis"),
        (KINDS[4], "vault"),
    ] {
        roots.push(Root::of(target, kind, &Part::Backing(part))?);
    }
    Ok(roots)
}
