//! Rotates the signing keys by schedule, and renews what sidecars show to sentry, while the café runs.
//!
//! It holds no share and never becomes root: its token may read and write that one secret and sign such tokens, so whoever
//! steals it can pass for a service but reads no other secret. Any number may watch; one of them rotates. What fails is
//! tried again, for ever.

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
    policy::ROTATOR,
    rotate::{self, Look},
    sentry,
    up::UpError,
    vault::{Vault, failed},
};

/// The longest time between two looks: a machine that slept is late by no more.
const LOOK_EVERY: Duration = Duration::from_mins(10);
/// The shortest: what is due in less than a second is looked at after one.
const SHORTEST: Duration = Duration::from_secs(1);
/// After a look that failed.
const RETRY: Duration = Duration::from_secs(10);
/// How often the token is renewed, which dies when nobody does for a month.
const RENEW_EVERY: Duration = Duration::from_hours(12);

/// Watches until it is told to end, or looks once.
pub async fn watch(settings: &arguments::Watch) -> Result<(), UpError> {
    let mut interrupt = Interrupt::listen().map_err(UpError::Signals)?;
    if settings.keys_last.is_none() {
        say("signing keys are never rotated by schedule");
    }
    let mut renewed = None;
    loop {
        let looked = look(settings, &mut renewed).await;
        match &looked {
            Ok(Look::Rotated) => say("signing keys rotated by schedule"),
            Ok(Look::Due(_) | Look::Overtaken) => {}
            Err(error) => say(&format!("signing keys can't be looked at: {error}")),
        }
        let tokens = renew_tokens(settings).await;
        match &tokens {
            Ok(0) => {}
            Ok(made) => say(&format!("tokens for sentry renewed: {made}")),
            Err(error) => say(&format!("tokens for sentry can't be renewed: {error}")),
        }
        if settings.once {
            return looked.and(tokens).map(drop);
        }
        let pause = looked
            .and_then(|look| tokens.map(|_| look))
            .map_or(RETRY, pause);
        tokio::select! {
            () = time::sleep(pause) => {}
            () = interrupt.heard() => return Ok(()),
        }
    }
}

/// Looks after the signing keys and the rotator's own token.
async fn look(settings: &arguments::Watch, renewed: &mut Option<Instant>) -> Result<Look, UpError> {
    let keeper = keeper(settings)?;
    if renewed.is_none_or(|at| at.elapsed() >= RENEW_EVERY) {
        token::renew_self(keeper.client(), None)
            .await
            .map_err(failed("renew the rotator's token"))?;
        *renewed = Some(Instant::now());
    }
    match settings.keys_last {
        Some(last) => rotate::when_due(&keeper, last).await,
        None => Ok(Look::Due(LOOK_EVERY)),
    }
}

/// Renews what sidecars show to sentry, where it is half used up; says how many there were.
async fn renew_tokens(settings: &arguments::Watch) -> Result<usize, UpError> {
    let state = &settings.state;
    let _lock = match files::lock(state) {
        Ok(lock) => lock,
        // Whoever has it renews them too, or is soon done.
        Err(FileError::Busy(_)) => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    let apps = handout::known_to_sentry(state)?;
    Ok(sentry::renew(&keeper(settings)?, state, &apps, rotate::now()).await?)
}

/// The vault as the rotator sees it, with the token as the file has it now: `up` may have made another one.
fn keeper(settings: &arguments::Watch) -> Result<Vault, UpError> {
    let kept = handout::kept_token(&settings.state, ROTATOR)?;
    let kept = kept.ok_or(UpError::NoRotator)?;
    Ok(Vault::at(&settings.vault)?.with_token(&kept)?)
}

fn pause(look: Look) -> Duration {
    match look {
        Look::Due(left) => left.clamp(SHORTEST, LOOK_EVERY),
        Look::Rotated | Look::Overtaken => SHORTEST,
    }
}

/// One line of the log.
fn say(line: &str) {
    // Nobody is left to tell if standard output is closed.
    let _ = writeln!(std::io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_looks_when_the_keys_are_due_and_now_and_then() {
        let seconds = Duration::from_secs;
        for (left, expected) in [(0, 1), (1, 1), (90, 90), (600, 600), (601, 600)] {
            assert_eq!(pause(Look::Due(seconds(left))), seconds(expected));
        }
        assert_eq!(pause(Look::Rotated), seconds(1));
    }
}
