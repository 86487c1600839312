//! `POST /v1/clients/{id}/secret`: gives a confidential client a new secret; `DELETE /v1/clients/{id}/secret/previous`:
//! ends the one before.
//!
//! Invariant: a secret is told once, when it is made. At most two are good, so that a client can change to the new one
//! without a pause.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use service::auth::Principal;
use service::database;
use service::extract::Path;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::audit::{Entry, Kind};
use crate::client::ForeignClient;
use crate::opaque::{Hash, Opaque};
use crate::operator::{Operator, OperatorError};
use crate::ops::register_client::answer;
use crate::person::PersonId;
use crate::state::App;
use crate::store;

/// Answers 200 with the client and its new secret; 404, or 409 for a public one.
pub async fn renew(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
) -> Result<Response, OperatorError> {
    let new = Opaque::new(&app.ids)?;
    let mut db = database::begin(&app.db).await?;
    let (operator, _, present) = lock(&app, &mut db, &principal, id).await?;
    store::clients::set_secrets(&mut db, id, &new.hash(), Some(&present)).await?;
    let client = store::clients::get(&mut db, id).await?;
    let client = client.ok_or(OperatorError::NoClient)?;
    record(&app, &mut db, Kind::ClientSecretRenewed, operator, &client).await?;
    db.commit().await?;
    Ok(answer(StatusCode::OK, &client, Some(&new)))
}

/// Answers 204, also when there was none; 404, or 409 for a public one.
pub async fn drop_previous(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
) -> Result<Response, OperatorError> {
    let mut db = database::begin(&app.db).await?;
    let (operator, client, present) = lock(&app, &mut db, &principal, id).await?;
    if client.previous_secret.is_some() {
        store::clients::set_secrets(&mut db, id, &present, None).await?;
        record(&app, &mut db, Kind::ClientSecretEnded, operator, &client).await?;
        db.commit().await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The operator, the client, which nobody else changes until the transaction ends, and its present secret.
async fn lock(
    app: &App,
    db: &mut PgConnection,
    principal: &Principal,
    id: Uuid,
) -> Result<(PersonId, ForeignClient, Hash), OperatorError> {
    let Operator(operator) = Operator::of(app, db, principal).await?;
    let client = store::clients::lock(db, id).await?;
    let client = client.ok_or(OperatorError::NoClient)?;
    let present = client.secret.ok_or(OperatorError::NoSecret)?;
    Ok((operator, client, present))
}

async fn record(
    app: &App,
    db: &mut PgConnection,
    kind: Kind,
    operator: PersonId,
    client: &ForeignClient,
) -> Result<(), OperatorError> {
    let entry = Entry::of(kind).actor(operator).client(&client.client_id);
    Ok(entry.record(app, db).await?)
}
