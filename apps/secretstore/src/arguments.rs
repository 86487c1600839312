//! The command line: parsed once, wholly, before anything happens.
//!
//! No option takes a secret, and an argument that is not understood stops the tool.

mod given;
mod help;
#[cfg(test)]
mod tests;
mod values;

use std::{ffi::OsString, path::PathBuf, time::Duration};

use lexopt::{Arg, ValueExt as _};
use thiserror::Error;
use url::Url;

use crate::{
    provider::Change,
    rotate::{self, signing::Rotation, tokens::Restarter},
    superuser::Superuser,
};
use given::Given;
use values::{app_names, host_port, period, vault_url};

pub use help::HELP;

/// One run of the tool.
#[derive(Debug)]
pub enum Command {
    /// Print the usage.
    Help,
    /// Make everything ready.
    Up(Settings),
    /// Only unseal.
    Unseal {
        /// The state folder, which holds the shares.
        state: PathBuf,
        /// The vault's address.
        vault: Url,
    },
    /// Give the vault new shares.
    Rekey {
        /// The state folder, which holds the shares.
        state: PathBuf,
        /// The vault's address.
        vault: Url,
    },
    /// Write the vault into a file.
    Backup {
        /// The state folder, which holds the shares.
        state: PathBuf,
        /// The vault's address.
        vault: Url,
        /// The file.
        file: PathBuf,
    },
    /// Fill an empty vault from a file.
    Restore {
        /// The state folder, which holds the shares.
        state: PathBuf,
        /// The vault's address.
        vault: Url,
        /// The file.
        file: PathBuf,
    },
    /// Say how the vault stands.
    Status {
        /// The vault's address.
        vault: Url,
    },
    /// Rotate identity's signing keys.
    RotateSigning {
        /// The state folder, which holds the shares.
        state: PathBuf,
        /// The vault's address.
        vault: Url,
        /// What becomes of the old keys.
        rotation: Rotation,
    },
    /// Rotate the tokens of apps and sidecars.
    RotateTokens {
        /// The state folder, which holds the shares.
        state: PathBuf,
        /// The vault's address.
        vault: Url,
        /// The apps, in the order given.
        apps: Vec<String>,
        /// Who restarts them.
        restarter: Restarter,
        /// Who runs SQL as PostgreSQL's superuser: for the login of a sidecar's database.
        superuser: Option<Superuser>,
    },
    /// Rotate another secret.
    Rotate {
        /// The state folder, which holds the rotator's token.
        state: PathBuf,
        /// The vault's address.
        vault: Url,
        /// What to rotate, and how.
        settings: rotate::Settings,
    },
    /// Rotate by schedule, and renew tokens.
    Watch(Watch),
    /// Add or remove an identity provider.
    Provider {
        /// The state folder, which holds the shares.
        state: PathBuf,
        /// The vault's address.
        vault: Url,
        /// Its name.
        name: String,
        /// What becomes of it.
        change: Change,
    },
    /// Print the databases' SQL.
    Sql {
        /// The state folder, which holds the apps' tokens.
        state: PathBuf,
        /// The vault's address.
        vault: Url,
        /// The apps, in the order given.
        apps: Vec<String>,
    },
}

/// Everything that `up` works from.
#[derive(Debug)]
pub struct Settings {
    /// The state folder.
    pub state: PathBuf,
    /// The vault's address.
    pub vault: Url,
    /// The apps that get a policy, a token and secrets.
    pub apps: Vec<String>,
    /// Where the apps find PostgreSQL.
    pub postgres: HostPort,
    /// Whether the demo people get passwords.
    pub demo: bool,
}

/// Everything that `watch` works from.
#[derive(Debug, PartialEq, Eq)]
pub struct Watch {
    /// The state folder, which holds the rotator's token.
    pub state: PathBuf,
    /// The vault's address.
    pub vault: Url,
    /// How long keys sign; none for keys that are never rotated by schedule.
    pub keys_last: Option<Duration>,
    /// How long other secrets are in use; none for those that are never rotated by schedule.
    pub secrets_last: Option<Duration>,
    /// How long until everybody has read what was written.
    pub settle: Duration,
    /// Who runs SQL as PostgreSQL's superuser; without it databases keep their passwords.
    pub superuser: Option<Superuser>,
    /// Whether to look once and end.
    pub once: bool,
}

/// A host and a port, as the apps' database secret names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// A host name or an address.
    pub host: String,
    /// A TCP port.
    pub port: u16,
}

/// A command line that can't be run.
#[derive(Debug, Error)]
pub enum ArgumentError {
    /// lexopt refused it.
    #[error(transparent)]
    Syntax(#[from] lexopt::Error),
    /// No command, or an unknown one.
    #[error(
        "name one command: up, unseal, rekey, backup, restore, status, sql, watch, rotate KIND, provider add or provider remove (see --help)"
    )]
    NoCommand,
    /// An option that the command needs is not there.
    #[error("{0} is missing (see --help)")]
    Missing(&'static str),
    /// A value that doesn't parse.
    #[error("{option} wants {wanted}")]
    Value {
        /// The option.
        option: &'static str,
        /// What it should look like.
        wanted: &'static str,
    },
}

/// Parses the process's arguments; the first is the program's name.
pub fn parse<I>(arguments: I) -> Result<Command, ArgumentError>
where
    I: IntoIterator<Item = OsString>,
    I::IntoIter: 'static,
{
    let mut parser = lexopt::Parser::from_iter(arguments);
    let mut words = Vec::new();
    let mut given = Given::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            Arg::Long("state") => given.state = Some(parser.value()?.into()),
            Arg::Long("vault") => given.vault = Some(vault_url(&parser.value()?.string()?)?),
            Arg::Long("apps") => given.apps = Some(app_names(&parser.value()?.string()?)?),
            Arg::Long("postgres") => given.postgres = Some(host_port(&parser.value()?.string()?)?),
            Arg::Long("demo") => given.demo = true,
            Arg::Long("stolen") => given.stolen = true,
            Arg::Long("keys-last") => {
                given.keys_last = period("--keys-last", &parser.value()?.string()?)?;
            }
            Arg::Long("secrets-last") => {
                given.secrets_last = period("--secrets-last", &parser.value()?.string()?)?;
            }
            Arg::Long("settle") => {
                given.settle = period("--settle", &parser.value()?.string()?)?.unwrap_or_default();
            }
            Arg::Long("restart") => given.restarter = Some(Restarter::new(parser.value()?)),
            Arg::Long("sql") => given.superuser = Some(Superuser::new(parser.value()?)),
            Arg::Long("once") => given.once = true,
            Arg::Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    given.command(&words)
}
