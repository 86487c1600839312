//! Whether a password is right: asked at a sign-in, and in the account before what matters.
//!
//! Invariant: whether an account exists does not change the number of hashes computed: one, or none when the try comes
//! too early. Nobody guesses anywhere without the [brakes](throttle).

use secrecy::SecretString;
use service::database;

use crate::audit::{self, Entry, Kind};
use crate::error::Failure;
use crate::origin::Origin;
use crate::person::{EmailAddress, PersonId};
use crate::state::App;
use crate::store;
use crate::throttle::{self, TooEarly, Try};

/// What came of a try.
#[derive(Debug)]
pub enum Verdict {
    /// It is this person's. The try is to be [taken back](Try::succeeded) with what it was for.
    Right(PersonId, Try),
    /// It is not, or there is no such account, or it is closed or has no password.
    Wrong,
    /// It was not looked at.
    TooEarly(TooEarly),
}

/// Whether somebody has this address and this password.
pub async fn verify(
    app: &App,
    email: &str,
    password: SecretString,
    origin: &Origin,
) -> Result<Verdict, Failure> {
    let mut db = database::begin(&app.db).await?;
    let tried = throttle::begin(&mut db, email, origin, app.clock.now()).await?;
    let credentials = match EmailAddress::parse(email) {
        Ok(email) => store::people::credentials(&mut db, &email).await?,
        Err(_) => None,
    };
    let person = credentials.as_ref().map(|credentials| credentials.person);
    let about = |kind| {
        let entry = Entry::of(kind).origin(origin);
        match person {
            Some(person) => entry.person(person),
            None => entry.account(&audit::pseudonym(email)),
        }
    };
    let tried = match tried {
        Ok(tried) => tried,
        Err(too_early) => {
            about(Kind::SignInThrottled).record(app, &mut db).await?;
            db.commit().await?;
            return Ok(Verdict::TooEarly(too_early));
        }
    };
    db.commit().await?;

    let active = credentials.as_ref().is_some_and(|found| found.active);
    let hash = credentials.and_then(|credentials| credentials.password_hash);
    let right = app.passwords.verify(password, hash).await?;
    if let Some(person) = person.filter(|_| right && active) {
        return Ok(Verdict::Right(person, tried));
    }
    let mut db = app.db.acquire().await?;
    about(Kind::SignInRefused).record(app, &mut db).await?;
    Ok(Verdict::Wrong)
}
