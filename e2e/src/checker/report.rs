//! The verdicts for people: one line for each invariant, and one for each violation.
//!
//! Invariant: an invariant that looked at nothing says so; it is not passed off as kept.

use std::collections::BTreeSet;
use std::fmt;

use super::{Verdict, Violation};

/// More violations of one invariant than this are counted, not shown.
const SHOWN: usize = 20;

/// All verdicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// One for each invariant, in their order.
    pub verdicts: Vec<Verdict>,
}

impl Report {
    /// All violations.
    pub fn violations(&self) -> impl Iterator<Item = &Violation> {
        self.verdicts.iter().flat_map(|verdict| &verdict.violations)
    }

    /// Whether no invariant is violated.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.violations().next().is_none()
    }

    /// What violates an invariant here and did not `before`.
    #[must_use]
    pub fn new_since(&self, before: &Self) -> Vec<&Violation> {
        let known: BTreeSet<_> = before.violations().collect();
        self.violations()
            .filter(|violation| !known.contains(violation))
            .collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for verdict in &self.verdicts {
            let Verdict {
                invariant,
                looked_at,
                violations,
            } = verdict;
            let looked = looked_at.iter().filter(|(count, _)| *count > 0);
            let looked: Vec<_> = looked
                .map(|(count, what)| format!("{count} {what}"))
                .collect();
            let state = match (violations.len(), looked.is_empty()) {
                (0, true) => "NOTHING to look at".to_owned(),
                (0, false) => "ok".to_owned(),
                (count, _) => format!("VIOLATED {count} times"),
            };
            let words = invariant.words();
            writeln!(f, "{invariant} {state}: {words} ({})", looked.join(", "))?;
            for violation in violations.iter().take(SHOWN) {
                writeln!(f, "    {}: {}", violation.about, violation.evidence)?;
            }
            if let Some(more @ 1..) = violations.len().checked_sub(SHOWN) {
                writeln!(f, "    and {more} more")?;
            }
        }
        Ok(())
    }
}
