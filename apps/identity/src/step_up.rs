//! Who may see the pages of an account: whoever is signed in, and for what matters, whoever has just proved that it is
//! she.
//!
//! Invariant: nothing that changes how somebody signs in is done for a proof older than [`RECENT`]. Where another
//! provider signed her in, what counts is when she signed in there; one that does not say proves nothing for this.

use axum::http::HeaderMap;
use chrono::{DateTime, Duration, Utc};

use crate::error::Failure;
use crate::form::FormError;
use crate::session::{self, Session};
use crate::state::App;
use crate::store::{self, federation::Beginning};

/// What changes how somebody signs in wants a proof that is no older than this.
pub const RECENT: Duration = Duration::minutes(15);

/// The session of somebody who asks for a page of her account; without one, she signs in and comes back to it.
pub async fn signed_in(
    app: &App,
    headers: &HeaderMap,
    page: &'static str,
) -> Result<Session, FormError> {
    let session = session::current(app, headers).await?;
    session.ok_or(FormError::SignInFirst(page))
}

/// The same for what wants a recent sign-in.
pub async fn recently(
    app: &App,
    headers: &HeaderMap,
    page: &'static str,
) -> Result<Session, FormError> {
    let session = signed_in(app, headers, page).await?;
    let proved_at = proved_at(app, &session).await?;
    let recent = proved_at.is_some_and(|at| app.clock.now() - at <= RECENT);
    recent
        .then_some(session)
        .ok_or(FormError::SignInFirst(page))
}

/// When the person of a session proved last that it is she, as far as anybody says so.
pub async fn proved_at(app: &App, session: &Session) -> Result<Option<DateTime<Utc>>, Failure> {
    let mut db = app.db.acquire().await?;
    Ok(
        match store::federation::beginning(&mut db, session.id).await? {
            Beginning::Here => Some(session.created_at),
            Beginning::ThereAt(at) => at,
        },
    )
}
