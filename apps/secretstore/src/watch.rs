//! Rotates secrets by schedule while the café runs, goes on with rotations that were interrupted, and renews the tokens of
//! all sidecars: those of the vault, and those that they show to sentry.
//!
//! It holds no share and never becomes root: its token may read and write what is rotated, renew tokens whose accessors it
//! has, and sign for sentry. Any number may watch; of two that take the same step one writes. What fails is tried again, for
//! ever.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use tokio::time;
use vaultrs::token;

use crate::{
    arguments,
    files::{self, FileError},
    handout,
    interrupt::Interrupt,
    rotate::{
        self, Kind,
        signing::{self, Look},
    },
    sentry, tokens,
    up::UpError,
    vault::{Vault, failed},
};

/// The longest time between two looks: a machine that slept is late by no more.
const LOOK_EVERY: Duration = Duration::from_mins(10);
/// The shortest: what is due in less than a second is looked at after one.
const SHORTEST: Duration = Duration::from_secs(1);
/// After a look that failed.
const RETRY: Duration = Duration::from_secs(10);
/// How often tokens are renewed, which die when nobody does for a month.
const RENEW_EVERY: Duration = Duration::from_hours(12);

/// What is done, and when it was done last.
struct Keeper<'a> {
    settings: &'a arguments::Watch,
    rotation: rotate::Settings,
    renewed: Option<Instant>,
    renewed_for_sentry: Option<Instant>,
}

/// Watches until it is told to end, or looks once.
pub async fn watch(settings: &arguments::Watch) -> Result<(), UpError> {
    let mut interrupt = Interrupt::listen().map_err(UpError::Signals)?;
    let mut keeper = Keeper::new(settings);
    loop {
        let looked = keeper.look().await;
        if settings.once {
            return looked.map(drop);
        }
        let pause = looked.unwrap_or(RETRY).clamp(SHORTEST, LOOK_EVERY);
        tokio::select! {
            () = time::sleep(pause) => {}
            () = interrupt.heard() => return Ok(()),
        }
    }
}

impl<'a> Keeper<'a> {
    fn new(settings: &'a arguments::Watch) -> Self {
        if settings.keys_last.is_none() {
            say("signing keys are never rotated by schedule");
        }
        let mut kinds = Vec::new();
        match settings.secrets_last {
            None => say("other secrets are never rotated by schedule"),
            Some(_) => kinds.extend(Kind::ALL),
        }
        if settings.superuser.is_none() {
            kinds.retain(|kind| *kind != Kind::Database);
        }
        Self {
            settings,
            rotation: rotate::Settings {
                kinds,
                settle: settings.settle,
                superuser: settings.superuser.clone(),
            },
            renewed: None,
            renewed_for_sentry: None,
        }
    }

    /// Does what is due, each thing whether or not another fails; says when the next is.
    async fn look(&mut self) -> Result<Duration, UpError> {
        let vault = rotate::keeper(&self.settings.state, &self.settings.vault)
            .inspect_err(|error| say(&format!("nothing can be looked at: {error}")))?;
        let mut all = vec![
            ("tokens", self.renew(&vault).await),
            ("tokens for sentry", self.renew_for_sentry(&vault).await),
        ];
        if let Some(last) = self.settings.keys_last {
            all.push(("signing keys", look_at_signing_keys(&vault, last).await));
        }
        if let Some(last) = self.settings.secrets_last {
            for kind in &self.rotation.kinds {
                let looked = look_at(&vault, *kind, &self.rotation, last).await;
                all.push((kind.word(), looked));
            }
        }
        let mut again = LOOK_EVERY;
        let mut failed = None;
        for (what, looked) in all {
            match looked {
                Ok(next) => again = again.min(next),
                Err(error) => {
                    say(&format!("{what} can't be looked at: {error}"));
                    failed = Some(error);
                }
            }
        }
        failed.map_or(Ok(again), Err)
    }

    /// Renews its own token, and by their accessors those of the apps.
    async fn renew(&mut self, vault: &Vault) -> Result<Duration, UpError> {
        if let Some(left) = left(self.renewed, RENEW_EVERY) {
            return Ok(left);
        }
        token::renew_self(vault.client(), None)
            .await
            .map_err(failed("renew the rotator's token"))?;
        for (app, accessor) in handout::accessors(&self.settings.state)? {
            // One that is gone is no reason to let the others go too; `up` makes another.
            if let Err(error) = tokens::renew(vault, &accessor).await {
                say(&format!("the token of {app}: {error}"));
            }
        }
        self.renewed = Some(Instant::now());
        Ok(RENEW_EVERY)
    }

    /// Renews what sidecars show to sentry, where it is half used up.
    async fn renew_for_sentry(&mut self, vault: &Vault) -> Result<Duration, UpError> {
        if let Some(left) = left(self.renewed_for_sentry, LOOK_EVERY) {
            return Ok(left);
        }
        let state = &self.settings.state;
        let _lock = match files::lock(state) {
            Ok(lock) => lock,
            // `up` renews them too, and a rotation is done long before they are over.
            Err(FileError::Busy(_)) => return Ok(RETRY),
            Err(error) => return Err(error.into()),
        };
        let apps = handout::known_to_sentry(state)?;
        let made = sentry::renew(vault, state, &apps, signing::now()).await?;
        if made > 0 {
            say(&format!("tokens for sentry renewed: {made}"));
        }
        self.renewed_for_sentry = Some(Instant::now());
        Ok(LOOK_EVERY)
    }
}

/// How long something that was done then, and is done that often, may wait; nothing, once it is due.
fn left(done: Option<Instant>, every: Duration) -> Option<Duration> {
    every.checked_sub(done?.elapsed())
}

async fn look_at(
    vault: &Vault,
    kind: Kind,
    settings: &rotate::Settings,
    last: Duration,
) -> Result<Duration, UpError> {
    let looked = rotate::when_due(vault, kind, settings, last).await?;
    if looked.begun > 0 {
        say(&format!("{} rotated by schedule", kind.word()));
    }
    Ok(looked.again)
}

async fn look_at_signing_keys(vault: &Vault, last: Duration) -> Result<Duration, UpError> {
    Ok(match signing::when_due(vault, last).await? {
        Look::Rotated => {
            say("signing keys rotated by schedule");
            SHORTEST
        }
        Look::Due(left) => left,
        Look::Overtaken => SHORTEST,
    })
}

/// One line of the log.
fn say(line: &str) {
    // Nobody is left to tell if standard output is closed.
    let _ = writeln!(std::io::stdout(), "{line}");
}
