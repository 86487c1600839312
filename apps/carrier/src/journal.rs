//! The journal file: one JSON line for each thing that happened, appended and brought to disk.
//!
//! Invariant: a line whose appending succeeded is found after a kill; one that a kill tore was answered to nobody, and is
//! cut off at the next start.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::delivery::{Delivery, State};

/// A journal that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file can't be read or written.
    #[error("the journal can't be used")]
    File(#[from] std::io::Error),
    /// Another process writes to it.
    #[error("the journal is in use")]
    InUse,
    /// A whole line that is none of ours: somebody else wrote here.
    #[error("a line of the journal is not one")]
    Foreign(#[from] serde_json::Error),
    /// A line that contradicts those before it.
    #[error("line {0} of the journal contradicts those before it")]
    Inconsistent(u64),
    /// A write failed before: what is on disk is not known.
    #[error("the journal takes no more lines")]
    Broken,
}

/// A line: its number, and what happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    /// From 1, without a gap.
    pub seq: u64,
    /// When.
    #[serde(with = "service::clock::rfc3339")]
    pub at: DateTime<Utc>,
    /// What.
    pub fact: Fact,
}

/// What happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A delivery was booked under this key by a request with this digest.
    Booked {
        /// The idempotency key.
        key: String,
        /// Of the whole request, of which nothing else is kept.
        digest: Vec<u8>,
        /// What was booked.
        delivery: Delivery,
    },
    /// A delivery has come this far.
    Moved {
        /// Which.
        id: String,
        /// How far.
        state: State,
    },
    /// Nothing is to be delivered under this key any more.
    CalledOff {
        /// The idempotency key.
        key: String,
    },
}

/// The open file.
#[derive(Debug)]
pub struct Journal {
    file: File,
    broken: bool,
}

impl Journal {
    /// Opens or begins the file, and hands each of its lines to `take`, oldest first.
    pub fn open(
        path: &Path,
        mut take: impl FnMut(Line) -> Result<(), JournalError>,
    ) -> Result<Self, JournalError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n');
        let whole = whole.map_or(0, |end| end + 1);
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::Start(whole as u64))?;
        for line in bytes[..whole].split_inclusive(|byte| *byte == b'\n') {
            take(serde_json::from_slice(line)?)?;
        }
        Ok(Self {
            file,
            broken: false,
        })
    }

    /// Appends a line and brings it to disk.
    pub fn append(&mut self, line: &Line) -> Result<(), JournalError> {
        if self.broken {
            return Err(JournalError::Broken);
        }
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        // Until it has succeeded, half a line may be there, and no whole one may follow it.
        self.broken = true;
        self.file.write_all(&bytes)?;
        self.file.sync_data()?;
        self.broken = false;
        Ok(())
    }

    /// Whether it takes lines.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !self.broken
    }
}
