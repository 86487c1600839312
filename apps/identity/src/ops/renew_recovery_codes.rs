//! `POST /account/security/recovery-codes`: new recovery codes in place of all old ones.
//!
//! Invariant: they are shown once, to who has just typed a code.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use service::database;

use crate::audit::{Entry, Kind};
use crate::error::Failure;
use crate::form::{self, FormError};
use crate::ops::security;
use crate::origin::Origin;
use crate::pages::RecoveryCodesPage;
use crate::paths;
use crate::second_factor::{self, Proof};
use crate::session::Session;
use crate::state::App;
use crate::step_up;
use crate::store;

/// The handler.
pub async fn handle(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    let params = form::read(&app, &headers, &body)?;
    let session = step_up::recently(&app, &headers, paths::ACCOUNT_SECURITY).await?;

    let typed = params.one("code")?.unwrap_or_default();
    match renew(&app, &session, typed, &Origin::of(&headers)).await? {
        Ok(codes) => Ok(RecoveryCodesPage {
            codes: &codes,
            onward: paths::ACCOUNT_SECURITY,
        }
        .render(None)),
        Err(proof) => Ok(security::page(&app, session.person, Some(proof)).await?),
    }
}

/// Draws new recovery codes, if the code is right.
async fn renew(
    app: &App,
    session: &Session,
    typed: &str,
    origin: &Origin,
) -> Result<Result<Vec<String>, Proof>, Failure> {
    let person = session.person;
    let mut db = database::begin(&app.db).await?;
    if !store::second_factors::guards(&mut db, person).await? {
        return Ok(Err(Proof::Wrong));
    }
    let proof = second_factor::prove(app, &mut db, person, typed, origin).await?;
    if proof != Proof::Right {
        db.commit().await?;
        return Ok(Err(proof));
    }
    let (codes, hashes) = second_factor::recovery_codes(&app.ids)?;
    store::second_factors::set_recovery_codes(&mut db, person, &hashes).await?;
    Entry::of(Kind::RecoveryCodesRenewed)
        .person(person)
        .session(session.id)
        .origin(origin)
        .record(app, &mut db)
        .await?;
    db.commit().await?;
    tracing::info!(user.id = %person, "drew new recovery codes");
    Ok(Ok(codes))
}
