//! The test tokens, and how each makes us behave: one table.
//!
//! Invariant: a token that is not in the table is a card that nobody honours.

use crate::operation::{Command, Decline};

/// How one operation on a token goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// As it should.
    Good,
    /// The bank does not want to.
    Declines(Decline),
    /// Each call takes its time.
    Slow,
    /// The first call under a key does nothing and is never answered; later ones are good.
    HangsOnce,
    /// The first call under a key is carried out, and the connection closed without an answer.
    LosesAnswer,
    /// The first call under a key is answered 503, as are all until it is carried out, later and by itself.
    Late,
    /// The first two calls under a key are answered 500.
    FailsTwice,
    /// Answered 500 until the control interface says that undoing works.
    FailsUntilMended,
}

/// How the webhooks of a token are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Webhooks {
    /// Each once.
    Once,
    /// Each this often, all at once.
    Times(usize),
    /// That of the authorisation after one of what followed it.
    OutOfOrder,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// What the merchant sends.
    pub name: &'static str,
    authorise: Behaviour,
    capture: Behaviour,
    void: Behaviour,
    refund: Behaviour,
    /// How its webhooks are sent.
    pub webhooks: Webhooks,
}

const GOOD: Token = Token {
    name: "tok_visa",
    authorise: Behaviour::Good,
    capture: Behaviour::Good,
    void: Behaviour::Good,
    refund: Behaviour::Good,
    webhooks: Webhooks::Once,
};

const UNKNOWN: Token = Token {
    name: "",
    authorise: Behaviour::Declines(Decline::DoNotHonour),
    ..GOOD
};

/// The table.
pub static TABLE: [Token; 17] = [
    GOOD,
    Token {
        name: "tok_declined",
        authorise: Behaviour::Declines(Decline::DoNotHonour),
        ..GOOD
    },
    Token {
        name: "tok_insufficient_funds",
        authorise: Behaviour::Declines(Decline::InsufficientFunds),
        ..GOOD
    },
    Token {
        name: "tok_expired_card",
        authorise: Behaviour::Declines(Decline::ExpiredCard),
        ..GOOD
    },
    Token {
        name: "tok_capture_declined",
        capture: Behaviour::Declines(Decline::DoNotHonour),
        ..GOOD
    },
    Token {
        name: "tok_slow",
        authorise: Behaviour::Slow,
        capture: Behaviour::Slow,
        void: Behaviour::Slow,
        refund: Behaviour::Slow,
        ..GOOD
    },
    Token {
        name: "tok_hang_authorise",
        authorise: Behaviour::HangsOnce,
        ..GOOD
    },
    Token {
        name: "tok_hang_capture",
        capture: Behaviour::HangsOnce,
        ..GOOD
    },
    Token {
        name: "tok_lost_authorise",
        authorise: Behaviour::LosesAnswer,
        ..GOOD
    },
    Token {
        name: "tok_lost_capture",
        capture: Behaviour::LosesAnswer,
        ..GOOD
    },
    Token {
        name: "tok_lost_void",
        void: Behaviour::LosesAnswer,
        ..GOOD
    },
    Token {
        name: "tok_lost_refund",
        refund: Behaviour::LosesAnswer,
        ..GOOD
    },
    Token {
        name: "tok_late_authorise",
        authorise: Behaviour::Late,
        ..GOOD
    },
    Token {
        name: "tok_error_capture",
        capture: Behaviour::FailsTwice,
        ..GOOD
    },
    Token {
        name: "tok_undo_fails",
        void: Behaviour::FailsUntilMended,
        refund: Behaviour::FailsUntilMended,
        ..GOOD
    },
    Token {
        name: "tok_duplicate_webhooks",
        webhooks: Webhooks::Times(5),
        ..GOOD
    },
    Token {
        name: "tok_out_of_order_webhooks",
        webhooks: Webhooks::OutOfOrder,
        ..GOOD
    },
];

/// The token's row.
#[must_use]
pub fn find(name: &str) -> &'static Token {
    let row = TABLE.iter().find(|token| token.name == name);
    row.unwrap_or(&UNKNOWN)
}

impl Token {
    /// How this command goes.
    #[must_use]
    pub fn behaviour(&self, command: &Command) -> Behaviour {
        match command {
            Command::Authorise { .. } => self.authorise,
            Command::Capture { .. } => self.capture,
            Command::Void { .. } => self.void,
            Command::Refund { .. } => self.refund,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_has_one_row() {
        let mut names: Vec<_> = TABLE.iter().map(|token| token.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }
}
