//! Brings the carrier to do what is wanted: to find a courier, to send him, or to send nobody.
//!
//! Invariant: it takes up only what it has leased, so replicas share the work, and what is asked twice is done once,
//! because its name at the carrier is the order's id. What it was asked for may be wanted no more by the time of the answer:
//! that is judged under the shipment's lock.

use std::time::Duration;

use futures::future::join_all;
use service::database;
use service::failpoint;
use service::server::Shutdown;

use crate::carrier::{self, Answer, Booking, COLLECTED, NO_COURIER};
use crate::error::Error;
use crate::shipment::{OrderId, Shipment, Status, Step, Task};
use crate::state::App;
use crate::steps;
use crate::store::shipments;

/// How often it looks when nothing has woken it.
const EVERY: Duration = Duration::from_millis(500);
/// Shipments that are taken up at once.
const MOST: i64 = 16;

/// Does it until the end is requested.
pub async fn run(app: App, shutdown: Shutdown) {
    loop {
        match pass(&app).await {
            Ok(0) => {}
            Ok(_) if shutdown.is_requested() => return,
            Ok(_) => continue,
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "shipments can't be read"
            ),
        }
        tokio::select! {
            () = shutdown.requested() => return,
            () = app.undone.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Takes up what is due, once; says how many shipments that were.
pub async fn pass(app: &App) -> Result<usize, Error> {
    let mut connection = app.db.acquire().await?;
    let due = shipments::lease_due(&mut connection, MOST).await?;
    // Asking the carrier may take seconds, and connections are few.
    drop(connection);
    let all = due.iter().map(async |order| {
        if let Err(error) = drive(app, *order).await {
            tracing::warn!(
                order.id = %order.0,
                error = &error as &dyn std::error::Error,
                "a shipment can't be driven now"
            );
        }
    });
    join_all(all).await;
    Ok(due.len())
}

/// Does the next thing for one shipment that is leased to the caller.
async fn drive(app: &App, order: OrderId) -> Result<(), Error> {
    let mut connection = app.db.acquire().await?;
    let shipment = shipments::find(&mut connection, order).await?;
    drop(connection);
    if let Some(shipment) = &shipment {
        match shipment.task() {
            None => {}
            Some(Task::Book) => book(app, shipment).await?,
            Some(Task::CallIn) => call_in(app, shipment).await?,
            Some(Task::CallOff) => call_off(app, shipment).await?,
        }
    }
    let mut connection = app.db.acquire().await?;
    Ok(shipments::release(&mut connection, order).await?)
}

async fn book(app: &App, shipment: &Shipment) -> Result<(), Error> {
    let in_vain = |app: &App| {
        shipment
            .search_until
            .is_none_or(|until| until <= app.clock.now())
    };
    if in_vain(app) {
        return give_up(app, shipment.order_id).await;
    }
    failpoint::reach("shipping.book.before_call");
    match carrier::book(app, shipment).await {
        Answer::Done(booking) => booked(app, shipment.order_id, &booking).await,
        Answer::Refused(code) if code == NO_COURIER => {
            if in_vain(app) {
                give_up(app, shipment.order_id).await?;
            }
            Ok(())
        }
        Answer::Refused(code) => {
            tracing::error!(order.id = %shipment.order_id.0, code, "the carrier does not want this shipment");
            give_up(app, shipment.order_id).await
        }
        Answer::Unknown => Ok(()),
    }
}

/// Records that a courier was found.
async fn booked(app: &App, order: OrderId, booking: &Booking) -> Result<(), Error> {
    change(app, order, "shipping.book", async |connection, shipment| {
        let note = |shipment: &mut Shipment| {
            shipment.booking = Some(booking.id.clone());
            shipment.courier = Some(booking.courier.clone());
        };
        if steps::take(app, connection, shipment, Step::Book, note)
            .await?
            .is_none()
            && shipment.status.is_end()
            && shipment.booking.is_none()
        {
            // Too late: the order was withdrawn, or the search given up, meanwhile.
            let mut late = shipment.clone();
            late.booking = Some(booking.id.clone());
            late.to_call_off = true;
            shipments::update(connection, &late).await?;
            tracing::warn!(order.id = %order.0, "a courier was found too late and is called off");
        }
        Ok(())
    })
    .await
}

async fn give_up(app: &App, order: OrderId) -> Result<(), Error> {
    change(
        app,
        order,
        "shipping.give_up",
        async |connection, shipment| {
            steps::take(app, connection, shipment, Step::GiveUp, |_| {}).await?;
            Ok(())
        },
    )
    .await
}

async fn call_in(app: &App, shipment: &Shipment) -> Result<(), Error> {
    let Some(booking) = &shipment.booking else {
        return Ok(());
    };
    failpoint::reach("shipping.call_in.before_call");
    let answer = carrier::call_in(app, shipment.order_id, booking).await;
    if answer == Answer::Unknown {
        return Ok(());
    }
    let order = shipment.order_id;
    change(app, order, "shipping.call_in", async |connection, shipment| {
        if let Answer::Refused(code) = &answer {
            tracing::error!(order.id = %order.0, code, "the carrier knows nothing of a shipment that it took");
            steps::take(app, connection, shipment, Step::Fail, |_| {}).await?;
        } else if shipment.status == Status::Booked {
            let mut told = shipment.clone();
            told.told_ready = true;
            shipments::update(connection, &told).await?;
        }
        Ok(())
    })
    .await
}

async fn call_off(app: &App, shipment: &Shipment) -> Result<(), Error> {
    let order = shipment.order_id;
    failpoint::reach("shipping.call_off.before_call");
    match carrier::call_off(app, order).await {
        Answer::Unknown => return Ok(()),
        Answer::Done(()) => {}
        Answer::Refused(code) if code == COLLECTED => {
            tracing::error!(order.id = %order.0, "the goods of a withdrawn order have left the shop");
        }
        Answer::Refused(code) => {
            tracing::error!(order.id = %order.0, code, "the carrier does not let itself be called off");
        }
    }
    change(
        app,
        order,
        "shipping.call_off",
        async |connection, shipment| {
            let mut called_off = shipment.clone();
            called_off.to_call_off = false;
            Ok(shipments::update(connection, &called_off).await?)
        },
    )
    .await
}

/// Changes one shipment in a transaction of its own, between two places where a test may kill the process.
async fn change(
    app: &App,
    order: OrderId,
    place: &str,
    effect: impl AsyncFnOnce(&mut sqlx::PgConnection, &Shipment) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut transaction = database::begin(&app.db).await?;
    let shipment = shipments::lock(&mut transaction, order).await?;
    let shipment = shipment.ok_or(Error::ShipmentNotFound)?;
    effect(&mut transaction, &shipment).await?;
    failpoint::reach(&format!("{place}.before_commit"));
    transaction.commit().await?;
    failpoint::reach(&format!("{place}.after_commit"));
    app.outbox.wake();
    Ok(())
}
