//! One attempt to place an order: the key that makes a retry harmless.
//!
//! Invariant: the same basket keeps its key until the server has answered for good; a changed basket gets a new one. What
//! may have arrived is repeated to the letter, at the price that was shown then.

use bff_api::PlaceOrder;

/// What is remembered between two presses of "Place order".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempt {
    current: Option<(PlaceOrder, String)>,
    in_flight: bool,
}

impl Attempt {
    /// Begins or repeats: what to send, and under which key, or `None` while an answer is still awaited.
    pub fn begin(
        &mut self,
        order: &PlaceOrder,
        new_key: impl FnOnce() -> String,
    ) -> Option<(PlaceOrder, String)> {
        if self.in_flight {
            return None;
        }
        self.in_flight = true;
        let sent = match self.current.take() {
            Some((before, key)) if is_same(&before, order) => (before, key),
            _ => (order.clone(), new_key()),
        };
        self.current = Some(sent.clone());
        Some(sent)
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

/// Whether it is the same wish, whichever quote was shown for it.
fn is_same(before: &PlaceOrder, now: &PlaceOrder) -> bool {
    let quote = before.quote.clone();
    *before
        == PlaceOrder {
            quote,
            ..now.clone()
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
            quote: None,
            tip: None,
            delivery: None,
        }
    }

    /// The key of an attempt.
    fn begin(attempt: &mut Attempt, order: &PlaceOrder, key: &str) -> Option<String> {
        attempt.begin(order, || key.into()).map(|(_, key)| key)
    }

    #[test]
    fn a_second_press_while_waiting_sends_nothing() {
        let mut attempt = Attempt::default();
        assert_eq!(begin(&mut attempt, &order(1), "a"), Some("a".to_owned()));
        assert!(attempt.is_in_flight());
        assert_eq!(begin(&mut attempt, &order(1), "b"), None);
    }

    #[test]
    fn an_unknown_outcome_repeats_the_key_until_the_basket_changes() {
        let mut attempt = Attempt::default();
        begin(&mut attempt, &order(1), "a");
        attempt.unknown();
        assert_eq!(begin(&mut attempt, &order(1), "b"), Some("a".to_owned()));
        attempt.unknown();
        assert_eq!(begin(&mut attempt, &order(2), "c"), Some("c".to_owned()));
    }

    #[test]
    fn another_card_is_another_order() {
        let mut attempt = Attempt::default();
        begin(&mut attempt, &order(1), "a");
        attempt.unknown();
        let mut by_card = order(1);
        by_card.payment = PlacePayment::Card {
            token: CardToken("tok_visa".into()),
        };
        assert_eq!(begin(&mut attempt, &by_card, "b"), Some("b".to_owned()));
    }

    #[test]
    fn another_time_is_another_order() {
        let mut attempt = Attempt::default();
        begin(&mut attempt, &order(1), "a");
        attempt.unknown();
        let mut later = order(1);
        later.pickup = Some("2026-03-02T08:00:00Z".parse().expect("an instant"));
        assert_eq!(begin(&mut attempt, &later, "b"), Some("b".to_owned()));
    }

    #[test]
    fn after_an_answer_the_next_order_is_new() {
        let mut attempt = Attempt::default();
        begin(&mut attempt, &order(1), "a");
        attempt.settled();
        assert_eq!(begin(&mut attempt, &order(1), "b"), Some("b".to_owned()));
    }

    #[test]
    fn what_may_have_arrived_is_repeated_at_the_price_that_was_shown_then() {
        let mut attempt = Attempt::default();
        let at = |quote: &str| PlaceOrder {
            quote: Some(quote.into()),
            ..order(1)
        };
        attempt.begin(&at("first"), || "a".into());
        attempt.unknown();
        let again = attempt.begin(&at("second"), || "b".into());
        assert_eq!(again, Some((at("first"), "a".to_owned())));
        attempt.settled();
        let anew = attempt.begin(&at("second"), || "b".into());
        assert_eq!(anew, Some((at("second"), "b".to_owned())));
    }
}
