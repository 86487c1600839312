//! `order.completed.v1`: what was paid at the counter is booked, once per order.
//!
//! Invariant: inbox, payment, ledger and event are one transaction; a payment is booked if and only if the order has none.

use axum::extract::State as Shared;
use axum::http::StatusCode;
use dapr_kit::CloudEvent;
use outbox::{Admission, Incoming};
use serde::Deserialize as _;
use serde_json::Value;
use service::database;
use service::delivery::{self, NotTaken};
use service::failpoint;
use sqlx::PgConnection;

use crate::events::{self, PROCESSED};
use crate::inbound::{ORDER_COMPLETED, OrderCompleted, OrderMethod};
use crate::ledger::Transfer;
use crate::payment::{MOST, Method, Payment, PaymentId};
use crate::state::App;
use crate::store;

/// Why an event can't be taken. No further try would help: it is for an operator.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Its order was paid another way, or undone.
    #[error("the order has another payment, or was undone")]
    OtherPayment,
    /// No till holds so much, or so little.
    #[error("the total is out of range")]
    OutOfRange,
}

impl From<Unusable> for NotTaken {
    fn from(why: Unusable) -> Self {
        Self::Unusable(why.to_string())
    }
}

/// Answers 204, be it of a type that we act on or not; 503 to have it delivered again, 404 to have it put aside.
pub async fn handler(Shared(app): Shared<App>, event: CloudEvent<Value>) -> StatusCode {
    delivery::answer(async {
        if event.kind == ORDER_COMPLETED {
            consume(&app, &event).await?;
        }
        Ok(())
    })
    .await
}

/// Takes one event in a transaction of its own.
async fn consume(app: &App, event: &CloudEvent<Value>) -> Result<(), NotTaken> {
    let mut transaction = database::begin(&app.db).await?;
    book(app, &mut transaction, event).await?;
    failpoint::reach("payment.counter.before_commit");
    transaction.commit().await?;
    failpoint::reach("payment.counter.after_commit");
    app.outbox.wake();
    Ok(())
}

/// Books the payment that the event tells of, in the caller's transaction. A late event is as good as a timely one:
/// whether the order has a payment decides.
pub async fn book(
    app: &App,
    connection: &mut PgConnection,
    event: &CloudEvent<Value>,
) -> Result<(), NotTaken> {
    if outbox::admit(connection, &Incoming::from(event)).await? == Admission::Duplicate {
        return Ok(());
    }
    let completed = OrderCompleted::deserialize(&event.data)?;
    // What cost nothing was not paid.
    if completed.payment.method != OrderMethod::Counter || completed.total.amount == 0 {
        return Ok(());
    }
    if !(1..=MOST).contains(&completed.total.amount) {
        return Err(Unusable::OutOfRange.into());
    }
    let (order, now) = (completed.order_id, app.clock.now());
    store::payments::lock(connection, order).await?;
    if store::payments::is_buried(connection, order).await? {
        return Err(Unusable::OtherPayment.into());
    }
    let id = PaymentId(app.ids.next());
    let payment = Payment::at_the_counter(id, order, completed.store_id, completed.total, now);
    if !store::payments::insert_counter(connection, &payment).await? {
        let other = store::payments::find(connection, order).await?;
        let is_this = other.is_some_and(|other| {
            other.method == Method::Counter && other.amount == completed.total
        });
        return is_this.then_some(()).ok_or(Unusable::OtherPayment.into());
    }
    let sale = Transfer::sale(payment.method, payment.amount);
    store::ledger::book(connection, id.0, id, sale, now).await?;
    let event = events::of(&payment, PROCESSED, None, &app.ids)?;
    outbox::append(connection, &[event]).await?;
    Ok(())
}
