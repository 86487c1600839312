//! The command line: parsed once, wholly, before anything happens.
//!
//! No option takes a secret, and an argument that is not understood stops the tool.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use lexopt::{Arg, ValueExt as _};
use thiserror::Error;
use url::Url;

use crate::{provider::Change, rotate::Rotation};

/// What `--help` prints.
pub const HELP: &str = "\
secretstore: the operator's tool for the vault

  secretstore up     --state DIR --vault URL --apps A,B,… --postgres HOST:PORT [--demo]
                     initialise if needed, unseal, fill in what is missing, write the apps' files
  secretstore unseal --state DIR --vault URL
  secretstore status --vault URL
  secretstore sql    --state DIR --vault URL --apps A,B,…
                     the SQL that makes roles and databases, for psql; passwords as SCRAM verifiers
  secretstore rotate signing --state DIR --vault URL [--stolen]
                     let the next signing keys sign, and make new next ones; stolen: make all anew
  secretstore watch  --state DIR --vault URL [--keys-last 30d] [--once]
                     rotate the signing keys whenever they have signed for that long (d, h, m or s;
                     0: never) and renew what sidecars show to sentry, with the rotator's token;
                     once: look once
  secretstore provider add NAME --state DIR --vault URL
                     let people sign in by another identity provider; standard input: JSON with
                     issuer, client_id, client_secret and label
  secretstore provider remove NAME --state DIR --vault URL

Every command takes every option, so that one line of options serves all.
";

/// How long signing keys sign unless it is said otherwise.
const KEYS_LAST: Duration = Duration::from_hours(30 * 24);

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
    /// Rotate identity's signing keys by schedule.
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
        "name one command: up, unseal, status, sql, watch, rotate signing, provider add or provider remove (see --help)"
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
            Arg::Long("keys-last") => given.keys_last = period(&parser.value()?.string()?)?,
            Arg::Long("once") => given.once = true,
            Arg::Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["up"] => Ok(Command::Up(Settings {
            state: given.state()?,
            vault: given.vault()?,
            apps: given.apps()?,
            postgres: given.postgres.ok_or(ArgumentError::Missing("--postgres"))?,
            demo: given.demo,
        })),
        ["unseal"] => Ok(Command::Unseal {
            state: given.state()?,
            vault: given.vault()?,
        }),
        ["status"] => Ok(Command::Status {
            vault: given.vault()?,
        }),
        ["rotate", "signing"] => Ok(Command::RotateSigning {
            state: given.state()?,
            vault: given.vault()?,
            rotation: if given.stolen {
                Rotation::Stolen
            } else {
                Rotation::Regular
            },
        }),
        ["watch"] => Ok(Command::Watch(Watch {
            state: given.state()?,
            vault: given.vault()?,
            keys_last: given.keys_last,
            once: given.once,
        })),
        ["provider", verb @ ("add" | "remove"), name] => Ok(Command::Provider {
            state: given.state()?,
            vault: given.vault()?,
            name: provider_name(name)?,
            change: if verb == "add" {
                Change::Add
            } else {
                Change::Remove
            },
        }),
        ["sql"] => Ok(Command::Sql {
            state: given.state()?,
            vault: given.vault()?,
            apps: given.apps()?,
        }),
        _ => Err(ArgumentError::NoCommand),
    }
}

struct Given {
    state: Option<PathBuf>,
    vault: Option<Url>,
    apps: Option<Vec<String>>,
    postgres: Option<HostPort>,
    demo: bool,
    stolen: bool,
    keys_last: Option<Duration>,
    once: bool,
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
            keys_last: Some(KEYS_LAST),
            once: false,
        }
    }
}

impl Given {
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

fn vault_url(text: &str) -> Result<Url, ArgumentError> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .filter(|url| url.password().is_none())
        .ok_or(ArgumentError::Value {
            option: "--vault",
            wanted: "an http or https URL",
        })
}

/// An app's name becomes a path in the vault, a folder and a role, so its alphabet is small.
fn app_names(text: &str) -> Result<Vec<String>, ArgumentError> {
    let proper = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let names: Vec<String> = text.split(',').map(str::to_owned).collect();
    if names.iter().all(|name| proper(name)) {
        Ok(names)
    } else {
        Err(ArgumentError::Value {
            option: "--apps",
            wanted: "names such as bff,order",
        })
    }
}

