//! What follows from the ledger's lines: authorisations, captures, answers by key, webhooks that are still owed.
//!
//! Invariant: [`Book::apply`] is the only way in, for a line just made and for one read back after a restart alike.

mod transactions;

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use service::money::{Currency, Money};

pub use self::transactions::Transaction;
use crate::operation::{Command, Deed, Id, Key, Operation, Refusal, Verdict};
use crate::tokens::{self, Behaviour, Token};

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// An operation.
    Operation(Box<Operation>),
    /// What became of a webhook.
    Webhook {
        /// When.
        #[serde(with = "service::clock::rfc3339")]
        at: chrono::DateTime<chrono::Utc>,
        /// Its place among all lines.
        seq: u64,
        /// What.
        webhook: Settled,
    },
}

/// A webhook that is not owed any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The event.
    pub id: Id,
    /// How it ended.
    pub status: Delivery,
}

/// How the sending of a webhook ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// The merchant took it.
    Delivered,
    /// The merchant did not, however often it was tried.
    Abandoned,
}

/// A line that can't follow the lines before it.
#[derive(Debug, thiserror::Error)]
#[error("line {seq} of the ledger can't be true: {reason}")]
pub struct Inconsistent {
    seq: u64,
    reason: &'static str,
}

/// There is nothing of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// No authorisation.
    #[error("there is no such authorisation")]
    Authorisation,
    /// No capture.
    #[error("there is no such capture")]
    Capture,
}

/// What a command comes to, before it has a name and a time.
#[derive(Debug)]
pub struct Judged {
    /// What.
    pub deed: Deed,
    /// The merchant's own name for the purchase.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// How it ends.
    pub verdict: Verdict,
}

#[derive(Debug, PartialEq)]
struct Authorisation {
    reference: String,
    token: String,
    amount: i64,
    currency: Currency,
    captured: i64,
    voided: bool,
}

#[derive(Debug, PartialEq)]
struct Capture {
    authorisation: Id,
    amount: i64,
    refunded: i64,
}

/// All of it.
#[derive(Debug, Default, PartialEq)]
pub struct Book {
    lines: u64,
    operations: Vec<Operation>,
    by_key: HashMap<Key, usize>,
    by_reference: HashMap<String, Vec<usize>>,
    authorisations: HashMap<Id, Authorisation>,
    captures: HashMap<Id, Capture>,
    /// By the line that owes them.
    owed: BTreeMap<u64, usize>,
}

