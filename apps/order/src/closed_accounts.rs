//! What becomes of the orders of a person whose account was closed: those that nobody has begun to make are cancelled,
//! with the money and the stock given back as if she had called them off; the café finishes the others.
//!
//! Invariant: an account stays known for longer than any token of its person is valid, so an order that was placed in
//! the last moment, by a token that had not been refused yet, is found as well.

use chrono::TimeDelta;
use service::database;

use crate::checkout::{self, RequestError};
use crate::order::{OrderId, Reason};
use crate::state::App;
use crate::store;

/// An access token is good for five minutes; whatever it placed has been committed by then.
pub const KEPT: TimeDelta = TimeDelta::minutes(10);

/// Who cancels: this service itself.
const OURSELVES: &str = "order";

/// Asks for every such order to be undone, each in a transaction of its own; says how many. An order that stays as it is
/// does not keep the others; the next call finds it again.
pub async fn cancel_orders(app: &App) -> Result<usize, sqlx::Error> {
    // Before the look: an order of an account that is forgotten below has been looked for.
    let forgotten = app.clock.now() - KEPT;
    let mut connection = app.db.acquire().await?;
    let orders = store::closed_accounts::orders_to_cancel(&mut connection).await?;
    drop(connection);
    let mut cancelled = 0;
    let mut failed = false;
    for id in orders {
        match cancel(app, id).await {
            Ok(()) => cancelled += 1,
            // Somebody began to make it at this moment.
            Err(RequestError::CannotCancel) => {}
            Err(error) => {
                failed = true;
                tracing::warn!(%error, order.id = %id.0, "an order of a closed account can't be cancelled");
            }
        }
    }
    if cancelled > 0 {
        app.outbox.wake();
        app.checkouts.wake();
    }
    if !failed {
        let mut connection = app.db.acquire().await?;
        store::closed_accounts::forget(&mut connection, forgotten).await?;
    }
    Ok(cancelled)
}

async fn cancel(app: &App, id: OrderId) -> Result<(), RequestError> {
    let mut transaction = database::begin(&app.db).await?;
    let order = store::orders::find_for_update(&mut transaction, id)
        .await?
        .ok_or(RequestError::CannotCancel)?;
    let (reason, now) = (Reason::AccountClosed, app.clock.now());
    checkout::request_cancel(&mut transaction, &app.ids, order, reason, OURSELVES, now).await?;
    transaction.commit().await?;
    tracing::info!(order.id = %id.0, ?reason, "an order is to be cancelled");
    Ok(())
}
