//! Reads what the carrier says has happened, from where it was last read.
//!
//! Invariant: what an update does and the cursor behind it are one transaction, so each update counts once, whatever is
//! repeated or killed; one that is about nothing of ours, or comes too late, is passed over.

use std::time::Duration;

use service::database;
use service::failpoint;
use service::server::Shutdown;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::carrier::{self, Update};
use crate::error::Error;
use crate::shipment::{OrderId, Shipment, Status, Step};
use crate::state::App;
use crate::steps;
use crate::store::tracking::Told;
use crate::store::{feed, shipments, tracking};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);

/// Does it until the end is requested.
pub async fn run(app: App, shutdown: Shutdown) {
    // A carrier that is silent from the start is noticed too.
    note_read(&app);
    loop {
        match pass(&app).await {
            Ok(0) => {}
            Ok(_) if shutdown.is_requested() => return,
            Ok(_) => continue,
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the carrier's updates can't be taken now"
            ),
        }
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Reads one page; says of how many updates.
pub async fn pass(app: &App) -> Result<usize, Error> {
    let mut connection = app.db.acquire().await?;
    let Some(from) = feed::lease(&mut connection).await? else {
        return Ok(0);
    };
    // Asking the carrier may take seconds, and connections are few.
    drop(connection);
    let page = carrier::updates(app, from).await;
    if page.is_some() {
        note_read(app);
    }
    let Some(page) = page.filter(|page| !page.updates.is_empty()) else {
        let mut connection = app.db.acquire().await?;
        feed::release(&mut connection).await?;
        return Ok(0);
    };
    let mut transaction = database::begin(&app.db).await?;
    if !feed::advance(&mut transaction, from, page.next).await? {
        // Somebody who believed us dead has read on.
        return Ok(0);
    }
    for update in &page.updates {
        apply(app, &mut transaction, update).await?;
    }
    failpoint::reach("shipping.feed.before_commit");
    transaction.commit().await?;
    failpoint::reach("shipping.feed.after_commit");
    app.outbox.wake();
    Ok(page.updates.len())
}

/// Tells when the carrier last said what has happened.
fn note_read(app: &App) {
    let now = app.clock.now().timestamp();
    metrics::gauge!("crema_carrier_feed_read_timestamp_seconds")
        .set(u32::try_from(now).unwrap_or_default());
}

/// What a state of the carrier's means for a shipment that stands here; nothing if it says what is known already.
fn step(state: &str, status: Status) -> Option<Step> {
    match state {
        "collected" => Some(Step::Dispatch),
        "on_the_way" => Some(Step::Track),
        "delivered" => Some(Step::Deliver),
        "failed" => Some(Step::Fail),
        // By the carrier itself: what we call off is over already.
        "cancelled" if !status.is_end() => Some(Step::Fail),
        _ => None,
    }
}

async fn apply(app: &App, connection: &mut PgConnection, update: &Update) -> Result<(), Error> {
    let Ok(order) = Uuid::try_parse(&update.reference).map(OrderId) else {
        tracing::warn!(
            update.seq,
            "an update of the carrier is about nothing of ours"
        );
        return Ok(());
    };
    let Some(shipment) = shipments::lock(connection, order).await? else {
        tracing::warn!(update.seq, order.id = %order.0, "an update of the carrier is about nothing of ours");
        return Ok(());
    };
    let Some(step) = step(&update.state, shipment.status) else {
        return Ok(());
    };
    let expect = |after: &mut Shipment| {
        if !after.status.is_end() && update.expected_at.is_some() {
            after.expected_at = update.expected_at;
        }
    };
    if let Some(after) = steps::take(app, connection, &shipment, step, expect).await? {
        let told = Told {
            at: update.at,
            status: after.status,
            // A note may say whose door it was.
            note: after
                .address
                .map(|_| update.note.clone())
                .unwrap_or_default(),
        };
        tracking::insert(connection, order, update.seq, &told).await?;
    }
    Ok(())
}
