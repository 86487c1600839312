//! What came back of an order, in words.
//!
//! Invariant: money that was not given is never said to have been.

use bff_api::{Return, ReturnReason, ReturnState};

/// What of it.
#[must_use]
pub fn what(it: &Return) -> String {
    let lines = it.lines.iter().map(|line| match line.quantity {
        0 => format!("part of {}", line.product),
        1 => line.product.clone(),
        many => format!("{many} × {}", line.product),
    });
    lines.collect::<Vec<_>>().join(", ")
}

/// How far it has come.
#[must_use]
pub fn words(state: ReturnState) -> &'static str {
    match state {
        ReturnState::Waiting => "waits for the manager",
        ReturnState::Rejected => "not taken back",
        ReturnState::Done => "given back",
        _ => "on its way to you",
    }
}

/// Why it came back.
#[must_use]
pub fn why(reason: ReturnReason) -> &'static str {
    match reason {
        ReturnReason::WrongItem => "not what was ordered",
        ReturnReason::Quality => "not good enough",
        ReturnReason::Damaged => "broken or spilt",
        ReturnReason::Late => "too late",
        ReturnReason::ChangedMind => "not wanted any more",
        ReturnReason::Other => "another reason",
    }
}

/// What a manager is told when the own word was not taken.
#[must_use]
pub fn undecided(slug: Option<&str>) -> &'static str {
    match slug {
        Some("own-return") => "Somebody else has to decide on what you asked for.",
        Some("not-waiting") => "Somebody has decided on it already.",
        _ => "It couldn't be decided. Please try again.",
    }
}

#[cfg(test)]
mod tests {
    use super::{what, words};
    use crate::fixture::{euro, id};
    use bff_api::{Return, ReturnLine, ReturnReason, ReturnState};

    #[test]
    fn what_came_back_is_told_by_piece_or_part() {
        let line = |product: &str, quantity| ReturnLine {
            product: product.into(),
            quantity,
        };
        let it = Return {
            id: id(1),
            number: "A-042-R1".into(),
            state: ReturnState::Done,
            reason: ReturnReason::Quality,
            note: None,
            lines: vec![line("Latte", 1), line("Tea", 2), line("Cookie", 0)],
            amount: euro(820),
        };
        assert_eq!(what(&it), "Latte, 2 × Tea, part of Cookie");
    }

    #[test]
    fn only_what_is_done_was_given_back() {
        for state in [
            ReturnState::Waiting,
            ReturnState::Rejected,
            ReturnState::Running,
            ReturnState::Manual,
            ReturnState::Elsewhere,
        ] {
            assert_ne!(words(state), words(ReturnState::Done));
        }
    }
}
