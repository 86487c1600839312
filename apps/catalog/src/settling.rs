//! Moves planned prices that are due into the price lists and tells the world, so that plans do not pile up.
//!
//! Invariant: nothing that is read depends on when this runs: a planned price is in effect from its instant on for every
//! reader, and its event says that instant. Only the event waits for it, for a second at most.

use std::time::Duration;

use chrono::{DateTime, Utc};
use service::database;
use service::server::Shutdown;
use sqlx::PgConnection;

use crate::error::Error;
use crate::events;
use crate::state::App;
use crate::store::{self, price_changes, prices};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);
/// Prices moved by one transaction at most.
const BATCH: i64 = 500;

/// Does it until the end is requested.
pub async fn run(app: App, shutdown: Shutdown) {
    loop {
        if let Err(error) = settle(&app).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "planned prices can't be settled now"
            );
        }
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Settles all that is due.
pub async fn settle(app: &App) -> Result<(), Error> {
    let mut connection = app.db.acquire().await?;
    if !price_changes::is_due(&mut connection, app.clock.now()).await? {
        return Ok(());
    }
    drop(connection);
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    settle_due(app, &mut transaction, app.clock.now()).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(())
}

/// Settles in the caller's transaction what is due at `now`: first of all for whoever changes a price then.
pub async fn settle_due(app: &App, db: &mut PgConnection, now: DateTime<Utc>) -> Result<(), Error> {
    loop {
        let due = price_changes::take_due(db, now, BATCH).await?;
        let mut news = Vec::with_capacity(due.len());
        for it in &due {
            prices::write(db, it.store, it.item, it.kind, it.amount).await?;
            // As it is in the list now: what is due later is still in the plan, or comes after it here.
            let currency = store::currency_of(db, it.store).await?;
            let currency = currency.ok_or(Error::UnknownStore)?;
            let price = prices::find(db, it.store, currency, it.item, it.since).await?;
            if let Some(price) = price {
                news.push(events::price_changed(it.store, &price, &app.ids, it.since)?);
            }
        }
        outbox::append(db, &news).await?;
        if due.is_empty() {
            return Ok(());
        }
    }
}
