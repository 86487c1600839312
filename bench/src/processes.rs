//! What the kernel knows of processes: who started whom, the processor time they took, the memory that they hold.
//!
//! Invariant: the time of a child that has ended is not lost; it counts for the parent that took its leave.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// How long a tick is, in what the kernel tells of processes, on every machine that we run on.
const TICK: Duration = Duration::from_millis(10);

/// All processes at one moment.
pub struct Processes(HashMap<u32, Process>);

struct Process {
    parent: u32,
    /// Its own, and that of its children that have ended.
    ticks: u32,
}

impl Processes {
    /// As they are now.
    pub fn now() -> Result<Self> {
        let mut all = HashMap::new();
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // One that has ended meanwhile is no longer of interest.
            if let Ok(stat) = fs::read_to_string(at(pid, "stat")) {
                all.insert(pid, Process::parse(&stat).context(stat)?);
            }
        }
        Ok(Self(all))
    }

    /// A process and all that descend from it.
    #[must_use]
    pub fn tree(&self, root: u32) -> Vec<u32> {
        let mut tree = vec![root];
        let mut seen = 0;
        while let Some(&parent) = tree.get(seen) {
            let children = self.0.iter().filter(|(_, child)| child.parent == parent);
            tree.extend(children.map(|(pid, _)| *pid));
            seen += 1;
        }
        tree
    }

    /// The processor time that a process and its descendants have taken so far.
    #[must_use]
    pub fn time(&self, root: u32) -> Duration {
        let tree = self.tree(root).into_iter();
        let ticks = tree.filter_map(|pid| Some(self.0.get(&pid)?.ticks)).sum();
        TICK.saturating_mul(ticks)
    }
}

impl Process {
    fn parse(stat: &str) -> Option<Self> {
        // The name, in brackets, may hold anything; what follows it are words.
        let words: Vec<_> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let word = |nth: usize| words.get(nth)?.parse::<u32>().ok();
        Some(Self {
            parent: word(1)?,
            ticks: word(11)? + word(12)? + word(13)? + word(14)?,
        })
    }
}

/// Memory of a process that is in RAM, in KiB; pages that it shares count in full.
pub fn resident(pid: u32) -> Result<u64> {
    field(pid, "status", "VmRSS:")
}

/// The most that [`resident`] ever was of a process, in KiB.
pub fn peak(pid: u32) -> Result<u64> {
    field(pid, "status", "VmHWM:")
}

/// Memory of a process that is in RAM, in KiB; of each shared page, its part.
pub fn proportional(pid: u32) -> Result<u64> {
    field(pid, "smaps_rollup", "Pss:")
}

fn field(pid: u32, file: &str, name: &str) -> Result<u64> {
    let file = at(pid, file);
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.with_context(|| format!("{} has no {name}", file.display()))
}

/// A file of a process.
#[must_use]
pub fn at(pid: u32, file: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_brackets_and_blanks() {
        let stat = "7 (a) b (c) S 3 7 7 0 -1 4194560 93 0 0 0 10 5 2 1 20 0 1 0 50 1 1";
        let process = Process::parse(stat).expect("well formed");
        assert_eq!((process.parent, process.ticks), (3, 18));
    }

    #[test]
    fn a_tree_holds_grandchildren_and_no_strangers() {
        let process = |parent| Process { parent, ticks: 1 };
        let all = [
            (1, process(0)),
            (2, process(1)),
            (3, process(2)),
            (4, process(0)),
        ];
        let all = Processes(all.into());
        assert_eq!(all.tree(1), [1, 2, 3]);
        assert_eq!(all.time(1), TICK * 3);
    }
}
