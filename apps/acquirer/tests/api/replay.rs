//! Whatever is asked of the bank, and wherever it is ended: a new start knows what the old one knew, and no money is
//! made of nothing.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use acquirer::bank::Bank;
use acquirer::book::Delivery;
use acquirer::ledger::LedgerError;
use acquirer::operation::{Command, Id, Key, Operation};
use acquirer::tokens::TABLE;
use proptest::prelude::*;
use serde_json::Value;
use service::clock::Clock;
use service::ids::Ids;
use service::money::Money;
use tokio::runtime::{Builder, Runtime};

use crate::world::{Folder, PATIENCE};

/// One thing that happens; numbers choose among what there is by then.
#[derive(Clone, Copy, Debug)]
enum Step {
    Authorise {
        purchase: u8,
        amount: i64,
        token: usize,
    },
    Capture {
        of: usize,
        amount: i64,
    },
    Void {
        of: usize,
    },
    Refund {
        of: usize,
        amount: i64,
    },
    Settle {
        nth: usize,
        status: Delivery,
    },
    Restart {
        torn: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let status = prop_oneof![Just(Delivery::Delivered), Just(Delivery::Abandoned)];
    prop_oneof![
        4 => (0..3_u8, 1..6_i64, 0..TABLE.len())
            .prop_map(|(purchase, amount, token)| Step::Authorise { purchase, amount, token }),
        4 => (0..6_usize, 1..6_i64).prop_map(|(of, amount)| Step::Capture { of, amount }),
        2 => (0..6_usize).prop_map(|of| Step::Void { of }),
        3 => (0..6_usize, 1..6_i64).prop_map(|(of, amount)| Step::Refund { of, amount }),
        2 => (0..6_usize, status).prop_map(|(nth, status)| Step::Settle { nth, status }),
        2 => (0..200_usize).prop_map(|torn| Step::Restart { torn }),
    ]
}

fn open(path: &Path) -> Bank {
    let clock = Clock::system();
    let began = Instant::now();
    loop {
        match Bank::open(path, clock.clone(), Ids::new(clock.clone())) {
            // Another test is starting a process: its copy of our file, and so the lock, lives until that process is
            // what it is to be.
            Err(LedgerError::InUse(_)) if began.elapsed() < PATIENCE => std::thread::yield_now(),
            opened => return opened.expect("a ledger").0,
        }
    }
}

/// A line as a kill leaves it: its beginning.
fn tear(path: &Path, length: usize) {
    let line = br#"{"at":"2026-01-31T08:05:00.000Z","seq":999,"key":"torn","id":"au_0","kind":"authorisation","token":"#;
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(path)
        .expect("a ledger");
    file.write_all(&line[..length.min(line.len())])
        .expect("written");
}

struct Run {
    runtime: Runtime,
    bank: Option<Bank>,
    made: Vec<Operation>,
}

impl Run {
    fn bank(&self) -> &Bank {
        self.bank.as_ref().expect("an open bank")
    }

    fn execute(&mut self, key: &str, command: &Command) {
        let key = Key(key.to_owned());
        let before = self.bank().book().under(&key).cloned();
        let outcome = self.runtime.block_on(self.bank().execute(&key, command));
        match (outcome, before) {
            (Ok(executed), Some(before)) => {
                assert!(!executed.fresh && executed.operation == before);
            }
            (Ok(executed), None) => {
                assert!(executed.fresh);
                self.made.push(executed.operation);
            }
            (Err(_), _) => {}
        }
    }

    /// The id of the nth thing of this kind, or one that nothing has.
    fn id(&self, prefix: &str, nth: usize) -> Id {
        let mut found = self
            .made
            .iter()
            .filter(|made| made.id.0.starts_with(prefix));
        let found = found.nth(nth).map(|made| made.id.clone());
        found.unwrap_or_else(|| Id(format!("{prefix}_none")))
    }

