//! The rest of I13: what payment gave back and no return explains is what order has for its receipts.
//!
//! Invariant: what order should have is what payment did, as far as an event told order of it; order's rows are only
//! compared.

use std::collections::{HashMap, HashSet};

use super::Verdict;
use super::evidence::{Evidence, Refund};

/// Each refund that was told of, and is for no return, is at order once and as it was; nothing else is. Of what order gave
/// up hearing, as long as it waits for an operator, nothing is said.
pub(super) fn are_on_receipts(evidence: &Evidence, verdict: &mut Verdict) {
    let told = told(evidence);
    let mut known: HashMap<&str, &Refund> = evidence
        .refunds
        .iter()
        .map(|row| (row.id.as_str(), row))
        .collect();
    let made = evidence.operations.iter().filter(|it| {
        (it.kind.as_str(), it.state.as_str()) == ("refund", "succeeded") && !it.of_return
    });
    for operation in made {
        let found = known.remove(operation.id.as_str());
        if !told.contains(operation.id.as_str()) {
            continue;
        }
        let due = Refund {
            id: operation.id.clone(),
            order_id: operation.order_id.clone(),
            amount: operation.amount,
            cause: if operation.by_staff {
                "amount"
            } else {
                "undone"
            }
            .to_owned(),
        };
        match found {
            None => verdict.violated(&due.order_id, format!("it does not know of {due:?}")),
            Some(row) if *row != due => {
                verdict.violated(&due.order_id, format!("it has {row:?} rather than {due:?}"));
            }
            Some(_) => {}
        }
    }
    for row in known.values() {
        verdict.violated(
            &row.order_id,
            format!("{row:?} was never made, or a return's"),
        );
    }
    verdict.saw(evidence.refunds.len(), "refunds by amount");
}

/// The refunds that events told order of; those of before said nothing of single refunds.
fn told(evidence: &Evidence) -> HashSet<&str> {
    let letters = evidence.dead_letters.iter();
    let waiting: HashSet<_> = letters
        .filter(|letter| letter.app == "order" && !letter.redriven)
        .map(|letter| (letter.source.as_str(), letter.event_id.as_str()))
        .collect();
    let events = evidence.events.iter().filter(|event| {
        event.source == "/payment" && !waiting.contains(&("/payment", event.id.as_str()))
    });
    events
        .filter_map(|event| event.data["refund"]["refund_id"].as_str())
        .collect()
}
