//! A circuit breaker for each upstream application.
//!
//! Five failures in a row open it; two seconds later one call, and one at a time, probes the upstream: its success closes
//! the breaker, its failure opens it for as long again. Only server errors and connection failures count: a client's
//! mistakes never cut off an upstream that works.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use failsafe::failure_policy::{ConsecutiveFailures, consecutive_failures};
use failsafe::{Instrument, StateMachine, backoff};

/// Failures in a row that open a breaker.
const FAILURES: u32 = 5;
/// How long an open breaker refuses before it lets a call probe the upstream.
pub(crate) const OPEN: Duration = Duration::from_secs(2);

/// One application's. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Breaker {
    machine: StateMachine<ConsecutiveFailures<backoff::Constant>, State>,
    state: State,
}

/// What the machine says of itself.
#[derive(Clone, Default)]
struct State(Arc<Flags>);

#[derive(Default)]
struct Flags {
    closed: AtomicBool,
    half_open: AtomicBool,
    /// Whether a probe is under way. The lock makes asking the machine and taking the probe one step.
    probing: Mutex<bool>,
}

impl Instrument for State {
    fn on_call_rejected(&self) {}

    fn on_open(&self) {
        self.set(false, false);
    }

    fn on_half_open(&self) {
        self.set(false, true);
    }

    fn on_closed(&self) {
        self.set(true, false);
    }
}

impl State {
    fn set(&self, closed: bool, half_open: bool) {
        self.0.closed.store(closed, Ordering::SeqCst);
        self.0.half_open.store(half_open, Ordering::SeqCst);
    }
}

/// Leave for one call. One that is dropped unused, because nobody waits any more, says nothing of the upstream.
pub(crate) struct Permit {
    breaker: Breaker,
    probe: bool,
}

impl Permit {
    pub(crate) fn succeeded(self) {
        self.breaker.machine.on_success();
    }

    pub(crate) fn failed(self) {
        self.breaker.machine.on_error();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.probe {
            *self.breaker.probing() = false;
        }
    }
}

impl Breaker {
    fn new() -> Self {
        let state = State::default();
        let policy = consecutive_failures(FAILURES, backoff::constant(OPEN));
        Self {
            machine: StateMachine::new(policy, state.clone()),
            state,
        }
    }

    /// Leave to call now, or none.
    pub(crate) fn permit(&self) -> Option<Permit> {
        let mut probing = self.probing();
        if !self.machine.is_call_permitted() {
            return None;
        }
        let probe = self.state.0.half_open.load(Ordering::SeqCst);
        if probe && std::mem::replace(&mut *probing, true) {
            return None;
        }
        drop(probing);
        Some(Permit {
            breaker: self.clone(),
            probe,
        })
    }

    fn probing(&self) -> std::sync::MutexGuard<'_, bool> {
        let probing = self.state.0.probing.lock();
        probing.unwrap_or_else(PoisonError::into_inner)
    }
}

/// One breaker per application, made at the first call to it.
#[derive(Default)]
pub(crate) struct Breakers(Mutex<HashMap<String, Breaker>>);

impl Breakers {
    pub(crate) fn of(&self, app: &str) -> Breaker {
        let mut breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(breaker) = breakers.get(app) {
            return breaker.clone();
        }
        let breaker = Breaker::new();
        breakers.insert(app.to_owned(), breaker.clone());
        breaker
    }

    /// Whether calls to this application are let through without a probe.
    pub(crate) fn is_closed(&self, app: &str) -> bool {
        self.of(app).state.0.closed.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(breaker: &Breaker, times: usize) {
        for _ in 0..times {
            breaker.permit().expect("leave").failed();
        }
    }

    /// Waits until an open breaker gives leave again.
    fn next_probe(breaker: &Breaker) -> Permit {
        loop {
            if let Some(permit) = breaker.permit() {
                return permit;
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn opens_after_five_failures_in_a_row_and_for_one_upstream_only() {
        let breakers = Breakers::default();
        let order = breakers.of("order");
        fail(&order, 4);
        order.permit().expect("leave").succeeded();
        fail(&order, 4);
        assert!(
            breakers.of("order").permit().is_some(),
            "four in a row keep it closed"
        );
        assert!(breakers.is_closed("order"));
        fail(&order, 1);
        assert!(
            breakers.of("order").permit().is_none(),
            "the fifth opens it"
        );
        assert!(!breakers.is_closed("order"));
        assert!(
            breakers.of("catalog").permit().is_some() && breakers.is_closed("catalog"),
            "another upstream is unaffected"
        );
    }

    #[test]
    fn one_call_at_a_time_probes_and_its_outcome_decides() {
        let breaker = Breaker::new();
        fail(&breaker, 5);
        let probe = next_probe(&breaker);
        assert!(breaker.permit().is_none(), "the others wait for the probe");
        drop(probe);
        let probe = breaker.permit().expect("who gave up decided nothing");
        probe.failed();
        assert!(breaker.permit().is_none(), "open again");
        next_probe(&breaker).succeeded();
        let (one, other) = (breaker.permit(), breaker.permit());
        assert!(one.is_some() && other.is_some(), "closed for all");
    }
}
