//! `POST /v1/users/{id}/deactivate` and `/reactivate`: closes an account, or opens it again.
//!
//! Invariant: an account that is closed has no session in force and gets none; no operator closes her own.

use axum::extract::State;
use axum::response::Response;
use service::auth::Principal;
use service::database;
use service::extract::Path;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::audit::{Entry, Kind};
use crate::events::{self, Change, Reason};
use crate::operator::{Operator, OperatorError};
use crate::ops::user;
use crate::person::PersonId;
use crate::session;
use crate::state::App;
use crate::store::{self, accounts::Account};

/// Answers 200 with the account, also when it was closed before; 404, or 409 for her own.
pub async fn deactivate(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
) -> Result<Response, OperatorError> {
    let person = PersonId(id);
    let mut db = database::begin(&app.db).await?;
    let (operator, account) = lock(&app, &mut db, &principal, person).await?;
    if person == operator {
        return Err(OperatorError::OwnAccount);
    }
    if !account.active {
        return Ok(user::answer(account));
    }
    let now = app.clock.now();
    store::accounts::set_deactivated(&mut db, person, Some(now)).await?;
    let reason = Reason::Deactivated;
    let ended = session::end_of(&app, &mut db, person, |_| true, reason).await?;
    let account = changed(&app, &mut db, person).await?;
    session::record_end(&app, &mut db, &ended, reason).await?;
    record(&app, &mut db, Kind::Deactivated, person, operator).await?;
    db.commit().await?;
    session::after_end(&app, ended).await;
    tracing::info!(user.id = %person, operator.id = %operator, "an account was closed");
    Ok(user::answer(account))
}

/// Answers 200 with the account, also when it was open before; 404.
pub async fn reactivate(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
) -> Result<Response, OperatorError> {
    let person = PersonId(id);
    let mut db = database::begin(&app.db).await?;
    let (operator, account) = lock(&app, &mut db, &principal, person).await?;
    if account.active {
        return Ok(user::answer(account));
    }
    store::accounts::set_deactivated(&mut db, person, None).await?;
    let account = changed(&app, &mut db, person).await?;
    record(&app, &mut db, Kind::Reactivated, person, operator).await?;
    db.commit().await?;
    app.outbox.wake();
    tracing::info!(user.id = %person, operator.id = %operator, "an account was opened again");
    Ok(user::answer(account))
}

/// The operator, and the account, which nobody else changes until the transaction ends.
async fn lock(
    app: &App,
    db: &mut PgConnection,
    principal: &Principal,
    person: PersonId,
) -> Result<(PersonId, Account), OperatorError> {
    let Operator(operator) = Operator::of(app, db, principal).await?;
    store::accounts::lock(db, person).await?;
    let account = store::accounts::get(db, person).await?;
    Ok((operator, account.ok_or(OperatorError::NotFound)?))
}

async fn changed(
    app: &App,
    db: &mut PgConnection,
    person: PersonId,
) -> Result<Account, OperatorError> {
    let account = events::changed(app, db, person, Change::Updated).await?;
    account.ok_or(OperatorError::NotFound)
}

async fn record(
    app: &App,
    db: &mut PgConnection,
    kind: Kind,
    person: PersonId,
    operator: PersonId,
) -> Result<(), OperatorError> {
    let entry = Entry::of(kind).person(person).actor(operator);
    Ok(entry.record(app, db).await?)
}
