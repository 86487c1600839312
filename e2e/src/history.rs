//! What clients asked for and were told, written down as it happens: the one record that no service can have touched up.
//!
//! Invariant: a command is noted before it is sent, so what was never answered is in here as well; a line is written whole.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};

use crate::client::Answer;

/// A command whose effect must not get lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Ordering.
    Place,
    /// Having an order cancelled.
    Cancel,
    /// Giving money back.
    Refund,
}

/// How far a command has come, as its client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It is about to be sent.
    Invoke,
    /// It was acknowledged.
    Ok,
    /// It was refused.
    Fail,
    /// Nobody knows: no answer, or one that says that something broke.
    Unknown,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds of the epoch.
    pub at: u64,
    /// Which command.
    pub command: Command,
    /// How far it has come.
    pub phase: Phase,
    /// Its Idempotency-Key, if it has one.
    pub key: Option<String>,
    /// The order that it is about, once that is known.
    pub order: Option<String>,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
}

/// Where this process writes.
#[derive(Clone, Debug)]
pub struct Journal(PathBuf);

impl Journal {
    /// The file of this process in `folder`.
    #[must_use]
    pub fn of_this_process(folder: &Path) -> Self {
        Self(folder.join(format!("{}.jsonl", std::process::id())))
    }

    /// Carries out a command, with a line before and one after.
    pub async fn noting(
        &self,
        command: Command,
        key: Option<&str>,
        order: Option<&str>,
        carry_out: impl Future<Output = Result<Answer>>,
    ) -> Result<Answer> {
        let mut entry = Entry {
            at: now(),
            command,
            phase: Phase::Invoke,
            key: key.map(str::to_owned),
            order: order.map(str::to_owned),
            status: None,
        };
        self.write(&entry)?;
        let answer = carry_out.await;
        entry.at = now();
        (entry.phase, entry.status) = match &answer {
            Ok(answer) => (phase(answer.status), Some(answer.status.as_u16())),
            Err(_) => (Phase::Unknown, None),
        };
        if let (Ok(answer), Command::Place, Phase::Ok) = (&answer, command, entry.phase) {
            let body = answer.json()?;
            entry.order = body["id"].as_str().map(str::to_owned);
        }
        self.write(&entry)?;
        answer
    }

    fn write(&self, entry: &Entry) -> Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let append = || {
            let folder = self.0.parent().unwrap_or(&self.0);
            fs::create_dir_all(folder)?;
            let mut file = fs::File::options()
                .create(true)
                .append(true)
                .open(&self.0)?;
            file.write_all(&line)
        };
        append().with_context(|| format!("{}", self.0.display()))
    }
}

/// Every line of every process, by file.
pub fn read(folder: &Path) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let Ok(files) = fs::read_dir(folder) else {
        return Ok(entries);
    };
    for file in files {
        let text = fs::read_to_string(file?.path())?;
        for line in text.lines() {
            let entry = serde_json::from_str(line);
            entries.push(entry.with_context(|| format!("no line of a history: {line}"))?);
        }
    }
    entries.sort_by_key(|entry: &Entry| entry.at);
    Ok(entries)
}

fn phase(status: StatusCode) -> Phase {
    if status.is_success() {
        Phase::Ok
    } else if status.is_client_error() {
        Phase::Fail
    } else {
        Phase::Unknown
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use anyhow::anyhow;
    use reqwest::header::HeaderMap;

    use super::*;

    fn answer(status: u16) -> impl Future<Output = Result<Answer>> {
        let answer = Answer {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: HeaderMap::new(),
            body: r#"{"id":"an-order"}"#.to_owned(),
            trace_id: String::new(),
        };
        ready(Ok(answer))
    }

    #[tokio::test]
    async fn what_was_asked_stands_before_what_was_told() {
        let folder = std::env::temp_dir().join(crate::client::fresh());
        let journal = Journal::of_this_process(&folder);
        let place = |outcome| journal.noting(Command::Place, Some("key"), None, outcome);
        place(answer(202)).await.expect("an answer");
        place(answer(409)).await.expect("an answer");
        place(answer(503)).await.expect("an answer");
        let broken = journal.noting(
            Command::Cancel,
            None,
            Some("other"),
            ready(Err(anyhow!("the connection broke"))),
        );
        assert!(broken.await.is_err());
        let told: Vec<_> = read(&folder)
            .expect("a history")
            .into_iter()
            .map(|entry| (entry.phase, entry.order, entry.status))
            .collect();
        let ours = |order: &str| Some(order.to_owned());
        assert_eq!(
            told,
            [
                (Phase::Invoke, None, None),
                (Phase::Ok, ours("an-order"), Some(202)),
                (Phase::Invoke, None, None),
                (Phase::Fail, None, Some(409)),
                (Phase::Invoke, None, None),
                (Phase::Unknown, None, Some(503)),
                (Phase::Invoke, ours("other"), None),
                (Phase::Unknown, ours("other"), None),
            ]
        );
        fs::remove_dir_all(folder).expect("ours to remove");
    }
}
