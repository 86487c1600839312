//! `GET` and `POST /change-email`: where the link in a mail makes its address that of the account that wants it.
//!
//! Invariant: looking at the page does nothing. The button changes and confirms the address at once or does nothing;
//! afterwards no link that was mailed before is good, and the address before is told.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use service::database;

use crate::audit::{Entry, Kind};
use crate::error::Failure;
use crate::events::{self, Change};
use crate::form::{self, FormError};
use crate::mail::{self, Notice, Purpose};
use crate::opaque;
use crate::origin::Origin;
use crate::pages;
use crate::person::EmailAddress;
use crate::state::App;
use crate::store;

/// Shows the page with the button.
pub async fn show(RawQuery(query): RawQuery) -> Result<Response, FormError> {
    let params = form::query(query.as_deref())?;
    let token = params.one("token")?.unwrap_or_default();
    Ok(pages::mailed::change(token))
}

/// Takes the button.
pub async fn submit(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    let params = form::read(&app, &headers, &body)?;
    let token = params.one("token")?.unwrap_or_default();
    if change(&app, token, &Origin::of(&headers)).await? {
        Ok(pages::mailed::changed())
    } else {
        Ok(pages::mailed::stale(Purpose::ChangeAddress))
    }
}

/// Gives the account the address that the token was sent to; whether the token was good and the address free.
async fn change(app: &App, token: &str, origin: &Origin) -> Result<bool, Failure> {
    let (now, hash) = (app.clock.now(), opaque::hash(token));
    let mut db = database::begin(&app.db).await?;
    let Some(wish) = store::links::wish(&mut db, &hash, now).await? else {
        return Ok(false);
    };
    let person = wish.person;
    store::accounts::lock(&mut db, person).await?;
    if store::links::wish(&mut db, &hash, now).await?.as_ref() != Some(&wish) {
        return Ok(false);
    }
    let Some(profile) = store::people::profile(&mut db, person).await? else {
        return Ok(false);
    };
    let parsed = [&profile.email, &wish.address].map(|text| EmailAddress::parse(text));
    let [Ok(before), Ok(address)] = parsed else {
        return Ok(false);
    };
    if !store::people::set_address(&mut db, person, &address, now).await? {
        return Ok(false);
    }
    store::links::delete_all(&mut db, person).await?;
    events::changed(app, &mut db, person, Change::Updated).await?;
    store::mails::queue(
        &mut db,
        app.ids.next(),
        mail::Kind::Notice(Notice::AddressChanged),
        &before,
        now,
    )
    .await?;
    Entry::of(Kind::AddressChanged)
        .person(person)
        .origin(origin)
        .record(app, &mut db)
        .await?;
    db.commit().await?;
    app.outbox.wake();
    tracing::info!(user.id = %person, "changed her address");
    Ok(true)
}
