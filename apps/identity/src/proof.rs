//! The proof that it is really she, for what can't be undone: her password, or a sign-in at another provider just now, if
//! she has none.
//!
//! Invariant: whoever has a password shows it, however she signed in.

use secrecy::SecretString;

use crate::federation::request::FRESH;
use crate::form::FormError;
use crate::origin::Origin;
use crate::password_check::{Verdict, verify};
use crate::session::Session;
use crate::state::App;
use crate::step_up;
use crate::store;
use crate::throttle::Try;

/// What was shown.
#[derive(Debug)]
pub enum Proof {
    /// Her password; the try is to be taken back with what it was for.
    Password(Try),
    /// A sign-in just now: she has no password.
    SignIn,
}

impl Proof {
    /// Takes the try back, with what it was for.
    pub async fn accepted(self, db: &mut sqlx::PgConnection) -> sqlx::Result<()> {
        match self {
            Self::Password(tried) => tried.succeeded(db).await,
            Self::SignIn => Ok(()),
        }
    }
}

/// Whether the person of a session has a password to show. One who has none is sent to sign in again, and comes back to
/// `page`, unless she has just done that.
pub async fn takes_password(
    app: &App,
    session: &Session,
    page: &'static str,
) -> Result<bool, FormError> {
    let mut db = app.db.acquire().await?;
    if store::people::has_password(&mut db, session.person).await? {
        return Ok(true);
    }
    drop(db);
    let at = step_up::proved_at(app, session).await?;
    if at.is_some_and(|at| app.clock.now() - at <= FRESH) {
        Ok(false)
    } else {
        Err(FormError::SignInFirst(page))
    }
}

/// The proof for what this page does, by the password that was typed there, if one was asked for; none, if it is not
/// hers.
pub async fn of(
    app: &App,
    session: &Session,
    email: &str,
    typed: SecretString,
    origin: &Origin,
    page: &'static str,
) -> Result<Option<Proof>, FormError> {
    if !takes_password(app, session, page).await? {
        return Ok(Some(Proof::SignIn));
    }
    match verify(app, email, typed, origin).await? {
        Verdict::Right(_, tried) => Ok(Some(Proof::Password(tried))),
        Verdict::Wrong => Ok(None),
        Verdict::TooEarly(too_early) => Err(FormError::TooEarly(too_early)),
    }
}
