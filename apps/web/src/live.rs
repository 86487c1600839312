//! Folding what an event stream says into what is shown.
//!
//! Invariant: what is shown never goes back to an older version, in whatever order snapshots, changes and answers arrive.

use bff_api::{Checkout, Fulfilment, Order, OrderChange, PaymentStatus};
use uuid::Uuid;

use crate::pickup;

/// Whether something newer than what is shown was taken in.
#[must_use = "an unknown order has to be read"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Shown now.
    Newer,
    /// Already known.
    Stale,
    /// A change to an order that is not shown: read it.
    Unknown(Uuid),
}

/// Takes in a whole order, from a snapshot or from the answer to a command.
pub fn apply_order(shown: &mut Option<Order>, order: Order) -> Applied {
    match shown {
        Some(current) if current.standing() >= order.standing() => Applied::Stale,
        _ => {
            *shown = Some(order);
            Applied::Newer
        }
    }
}

/// Takes in a change to the one order shown.
pub fn apply_change(shown: &mut Option<Order>, change: &OrderChange) -> Applied {
    match shown {
        Some(order) if order.id == change.order_id => advance(order, change),
        _ => Applied::Unknown(change.order_id),
    }
}

/// Takes in a board's snapshot. Tickets that are newer here than there stay.
pub fn apply_tickets(shown: &mut Vec<Order>, snapshot: Vec<Order>) {
    let before = std::mem::take(shown);
    *shown = snapshot
        .into_iter()
        .map(|ticket| {
            before
                .iter()
                .find(|known| known.id == ticket.id && known.standing() > ticket.standing())
                .cloned()
                .unwrap_or(ticket)
        })
        .collect();
    tidy(shown);
}

/// Takes in one ticket: new, or the answer to a bump.
pub fn apply_ticket(shown: &mut Vec<Order>, ticket: Order) -> Applied {
    let applied = match shown.iter_mut().find(|known| known.id == ticket.id) {
        Some(known) if known.standing() >= ticket.standing() => Applied::Stale,
        Some(known) => {
            *known = ticket;
            Applied::Newer
        }
        None => {
            shown.push(ticket);
            Applied::Newer
        }
    };
    tidy(shown);
    applied
}

/// Takes in a change to any ticket of the board.
pub fn apply_ticket_change(shown: &mut Vec<Order>, change: &OrderChange) -> Applied {
    let applied = match shown.iter_mut().find(|known| known.id == change.order_id) {
        Some(known) => advance(known, change),
        None if is_open(change.checkout, change.fulfilment) => Applied::Unknown(change.order_id),
        None => Applied::Stale,
    };
    tidy(shown);
    applied
}

fn advance(order: &mut Order, change: &OrderChange) -> Applied {
    if order.standing() >= change.standing() {
        return Applied::Stale;
    }
    if let (Some(delivery), Some(courier)) = (&mut order.delivery, change.courier) {
        delivery.courier = courier;
    }
    order.version = change.version;
    order.checkout = change.checkout;
    order.fulfilment = change.fulfilment;
    order.reason = change.reason;
    if let Some(payment) = &change.payment {
        order.payment = payment.clone();
    } else if change.checkout == Checkout::Completed {
        order.payment.status = PaymentStatus::Captured;
    }
    Applied::Newer
}

/// A board shows what is to be made, the first due first.
fn tidy(tickets: &mut Vec<Order>) {
    tickets.retain(|ticket| is_open(ticket.checkout, ticket.fulfilment));
    tickets.sort_by_key(|ticket| (pickup::due(ticket), ticket.id));
}

fn is_open(checkout: Checkout, fulfilment: Fulfilment) -> bool {
    checkout == Checkout::Confirmed && fulfilment != Fulfilment::Delivered
}

#[cfg(test)]
mod tests {
    use super::{
        Applied, apply_change, apply_order, apply_ticket, apply_ticket_change, apply_tickets,
    };
    use crate::fixture::{id, order};
    use bff_api::{
        Checkout, Courier, Delivery, Fulfilment, Order, OrderChange, Payment, PaymentMethod,
        PaymentStatus, Reason,
    };

    fn change(n: u128, version: i64, checkout: Checkout, fulfilment: Fulfilment) -> OrderChange {
        OrderChange {
            order_id: id(n),
            number: "A-001".into(),
            checkout,
            fulfilment,
            payment: None,
            reason: None,
            courier: None,
            version,
        }
    }

    #[test]
    fn an_order_never_goes_back() {
        let mut shown = None;
        assert_eq!(apply_order(&mut shown, order(1, 2)), Applied::Newer);
        let ready = change(1, 4, Checkout::Confirmed, Fulfilment::Ready);
        assert_eq!(apply_change(&mut shown, &ready), Applied::Newer);
        let late = change(1, 3, Checkout::Confirmed, Fulfilment::Preparation);
        assert_eq!(apply_change(&mut shown, &late), Applied::Stale);
        assert_eq!(apply_order(&mut shown, order(1, 2)), Applied::Stale);
        assert_eq!(
            shown.map(|order| (order.version, order.fulfilment)),
            Some((4, Fulfilment::Ready))
        );
    }

