//! `GET /account`: who a person is here, where she is signed in, which applications may know her, and what she can do about both.
//!
//! Invariant: it shows the person of the session and nobody else.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::form::FormError;
use crate::pages::AccountPage;
use crate::paths;
use crate::state::App;
use crate::step_up;
use crate::store;

/// The handler.
pub async fn handle(State(app): State<App>, headers: HeaderMap) -> Result<Response, FormError> {
    let session = step_up::signed_in(&app, &headers, paths::ACCOUNT).await?;
    let mut db = app.db.acquire().await?;
    let profile = store::people::profile(&mut db, session.person).await?;
    let profile = profile.ok_or(FormError::SignInFirst(paths::ACCOUNT))?;
    let sessions = store::sessions::of_person(&mut db, session.person, app.clock.now()).await?;
    let applications = store::consents::of_person(&mut db, session.person).await?;
    let linked = store::federation::of_person(&mut db, session.person).await?;
    let page = AccountPage {
        profile: &profile,
        here: session.id,
        links: !(linked.is_empty() && app.federation.providers().is_empty()),
        sessions: &sessions,
        applications: &applications,
    };
    Ok(page.render())
}
