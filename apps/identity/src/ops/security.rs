//! `GET /account/security`: whether a second factor guards the account, and what can be done about it.
//!
//! Invariant: no secret and no code is on this page.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::error::Failure;
use crate::form::FormError;
use crate::pages::SecurityPage;
use crate::paths;
use crate::person::PersonId;
use crate::second_factor::Proof;
use crate::state::App;
use crate::step_up;
use crate::store;

/// The handler.
pub async fn handle(State(app): State<App>, headers: HeaderMap) -> Result<Response, FormError> {
    let session = step_up::recently(&app, &headers, paths::ACCOUNT_SECURITY).await?;
    Ok(page(&app, session.person, None).await?)
}

/// The page, after a code that was typed here.
pub async fn page(app: &App, person: PersonId, proof: Option<Proof>) -> Result<Response, Failure> {
    let mut db = app.db.acquire().await?;
    let guarded = store::second_factors::guards(&mut db, person).await?;
    let recovery_codes = store::second_factors::recovery_codes(&mut db, person).await?;
    let profile = store::people::profile(&mut db, person).await?;
    let roles = profile.map(|profile| profile.roles).unwrap_or_default();
    let page = SecurityPage {
        guarded,
        recovery_codes,
        demanded: app.second_factor.demands(&roles),
        proof,
    };
    Ok(page.render())
}