impl Book {
    /// The place of the next line.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.lines + 1
    }

    /// The place of the newest line; 0 if there is none.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.lines
    }

    /// What was done under this key.
    #[must_use]
    pub fn under(&self, key: &Key) -> Option<&Operation> {
        self.by_key.get(key).map(|at| &self.operations[*at])
    }

    /// What was done for this purchase, oldest first.
    pub fn of_reference(&self, reference: &str) -> impl Iterator<Item = &Operation> {
        let places = self.by_reference.get(reference).into_iter().flatten();
        places.map(|at| &self.operations[*at])
    }

    /// Operations whose webhooks are still owed, oldest first.
    pub fn owed(&self) -> impl Iterator<Item = &Operation> {
        self.owed.values().map(|at| &self.operations[*at])
    }

    /// Whether the webhook of something that followed this authorisation was settled.
    #[must_use]
    pub fn is_overtaken(&self, authorisation: &Operation) -> bool {
        self.of_reference(&authorisation.reference)
            .any(|operation| {
                let follows = matches!(&operation.deed, Deed::Capture { authorisation: of } | Deed::Void { authorisation: of } if *of == authorisation.id);
                follows && operation.event.is_some() && !self.owed.contains_key(&operation.seq)
            })
    }

    /// The token that a command is about.
    pub fn token(&self, command: &Command) -> Result<&'static Token, Unknown> {
        match command {
            Command::Authorise { token, .. } => Ok(tokens::find(token)),
            Command::Capture { authorisation, .. } | Command::Void { authorisation } => {
                self.token_behind(authorisation)
            }
            Command::Refund { capture, .. } => {
                self.token_behind(&self.capture(capture)?.authorisation)
            }
        }
    }

    /// The token that an operation of this book was about.
    #[must_use]
    pub fn token_of(&self, operation: &Operation) -> &'static Token {
        let found = match &operation.deed {
            Deed::Authorisation { token } => Ok(tokens::find(token)),
            Deed::Capture { authorisation } | Deed::Void { authorisation } => {
                self.token_behind(authorisation)
            }
            Deed::Refund { capture } => self
                .capture(capture)
                .and_then(|capture| self.token_behind(&capture.authorisation)),
        };
        // An operation never comes before what it refers to.
        found.unwrap_or_else(|_| tokens::find(""))
    }

    fn token_behind(&self, authorisation: &Id) -> Result<&'static Token, Unknown> {
        self.authorisation(authorisation)
            .map(|authorisation| tokens::find(&authorisation.token))
    }

    /// What the command comes to as things are.
    pub fn judge(&self, command: &Command) -> Result<Judged, Unknown> {
        let behaviour = self.token(command)?.behaviour(command);
        let declined = match behaviour {
            Behaviour::Declines(decline_code) => Some(Verdict::Declined { decline_code }),
            _ => None,
        };
        let refused = |error| Verdict::Refused { error };
        Ok(match command {
            Command::Authorise {
                reference,
                amount,
                token,
            } => Judged {
                deed: Deed::Authorisation {
                    token: token.clone(),
                },
                reference: reference.clone(),
                amount: *amount,
                verdict: declined.unwrap_or(Verdict::Authorised),
            },
            Command::Capture {
                authorisation: id,
                amount,
            } => {
                let authorisation = self.authorisation(id)?;
                let verdict = if authorisation.voided {
                    refused(Refusal::AlreadyVoided)
                } else if amount.currency != authorisation.currency {
                    refused(Refusal::WrongCurrency)
                } else if amount.amount > authorisation.amount - authorisation.captured {
                    refused(Refusal::OverCapture)
                } else {
                    declined.unwrap_or(Verdict::Captured)
                };
                Judged {
                    deed: Deed::Capture {
                        authorisation: id.clone(),
                    },
                    reference: authorisation.reference.clone(),
                    amount: *amount,
                    verdict,
                }
            }
            Command::Void { authorisation: id } => {
                let authorisation = self.authorisation(id)?;
                let verdict = if authorisation.captured > 0 {
                    refused(Refusal::AlreadyCaptured)
                } else if authorisation.voided {
                    refused(Refusal::AlreadyVoided)
                } else {
                    Verdict::Voided
                };
                Judged {
                    deed: Deed::Void {
                        authorisation: id.clone(),
                    },
                    reference: authorisation.reference.clone(),
                    amount: Money::new(authorisation.amount, authorisation.currency),
                    verdict,
                }
            }
            Command::Refund {
                capture: id,
                amount,
            } => {
                let capture = self.capture(id)?;
                let authorisation = self.authorisation(&capture.authorisation)?;
                let verdict = if amount.currency != authorisation.currency {
                    refused(Refusal::WrongCurrency)
                } else if amount.amount > capture.amount - capture.refunded {
                    refused(Refusal::OverRefund)
                } else {
                    Verdict::Refunded
                };
                Judged {
                    deed: Deed::Refund {
                        capture: id.clone(),
                    },
                    reference: authorisation.reference.clone(),
                    amount: *amount,
                    verdict,
                }
            }
        })
    }

    /// Takes the next line in.
    pub fn apply(&mut self, line: Line) -> Result<(), Inconsistent> {
        let seq = match &line {
            Line::Operation(operation) => operation.seq,
            Line::Webhook { seq, .. } => *seq,
        };
        let wrong = |reason| Inconsistent { seq, reason };
        if seq != self.next() {
            return Err(wrong("it is not the next one"));
        }
        match line {
            Line::Operation(operation) => self.enter(*operation).map_err(wrong)?,
            Line::Webhook { webhook, .. } => {
                let owed = self.owed.iter();
                let settled = owed
                    .filter(|(_, at)| self.operations[**at].event.as_ref() == Some(&webhook.id))
                    .map(|(owed, _)| *owed)
                    .next();
                let settled = settled.ok_or(wrong("its webhook was not owed"))?;
                self.owed.remove(&settled);
            }
        }
        self.lines = seq;
        Ok(())
    }

    fn enter(&mut self, operation: Operation) -> Result<(), &'static str> {
        if self.by_key.contains_key(&operation.key) {
            return Err("its key was used before");
        }
        match (&operation.deed, operation.verdict) {
            (Deed::Authorisation { token }, Verdict::Authorised) => {
                let authorisation = Authorisation {
                    reference: operation.reference.clone(),
                    token: token.clone(),
                    amount: operation.amount,
                    currency: operation.currency,
                    captured: 0,
                    voided: false,
                };
                self.authorisations
                    .insert(operation.id.clone(), authorisation);
            }
            (Deed::Capture { authorisation: id }, Verdict::Captured) => {
                let authorisation = self.authorisations.get_mut(id);
                let authorisation = authorisation.ok_or("nothing was authorised")?;
                if authorisation.voided
                    || operation.amount > authorisation.amount - authorisation.captured
                {
                    return Err("it captures what was not authorised");
                }
                authorisation.captured += operation.amount;
                let capture = Capture {
                    authorisation: id.clone(),
                    amount: operation.amount,
                    refunded: 0,
                };
                self.captures.insert(operation.id.clone(), capture);
            }
            (Deed::Void { authorisation }, Verdict::Voided) => {
                let authorisation = self.authorisations.get_mut(authorisation);
                authorisation.ok_or("nothing was authorised")?.voided = true;
            }
            (Deed::Refund { capture }, Verdict::Refunded) => {
                let capture = self.captures.get_mut(capture);
                let capture = capture.ok_or("nothing was captured")?;
                if operation.amount > capture.amount - capture.refunded {
                    return Err("it refunds what was not captured");
                }
                capture.refunded += operation.amount;
            }
            // Turned down: it moved nothing.
            (_, Verdict::Declined { .. } | Verdict::Refused { .. }) => {}
            _ => return Err("its kind and its status do not fit"),
        }
        let at = self.operations.len();
        self.by_key.insert(operation.key.clone(), at);
        let of_reference = self.by_reference.entry(operation.reference.clone());
        of_reference.or_default().push(at);
        if operation.event.is_some() {
            self.owed.insert(operation.seq, at);
        }
        self.operations.push(operation);
        Ok(())
    }

    fn authorisation(&self, id: &Id) -> Result<&Authorisation, Unknown> {
        self.authorisations.get(id).ok_or(Unknown::Authorisation)
    }

    fn capture(&self, id: &Id) -> Result<&Capture, Unknown> {
        self.captures.get(id).ok_or(Unknown::Capture)
    }
}
