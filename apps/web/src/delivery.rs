//! What is said of an order that is brought: to whoever waits for it, and to whoever makes it.
//!
//! Invariant: an order that is fetched is spoken of as before.

use bff_api::{Checkout, Courier, Fulfilment, Order};

/// What the customer is told while her order is brought; nothing if its own step says all.
#[must_use]
pub fn announcement(order: &Order) -> Option<&'static str> {
    let courier = order.delivery.as_ref()?.courier;
    if order.checkout != Checkout::Confirmed {
        return None;
    }
    match (order.fulfilment, courier) {
        (Fulfilment::Waiting, Courier::Awaited) => Some("We're looking for a courier."),
        (Fulfilment::Ready, Courier::Dispatched) => Some("It's on its way to you."),
        (Fulfilment::Ready, Courier::Failed) => {
            Some("The courier couldn't hand it over. It waits for you at the counter.")
        }
        (Fulfilment::Ready, _) => Some("It's ready, and your courier comes for it."),
        _ => None,
    }
}

/// Why the barista leaves an order where it is, if she does.
#[must_use]
pub fn held_up(order: &Order) -> Option<&'static str> {
    let courier = order.delivery.as_ref()?.courier;
    match (order.fulfilment, courier) {
        (Fulfilment::Waiting, Courier::Awaited | Courier::Failed) => Some("Waits for a courier"),
        (Fulfilment::Ready, Courier::Failed) => None,
        (Fulfilment::Ready, Courier::Dispatched) => Some("On its way"),
        (Fulfilment::Ready, _) => Some("For the courier"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{announcement, held_up};
    use crate::fixture::{euro, order};
    use bff_api::{Courier, Delivery, Fulfilment, Order};

    fn brought(fulfilment: Fulfilment, courier: Courier) -> Order {
        let mut order = order(1, 2);
        order.fulfilment = fulfilment;
        order.delivery = Some(Delivery {
            fee: euro(250),
            minutes: 25,
            courier,
        });
        order
    }

    #[test]
    fn the_barista_waits_for_the_courier_and_the_customer_is_told_so() {
        use Courier::{Awaited, Booked, Dispatched, Failed};
        use Fulfilment::{Preparation, Ready, Waiting};
        for (fulfilment, courier, held, told) in [
            (Waiting, Awaited, true, true),
            (Waiting, Booked, false, false),
            (Preparation, Booked, false, false),
            (Ready, Booked, true, true),
            (Ready, Dispatched, true, true),
            (Ready, Failed, false, true),
        ] {
            let order = brought(fulfilment, courier);
            let said = (held_up(&order).is_some(), announcement(&order).is_some());
            assert_eq!(said, (held, told), "{fulfilment:?} {courier:?}");
        }
        let fetched = order(1, 2);
        assert_eq!((held_up(&fetched), announcement(&fetched)), (None, None));
    }
}
