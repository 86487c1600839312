//! `GET` and `POST /verify-email`: where the link in a mail confirms an address.
//!
//! Invariant: looking at the page does nothing, because mail scanners look at links; only its button confirms.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use service::database;

use crate::audit::{Entry, Kind};
use crate::error::Failure;
use crate::events::{self, Change};
use crate::form::{self, FormError};
use crate::mail::Purpose;
use crate::opaque;
use crate::origin::Origin;
use crate::pages;
use crate::state::App;
use crate::store;

/// Shows the page with the button.
pub async fn show(RawQuery(query): RawQuery) -> Result<Response, FormError> {
    let params = form::query(query.as_deref())?;
    let token = params.one("token")?.unwrap_or_default();
    Ok(pages::mailed::confirm(token))
}

/// Takes the button.
pub async fn submit(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    let params = form::read(&app, &headers, &body)?;
    let token = params.one("token")?.unwrap_or_default();
    if verify(&app, token, &Origin::of(&headers)).await? {
        Ok(pages::mailed::confirmed())
    } else {
        Ok(pages::mailed::stale(Purpose::ConfirmAddress))
    }
}

/// Confirms the address that the token was sent to; whether the token was good.
async fn verify(app: &App, token: &str, origin: &Origin) -> Result<bool, Failure> {
    let (now, hash) = (app.clock.now(), opaque::hash(token));
    let mut db = database::begin(&app.db).await?;
    let purpose = Purpose::ConfirmAddress;
    let Some(person) = store::links::owner(&mut db, &hash, purpose, now).await? else {
        return Ok(false);
    };
    store::accounts::lock(&mut db, person).await?;
    if store::links::owner(&mut db, &hash, purpose, now).await? != Some(person) {
        return Ok(false);
    }
    store::links::delete(&mut db, person, purpose).await?;
    if store::people::confirm_address(&mut db, person, now).await? {
        events::changed(app, &mut db, person, Change::Updated).await?;
    }
    Entry::of(Kind::AddressConfirmed)
        .person(person)
        .origin(origin)
        .record(app, &mut db)
        .await?;
    db.commit().await?;
    app.outbox.wake();
    tracing::info!(user.id = %person, "confirmed her address");
    Ok(true)
}
