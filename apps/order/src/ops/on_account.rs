//! `POST /events/account`: identity tells that an account was closed, removed or opened again.
//!
//! Invariant: inbox and note are one transaction. Whether an account is closed is what the newest event says, however
//! they arrive; the orders are cancelled from the note, not by the delivery ([`crate::closed_accounts`]).

use axum::extract::State;
use axum::http::StatusCode;
use dapr_kit::CloudEvent;
use outbox::{Admission, Incoming};
use serde_json::Value;
use service::database;
use service::delivery::{self, NotTaken};
use service::failpoint;
use sqlx::PgConnection;

use crate::inbound;
use crate::state::App;
use crate::store;

/// Answers 204, be it of a type that we act on or not; 503 to have it delivered again, 404 to have it put aside.
pub async fn handler(State(app): State<App>, event: CloudEvent<Value>) -> StatusCode {
    delivery::answer(async {
        // Most of what identity tells is nothing to us, and costs no transaction.
        if inbound::of_account(&event)?.is_some() {
            consume(&app, &event).await?;
        }
        Ok(())
    })
    .await
}

/// Takes one event in a transaction of its own.
async fn consume(app: &App, event: &CloudEvent<Value>) -> Result<(), NotTaken> {
    let mut transaction = database::begin(&app.db).await?;
    handle(app, &mut transaction, event).await?;
    failpoint::reach("order.account.before_commit");
    transaction.commit().await?;
    failpoint::reach("order.account.after_commit");
    Ok(())
}

/// Notes in the caller's transaction whether the account is closed, if the event tells of that.
pub async fn handle(
    app: &App,
    connection: &mut PgConnection,
    event: &CloudEvent<Value>,
) -> Result<(), NotTaken> {
    let Some(account) = inbound::of_account(event)? else {
        return Ok(());
    };
    if outbox::admit(connection, &Incoming::from(event)).await? != Admission::Fresh {
        return Ok(());
    }
    if account.closed {
        store::closed_accounts::insert(connection, account.person, app.clock.now()).await?;
        tracing::info!(user.id = %account.person.0, "an account was closed: its orders are to be cancelled");
    } else {
        store::closed_accounts::delete(connection, account.person).await?;
    }
    Ok(())
}
