//! How the customer means to pay, and what an order's payment came to, in words.
//!
//! Invariant: a cancelled order's words never leave open whether money was taken.

use bff_api::{CardToken, Order, PaymentMethod, PaymentStatus, PlacePayment};

/// The provider's test cards, and what becomes of each.
pub const TEST_CARDS: [(&str, &str); 2] =
    [("tok_visa", "is accepted"), ("tok_declined", "is declined")];

/// The choice in the checkout form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paying {
    /// By which method.
    pub method: PaymentMethod,
    /// The card's token as typed.
    pub token: String,
}

impl Default for Paying {
    fn default() -> Self {
        Paying {
            method: PaymentMethod::Counter,
            token: TEST_CARDS[0].0.to_owned(),
        }
    }
}

impl Paying {
    /// What is sent; `None` while the card's token is none: 1 to 255 visible ASCII characters.
    #[must_use]
    pub fn chosen(&self) -> Option<PlacePayment> {
        let token = self.token.trim();
        match self.method {
            PaymentMethod::Counter => Some(PlacePayment::Counter),
            PaymentMethod::Card => {
                let good = (1..=255).contains(&token.len())
                    && token.bytes().all(|byte| byte.is_ascii_graphic());
                good.then(|| PlacePayment::Card {
                    token: CardToken(token.to_owned()),
                })
            }
        }
    }
}

/// Where the money is.
#[must_use]
pub fn state(order: &Order) -> &'static str {
    use PaymentMethod::{Card, Counter};
    use PaymentStatus::{Captured, Due, Refunded, Void};
    match (order.payment.method, order.payment.status) {
        (Counter, Due) => "To be paid at the counter",
        (Counter, Captured) => "Paid at the counter",
        (Counter, Refunded) => "Paid back at the counter",
        (Counter, Void) => "Nothing to pay",
        (Card, Due) => "Your card has not been charged yet",
        (Card, Captured) => "Paid by card",
        (Card, Refunded) => "Your card was refunded",
        (Card, Void) => "Your card was not charged",
    }
}

/// What an order that came to nothing means for the customer's money.
#[must_use]
pub fn after_cancellation(order: &Order) -> &'static str {
    use PaymentStatus::{Captured, Due, Refunded, Void};
    match (order.payment.method, order.payment.status) {
        (PaymentMethod::Card, Due | Void) => "Your card was not charged.",
        (PaymentMethod::Card, Refunded) => "Your card was refunded.",
        (PaymentMethod::Counter, Due | Void) => "There is nothing to pay.",
        (PaymentMethod::Counter, Refunded) => "Your money was paid back.",
        (_, Captured) => "Please ask us for your money back.",
    }
}

#[cfg(test)]
mod tests {
    use super::{Paying, TEST_CARDS, after_cancellation, state};
    use crate::fixture::order;
    use bff_api::PaymentMethod::{Card, Counter};
    use bff_api::PaymentStatus::{Captured, Due, Refunded, Void};
    use bff_api::{CardToken, PlacePayment};

    #[test]
    fn a_card_needs_a_token_and_the_counter_needs_nothing() {
        let mut paying = Paying::default();
        assert_eq!(paying.chosen(), Some(PlacePayment::Counter));
        paying.token = String::new();
        assert_eq!(paying.chosen(), Some(PlacePayment::Counter));
        paying.method = Card;
        for bad in ["", "  ", "tok visa", "tök", &"t".repeat(256)] {
            paying.token = bad.to_owned();
            assert_eq!(paying.chosen(), None, "{bad}");
        }
        for (card, _) in TEST_CARDS {
            paying.token = format!(" {card} ");
            let token = CardToken(card.to_owned());
            assert_eq!(paying.chosen(), Some(PlacePayment::Card { token }));
        }
    }

    #[test]
    fn what_became_of_the_money_is_always_said() {
        let said = |method, status| {
            let mut order = order(1, 3);
            order.payment.method = method;
            order.payment.status = status;
            (state(&order), after_cancellation(&order))
        };
        for status in [Due, Void] {
            assert_eq!(said(Card, status).1, "Your card was not charged.");
            assert_eq!(said(Counter, status).1, "There is nothing to pay.");
        }
        assert_eq!(said(Card, Refunded).1, "Your card was refunded.");
        assert_eq!(said(Card, Captured).0, "Paid by card");
        assert!(said(Card, Captured).1.contains("money back"));
    }
}