    #[test]
    fn completion_shows_the_payment() {
        let mut shown = Some(order(1, 2));
        let done = change(1, 6, Checkout::Completed, Fulfilment::Delivered);
        assert_eq!(apply_change(&mut shown, &done), Applied::Newer);
        assert_eq!(
            shown.map(|order| order.payment.status),
            Some(PaymentStatus::Captured)
        );
    }

    #[test]
    fn what_is_undone_leaves_the_board_and_tells_its_customer_why() {
        for checkout in [Checkout::Pending, Checkout::Manual, Checkout::Cancelled] {
            let mut shown = vec![order(1, 2), order(2, 2)];
            let undone = change(1, 3, checkout, Fulfilment::Waiting);
            assert_eq!(apply_ticket_change(&mut shown, &undone), Applied::Newer);
            let left: Vec<_> = shown.iter().map(|ticket| ticket.id).collect();
            assert_eq!(left, [id(2)], "{checkout:?}");
            assert_eq!(apply_ticket_change(&mut shown, &undone), Applied::Stale);
        }
        let mut shown = Some(order(1, 2));
        let mut cancelled = change(1, 4, Checkout::Cancelled, Fulfilment::Waiting);
        let refunded = Payment {
            method: PaymentMethod::Card,
            status: PaymentStatus::Refunded,
        };
        cancelled.payment = Some(refunded.clone());
        cancelled.reason = Some(Reason::ByCustomer);
        assert_eq!(apply_change(&mut shown, &cancelled), Applied::Newer);
        let shown = shown.expect("an order");
        assert_eq!(
            (shown.payment, shown.reason),
            (refunded, Some(Reason::ByCustomer))
        );
    }

    #[test]
    fn a_courier_comes_nearer_while_the_order_stands_still() {
        let mut shown = Some(brought(order(1, 2), Courier::Awaited));
        let at = |version, courier| OrderChange {
            courier: Some(courier),
            ..change(1, version, Checkout::Confirmed, Fulfilment::Waiting)
        };
        assert_eq!(
            apply_change(&mut shown, &at(2, Courier::Booked)),
            Applied::Newer
        );
        assert_eq!(
            apply_change(&mut shown, &at(2, Courier::Awaited)),
            Applied::Stale
        );
        let late = brought(order(1, 2), Courier::Awaited);
        assert_eq!(apply_order(&mut shown, late), Applied::Stale);
        assert_eq!(
            apply_change(&mut shown, &at(3, Courier::Booked)),
            Applied::Newer
        );
        let standing = shown.as_ref().map(Order::standing);
        assert_eq!(standing, Some((3, Some(Courier::Booked))));
    }

    fn brought(mut order: Order, courier: Courier) -> Order {
        let fee = order.total.clone();
        order.delivery = Some(Delivery {
            fee,
            minutes: 25,
            courier,
        });
        order
    }

    #[test]
    fn a_change_to_a_stranger_asks_for_it() {
        let stranger = change(9, 2, Checkout::Confirmed, Fulfilment::Waiting);
        assert_eq!(apply_change(&mut None, &stranger), Applied::Unknown(id(9)));
        assert_eq!(
            apply_ticket_change(&mut Vec::new(), &stranger),
            Applied::Unknown(id(9))
        );
        let over = change(9, 6, Checkout::Completed, Fulfilment::Delivered);
        assert_eq!(apply_ticket_change(&mut Vec::new(), &over), Applied::Stale);
    }

    #[test]
    fn a_board_is_sorted_by_age_and_drops_what_was_handed_over() {
        let mut shown = Vec::new();
        let mut older = order(2, 2);
        older.placed_at = "2026-01-02T03:00:00Z".parse().expect("an instant");
        assert_eq!(apply_ticket(&mut shown, order(1, 2)), Applied::Newer);
        assert_eq!(apply_ticket(&mut shown, older), Applied::Newer);
        let ids: Vec<_> = shown.iter().map(|ticket| ticket.id).collect();
        assert_eq!(ids, vec![id(2), id(1)]);
        let gone = change(2, 5, Checkout::Confirmed, Fulfilment::Delivered);
        assert_eq!(apply_ticket_change(&mut shown, &gone), Applied::Newer);
        assert_eq!(shown.len(), 1);
    }

    #[test]
    fn a_late_snapshot_keeps_newer_tickets() {
        let mut bumped = order(1, 3);
        bumped.fulfilment = Fulfilment::Preparation;
        let mut shown = vec![bumped, order(2, 2)];
        apply_tickets(&mut shown, vec![order(1, 2), order(3, 2)]);
        let state: Vec<_> = shown
            .iter()
            .map(|ticket| (ticket.id, ticket.version))
            .collect();
        assert_eq!(state, vec![(id(1), 3), (id(3), 2)]);
    }
}
