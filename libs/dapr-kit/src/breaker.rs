//! A circuit breaker for each upstream application.
//!
//! Five failures in a row open it, two seconds later one success closes it again. Only server errors
//! and connection failures count: a client's mistakes never cut off an upstream that works.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use failsafe::failure_policy::{ConsecutiveFailures, consecutive_failures};
use failsafe::{StateMachine, backoff};

/// Failures in a row that open a breaker.
const FAILURES: u32 = 5;
/// How long an open breaker refuses before it lets calls probe the upstream.
pub(crate) const OPEN: Duration = Duration::from_secs(2);

pub(crate) type Breaker = StateMachine<ConsecutiveFailures<backoff::Constant>, ()>;

/// One breaker per application, made at the first call to it.
#[derive(Default)]
pub(crate) struct Breakers(Mutex<HashMap<String, Breaker>>);

impl Breakers {
    pub(crate) fn of(&self, app: &str) -> Breaker {
        let mut breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(breaker) = breakers.get(app) {
            return breaker.clone();
        }
        let breaker =
            StateMachine::new(consecutive_failures(FAILURES, backoff::constant(OPEN)), ());
        breakers.insert(app.to_owned(), breaker.clone());
        breaker
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_after_five_failures_in_a_row_and_for_one_upstream_only() {
        let breakers = Breakers::default();
        let order = breakers.of("order");
        for _ in 0..4 {
            order.on_error();
        }
        order.on_success();
        for _ in 0..4 {
            order.on_error();
        }
        assert!(
            breakers.of("order").is_call_permitted(),
            "four in a row keep it closed"
        );
        order.on_error();
        assert!(
            !breakers.of("order").is_call_permitted(),
            "the fifth opens it"
        );
        assert!(
            breakers.of("catalog").is_call_permitted(),
            "another upstream is unaffected"
        );
    }
}
