//! The four steps of an order in words: what the customer follows and what the barista presses.

use bff_api::{Checkout, Fulfilment, Order, Reason};

use crate::{delivery, payment};

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
        Checkout::Pending if order.reason.is_some() => "Cancelling",
        Checkout::Pending => "Checking",
        Checkout::Manual => "Ask at the counter",
        _ => name(order.fulfilment),
    }
}

/// What the customer is told.
#[must_use]
pub fn announcement(order: &Order) -> String {
    let words = match (order.checkout, order.fulfilment) {
        (Checkout::Cancelled, _) => {
            let why = why(order.reason);
            return format!("{why} {}", payment::after_cancellation(order));
        }
        (Checkout::Manual, _) => "Please talk to us at the counter about this order.",
        (Checkout::Pending, _) if order.reason.is_some() => "We're cancelling your order…",
        (Checkout::Pending, _) => "Checking stock and payment…",
        _ if delivery::announcement(order).is_some() => {
            delivery::announcement(order).unwrap_or_default()
        }
        (_, Fulfilment::Waiting) => "We have your order. It's next in line.",
        (_, Fulfilment::Preparation) => "We're making it right now.",
        (_, Fulfilment::Ready) => "It's ready. Come and get it while it's hot.",
        (_, Fulfilment::Delivered) => "Enjoy it. See you soon.",
    };
    words.to_owned()
}

fn why(reason: Option<Reason>) -> &'static str {
    match reason {
        Some(Reason::SoldOut) => "Something in it has just sold out.",
        Some(Reason::PaymentDeclined) => "Your card was declined.",
        Some(Reason::PaymentUnavailable) => "We couldn't reach the card company in time.",
        Some(Reason::StockUnavailable) => "We couldn't check our stock in time.",
        Some(Reason::ByCustomer) => "You cancelled this order.",
        Some(Reason::ByStaff | Reason::ByOperator) => "The café had to cancel this order.",
        Some(Reason::NoCourier) => "We found nobody to bring it.",
        Some(Reason::AccountClosed) => "The account that ordered this was closed.",
        Some(Reason::Other) | None => "This order was cancelled.",
    }
}

/// Whether the customer may still call it off: nobody has begun to make it, and it is not being called off already.
#[must_use]
pub fn can_cancel(order: &Order) -> bool {
    let open = matches!(order.checkout, Checkout::Pending | Checkout::Confirmed);
    open && order.fulfilment == Fulfilment::Waiting && order.reason.is_none()
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
    use super::{Progress, STEPS, announcement, bump, can_cancel, is_active, label, progress};
    use crate::fixture::order;
    use bff_api::{Checkout, Fulfilment, PaymentMethod, PaymentStatus, Reason};

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
        assert_eq!(
            announcement(&cancelled),
            "This order was cancelled. There is nothing to pay."
        );
        assert_eq!(label(&cancelled), "Cancelled");
        assert_eq!(label(&order(1, 2)), "Waiting");
    }

    #[test]
    fn a_cancelled_order_says_why_and_where_the_money_is() {
        let mut cancelled = order(1, 4);
        cancelled.checkout = Checkout::Cancelled;
        cancelled.payment.method = PaymentMethod::Card;
        for (reason, status, said) in [
            (
                Reason::PaymentDeclined,
                PaymentStatus::Void,
                "Your card was declined. Your card was not charged.",
            ),
            (
                Reason::SoldOut,
                PaymentStatus::Due,
                "Something in it has just sold out. Your card was not charged.",
            ),
            (
                Reason::ByCustomer,
                PaymentStatus::Refunded,
                "You cancelled this order. Your card was refunded.",
            ),
        ] {
            cancelled.reason = Some(reason);
            cancelled.payment.status = status;
            assert_eq!(announcement(&cancelled), said);
        }
    }

    #[test]
    fn while_it_is_checked_it_is_not_yet_in_line() {
        let mut pending = order(1, 1);
        pending.checkout = Checkout::Pending;
        assert_eq!(label(&pending), "Checking");
        assert_eq!(announcement(&pending), "Checking stock and payment…");
        pending.reason = Some(Reason::ByCustomer);
        assert_eq!(label(&pending), "Cancelling");
        assert!(is_active(&pending));
    }

    #[test]
    fn an_order_can_be_called_off_until_somebody_begins() {
        let may = |checkout, fulfilment, reason| {
            let mut order = order(1, 2);
            (order.checkout, order.fulfilment, order.reason) = (checkout, fulfilment, reason);
            can_cancel(&order)
        };
        assert!(may(Checkout::Pending, Fulfilment::Waiting, None));
        assert!(may(Checkout::Confirmed, Fulfilment::Waiting, None));
        assert!(!may(Checkout::Confirmed, Fulfilment::Preparation, None));
        assert!(!may(Checkout::Completed, Fulfilment::Delivered, None));
        for over in [Checkout::Cancelled, Checkout::Manual] {
            assert!(!may(over, Fulfilment::Waiting, None));
        }
        let twice = Some(Reason::ByCustomer);
        assert!(!may(Checkout::Pending, Fulfilment::Waiting, twice));
    }
}
