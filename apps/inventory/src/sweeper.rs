//! Tells the world of levels, four times a second: one event per level that has changed, however often.
//!
//! Invariant: what is told of a level, an alert or what is sold out is noted in the transaction of its event, and one
//! transaction at a time tells; so no version is told twice and the last one is never left out.
//!
//! Why not with each change: a hot item changes with every order, and its row lock, which every order waits for, would
//! then be held for an event more.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use service::database;
use service::server::Shutdown;
use sqlx::PgConnection;

use crate::error::Error;
use crate::events;
use crate::state::App;
use crate::stock::StoreId;
use crate::store::told::Untold;
use crate::store::{levels, told};

/// How often it looks.
const EVERY: Duration = Duration::from_millis(250);
/// Levels told by one transaction at most.
const BATCH: i64 = 500;

/// Does it until the end is requested.
pub async fn run(app: App, shutdown: Shutdown) {
    loop {
        if let Err(error) = sweep(&app).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "changes of stock can't be told now"
            );
        }
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Tells of at most [`BATCH`] levels, of the alerts and of what is sold out by them; says of how many levels.
pub async fn sweep(app: &App) -> Result<usize, Error> {
    let mut connection = app.db.acquire().await?;
    if !told::is_pending(&mut connection).await? {
        return Ok(0);
    }
    drop(connection);
    let mut transaction = database::begin(&app.db).await?;
    if !told::lead(&mut transaction).await? {
        return Ok(0);
    }
    let now = app.clock.now();
    let mut untold = told::untold(&mut transaction, BATCH).await?;
    let mut news = Vec::with_capacity(untold.len());
    for it in &mut untold {
        news.push(events::level_changed(&it.level, &app.ids, now)?);
        news.extend(alert(app, it, now)?);
    }
    told::note(&mut transaction, &untold).await?;
    let stores: BTreeSet<_> = untold.iter().map(|it| it.level.store_id).collect();
    for store in stores {
        news.extend(availability(app, &mut transaction, store, now).await?);
    }
    outbox::append(&mut transaction, &news).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(untold.len())
}

/// The alert that a level has fallen below its threshold: once, until it is above again.
fn alert(
    app: &App,
    untold: &mut Untold,
    now: DateTime<Utc>,
) -> Result<Option<outbox::Event>, Error> {
    if !untold.level.low || untold.was_low {
        return Ok(None);
    }
    untold.alerts += 1;
    metrics::counter!("crema_stock_alerts_raised_total").increment(1);
    Ok(Some(events::low_stock(
        &untold.level,
        untold.alerts,
        &app.ids,
        now,
    )?))
}

/// The news of what a store can't make, if it is news. It may be told from a level that is newer than the one told
/// above: the next sweep then finds nothing more to say of it.
async fn availability(
    app: &App,
    connection: &mut PgConnection,
    store: StoreId,
    now: DateTime<Utc>,
) -> Result<Option<outbox::Event>, Error> {
    let available = levels::available(connection, store).await?;
    let sold_out = app.recipes.sold_out(&available);
    let before = told::availability(connection, store).await?;
    if before.is_some_and(|(before, _)| before == sold_out) {
        return Ok(None);
    }
    let version = told::set_availability(connection, store, &sold_out).await?;
    let event = events::availability_changed(store, &sold_out, version, &app.ids, now)?;
    Ok(Some(event))
}
