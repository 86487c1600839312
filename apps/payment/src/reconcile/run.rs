//! Makes the reconciliations that are wanted: lists what the provider did, compares it, records what differs.
//!
//! Invariant: one process makes one of them at a time, and whatever it writes is of its own try; the provider is only
//! ever asked, and our own books are only read.

use std::time::Duration;

use chrono::TimeDelta;
use service::database;
use service::server::Shutdown;
use sqlx::PgConnection;

use super::{Compared, Difference, DivergenceId, Found, Scope, Sums, compare, schedule};
use crate::error::Error;
use crate::operation::Outcome;
use crate::provider::listing::{self, Unlisted};
use crate::provider::{self, Finding};
use crate::state::App;
use crate::store;
use crate::store::reconciliations::Leased;

/// How often it looks when nothing has woken it.
const EVERY: Duration = Duration::from_secs(10);
/// How far beyond the period the provider is asked: its clock differs from ours, and what it does takes its time.
const AROUND: TimeDelta = TimeDelta::minutes(15);
/// How many orders are compared at a time.
const ORDERS: i64 = 200;
/// How often one is tried.
const MOST_TRIES: i32 = 10;

/// A try that came to no end.
#[derive(Debug, thiserror::Error)]
enum Broken {
    /// The provider did not list what it did.
    #[error(transparent)]
    Unlisted(#[from] Unlisted),
    /// Another process has taken it over.
    #[error("the lease is lost")]
    Lost,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Makes what is wanted, and wants one a day, until the end is requested.
pub async fn run(app: App, shutdown: Shutdown) {
    announce();
    loop {
        match tick(&app).await {
            Ok(true) if shutdown.is_requested() => return,
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "reconciliations wait"
            ),
        }
        tokio::select! {
            () = shutdown.requested() => return,
            () = app.reconcile.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Shows each kind before one was found, so that the first one ever is an increase.
pub fn announce() {
    for difference in Difference::ALL {
        count(difference, 0);
    }
}

async fn tick(app: &App) -> Result<bool, Error> {
    schedule::want_todays(app).await?;
    pass(app).await
}

/// Makes the one that waits the longest, if one does; says whether one did.
pub async fn pass(app: &App) -> Result<bool, Error> {
    let mut connection = app.db.acquire().await?;
    let leased = store::reconciliations::lease_due(&mut connection).await?;
    // Asking the provider may take seconds, and connections are few.
    drop(connection);
    let Some(leased) = leased else {
        return Ok(false);
    };
    let id = leased.id.0;
    match make(app, &leased).await {
        Ok(news) => {
            for found in &news {
                count(found.difference, 1);
            }
            tracing::info!(reconciliation.id = %id, news = news.len(), "the books were compared");
        }
        Err(Broken::Lost) => {
            tracing::warn!(reconciliation.id = %id, "another process makes this reconciliation");
        }
        Err(broken) => {
            tracing::warn!(
                reconciliation.id = %id,
                error = &broken as &dyn std::error::Error,
                "the books can't be compared now"
            );
            give_up(app, &leased).await?;
        }
    }
    Ok(true)
}

/// Counts what was found and is news.
fn count(difference: Difference, news: u64) {
    metrics::counter!("crema_payment_divergences_found_total", "kind" => difference.name())
        .increment(news);
}

async fn give_up(app: &App, leased: &Leased) -> Result<(), Error> {
    let mut connection = app.db.acquire().await?;
    if leased.tries < MOST_TRIES {
        let pause = TimeDelta::seconds(5 << leased.tries.min(7));
        store::reconciliations::put_off(&mut connection, leased, pause).await?;
    } else {
        tracing::error!(reconciliation.id = %leased.id.0, "the books were not compared");
        store::reconciliations::fail(&mut connection, leased, app.clock.now()).await?;
    }
    Ok(())
}

/// Makes one; answers what is news of what it found.
async fn make(app: &App, leased: &Leased) -> Result<Vec<Found>, Broken> {
    let scope = Scope {
        period: leased.period.clone(),
        began_at: app.clock.now(),
    };
    fetch(app, leased).await?;
    let (mut ours, mut theirs) = (Sums::default(), Sums::default());
    let mut news = Vec::new();
    let mut after = String::new();
    loop {
        let mut connection = app.db.acquire().await?;
        let purchases = store::books::next_purchases(
            &mut connection,
            leased.id,
            &leased.period,
            &after,
            ORDERS,
        )
        .await?;
        drop(connection);
        let Some(last) = purchases.last() else {
            break;
        };
        after.clone_from(&last.reference);
        let mut found = Vec::new();
        for purchase in &purchases {
            let compared: Compared = compare(purchase, &scope);
            ours.add(compared.ours);
            theirs.add(compared.theirs);
            for one in compared.found {
                if !is_there_after_all(app, leased, &one).await? {
                    found.push(one);
                }
            }
        }
        news.extend(record(app, leased, found).await?);
    }
    let mut transaction = database::begin(&app.db).await?;
    let now = app.clock.now();
    let (ours, theirs) = (ours.list(), theirs.list());
    if !store::reconciliations::finish(&mut transaction, leased, &ours, &theirs, now).await? {
        return Err(Broken::Lost);
    }
    store::divergences::mend(&mut transaction, leased.id, &leased.period, now).await?;
    store::books::drop_lists(&mut transaction, leased.id).await?;
    transaction.commit().await?;
    Ok(news)
}

/// Keeps what the provider lists.
async fn fetch(app: &App, leased: &Leased) -> Result<(), Broken> {
    let mut transaction = database::begin(&app.db).await?;
    keep_lease(&mut transaction, leased).await?;
    store::books::clear(&mut transaction, leased.id).await?;
    transaction.commit().await?;
    let period = leased.period.start - AROUND..leased.period.end + AROUND;
    let mut cursor: Option<String> = None;
    loop {
        let page = listing::list(app, &period, cursor.as_deref()).await?;
        let mut transaction = database::begin(&app.db).await?;
        keep_lease(&mut transaction, leased).await?;
        store::books::keep(&mut transaction, leased.id, &page.entries).await?;
        transaction.commit().await?;
        if page.next.is_none() {
            return Ok(());
        }
        if page.next == cursor {
            tracing::warn!("the provider's list goes round");
            return Err(Unlisted.into());
        }
        cursor = page.next;
    }
}

/// What began before the provider's list does, or was done long after it was asked for, is not in it: it is asked for
/// by itself.
async fn is_there_after_all(app: &App, leased: &Leased, found: &Found) -> Result<bool, Broken> {
    let Some(unlisted) = found.unlisted else {
        return Ok(false);
    };
    let mut connection = app.db.acquire().await?;
    keep_lease(&mut connection, leased).await?;
    let operation = store::operations::find(&mut connection, unlisted).await?;
    drop(connection);
    Ok(match provider::look_up(app, &operation).await {
        Finding::Decided(Outcome::Succeeded { provider_id }) => {
            Some(provider_id) == operation.provider_id
        }
        Finding::Decided(Outcome::Refused { .. }) | Finding::Nothing | Finding::Unknown => false,
    })
}

/// Records what differs; answers what of it is news.
async fn record(app: &App, leased: &Leased, found: Vec<Found>) -> Result<Vec<Found>, Broken> {
    let mut transaction = database::begin(&app.db).await?;
    keep_lease(&mut transaction, leased).await?;
    let now = app.clock.now();
    let mut news = Vec::new();
    for one in found {
        let id = DivergenceId(app.ids.next());
        if store::divergences::record(&mut transaction, leased.id, id, &one, now).await? {
            tracing::warn!(
                divergence.kind = one.difference.name(),
                divergence.subject = one.subject,
                order.id = one.reference,
                remedy = one.remedy(),
                "our books and the provider's differ"
            );
            news.push(one);
        }
    }
    transaction.commit().await?;
    Ok(news)
}

async fn keep_lease(connection: &mut PgConnection, leased: &Leased) -> Result<(), Broken> {
    if store::reconciliations::renew(connection, leased).await? {
        Ok(())
    } else {
        Err(Broken::Lost)
    }
}
