//! The four steps of an order in words: what the customer follows and what the barista presses.

use bff_api::{Checkout, Fulfilment, Order};

/// All steps, in order.
pub const STEPS: [Fulfilment; 4] = [
    Fulfilment::Waiting,
    Fulfilment::Preparation,
    Fulfilment::Ready,
    Fulfilment::Delivered,
];

/// How a step stands relative to where the order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Behind the order.
    Done,
    /// Where the order is.
    Current,
    /// Still to come.
    Ahead,
}

/// Where a step stands for an order that is at `at`. The last step is done as soon as it is reached.
#[must_use]
pub fn progress(step: Fulfilment, at: Fulfilment) -> Progress {
    if step < at || at == Fulfilment::Delivered {
        Progress::Done
    } else if step == at {
        Progress::Current
    } else {
        Progress::Ahead
    }
}

/// Name of a step.
#[must_use]
pub fn name(step: Fulfilment) -> &'static str {
    match step {
        Fulfilment::Waiting => "Waiting",
        Fulfilment::Preparation => "Preparation",
        Fulfilment::Ready => "Ready",
        Fulfilment::Delivered => "Delivered",
    }
}

/// Where an order is, in a word or two.
#[must_use]
pub fn label(order: &Order) -> &'static str {
    match order.checkout {
        Checkout::Cancelled => "Cancelled",
        Checkout::Manual => "Ask at the counter",
        _ => name(order.fulfilment),
    }
}

/// What the customer is told.
#[must_use]
pub fn announcement(order: &Order) -> &'static str {
    match (order.checkout, order.fulfilment) {
        (Checkout::Cancelled, _) => "This order was cancelled.",
        (Checkout::Manual, _) => "Please talk to us at the counter about this order.",
        (Checkout::Pending, _) => "We're confirming your order.",
        (_, Fulfilment::Waiting) => "We have your order. It's next in line.",
        (_, Fulfilment::Preparation) => "We're making it right now.",
        (_, Fulfilment::Ready) => "It's ready. Come and get it while it's hot.",
        (_, Fulfilment::Delivered) => "Enjoy it. See you soon.",
    }
}

/// Whether the customer still waits for something.
#[must_use]
pub fn is_active(order: &Order) -> bool {
    matches!(order.checkout, Checkout::Pending | Checkout::Confirmed)
        && order.fulfilment != Fulfilment::Delivered
}

/// What the barista's button says; `None` when there is nothing left to do.
#[must_use]
pub fn bump(at: Fulfilment) -> Option<&'static str> {
    match at {
        Fulfilment::Waiting => Some("Start"),
        Fulfilment::Preparation => Some("Ready"),
        Fulfilment::Ready => Some("Hand over"),
        Fulfilment::Delivered => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Progress, STEPS, announcement, bump, is_active, label, progress};
    use crate::fixture::order;
    use bff_api::{Checkout, Fulfilment};

    #[test]
    fn steps_before_are_done_and_the_last_needs_nothing_after_it() {
        use Progress::{Ahead, Current, Done};
        let at = |at| STEPS.map(|step| progress(step, at));
        assert_eq!(at(Fulfilment::Waiting), [Current, Ahead, Ahead, Ahead]);
        assert_eq!(at(Fulfilment::Ready), [Done, Done, Current, Ahead]);
        assert_eq!(at(Fulfilment::Delivered), [Done, Done, Done, Done]);
    }

    #[test]
    fn every_step_with_a_next_one_has_a_button() {
        for step in STEPS {
            assert_eq!(bump(step).is_some(), step.next().is_some());
        }
    }

    #[test]
    fn a_cancelled_order_is_over_whatever_its_step() {
        let mut cancelled = order(1, 3);
        assert!(is_active(&cancelled));
        cancelled.checkout = Checkout::Cancelled;
        assert!(!is_active(&cancelled));
        assert_eq!(announcement(&cancelled), "This order was cancelled.");
        assert_eq!(label(&cancelled), "Cancelled");
        assert_eq!(label(&order(1, 2)), "Waiting");
    }
}
