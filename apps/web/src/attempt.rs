//! One attempt to place an order: the key that makes a retry harmless.
//!
//! Invariant: the same basket keeps its key until the server has answered for good; a changed basket gets a new one.

use bff_api::PlaceOrder;

/// What is remembered between two presses of "Place order".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempt {
    current: Option<(PlaceOrder, String)>,
    in_flight: bool,
}

impl Attempt {
    /// Begins or repeats: the key to send with this order, or `None` while an answer is still awaited.
    pub fn begin(
        &mut self,
        order: &PlaceOrder,
        new_key: impl FnOnce() -> String,
    ) -> Option<String> {
        if self.in_flight {
            return None;
        }
        self.in_flight = true;
        let key = match self.current.take() {
            Some((before, key)) if before == *order => key,
            _ => new_key(),
        };
        self.current = Some((order.clone(), key.clone()));
        Some(key)
    }

    /// The server took the order or refused it for good: the next attempt is a new one.
    pub fn settled(&mut self) {
        *self = Attempt::default();
    }

    /// Nobody knows whether the order arrived: the next press must repeat this very attempt.
    pub fn unknown(&mut self) {
        self.in_flight = false;
    }

    /// Whether an answer is awaited.
    #[must_use]
    pub fn is_in_flight(&self) -> bool {
        self.in_flight
    }
}

#[cfg(test)]
mod tests {
    use super::Attempt;
    use crate::fixture::id;
    use bff_api::{CardToken, PlaceLine, PlaceOrder, PlacePayment};

    fn order(quantity: u32) -> PlaceOrder {
        PlaceOrder {
            store_id: id(100),
            lines: vec![PlaceLine {
                variation_id: id(11),
                quantity,
                option_ids: vec![],
            }],
            payment: PlacePayment::Counter,
            pickup: None,
        }
    }

    #[test]
    fn a_second_press_while_waiting_sends_nothing() {
        let mut attempt = Attempt::default();
        assert_eq!(
            attempt.begin(&order(1), || "a".into()),
            Some("a".to_owned())
        );
        assert!(attempt.is_in_flight());
        assert_eq!(attempt.begin(&order(1), || "b".into()), None);
    }

    #[test]
    fn an_unknown_outcome_repeats_the_key_until_the_basket_changes() {
        let mut attempt = Attempt::default();
        attempt.begin(&order(1), || "a".into());
        attempt.unknown();
        assert_eq!(
            attempt.begin(&order(1), || "b".into()),
            Some("a".to_owned())
        );
        attempt.unknown();
        assert_eq!(
            attempt.begin(&order(2), || "c".into()),
            Some("c".to_owned())
        );
    }

    #[test]
    fn another_card_is_another_order() {
        let mut attempt = Attempt::default();
        attempt.begin(&order(1), || "a".into());
        attempt.unknown();
        let mut by_card = order(1);
        by_card.payment = PlacePayment::Card {
            token: CardToken("tok_visa".into()),
        };
        assert_eq!(attempt.begin(&by_card, || "b".into()), Some("b".to_owned()));
    }

    #[test]
    fn another_time_is_another_order() {
        let mut attempt = Attempt::default();
        attempt.begin(&order(1), || "a".into());
        attempt.unknown();
        let mut later = order(1);
        later.pickup = Some("2026-03-02T08:00:00Z".parse().expect("an instant"));
        assert_eq!(attempt.begin(&later, || "b".into()), Some("b".to_owned()));
    }

    #[test]
    fn after_an_answer_the_next_order_is_new() {
        let mut attempt = Attempt::default();
        attempt.begin(&order(1), || "a".into());
        attempt.settled();
        assert_eq!(
            attempt.begin(&order(1), || "b".into()),
            Some("b".to_owned())
        );
    }
}
