//! What this stack has written down: databases, the provider's books, logs, secrets, topics.
//!
//! Invariant: nothing here changes anything but `sql`, which runs what it is given as the database's superuser.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::{Local, Record, root};

/// A word of a file that holds secrets is one if it is at least this long; what is shorter belongs to its format.
const SHORTEST_SECRET: usize = 12;

impl Local {
    pub(in crate::target) async fn rows(&self, app: &str, query: &str) -> Result<Vec<Value>> {
        let query = format!("SELECT row_to_json(found) FROM ({query}) AS found");
        let text = self.sql(app, &query).await?;
        let rows = text.lines().filter(|line| !line.is_empty());
        rows.map(|row| serde_json::from_str(row).with_context(|| format!("no row: {row}")))
            .collect()
    }

    /// Runs a statement as the superuser; gives what it prints.
    pub(in crate::target) async fn sql(&self, app: &str, statement: &str) -> Result<String> {
        let mut psql = Command::new(root().join("tools/stack/postgres.sh"))
            .args(["sql", "-d", &format!("db-{app}")])
            .env("CREMA_STATE", &self.state)
            .env("CREMA_PORT_BASE", self.base.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("tools/stack/postgres.sh")?;
        let mut input = psql.stdin.take().context("its input")?;
        input
            .write_all(format!("{statement};\n").as_bytes())
            .await?;
        drop(input);
        let Output {
            status,
            stdout,
            stderr,
        } = psql.wait_with_output().await?;
        if !status.success() {
            let complaint = String::from_utf8_lossy(&stderr);
            bail!("db-{app} refused {statement}: {complaint}");
        }
        Ok(String::from_utf8(stdout)?)
    }

    pub(in crate::target) fn books(&self) -> Result<Vec<Value>> {
        let file = self.state.join("data/acquirer/log.jsonl");
        let text = fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
        // A line that was being written when the provider died is none of its truth: it was not answered.
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        let lines = whole.lines().filter(|line| !line.trim().is_empty());
        lines
            .map(|line| serde_json::from_str(line).with_context(|| format!("no line: {line}")))
            .collect()
    }

    pub(in crate::target) fn all_logs(&self) -> Result<Vec<Record>> {
        let mut logs = Vec::new();
        for file in files(&self.state.join("logs"))? {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let text = String::from_utf8_lossy(&fs::read(&file)?).into_owned();
            let name = name.into_owned();
            logs.push(Record { name, text });
        }
        Ok(logs)
    }

    pub(in crate::target) fn secrets(&self) -> Result<Vec<Record>> {
        let mut secrets = Vec::new();
        let folder = self.state.join("secrets");
        for file in files(&folder)? {
            let place = file.strip_prefix(&folder).unwrap_or(&file);
            let place = place.to_string_lossy().into_owned();
            let text = String::from_utf8_lossy(&fs::read(&file)?).into_owned();
            let words = text.split_whitespace();
            let values = words.filter(|word| word.len() >= SHORTEST_SECRET);
            secrets.extend(values.map(|value| Record {
                name: place.clone(),
                text: value.to_owned(),
            }));
        }
        secrets.extend(self.people.iter().map(|person| Record {
            name: format!("the password of {}", person.sign_in.email),
            text: person.sign_in.password.clone(),
        }));
        Ok(secrets)
    }

    pub(in crate::target) fn places(&self) -> Result<Vec<(String, String)>> {
        // Whoever reads and writes as the vault's root is secretstore.
        const OURS: &str = "crema/data/";
        let mut places = BTreeSet::new();
        let log = fs::read_to_string(self.state.join("logs/vault-audit.log"))?;
        for line in log.lines() {
            let row: Value = serde_json::from_str(line)?;
            let is_root = row["auth"]["policies"] == serde_json::json!(["root"]);
            let path = row["request"]["path"].as_str().filter(|_| is_root);
            let place = path.and_then(|path| path.strip_prefix(OURS)?.split_once('/'));
            places.extend(place.map(|(app, name)| (app.to_owned(), name.to_owned())));
        }
        Ok(places.into_iter().collect())
    }

    pub(in crate::target) fn history(&self) -> &Path {
        &self.history
    }
}

/// The topics of the subscriptions, without those of dead letters.
pub(in crate::target) fn topics() -> Result<Vec<String>> {
    let mut topics = BTreeSet::new();
    for file in files(&root().join("dapr/subscriptions"))? {
        let text = fs::read_to_string(&file)?;
        let lines = text.lines().map(str::trim);
        let named = lines.filter_map(|line| line.strip_prefix("topic:"));
        let named = named.map(str::trim);
        let published = named.filter(|topic| topic.rsplit('.').next() != Some("dead"));
        topics.extend(published.map(str::to_owned));
    }
    Ok(topics.into_iter().collect())
}

/// Every file in a folder and in those below it, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("{}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path())?);
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
