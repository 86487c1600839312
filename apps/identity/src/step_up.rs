//! Who may see the pages of an account: whoever is signed in, and for what matters, whoever has just signed in.
//!
//! Invariant: nothing that changes how somebody signs in is done for a session older than [`RECENT`].

use axum::http::HeaderMap;
use chrono::Duration;

use crate::ops::sign_in::FormError;
use crate::session::{self, Session};
use crate::state::App;

/// What changes how somebody signs in wants a sign-in that is no older than this.
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
    let recent = app.clock.now() - session.created_at <= RECENT;
    recent
        .then_some(session)
        .ok_or(FormError::SignInFirst(page))
}
