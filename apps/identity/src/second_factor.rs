//! The second factor: who needs one, whether a code proves it, and the codes for the day that a phone is lost.
//!
//! Invariant: every code is good once, and after a few wrong ones none is looked at for a while, whoever types it. Each
//! one that is refused is on record.

use chrono::{DateTime, Duration, Utc};
use data_encoding::BASE32_NOPAD;
use service::ids::{Ids, NoRandomness};
use sqlx::PgConnection;

use crate::audit::{Entry, Kind};
use crate::error::Failure;
use crate::opaque::{self, Hash};
use crate::origin::Origin;
use crate::person::PersonId;
use crate::role::Role;
use crate::state::App;
use crate::store;
use crate::totp::Secret;

/// Whether staff need one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Whoever works here has one before she gets anywhere.
    RequiredForStaff,
    /// Everybody may have one.
    Optional,
}

/// What follows a right password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// She is signed in.
    Session,
    /// She types a code.
    Code,
    /// She sets up her second factor.
    SetUp,
}

/// What a typed code is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// It was the right one, and is used up.
    Right,
    /// It was not.
    Wrong,
    /// It was not looked at: there were too many wrong ones.
    Barred,
}

/// How many recovery codes a person has at first.
pub const RECOVERY_CODES: usize = 10;
/// So many wrong codes in a row are forgiven; each further one doubles the pause.
const FORGIVEN: i32 = 4;
const PAUSE: Duration = Duration::seconds(30);
const LONGEST_PAUSE: Duration = Duration::hours(1);

impl Policy {
    /// What follows the right password of a person with these roles, whose account is guarded or not.
    #[must_use]
    pub fn next(self, guarded: bool, roles: &[Role]) -> Next {
        if guarded {
            Next::Code
        } else if self.demands(roles) {
            Next::SetUp
        } else {
            Next::Session
        }
    }

    /// Whether a person with these roles must have one.
    #[must_use]
    pub fn demands(self, roles: &[Role]) -> bool {
        self == Self::RequiredForStaff && roles.iter().any(|role| role.is_staff())
    }
}

/// Judges a code of her app, or a recovery code, and writes down what came of it: the caller commits in any case, and
/// writes nothing more before that unless the code was right.
pub async fn prove(
    app: &App,
    db: &mut PgConnection,
    person: PersonId,
    typed: &str,
    origin: &Origin,
) -> Result<Proof, Failure> {
    let refused = Entry::of(Kind::SecondFactorRefused)
        .person(person)
        .origin(origin);
    let now = app.clock.now();
    let Some(factor) = store::second_factors::lock(db, person).await? else {
        return Ok(Proof::Wrong);
    };
    if factor.barred_until.is_some_and(|until| now < until) {
        refused.detail("barred").record(app, db).await?;
        return Ok(Proof::Barred);
    }
    let secret = Secret::from_bytes(app.sealer.open(person, &factor.secret)?);
    let typed = normalised(typed);
    let step = match secret.accept(&typed, now, factor.last_step) {
        Some(step) => Some(step),
        None => store::second_factors::use_recovery_code(db, person, &opaque::hash(&typed))
            .await?
            .then_some(factor.last_step),
    };
    if let Some(step) = step {
        store::second_factors::taken(db, person, step).await?;
        return Ok(Proof::Right);
    }
    let barred_until = pause_after(factor.failures + 1).map(|pause| now + pause);
    store::second_factors::failed(db, person, barred_until).await?;
    refused.record(app, db).await?;
    tracing::warn!(user.id = %person, failures = factor.failures + 1, "a wrong second factor");
    Ok(Proof::Wrong)
}

/// How long no code is looked at after so many wrong ones in a row.
fn pause_after(failures: i32) -> Option<Duration> {
    let doublings = u32::try_from(failures - FORGIVEN - 1).ok()?;
    let pause = 2_i32
        .checked_pow(doublings)
        .and_then(|times| PAUSE.checked_mul(times));
    Some(pause.map_or(LONGEST_PAUSE, |pause| pause.min(LONGEST_PAUSE)))
}

/// Codes as people type them: groups, spaces and case mean nothing.
fn normalised(typed: &str) -> String {
    typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .flat_map(char::to_lowercase)
        .collect()
}

/// New recovery codes: what to show once, and what to keep. With 120 random bits each, a plain hash is enough.
pub fn recovery_codes(ids: &Ids) -> Result<(Vec<String>, Vec<Hash>), NoRandomness> {
    let mut shown = Vec::with_capacity(RECOVERY_CODES);
    let mut kept = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let code = BASE32_NOPAD.encode(&ids.random::<15>()?).to_lowercase();
        kept.push(opaque::hash(&code));
        let groups: Vec<&str> = (0..code.len())
            .step_by(4)
            .map(|at| &code[at..at + 4])
            .collect();
        shown.push(groups.join("-"));
    }
    Ok((shown, kept))
}

/// Until when a sign-in may wait for its second factor.
#[must_use]
pub fn waits_until(now: DateTime<Utc>) -> DateTime<Utc> {
    now + Duration::minutes(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use service::clock::Clock;

    #[test]
    fn staff_need_one_and_whoever_has_one_uses_it() {
        for role in [Role::Barista, Role::Manager, Role::Admin] {
            let roles = [Role::Customer, role];
            assert_eq!(Policy::RequiredForStaff.next(false, &roles), Next::SetUp);
            assert_eq!(Policy::RequiredForStaff.next(true, &roles), Next::Code);
            assert_eq!(Policy::Optional.next(false, &roles), Next::Session);
            assert_eq!(Policy::Optional.next(true, &roles), Next::Code);
        }
        let customer = [Role::Customer];
        assert_eq!(
            Policy::RequiredForStaff.next(false, &customer),
            Next::Session
        );
        assert_eq!(Policy::RequiredForStaff.next(true, &customer), Next::Code);
    }

    #[test]
    fn each_further_failure_doubles_the_pause() {
        let seconds = |failures| pause_after(failures).map(|pause| pause.num_seconds());
        assert_eq!(seconds(1), None);
        assert_eq!(seconds(4), None);
        assert_eq!(seconds(5), Some(30));
        assert_eq!(seconds(6), Some(60));
        assert_eq!(seconds(12), Some(3600));
        assert_eq!(seconds(i32::MAX), Some(3600));
    }

    #[test]
    fn a_recovery_code_is_found_as_it_is_typed() {
        let (shown, kept) = recovery_codes(&Ids::new(Clock::system())).expect("randomness");
        assert_eq!((shown.len(), kept.len()), (10, 10));
        assert_eq!(shown[0].len(), 29, "{}", shown[0]);
        let typed = shown[0].to_uppercase().replace('-', " ");
        assert_eq!(opaque::hash(&normalised(&typed)), kept[0]);
        assert_ne!(kept[0], kept[1]);
    }
}
