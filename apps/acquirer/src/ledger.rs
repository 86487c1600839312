//! The ledger file: one JSON line for each thing that happened, appended and brought to disk.
//!
//! Invariant: whoever waited for [`Ledger::on_disk`] of a line finds it after a kill; a line that a kill tore has no
//! end, was waited for by nobody who got an answer, and is cut off at the next start.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::book::{Inconsistent, Line};

/// A ledger that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file can't be read or written.
    #[error("the ledger {path} can't be used")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another process writes to it.
    #[error("the ledger {0} is in use")]
    InUse(PathBuf),
    /// A whole line that is none of ours: somebody else wrote here.
    #[error("line {number} of the ledger is not one")]
    Foreign {
        /// Counted from 1.
        number: usize,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A line that contradicts those before it.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistent),
}

/// The file takes no more lines: what is in memory may not be on disk, so nothing may be answered any more.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the ledger is lost")]
pub struct Lost;

/// The open ledger. Its file is written by a thread of its own, many lines at once when many are waiting.
pub struct Ledger {
    // Both are there until the drop.
    lines: Option<mpsc::Sender<(u64, Vec<u8>)>>,
    writer: Option<JoinHandle<()>>,
    on_disk: watch::Receiver<u64>,
}

impl Ledger {
    /// Opens or begins the file, and hands each of its lines to `take`, oldest first.
    pub fn open(
        path: &Path,
        mut take: impl FnMut(Line) -> Result<(), Inconsistent>,
    ) -> Result<Self, LedgerError> {
        let failed = |source| LedgerError::File {
            path: path.to_owned(),
            source,
        };
        let mut file = open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LedgerError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let whole = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        if whole < bytes.len() {
            tracing::warn!(
                bytes = bytes.len() - whole,
                "cut off a line that was torn when the process was killed"
            );
            file.set_len(whole as u64).map_err(failed)?;
            file.sync_all().map_err(failed)?;
        }
        file.seek(SeekFrom::Start(whole as u64)).map_err(failed)?;
        let mut newest = 0;
        for (at, line) in bytes[..whole].split_inclusive(|b| *b == b'\n').enumerate() {
            let number = at + 1;
            let line = serde_json::from_slice(line)
                .map_err(|source| LedgerError::Foreign { number, source })?;
            take(line)?;
            newest += 1;
        }
        let (lines, queue) = mpsc::channel();
        let (written, on_disk) = watch::channel(newest);
        let writer = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || write(file, &queue, &written))
            .map_err(failed)?;
        Ok(Self {
            lines: Some(lines),
            writer: Some(writer),
            on_disk,
        })
    }

    /// Appends a line behind all that were appended before; it is on disk some time later.
    pub fn append(&self, seq: u64, line: &Line) -> Result<(), Lost> {
        let mut bytes = serde_json::to_vec(line).map_err(|_| Lost)?;
        bytes.push(b'\n');
        let lines = self.lines.as_ref().ok_or(Lost)?;
        lines.send((seq, bytes)).map_err(|_| Lost)
    }

    /// Returns when line `seq` and all before it are on disk.
    pub async fn on_disk(&self, seq: u64) -> Result<(), Lost> {
        let mut on_disk = self.on_disk.clone();
        let reached = on_disk.wait_for(|newest| *newest >= seq).await;
        reached.map(drop).map_err(|_| Lost)
    }

    /// Tells of each batch of lines that reached the disk.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<u64> {
        self.on_disk.clone()
    }

    /// Returns when the file takes no more lines.
    pub async fn lost(&self) {
        let mut on_disk = self.on_disk.clone();
        while on_disk.changed().await.is_ok() {}
    }
}

impl Drop for Ledger {
    /// Brings what was appended to disk, and lets another process have the file.
    fn drop(&mut self) {
        self.lines = None;
        if let Some(writer) = self.writer.take() {
            // It logs what goes wrong, and does not panic.
            let _ = writer.join();
        }
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder)?;
    }
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)?;
    // A new file's name is on disk only when its folder is.
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(file)
}

/// Writes what is queued until nobody can queue any more, or the file fails; then `written` closes.
fn write(mut file: File, queue: &mpsc::Receiver<(u64, Vec<u8>)>, written: &watch::Sender<u64>) {
    while let Ok((mut newest, mut bytes)) = queue.recv() {
        for (seq, more) in queue.try_iter() {
            newest = seq;
            bytes.extend(more);
        }
        let outcome = file.write_all(&bytes).and_then(|()| file.sync_data());
        if let Err(error) = outcome {
            tracing::error!(%error, "the ledger takes no more lines");
            return;
        }
        written.send_replace(newest);
    }
}
