//! `PUT /v1/clients/{id}`: says anew what a client of another company is; `DELETE /v1/clients/{id}`: removes it.
//!
//! Invariant: an edit says which version it is of (`If-Match`), and what a client loses by it or by its removal it can use
//! no more: no code, no refresh, no introspection, no userinfo.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use service::auth::Principal;
use service::database;
use service::etag;
use service::extract::{Json, Path};
use uuid::Uuid;

use crate::audit::{Entry, Kind};
use crate::operator::{Operator, OperatorError};
use crate::ops::client;
use crate::ops::register_client::{Said, unfit, words};
use crate::standing;
use crate::state::App;
use crate::store;

/// Answers 200 with the client after it; 404, 412 stale, 428 without a version.
pub async fn handle(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Json(said): Json<Said>,
) -> Result<Response, OperatorError> {
    let expected = etag::expected_version(&headers)?;
    let registration = said.read(app.issuer())?;
    let mut db = database::begin(&app.db).await?;
    let Operator(operator) = Operator::of(&app, &mut db, &principal).await?;
    let before = store::clients::lock(&mut db, id).await?;
    let before = before.ok_or(OperatorError::NoClient)?;
    if before.version != expected {
        return Err(etag::stale().into());
    }
    if before.registration.kind != registration.kind {
        return Err(unfit("/kind", "a client stays of its kind").into());
    }
    store::clients::update(&mut db, id, &registration).await?;
    let after = store::clients::get(&mut db, id).await?;
    let after = after.ok_or(OperatorError::NoClient)?;
    Entry::of(Kind::ClientChanged)
        .actor(operator)
        .client(&after.client_id)
        .detail(words(&registration))
        .record(&app, &mut db)
        .await?;
    db.commit().await?;
    tracing::info!(client = after.client_id, operator.id = %operator, "a client was changed");
    Ok(client::answer(&after))
}

/// Answers 204, or 404.
pub async fn delete(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
) -> Result<Response, OperatorError> {
    let mut db = database::begin(&app.db).await?;
    let Operator(operator) = Operator::of(&app, &mut db, &principal).await?;
    // First: whoever is granting it something at this moment is waited for, and what was granted ends with the rest.
    if !store::clients::delete(&mut db, id).await? {
        return Err(OperatorError::NoClient);
    }
    let (client, now) = (id.to_string(), app.clock.now());
    let grants = store::grants::revoke_of_client(&mut db, &client, now).await?;
    Entry::of(Kind::ClientRemoved)
        .actor(operator)
        .client(&client)
        .record(&app, &mut db)
        .await?;
    db.commit().await?;
    standing::forget(&app, &grants).await;
    tracing::info!(client, operator.id = %operator, grants = grants.len(), "a client was removed");
    Ok(StatusCode::NO_CONTENT.into_response())
}
