//! The bank behind the interface: carries commands out, once for each key, in the order of the ledger.
//!
//! Invariant: nothing that is told of, an operation or an answer stored earlier, is told before it is on disk.

use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use service::clock::Clock;
use service::ids::Ids;
use tokio::sync::mpsc;

use crate::book::{Book, Delivery, Inconsistent, Line, Settled, Transaction, Unknown};
use crate::ledger::{Ledger, LedgerError, Lost};
use crate::operation::{Command, Id, Key, Operation};
use crate::tokens::Token;

/// The bank.
pub struct Bank {
    book: Mutex<Book>,
    ledger: Ledger,
    clock: Clock,
    ids: Ids,
    owed: mpsc::UnboundedSender<Operation>,
}

/// A command that could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum BankError {
    /// It names what does not exist.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// Its key stands for another command.
    #[error("the idempotency key stands for another request")]
    KeyReused,
    /// The file is gone.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// A mistake of ours: the line was not appended.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistent),
}

/// What became of a command.
#[derive(Debug)]
pub struct Executed {
    /// The operation.
    pub operation: Operation,
    /// Whether this very call carried it out.
    pub fresh: bool,
}

impl Bank {
    /// Opens the bank on its ledger. The receiver gets each operation of which a webhook must tell, those first that
    /// are owed from before.
    pub fn open(
        path: &Path,
        clock: Clock,
        ids: Ids,
    ) -> Result<(Self, mpsc::UnboundedReceiver<Operation>), LedgerError> {
        let mut book = Book::default();
        let ledger = Ledger::open(path, |line| book.apply(line))?;
        let (owed, webhooks) = mpsc::unbounded_channel();
        for operation in book.owed() {
            // The receiver is right here.
            let _ = owed.send(operation.clone());
        }
        let bank = Self {
            book: Mutex::new(book),
            ledger,
            clock,
            ids,
            owed,
        };
        Ok((bank, webhooks))
    }

    /// The token that a command is about.
    pub fn token(&self, command: &Command) -> Result<&'static Token, Unknown> {
        self.book().token(command)
    }

    /// What was done under this key.
    pub async fn under(&self, key: &Key) -> Result<Option<Operation>, Lost> {
        let stored = self.book().under(key).cloned();
        if let Some(operation) = &stored {
            self.ledger.on_disk(operation.seq).await?;
        }
        Ok(stored)
    }

    /// What was done for this purchase, oldest first.
    pub async fn of_reference(&self, reference: &str) -> Result<Vec<Operation>, Lost> {
        let found: Vec<_> = self.book().of_reference(reference).cloned().collect();
        if let Some(newest) = found.last() {
            self.ledger.on_disk(newest.seq).await?;
        }
        Ok(found)
    }

    /// At most `most` purchases and refunds that began in the period, oldest first, from behind line `after` on.
    pub async fn transactions(
        &self,
        period: &Range<DateTime<Utc>>,
        after: u64,
        most: usize,
    ) -> Result<Vec<Transaction>, Lost> {
        let (found, newest) = {
            let book = self.book();
            (book.transactions(period, after, most), book.newest())
        };
        self.ledger.on_disk(newest).await?;
        Ok(found)
    }

    /// Carries the command out, unless something was done under its key before.
    pub async fn execute(&self, key: &Key, command: &Command) -> Result<Executed, BankError> {
        let executed = self.enter(key, command)?;
        self.ledger.on_disk(executed.operation.seq).await?;
        Ok(executed)
    }

    fn enter(&self, key: &Key, command: &Command) -> Result<Executed, BankError> {
        let mut book = self.book();
        if let Some(operation) = book.under(key) {
            return if operation.answers(command) {
                Ok(Executed {
                    operation: operation.clone(),
                    fresh: false,
                })
            } else {
                Err(BankError::KeyReused)
            };
        }
        let judged = book.judge(command)?;
        let mut operation = Operation {
            at: self.clock.now(),
            seq: book.next(),
            key: key.clone(),
            id: self.id(judged.deed.prefix()),
            deed: judged.deed,
            reference: judged.reference,
            amount: judged.amount.amount,
            currency: judged.amount.currency,
            verdict: judged.verdict,
            event: None,
        };
        operation.event = operation.event_type().map(|_| self.id("ev"));
        self.append(
            &mut book,
            operation.seq,
            &Line::Operation(Box::new(operation.clone())),
        )?;
        if operation.event.is_some() {
            // Without a receiver no webhook is sent before the next start.
            let _ = self.owed.send(operation.clone());
        }
        Ok(Executed {
            operation,
            fresh: true,
        })
    }

    /// Notes how the sending of an operation's webhook ended.
    pub fn settle(&self, operation: &Operation, status: Delivery) -> Result<(), BankError> {
        let Some(id) = operation.event.clone() else {
            return Ok(());
        };
        let mut book = self.book();
        let seq = book.next();
        let line = Line::Webhook {
            at: self.clock.now(),
            seq,
            webhook: Settled { id, status },
        };
        self.append(&mut book, seq, &line)
    }

    /// Returns when an operation is on disk.
    pub async fn on_disk(&self, operation: &Operation) -> Result<(), Lost> {
        self.ledger.on_disk(operation.seq).await
    }

    /// Returns when the webhook of something that followed this authorisation was settled.
    pub async fn overtaken(&self, authorisation: &Operation) {
        let mut progress = self.ledger.progress();
        while !self.book().is_overtaken(authorisation) {
            if progress.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Whether all lines so far can still reach the disk.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.ledger.progress().has_changed().is_ok()
    }

    /// Returns when the ledger takes no more lines: memory is ahead of it, and the process has to begin again.
    pub async fn lost(&self) {
        self.ledger.lost().await;
    }

    /// What the ledger's lines come to.
    ///
    /// The guard must not be held for long: every command waits for it.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, book: &mut Book, seq: u64, line: &Line) -> Result<(), BankError> {
        // Under the book's lock, so that lines reach the file in their order.
        book.apply(line.clone())?;
        Ok(self.ledger.append(seq, line)?)
    }

    fn id(&self, prefix: &str) -> Id {
        Id(format!("{prefix}_{}", self.ids.next().simple()))
    }
}
