//! Rotation of the secrets that change while the café runs, a kind at a time.
//!
//! Invariant: whoever checks a secret knows the new value before anybody shows it, and the old one for as long as somebody
//! may. A step is one write that names the version it follows, or one that may be repeated, and what there is says which
//! step is next: so wherever a rotation is interrupted, the next run goes on from there.

pub mod database;
mod own;
mod shared;
pub mod signing;
mod state;
mod subject;
pub mod tokens;

use std::{fmt, path::Path, time::Duration};

use thiserror::Error;
use tokio::time::{self, Instant};
use url::Url;

use crate::{
    files, handout,
    interrupt::Interrupt,
    policy::ROTATOR,
    random::RandomError,
    secrets::WITH_DATABASE,
    superuser::{Superuser, SuperuserError},
    up::UpError,
    vault::{Vault, VaultError},
};

use subject::{Standing, Step, Subject};

/// How long until every process has read what was written, unless it is said otherwise: each looks every ten seconds, and
/// may miss a look.
pub const SETTLE: Duration = Duration::from_secs(30);
/// How long a run waits for the last user of what it replaces.
const PATIENCE: Duration = Duration::from_mins(5);
/// How often it looks whether that user is gone.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Secrets that can't be rotated.
#[derive(Debug, Error)]
pub enum RotateError {
    /// `up` has not run, or not since this can be rotated.
    #[error("there is nothing to rotate yet: run secretstore up first")]
    NotReady,
    /// What the old ones signed or sealed may still be shown.
    #[error("{what} just been rotated: wait {} s more", left.as_secs())]
    TooSoon {
        /// The secret, and its verb.
        what: &'static str,
        /// How long it has to stay.
        left: Duration,
    },
    /// Somebody has not taken up the new one.
    #[error("{0} is still in use and was not locked; the next run goes on")]
    InUse(String),
    /// The user called it off.
    #[error("interrupted; the next run goes on")]
    Interrupted,
    /// It has new tokens, and does not run with them.
    #[error("{0} could not be restarted with its new tokens; run it again")]
    NotRestarted(String),
    /// A kind that needs PostgreSQL's superuser, and no way to become that.
    #[error("--sql is missing (see --help)")]
    NoSuperuser,
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// PostgreSQL.
    #[error(transparent)]
    Superuser(#[from] SuperuserError),
    /// The vault's part of it.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// What is rotated together. The signing keys have rules of their own (`signing.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The key that seals the BFF's sessions and cookies.
    Session,
    /// The key by which catalog signs quotes.
    Quotes,
    /// The secrets by which services prove to identity who they are.
    Clients,
    /// The key by which the card provider signs its webhooks.
    Webhook,
    /// The passwords of the databases.
    Database,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Session,
        Self::Quotes,
        Self::Clients,
        Self::Webhook,
        Self::Database,
    ];

    /// The word for it on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Quotes => "quotes",
            Self::Clients => "clients",
            Self::Webhook => "webhook",
            Self::Database => "database",
        }
    }

    /// Its secrets; without a superuser there are none in PostgreSQL.
    fn subjects(self, superuser: Option<&Superuser>) -> Vec<Subject<'_>> {
        match self {
            Self::Session => vec![Subject::Own(&own::SESSION)],
            Self::Quotes => vec![Subject::Own(&own::QUOTES)],
            Self::Clients => shared::CLIENTS.iter().map(Subject::Shared).collect(),
            Self::Webhook => vec![Subject::Shared(&shared::WEBHOOK)],
            Self::Database => superuser.map_or_else(Vec::new, |superuser| {
                let apps = WITH_DATABASE.iter();
                apps.map(|app| Subject::Database(app, superuser)).collect()
            }),
        }
    }
}

/// The paths that rotations read and write.
pub fn paths() -> Vec<String> {
    let shared = shared::CLIENTS.iter().chain([&shared::WEBHOOK]);
    let mut paths: Vec<String> = shared
        .flat_map(shared::Shared::paths)
        .chain([signing::PATH, own::SESSION.path, own::QUOTES.path])
        .map(str::to_owned)
        .chain(WITH_DATABASE.iter().filter_map(|app| database::path(app)))
        .collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

/// What `rotate` is told.
#[derive(Debug)]
pub struct Settings {
    /// What to rotate.
    pub kinds: Vec<Kind>,
    /// How long until everybody has read what was written.
    pub settle: Duration,
    /// Who runs SQL as PostgreSQL's superuser.
    pub superuser: Option<Superuser>,
}

/// What a rotation did: a line for each kind.
#[derive(Debug)]
pub struct Report(Vec<Rotated>);

#[derive(Debug)]
struct Rotated {
    kind: Kind,
    resumed: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, Rotated { kind, resumed }) in self.0.iter().enumerate() {
            f.write_str(if place == 0 { "" } else { "\n" })?;
            f.write_str(match kind {
                Kind::Session => "session key rotated; the one before still opens",
                Kind::Quotes => "key of quotes rotated; what the one before signed is still good",
                Kind::Clients => "client secrets rotated; those before are refused within seconds",
                Kind::Webhook => "webhook key rotated; the one before is refused within seconds",
                Kind::Database => "database passwords rotated; the logins before are locked",
            })?;
            if *resumed > 0 {
                write!(f, "; of them begun by an earlier run: {resumed}")?;
            }
        }
        Ok(())
    }
}