/// A number of days, hours, minutes or seconds; 0 is no period at all.
fn period(text: &str) -> Result<Option<Duration>, ArgumentError> {
    if text == "0" {
        return Ok(None);
    }
    let parsed = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let seconds: u64 = match unit {
            "d" => 24 * 3600,
            "h" => 3600,
            "m" => 60,
            "s" => 1,
            _ => return None,
        };
        let number: u32 = number.parse().ok().filter(|number| *number > 0)?;
        Some(Duration::from_secs(u64::from(number) * seconds))
    };
    parsed().map(Some).ok_or(ArgumentError::Value {
        option: "--keys-last",
        wanted: "a period such as 30d, or 0",
    })
}

/// A provider's name becomes a part of an address and of a field's name.
fn provider_name(name: &str) -> Result<String, ArgumentError> {
    let proper = name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    proper.then(|| name.to_owned()).ok_or(ArgumentError::Value {
        option: "provider",
        wanted: "a name of at most 32 lower-case letters, digits and hyphens",
    })
}

fn host_port(text: &str) -> Result<HostPort, ArgumentError> {
    text.rsplit_once(':')
        .filter(|(host, _)| !host.is_empty())
        .and_then(|(host, port)| {
            Some(HostPort {
                host: host.to_owned(),
                port: port.parse().ok()?,
            })
        })
        .ok_or(ArgumentError::Value {
            option: "--postgres",
            wanted: "HOST:PORT",
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, ArgumentError> {
        let words: Vec<OsString> = std::iter::once("secretstore")
            .chain(line.split(' '))
            .map(OsString::from)
            .collect();
        parse(words)
    }

    #[test]
    fn up_takes_its_whole_line() {
        let command = parsed(
            "up --state /s --vault http://127.0.0.1:20082 --apps bff,order --postgres 127.0.0.1:20032 --demo",
        );
        let Ok(Command::Up(settings)) = command else {
            panic!("{command:?}")
        };
        assert_eq!(settings.apps, ["bff", "order"]);
        assert_eq!(
            settings.postgres,
            HostPort {
                host: "127.0.0.1".to_owned(),
                port: 20032
            }
        );
        assert!(settings.demo);
    }

    #[test]
    fn a_rotation_is_regular_unless_said_otherwise() {
        for (more, expected) in [("", Rotation::Regular), (" --stolen", Rotation::Stolen)] {
            let command = parsed(&format!(
                "rotate signing --state /s --vault http://localhost{more}"
            ));
            let Ok(Command::RotateSigning { rotation, .. }) = command else {
                panic!("{command:?}")
            };
            assert_eq!(rotation, expected);
        }
    }

    #[test]
    fn keys_last_a_month_unless_said_otherwise() {
        let hours = |hours| Some(Duration::from_hours(hours));
        for (more, expected) in [
            ("", hours(720)),
            (" --keys-last 0", None),
            (" --keys-last 90d", hours(2160)),
            (" --keys-last 1h", hours(1)),
            (" --keys-last 5m", Some(Duration::from_mins(5))),
            (" --keys-last 45s", Some(Duration::from_secs(45))),
        ] {
            let command = parsed(&format!("watch --state /s --vault http://localhost{more}"));
            let Ok(Command::Watch(watch)) = command else {
                panic!("{command:?}")
            };
            assert_eq!((watch.keys_last, watch.once), (expected, false), "{more}");
        }
    }

    #[test]
    fn what_is_not_understood_stops() {
        for line in [
            "",
            "down",
            "up",
            "up now",
            "rotate --state /s --vault http://localhost",
            "rotate clients --state /s --vault http://localhost",
            "rotate signing now --state /s --vault http://localhost",
            "watch --state /s",
            "watch --state /s --vault http://localhost --keys-last",
            "watch --state /s --vault http://localhost --keys-last 30",
            "watch --state /s --vault http://localhost --keys-last 0d",
            "watch --state /s --vault http://localhost --keys-last -1d",
            "watch --state /s --vault http://localhost --keys-last d",
            "watch --state /s --vault http://localhost --keys-last 30ä",
            "status",
            "provider add --state /s --vault http://localhost",
            "provider add ../x --state /s --vault http://localhost",
            "provider rename campus --state /s --vault http://localhost",
            "provider remove campus --vault http://localhost",
            "status --vault ftp://localhost",
            "status --vault http://operator:word@localhost",
            "status --vault http://localhost --root-token x",
            "sql --state /s --vault http://localhost --apps ../bff",
            "sql --state /s --vault http://localhost --apps bff,",
            "up --state /s --vault http://localhost --apps bff --postgres localhost",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
