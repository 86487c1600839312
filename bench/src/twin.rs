//! A second one of a process that runs: the same program in the same folder with the same environment and arguments,
//! but for what has to differ.
//!
//! Invariant: a setting that has to differ and is not there is an error; a twin never takes the first one's ports.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use crate::processes::at;

/// How a process was started.
pub struct Twin {
    pid: u32,
    words: Vec<String>,
    environment: Vec<(String, OsString)>,
}

impl Twin {
    /// Of a running process.
    pub fn of(pid: u32) -> Result<Self> {
        let read = |file: &str| {
            let bytes = fs::read(at(pid, file)).with_context(|| format!("process {pid}"))?;
            // Each word ends with a zero; one may be empty.
            let whole = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
            let words = whole.split(|byte| *byte == 0).map(<[u8]>::to_vec);
            anyhow::Ok(words.collect::<Vec<_>>())
        };
        let words = read("cmdline")?.into_iter().skip(1);
        let words: Result<_, _> = words.map(String::from_utf8).collect();
        let variables = read("environ")?.into_iter().filter_map(|mut word| {
            let equals = word.iter().position(|byte| *byte == b'=')?;
            let value = word.split_off(equals).split_off(1);
            Some((String::from_utf8(word).ok()?, OsString::from_vec(value)))
        });
        Ok(Self {
            pid,
            words: words?,
            environment: variables.collect(),
        })
    }

    /// With this environment variable changed, if it is set at all.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        for (_, old) in self.environment.iter_mut().filter(|(set, _)| set == name) {
            *old = value.into();
        }
        self
    }

    /// With the value of this flag changed.
    pub fn flag(mut self, name: &str, value: &str) -> Result<Self> {
        replace(&mut self.words, name, value)?;
        Ok(self)
    }

    /// With another end of every argument and every variable that ends so.
    pub fn ending(mut self, end: &str, other: &str) -> Result<Self> {
        let changed = |old: &str| Some(format!("{}{other}", old.strip_suffix(end)?));
        let mut found = false;
        for word in &mut self.words {
            if let Some(new) = changed(word) {
                (*word, found) = (new, true);
            }
        }
        for (_, value) in &mut self.environment {
            if let Some(new) = value.to_str().and_then(changed) {
                (*value, found) = (new.into(), true);
            }
        }
        if !found {
            bail!("nothing ends with {end}");
        }
        Ok(self)
    }

    /// What starts it. It is silent, and ends with the handle of it.
    pub fn command(&self) -> Result<Command> {
        let program = fs::read_link(at(self.pid, "exe"))?;
        let folder = fs::read_link(at(self.pid, "cwd"))?;
        let mut command = Command::new(program);
        command
            .args(&self.words)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        Ok(command)
    }
}

/// Both spellings: `--name value` and `--name=value`.
fn replace(words: &mut [String], name: &str, value: &str) -> Result<()> {
    let joined = format!("{name}=");
    for at in 0..words.len() {
        if words[at] == name && at + 1 < words.len() {
            value.clone_into(&mut words[at + 1]);
            return Ok(());
        }
        if words[at].starts_with(&joined) {
            words[at] = format!("{joined}{value}");
            return Ok(());
        }
    }
    bail!("{name} is not among {words:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_so_gets_another_end() {
        let variable = ("TOKEN".to_owned(), OsString::from("/state/catalog/token"));
        let twin = Twin {
            pid: 1,
            words: vec!["/clone/catalog.yaml".to_owned()],
            environment: vec![variable],
        };
        let twin = twin.ending("catalog.yaml", "b.yaml").expect("an argument");
        let twin = twin.ending("catalog/token", "b/token").expect("a variable");
        assert_eq!(twin.words, ["/clone/b.yaml"]);
        assert_eq!(twin.environment[0].1, "/state/b/token");
        assert!(twin.ending("catalog.yaml", "").is_err());
    }

    #[test]
    fn both_spellings_of_a_flag_are_replaced() {
        let mut words = ["--app-id", "catalog", "--app-port=20300"].map(String::from);
        replace(&mut words, "--app-id", "bare").expect("it is there");
        replace(&mut words, "--app-port", "1").expect("it is there");
        assert_eq!(words, ["--app-id", "bare", "--app-port=1"]);
        assert!(replace(&mut words, "--metrics-port", "2").is_err());
    }
}
