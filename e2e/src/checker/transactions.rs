//! I16: nobody works in a transaction that somebody else left open.
//!
//! Invariant: only PostgreSQL sees whose a transaction is: its word counts, no service's.

use super::evidence::Evidence;
use super::{Invariant, Verdict};

/// What PostgreSQL writes when a connection that was lent has a transaction open already.
const WITHIN_ANOTHER: &str = "there is already a transaction in progress";

/// I16: no transaction was begun within another one, and none goes on of which nobody asks anything.
pub(super) fn end_with_their_callers(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of(Invariant::I16);
    let within = evidence.database_log.iter();
    for line in within.filter(|line| line.contains(WITHIN_ANOTHER)) {
        verdict.violated("PostgreSQL's log", line);
    }
    for session in &evidence.left_open {
        verdict.violated(
            "a session",
            format!("its transaction is left open: {session}"),
        );
    }
    verdict.saw(evidence.database_log.len(), "lines of PostgreSQL's log");
    verdict
}