/// Rotates kinds of secrets of a running installation with the rotator's token; returns when the old values are of no use any more.
///
/// What an earlier run left on its way is brought to its end, and not rotated once more.
pub async fn run(state: &Path, address: &Url, settings: &Settings) -> Result<Report, UpError> {
    let _lock = files::lock(state)?;
    let mut interrupt = Interrupt::listen().map_err(UpError::Signals)?;
    let keeper = keeper(state, address)?;
    tokio::select! {
        report = through(&keeper, settings) => Ok(report?),
        () = interrupt.heard() => Err(RotateError::Interrupted.into()),
    }
}

/// The vault with the rotator's token as the file has it now: `up` may have made another one.
pub fn keeper(state: &Path, address: &Url) -> Result<Vault, UpError> {
    let kept = handout::kept_token(state, ROTATOR)?;
    Ok(Vault::at(address)?.with_token(&kept.ok_or(UpError::NoRotator)?)?)
}

async fn through(keeper: &Vault, settings: &Settings) -> Result<Report, RotateError> {
    let Settings {
        kinds,
        settle,
        superuser,
    } = settings;
    if kinds.contains(&Kind::Database) && superuser.is_none() {
        return Err(RotateError::NoSuperuser);
    }
    let (mut all, mut rotated) = (Vec::new(), Vec::new());
    // In this order: the keys that may refuse are first, before anything is begun that takes several steps.
    for kind in Kind::ALL.into_iter().filter(|kind| kinds.contains(kind)) {
        let subjects = kind.subjects(superuser.as_ref());
        let resumed = begin(keeper, &subjects, *settle).await?;
        rotated.push(Rotated { kind, resumed });
        all.extend(subjects);
    }
    finish(keeper, &all, *settle).await?;
    Ok(Report(rotated))
}

/// Begins what is not under way; says how many were.
async fn begin(
    keeper: &Vault,
    subjects: &[Subject<'_>],
    settle: Duration,
) -> Result<usize, RotateError> {
    let (mut begun, mut resumed) = (0, 0);
    for subject in subjects {
        match subject.standing(keeper).await? {
            Standing::Absent => {}
            Standing::UnderWay => resumed += 1,
            Standing::Settled(_) => {
                begun += 1;
                while let Step::Wait(left) = subject.begin(keeper, settle).await? {
                    time::sleep(left).await;
                }
            }
        }
    }
    if begun + resumed == 0 {
        return Err(RotateError::NotReady);
    }
    Ok(resumed)
}

/// Takes every step that is left, side by side.
async fn finish(
    keeper: &Vault,
    subjects: &[Subject<'_>],
    settle: Duration,
) -> Result<(), RotateError> {
    let end = Instant::now() + PATIENCE + settle * 2;
    loop {
        let mut pause: Option<Duration> = None;
        let mut sooner = |left: Duration| pause = Some(pause.map_or(left, |pause| pause.min(left)));
        for subject in subjects {
            match subject.steps(keeper, settle).await? {
                Step::Taken | Step::Done => {}
                Step::Wait(left) => sooner(left),
                Step::InUse(what) if Instant::now() >= end => return Err(RotateError::InUse(what)),
                Step::InUse(_) => sooner(LOOK_EVERY),
            }
        }
        match pause {
            Some(pause) => time::sleep(pause).await,
            None => return Ok(()),
        }
    }
}

/// What came of a look at a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// How many rotations were begun.
    pub begun: usize,
    /// When to look again at the latest.
    pub again: Duration,
}

/// Begins what has been as it is for as long as `last`, and takes the steps that are due of what is under way.
///
/// Any number may look at once: of two that take the same step one writes.
pub async fn when_due(
    keeper: &Vault,
    kind: Kind,
    settings: &Settings,
    last: Duration,
) -> Result<Looked, RotateError> {
    let settle = settings.settle;
    let mut looked = Looked {
        begun: 0,
        again: last,
    };
    for subject in kind.subjects(settings.superuser.as_ref()) {
        let standing = subject.standing(keeper).await?;
        let again = match standing {
            Standing::Absent => continue,
            Standing::Settled(age) if age < last => last.saturating_sub(age),
            Standing::Settled(_) => match subject.begin(keeper, settle).await {
                Ok(Step::Wait(left)) | Err(RotateError::TooSoon { left, .. }) => left,
                begun => {
                    begun?;
                    looked.begun += 1;
                    next(&subject.steps(keeper, settle).await?)
                }
            },
            Standing::UnderWay => next(&subject.steps(keeper, settle).await?),
        };
        looked.again = looked.again.min(again);
    }
    for subject in kind.subjects(settings.superuser.as_ref()) {
        if let Subject::Own(own) = subject {
            own.forget_previous(keeper).await?;
        }
    }
    Ok(looked)
}

/// Drops the previous keys with which nothing was made that can come back; says how many.
pub async fn forget_previous(vault: &Vault) -> Result<usize, VaultError> {
    let mut forgotten = 0;
    for own in [&own::SESSION, &own::QUOTES] {
        forgotten += usize::from(own.forget_previous(vault).await?);
    }
    Ok(forgotten)
}

fn next(step: &Step) -> Duration {
    match step {
        Step::Wait(left) => *left,
        Step::Taken | Step::InUse(_) => LOOK_EVERY,
        // How long it lasts is for the next look to say.
        Step::Done => Duration::ZERO,
    }
}
