//! `POST /account/applications/withdraw`: what a person has allowed an application ends at once.
//!
//! Invariant: only what she allowed herself ends; whether a client is registered is not told.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use service::database;
use uuid::Uuid;

use crate::audit::{Entry, Kind};
use crate::error::Failure;
use crate::form::{self, FormError, see_other};
use crate::origin::Origin;
use crate::paths;
use crate::session::Session;
use crate::standing;
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
    let session = step_up::signed_in(&app, &headers, paths::ACCOUNT).await?;

    // What is no id is nobody's client.
    if let Ok(client) = Uuid::try_parse(params.one("application")?.unwrap_or_default()) {
        withdraw(&app, &session, client, &Origin::of(&headers)).await?;
    }
    Ok(see_other(paths::ACCOUNT, None))
}

async fn withdraw(
    app: &App,
    session: &Session,
    client: Uuid,
    origin: &Origin,
) -> Result<(), Failure> {
    let (person, name) = (session.person, client.to_string());
    let mut db = database::begin(&app.db).await?;
    // First: whoever is being granted something at this moment is waited for, and ended with the rest.
    if !store::consents::withdraw(&mut db, person, client).await? {
        return Ok(());
    }
    let now = app.clock.now();
    let grants = store::grants::revoke_of_person(&mut db, person, &name, now).await?;
    Entry::of(Kind::ConsentWithdrawn)
        .person(person)
        .session(session.id)
        .client(&name)
        .origin(origin)
        .record(app, &mut db)
        .await?;
    db.commit().await?;
    standing::forget(app, &grants).await;
    tracing::info!(user.id = %person, client = name, "took back what an application might");
    Ok(())
}
