//! What a command line gave, and the command that it makes with the words before it.
//!
//! A command takes what it needs and leaves the rest, so that one line of options serves all.

use std::{path::PathBuf, time::Duration};

use url::Url;

use super::{ArgumentError, Command, HostPort, Settings, Watch, values};
use crate::{
    provider::Change,
    rotate::{self, signing::Rotation, tokens::Restarter},
    superuser::Superuser,
};

/// How long keys and secrets are in use unless it is said otherwise.
const LAST: Duration = Duration::from_hours(30 * 24);

/// The options of a command line, as far as they were there.
pub(super) struct Given {
    pub(super) state: Option<PathBuf>,
    pub(super) vault: Option<Url>,
    pub(super) apps: Option<Vec<String>>,
    pub(super) postgres: Option<HostPort>,
    pub(super) demo: bool,
    pub(super) stolen: bool,
    pub(super) keys_last: Option<Duration>,
    pub(super) secrets_last: Option<Duration>,
    pub(super) settle: Duration,
    pub(super) superuser: Option<Superuser>,
    pub(super) restarter: Option<Restarter>,
    pub(super) once: bool,
}

impl Default for Given {
    fn default() -> Self {
        Self {
            state: None,
            vault: None,
            apps: None,
            postgres: None,
            demo: false,
            stolen: false,
            keys_last: Some(LAST),
            secrets_last: Some(LAST),
            settle: rotate::SETTLE,
            superuser: None,
            restarter: None,
            once: false,
        }
    }
}

impl Given {
    /// The command of these words; every option that it needs is there, or it is no command.
    pub(super) fn command(mut self, words: &[&str]) -> Result<Command, ArgumentError> {
        match *words {
            ["up"] => Ok(Command::Up(Settings {
                state: self.state()?,
                vault: self.vault()?,
                apps: self.apps()?,
                postgres: self.postgres.ok_or(ArgumentError::Missing("--postgres"))?,
                demo: self.demo,
            })),
            ["unseal"] => Ok(Command::Unseal {
                state: self.state()?,
                vault: self.vault()?,
            }),
            ["rekey"] => Ok(Command::Rekey {
                state: self.state()?,
                vault: self.vault()?,
            }),
            ["backup", file] => Ok(Command::Backup {
                state: self.state()?,
                vault: self.vault()?,
                file: file.into(),
            }),
            ["restore", file] => Ok(Command::Restore {
                state: self.state()?,
                vault: self.vault()?,
                file: file.into(),
            }),
            ["status"] => Ok(Command::Status {
                vault: self.vault()?,
            }),
            ["rotate", "signing"] => Ok(Command::RotateSigning {
                state: self.state()?,
                vault: self.vault()?,
                rotation: if self.stolen {
                    Rotation::Stolen
                } else {
                    Rotation::Regular
                },
            }),
            ["rotate", "tokens"] => Ok(Command::RotateTokens {
                state: self.state()?,
                vault: self.vault()?,
                apps: self.apps()?,
                restarter: self.restarter.ok_or(ArgumentError::Missing("--restart"))?,
                superuser: self.superuser,
            }),
            ["rotate", ref kinds @ ..] if !kinds.is_empty() => Ok(Command::Rotate {
                state: self.state()?,
                vault: self.vault()?,
                settings: rotate::Settings {
                    kinds: values::rotated(kinds)?,
                    settle: self.settle,
                    superuser: self.superuser,
                },
            }),
            ["watch"] => Ok(Command::Watch(Watch {
                state: self.state()?,
                vault: self.vault()?,
                keys_last: self.keys_last,
                secrets_last: self.secrets_last,
                settle: self.settle,
                superuser: self.superuser,
                once: self.once,
            })),
            ["provider", verb @ ("add" | "remove"), name] => Ok(Command::Provider {
                state: self.state()?,
                vault: self.vault()?,
                name: values::provider_name(name)?,
                change: if verb == "add" {
                    Change::Add
                } else {
                    Change::Remove
                },
            }),
            ["sql"] => Ok(Command::Sql {
                state: self.state()?,
                vault: self.vault()?,
                apps: self.apps()?,
            }),
            _ => Err(ArgumentError::NoCommand),
        }
    }

    fn state(&mut self) -> Result<PathBuf, ArgumentError> {
        self.state.take().ok_or(ArgumentError::Missing("--state"))
    }

    fn vault(&mut self) -> Result<Url, ArgumentError> {
        self.vault.take().ok_or(ArgumentError::Missing("--vault"))
    }

    fn apps(&mut self) -> Result<Vec<String>, ArgumentError> {
        self.apps.take().ok_or(ArgumentError::Missing("--apps"))
    }
}
