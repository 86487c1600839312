//! `POST /account/sessions/end`: signs a person out in one other place, or in all others.
//!
//! Invariant: only her own sessions end; whether another one exists is not told.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use service::database;
use uuid::Uuid;

use crate::error::Failure;
use crate::events::Reason;
use crate::form::{self, FormError, see_other};
use crate::paths;
use crate::person::PersonId;
use crate::session;
use crate::state::App;
use crate::step_up;
use crate::store;

/// The handler: `session` names one, and without it all but this one end.
pub async fn handle(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    let params = form::read(&app, &headers, &body)?;
    let here = step_up::signed_in(&app, &headers, paths::ACCOUNT).await?;

    match params.one("session")? {
        None => end(&app, here.person, |id| id != here.id).await?,
        // What is no id is nobody's session.
        Some(text) => {
            if let Ok(only) = Uuid::try_parse(text) {
                end(&app, here.person, |id| id == only).await?;
            }
        }
    }
    Ok(see_other(paths::ACCOUNT, None))
}

/// Ends sessions of a person, with their grants.
async fn end(app: &App, person: PersonId, picked: impl Fn(Uuid) -> bool) -> Result<(), Failure> {
    let reason = Reason::SignedOutElsewhere;
    let mut db = database::begin(&app.db).await?;
    store::accounts::lock(&mut db, person).await?;
    let ended = session::end_of(app, &mut db, person, picked, reason).await?;
    session::record_end(app, &mut db, &ended, reason).await?;
    db.commit().await?;
    tracing::info!(user.id = %person, sessions = ended.len(), "ended sessions elsewhere");
    session::after_end(app, ended).await;
    Ok(())
}
