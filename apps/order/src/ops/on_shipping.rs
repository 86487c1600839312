//! `POST /events/shipping`: where the courier of an order is, and what follows from it: without one the order is undone,
//! at the door it is handed over.
//!
//! Invariant: courier, order, history and event change in one transaction, under the order's lock. Delivered twice or
//! late, an event leaves what it leaves when delivered once and in time, by the shipment's sequence; so it needs no inbox,
//! which would keep a dropped timeline from being filled again.

use axum::extract::State;
use axum::http::StatusCode;
use dapr_kit::CloudEvent;
use serde_json::Value;
use service::database;
use service::delivery::{self, NotTaken};
use service::failpoint;
use sqlx::PgConnection;

use crate::checkout::{self, RequestError};
use crate::delivery::Courier;
use crate::events;
use crate::inbound;
use crate::lifecycle::{Checkout, Fulfilment, IllegalStep, Step};
use crate::order::{Order, Reason};
use crate::state::App;
use crate::store;

/// Who takes the steps of an order that follow from its shipment.
const SHIPPING: &str = "shipping";

/// Answers 204, 503 to have it delivered again, or 404 to have it put aside.
pub async fn handler(State(app): State<App>, event: CloudEvent<Value>) -> StatusCode {
    delivery::answer(async {
        let mut transaction = database::begin(&app.db).await?;
        handle(&app, &mut transaction, event).await?;
        failpoint::reach("order.shipping.before_commit");
        transaction.commit().await?;
        failpoint::reach("order.shipping.after_commit");
        app.outbox.wake();
        app.checkouts.wake();
        Ok(())
    })
    .await
}

/// Takes one event in the caller's transaction; wake relay and runner after its commit.
pub async fn handle(
    app: &App,
    connection: &mut PgConnection,
    event: CloudEvent<Value>,
) -> Result<(), NotTaken> {
    let Some(news) = inbound::of_shipping(event)? else {
        return Ok(());
    };
    let (id, sequence) = (news.entry.order, news.entry.sequence);
    store::timeline::insert(connection, &news.entry).await?;
    let Some(order) = store::orders::find_for_update(connection, id).await? else {
        return Ok(());
    };
    if !store::deliveries::advance(connection, id, news.courier, sequence).await? {
        return Ok(());
    }
    let Some(courier) = news.courier else {
        return Ok(());
    };
    let was = order.delivery.map(|delivery| delivery.courier);
    let order = order.courier_at(courier);
    if was != Some(courier) {
        let now = app.clock.now();
        let told = events::courier_changed(&order, sequence, &app.ids, now)?;
        outbox::append(connection, &[told]).await?;
    }
    if failpoint::mutated("courier_word") {
        return Ok(());
    }
    match courier {
        Courier::Delivered => hand_over(app, connection, order).await,
        Courier::Failed => call_off(app, connection, order).await,
        Courier::Awaited | Courier::Booked | Courier::Dispatched => Ok(()),
    }
}

/// It is in the customer's hands. Handed over at the counter before, nothing follows.
async fn hand_over(app: &App, connection: &mut PgConnection, order: Order) -> Result<(), NotTaken> {
    if order.checkout == Checkout::Completed {
        return Ok(());
    }
    let now = app.clock.now();
    // Not ready, or undone: somebody brought what we never gave, and a person has to see to it.
    let impossible = |error: IllegalStep| NotTaken::Unusable(error.to_string());
    let (order, handed_over) = order
        .take(Step::HandOver, SHIPPING, now)
        .map_err(impossible)?;
    let (order, completed) = order
        .take(Step::Complete, SHIPPING, now)
        .map_err(impossible)?;
    let transitions = [handed_over, completed];
    store::orders::update(connection, &order, &transitions).await?;
    outbox::append(connection, &events::of(&order, &transitions, &app.ids)?).await?;
    tracing::info!(order.id = %order.id.0, "an order was brought");
    Ok(())
}

/// Nobody brings it. What nobody has begun to make is undone; what is made may be fetched at the counter.
async fn call_off(app: &App, connection: &mut PgConnection, order: Order) -> Result<(), NotTaken> {
    let id = order.id;
    let is_untouched =
        order.checkout == Checkout::Confirmed && order.fulfilment == Fulfilment::Waiting;
    if !is_untouched {
        tracing::info!(order.id = %id.0, "an order was not brought");
        return Ok(());
    }
    let (reason, now) = (Reason::NoCourier, app.clock.now());
    match checkout::request_cancel(connection, &app.ids, order, reason, SHIPPING, now).await {
        Ok(_) => {
            tracing::info!(order.id = %id.0, ?reason, "an order is to be cancelled");
            Ok(())
        }
        Err(RequestError::Database(error)) => Err(error.into()),
        Err(error) => Err(NotTaken::Unusable(error.to_string())),
    }
}
