//! Inventory and payment as they promise to be, the stored saga, and runners that hold it: all in memory.
//!
//! Invariant: a call has its effect at most once and an undone one never, however often and late it arrives: that is
//! what the two services promise by their tombstones. The rest is up to the saga.

use std::collections::{BTreeSet, VecDeque};

use super::plan::{Beside, Fault, Move, Plan};
use crate::checkout::{Action, Call, Direction, Outcome, Phase, Saga};
use crate::lifecycle::{Checkout, Fulfilment, State, Step};
use crate::order::Reason;
use chrono::{DateTime, TimeDelta, Utc};

/// More tries than any history needs.
const ENDLESS: usize = 400;

/// An action, and what disturbed it.
pub type Covered = (&'static str, Fault);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stock {
    Free,
    Held,
    /// Given back, or fenced before it was ever held.
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Card {
    Untouched,
    Authorised,
    Declined,
    Voided,
    /// Taken; given back or not.
    Captured {
        refunded: bool,
    },
}

/// The two services.
#[derive(Debug)]
struct Services {
    stock: Stock,
    stocked: bool,
    card: Card,
    declined: bool,
    capture_declined: bool,
    captures: u32,
    refunds: u32,
}

impl Services {
    fn take(&mut self, call: Call) -> Outcome {
        let refused = |reason| Outcome::Refused(reason, String::new());
        match call {
            Call::Reserve => match self.stock {
                Stock::Held => Outcome::Done,
                Stock::Gone => refused(Reason::StockUnavailable),
                Stock::Free if self.stocked => {
                    self.stock = Stock::Held;
                    Outcome::Done
                }
                Stock::Free => refused(Reason::SoldOut),
            },
            Call::Release => {
                self.stock = Stock::Gone;
                Outcome::Done
            }
            Call::Authorise => match self.card {
                Card::Authorised | Card::Captured { .. } => Outcome::Done,
                Card::Voided => refused(Reason::PaymentUnavailable),
                Card::Declined => refused(Reason::PaymentDeclined),
                Card::Untouched if self.declined => {
                    self.card = Card::Declined;
                    refused(Reason::PaymentDeclined)
                }
                Card::Untouched => {
                    self.card = Card::Authorised;
                    Outcome::Done
                }
            },
            Call::Capture => match self.card {
                Card::Captured { .. } => Outcome::Done,
                Card::Authorised if self.capture_declined => refused(Reason::PaymentDeclined),
                Card::Authorised => {
                    self.captures += 1;
                    self.card = Card::Captured { refunded: false };
                    Outcome::Done
                }
                Card::Voided | Card::Declined => refused(Reason::PaymentUnavailable),
                Card::Untouched => Outcome::Unavailable(String::new()),
            },
            Call::Void => match self.card {
                Card::Captured { .. } => Outcome::Captured,
                Card::Declined => Outcome::Done,
                Card::Untouched | Card::Authorised | Card::Voided => {
                    self.card = Card::Voided;
                    Outcome::Done
                }
            },
            Call::Refund => {
                if self.card == (Card::Captured { refunded: false }) {
                    self.refunds += 1;
                    self.card = Card::Captured { refunded: true };
                }
                Outcome::Done
            }
        }
    }
}

/// What the database holds.
#[derive(Debug)]
struct Stored {
    saga: Saga,
    fence: u32,
    owned: bool,
    order: State,
    version: u32,
}

/// A runner with its hold.
#[derive(Debug)]
struct Runner {
    saga: Saga,
    fence: u32,
}

/// A runner that stands still, before its call or with the call's outcome.
#[derive(Debug)]
struct Frozen {
    runner: Runner,
    call: Call,
    outcome: Option<Outcome>,
}

/// One history on its way.
pub struct Run {
    services: Services,
    stored: Stored,
    holder: Option<Runner>,
    frozen: VecDeque<Frozen>,
    late: VecDeque<Call>,
    now: DateTime<Utc>,
    moves: VecDeque<Move>,
    stubborn: u32,
    recalled: bool,
    retried: bool,
    in_order: bool,
    /// Disturbances that really happened.
    pub disturbed: usize,
    /// What they disturbed.
    pub covered: BTreeSet<Covered>,
}

impl Run {
    pub fn new(plan: &Plan) -> Self {
        let now = DateTime::UNIX_EPOCH;
        let saga = Saga::begin(plan.charged, now);
        Self {
            services: Services {
                stock: Stock::Free,
                stocked: plan.stocked,
                card: Card::Untouched,
                declined: plan.declined,
                capture_declined: plan.capture_declined,
                captures: 0,
                refunds: 0,
            },
            // Placed with the hold already taken.
            holder: Some(Runner {
                saga: saga.clone(),
                fence: 1,
            }),
            stored: Stored {
                saga,
                fence: 1,
                owned: true,
                order: State {
                    checkout: Checkout::Pending,
                    fulfilment: Fulfilment::Waiting,
                },
                version: 1,
            },
            frozen: VecDeque::new(),
            late: VecDeque::new(),
            now,
            moves: plan.moves.iter().copied().collect(),
            stubborn: plan.stubborn,
            recalled: plan.recalled,
            retried: plan.retried,
            in_order: plan.in_order,
            disturbed: 0,
            covered: BTreeSet::new(),
        }
    }

    /// Goes on until the saga is over, or parked and left so.
    pub fn go_to_the_end(&mut self) -> Result<(), String> {
        for _ in 0..ENDLESS {
            match self.stored.saga.phase {
                Phase::Settled(Direction::Forward) if self.recalled => {
                    self.recalled = false;
                    let saga = self.stored.saga.clone().recalled(Reason::ByCustomer);
                    self.replace(saga, Step::Recall)?;
                }
                Phase::Manual(_) if self.retried => {
                    self.retried = false;
                    self.stubborn = 0;
                    let saga = self.stored.saga.clone().resumed();
                    self.replace(saga, Step::Resume)?;
                }
                Phase::Settled(_) | Phase::Manual(_) => return Ok(()),
                Phase::Forward(_) | Phase::Back(_) => self.one_try()?,
            }
        }
        Err(format!("it never ends: {:?}", self.stored))
    }

    /// All that is late or frozen goes on at last.
    pub fn land_the_rest(&mut self) -> Result<(), String> {
        while !self.late.is_empty() || !self.frozen.is_empty() {
            if self.in_order {
                self.land();
                self.thaw()?;
            } else {
                self.thaw()?;
                self.land();
            }
        }
        Ok(())
    }

    /// What must be true now.
    pub fn promises(&self) -> Result<(), String> {
        let (services, saga) = (&self.services, &self.stored.saga);
        let charged = saga.charged;
        let kept = match (saga.phase, self.stored.order.checkout) {
            (Phase::Settled(Direction::Forward), Checkout::Confirmed) => {
                let paid = if charged {
                    services.card == (Card::Captured { refunded: false }) && services.captures == 1
                } else {
                    services.card == Card::Untouched
                };
                paid && services.stock == Stock::Held
            }
            (Phase::Settled(Direction::Back), Checkout::Cancelled) => {
                let open = matches!(
                    services.card,
                    Card::Authorised | Card::Captured { refunded: false }
                );
                !open && services.stock != Stock::Held && saga.reason.is_some()
            }
            (Phase::Manual(_), Checkout::Manual) => saga.last_error.is_some(),
            _ => false,
        };
        if kept && services.captures <= 1 && services.refunds <= services.captures {
            Ok(())
        } else {
            Err(format!(
                "a promise is broken: {services:?} {:?}",
                self.stored
            ))
        }
    }

    fn one_try(&mut self) -> Result<(), String> {
        let turn = self.moves.pop_front().unwrap_or(Move {
            fault: Fault::None,
            beside: Beside::Nothing,
        });
        match turn.beside {
            Beside::Nothing => {}
            Beside::Cancel => self.stored.saga.cancel = Some(Reason::ByCustomer),
            Beside::Later => self.now += TimeDelta::seconds(31),
            Beside::Land => self.land(),
            Beside::Thaw => self.thaw()?,
        }
        let runner = match self.holder.take() {
            Some(runner) => runner,
            // A frozen runner has just ended it.
            None if self.stored.saga.next().is_none() => return Ok(()),
            None => self.claim(),
        };
        match runner.saga.next() {
            Some(Action::Call(call)) => self.try_call(runner, call, turn.fault),
            // It has turned round with nothing to undo.
            Some(Action::Take(_)) => {
                let saga = runner.saga;
                self.record(runner.fence, saga, turn.fault)
            }
            None => Err(format!("nothing to do: {runner:?}")),
        }
    }

    fn try_call(&mut self, runner: Runner, call: Call, fault: Fault) -> Result<(), String> {
        if !matches!(fault, Fault::None | Fault::Unavailable) {
            self.disturbed += 1;
            self.covered.insert((call.name(), fault));
        }
        let unknown = || Outcome::Unknown("lost".to_owned());
        let outcome = match fault {
            Fault::BeforeCall => return Ok(()),
            Fault::FrozenBeforeCall => {
                self.freeze(runner, call, None);
                return Ok(());
            }
            Fault::LostRequest => unknown(),
            Fault::Late => {
                self.late.push_back(call);
                unknown()
            }
            Fault::LostAnswer => {
                self.take(call);
                unknown()
            }
            Fault::Twice => {
                self.take(call);
                self.take(call)
            }
            Fault::Unavailable => Outcome::Unavailable("not sent".to_owned()),
            Fault::None | Fault::BeforeCommit | Fault::AfterCommit | Fault::FrozenBeforeCommit => {
                self.take(call)
            }
        };
        if fault == Fault::FrozenBeforeCommit {
            self.freeze(runner, call, Some(outcome));
            return Ok(());
        }
        let saga = runner.saga.took(outcome, self.now);
        self.record(runner.fence, saga, fault)
    }

    /// The call's effect and answer; an undoing call fails as long as the plan is stubborn.
    fn take(&mut self, call: Call) -> Outcome {
        let undoes = matches!(call, Call::Release | Call::Void | Call::Refund);
        if undoes && self.stubborn > 0 {
            self.stubborn -= 1;
            return Outcome::Unknown("stubborn".to_owned());
        }
        self.services.take(call)
    }

    /// What the runner does: the steps of the order that follow go into the same commit, and confirming never outruns
    /// a wish to cancel.
    fn record(&mut self, fence: u32, saga: Saga, fault: Fault) -> Result<(), String> {
        let confirming = saga.next() == Some(Action::Take(Step::Confirm));
        let saga = match self.stored.saga.cancel {
            Some(reason) if confirming => saga.cancelled(reason, self.now),
            _ => saga,
        };
        let step = match (saga.next(), saga.phase) {
            (Some(Action::Take(step)), _) => Some(step),
            (None, Phase::Manual(_)) => Some(Step::Park),
            _ => None,
        };
        let name = match step {
            Some(Step::Confirm) => Some("confirm"),
            Some(Step::Cancel) => Some("cancel"),
            _ => None,
        };
        if let (Some(name), Fault::BeforeCommit | Fault::AfterCommit) = (name, fault) {
            self.covered.insert((name, fault));
        }
        if fault == Fault::BeforeCommit {
            return Ok(());
        }
        if fence != self.stored.fence {
            return Ok(());
        }
        let saga = match step {
            Some(step) => {
                self.step(step)?;
                saga.took(Outcome::Done, self.now)
            }
            None => saga,
        };
        let goes_on = saga.next().is_some() && saga.pause().is_zero();
        let cancel = self.stored.saga.cancel;
        self.stored.saga = Saga {
            cancel,
            ..saga.clone()
        };
        self.stored.owned = goes_on;
        if goes_on && fault != Fault::AfterCommit {
            let saga = match cancel {
                Some(reason) => saga.cancelled(reason, self.now),
                None => saga,
            };
            self.holder = Some(Runner { saga, fence });
        }
        Ok(())
    }

    /// Another runner takes hold.
    fn claim(&mut self) -> Runner {
        let saga = self.stored.saga.clone();
        let saga = if self.stored.owned {
            saga.interrupted(self.now)
        } else {
            saga
        };
        let saga = match saga.cancel {
            Some(reason) => saga.cancelled(reason, self.now),
            None => saga,
        };
        self.stored.fence += 1;
        self.stored.owned = true;
        Runner {
            saga,
            fence: self.stored.fence,
        }
    }

    fn freeze(&mut self, runner: Runner, call: Call, outcome: Option<Outcome>) {
        self.frozen.push_back(Frozen {
            runner,
            call,
            outcome,
        });
    }

    /// A frozen runner goes on with what it believes to hold.
    fn thaw(&mut self) -> Result<(), String> {
        let Some(frozen) = self.frozen.pop_front() else {
            return Ok(());
        };
        let outcome = match frozen.outcome {
            Some(outcome) => outcome,
            None => self.take(frozen.call),
        };
        let before = (self.stored.version, self.stored.saga.clone());
        let newest = frozen.runner.fence == self.stored.fence;
        let saga = frozen.runner.saga.took(outcome, self.now);
        self.record(frozen.runner.fence, saga, Fault::None)?;
        if !newest && before != (self.stored.version, self.stored.saga.clone()) {
            return Err("a lost hold has written".to_owned());
        }
        Ok(())
    }

    fn land(&mut self) {
        if let Some(call) = self.late.pop_front() {
            // Whatever it answers, nobody listens.
            let _ = self.services.take(call);
        }
    }

    /// A person changes the saga: whoever held it has lost it.
    fn replace(&mut self, saga: Saga, step: Step) -> Result<(), String> {
        self.step(step)?;
        self.stored.saga = saga;
        self.stored.fence += 1;
        self.stored.owned = false;
        self.holder = None;
        Ok(())
    }

    fn step(&mut self, step: Step) -> Result<(), String> {
        let to = step.from(Some(self.stored.order));
        self.stored.order = to.map_err(|illegal| illegal.to_string())?;
        self.stored.version += 1;
        Ok(())
    }
}