    fn take(&mut self, at: usize, step: Step, path: &Path) {
        let euros = |amount| Money::new(amount, "EUR".parse().expect("a currency"));
        // Few keys, so that some are met again: by the same command, and by others.
        let key = format!("k{}", at % 7);
        match step {
            Step::Authorise {
                purchase,
                amount,
                token,
            } => {
                let command = Command::Authorise {
                    reference: format!("p{purchase}"),
                    amount: euros(amount),
                    token: TABLE[token].name.to_owned(),
                };
                self.execute(&format!("{key}{purchase}{amount}"), &command);
            }
            Step::Capture { of, amount } => {
                let authorisation = self.id("au", of);
                let amount = euros(amount);
                self.execute(
                    &format!("{key}c"),
                    &Command::Capture {
                        authorisation,
                        amount,
                    },
                );
            }
            Step::Void { of } => {
                let authorisation = self.id("au", of);
                self.execute(&format!("{key}v"), &Command::Void { authorisation });
            }
            Step::Refund { of, amount } => {
                let (capture, amount) = (self.id("ca", of), euros(amount));
                self.execute(&format!("{key}r"), &Command::Refund { capture, amount });
            }
            Step::Settle { nth, status } => {
                let owed = self.bank().book().owed().nth(nth).cloned();
                if let Some(operation) = owed {
                    self.bank().settle(&operation, status).expect("it was owed");
                }
            }
            Step::Restart { torn } => {
                let old = self.bank.take().expect("an open bank");
                let known = std::mem::take(&mut *old.book());
                drop(old);
                tear(path, torn);
                let bank = open(path);
                assert_eq!(*bank.book(), known, "a restart forgets and invents nothing");
                self.bank = Some(bank);
            }
        }
    }
}

/// Sums over the file's own lines, by what they refer to.
fn moved(ledger: &str, kind: &str, status: &str, by: &str) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for line in ledger.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        if line["kind"] == kind && line["status"] == status {
            let of = line[by].as_str().expect("a reference").to_owned();
            *sums.entry(of).or_default() += line["amount"].as_i64().expect("an amount");
        }
    }
    sums
}

fn no_more(what: &BTreeMap<String, i64>, than: &BTreeMap<String, i64>) {
    for (of, sum) in what {
        let most = than.get(of).copied().unwrap_or_default();
        assert!(*sum <= most, "{of}: {sum} of {most}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restart_at_any_place_changes_nothing(steps in prop::collection::vec(step(), 1..40)) {
        let folder = Folder::new();
        let path = folder.ledger();
        let mut run = Run {
            runtime: Builder::new_current_thread().build().expect("a runtime"),
            bank: Some(open(&path)),
            made: Vec::new(),
        };
        for (at, step) in steps.into_iter().enumerate() {
            run.take(at, step, &path);
        }
        run.take(0, Step::Restart { torn: 0 }, &path);
        drop(run);

        let ledger = std::fs::read_to_string(&path).expect("a ledger");
        let authorised = moved(&ledger, "authorisation", "authorised", "id");
        let captured = moved(&ledger, "capture", "captured", "authorisation");
        let voided = moved(&ledger, "void", "voided", "authorisation");
        let captures = moved(&ledger, "capture", "captured", "id");
        let refunded = moved(&ledger, "refund", "refunded", "capture");
        no_more(&captured, &authorised);
        no_more(&voided, &authorised);
        no_more(&refunded, &captures);
        prop_assert!(captured.keys().all(|id| !voided.contains_key(id)));
    }
}

#[test]
fn a_ledger_that_somebody_else_wrote_to_is_not_used() {
    let folder = Folder::new();
    let path = folder.ledger();
    drop(open(&path));
    let clock = Clock::system();
    let refuses = |text: &str| {
        std::fs::write(&path, text).expect("written");
        let opened = Bank::open(&path, clock.clone(), Ids::new(clock.clone()));
        opened.err().expect("no ledger of ours")
    };
    assert!(matches!(
        refuses("nonsense\n"),
        LedgerError::Foreign { number: 1, .. }
    ));
    let skipped =
        r#"{"at":"2026-01-31T08:05:00.000Z","seq":2,"webhook":{"id":"ev_1","status":"delivered"}}"#;
    assert!(matches!(
        refuses(&format!("{skipped}\n")),
        LedgerError::Inconsistent(_)
    ));
}

#[test]
fn a_ledger_has_one_writer() {
    let folder = Folder::new();
    let bank = open(&folder.ledger());
    let clock = Clock::system();
    let second = Bank::open(&folder.ledger(), clock.clone(), Ids::new(clock));
    assert!(matches!(second.err(), Some(LedgerError::InUse(_))));
    drop(bank);
    open(&folder.ledger());
}
