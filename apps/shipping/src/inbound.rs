//! The events we listen to, as far as shipments depend on them: our own structs, with only the fields that we use.
//!
//! Invariant: an event's effect and its admission to the inbox are one transaction, so each is taken once. A late one is
//! taken like any other: a shipment's status says whether it still means anything.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use dapr_kit::{CloudEvent, trace};
use outbox::bulk::{self, Statuses};
use outbox::{Admission, Incoming, admit};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use service::database;
use service::delivery::{self, NotTaken};
use service::failpoint;
use service::problem::Problem;
use sqlx::PgConnection;
use tracing::Instrument as _;

use crate::shipment::{CustomerId, OrderId, Step};
use crate::state::App;
use crate::steps;
use crate::store::{closed_accounts, shipments};

/// The CloudEvents source of orders.
pub const ORDER: &str = "/order";
/// The CloudEvents source of identity.
pub const IDENTITY: &str = "/identity";

/// What tells that an account is being removed.
const USER_DELETED: &str = "user.deleted.v1";
/// An order that can be fetched.
const READY: &str = "ready";

/// What we read of the events on `order-events`.
#[derive(Debug, Deserialize)]
struct OrderEvent {
    order_id: OrderId,
    fulfilment: Option<String>,
    /// Nothing for an order that its customer fetches.
    delivery: Option<IgnoredAny>,
}

/// The data of [`USER_DELETED`].
#[derive(Debug, Deserialize)]
struct UserDeleted {
    user_id: CustomerId,
}

/// What an event asks of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// To find a courier for this order.
    Confirm(OrderId),
    /// To have it fetched.
    CallIn(OrderId),
    /// To send nobody.
    Withdraw(OrderId),
    /// To forget where this person lives.
    Forget(CustomerId),
}

/// What an event asks of us, if anything. Most orders are fetched, and ask nothing.
fn wish(event: &CloudEvent<Value>) -> Result<Option<Wish>, serde_json::Error> {
    let wish = match event.kind.as_str() {
        "order.confirmed.v1" => Wish::Confirm,
        "order.cancelled.v1" | "order.recalled.v1" => Wish::Withdraw,
        "order.fulfilment_changed.v1" => Wish::CallIn,
        USER_DELETED => {
            let UserDeleted { user_id } = UserDeleted::deserialize(&event.data)?;
            return Ok(Some(Wish::Forget(user_id)));
        }
        _ => return Ok(None),
    };
    let order = OrderEvent::deserialize(&event.data)?;
    let wish = wish(order.order_id);
    let ready = order.fulfilment.as_deref() == Some(READY);
    let asks = order.delivery.is_some() && (ready || !matches!(wish, Wish::CallIn(_)));
    Ok(asks.then_some(wish))
}

/// `POST /events/order`: deliveries of our sidecar, in bulk. Whatever asks nothing of us is acknowledged, and that is most
/// of it; so what asks something has a transaction of its own.
pub async fn order(State(app): State<App>, body: Bytes) -> Result<Json<Statuses>, Problem> {
    let deliver = |event| hear(&app, event, "consume order-events");
    bulk::each(&app, &body, deliver).await
}

/// `POST /events/account`: a delivery of our sidecar, of identity's events. Whatever asks nothing of us is acknowledged.
pub async fn account(State(app): State<App>, event: CloudEvent<Value>) -> StatusCode {
    delivery::answer(hear(&app, event, "consume identity-events")).await
}

async fn hear(app: &App, event: CloudEvent<Value>, name: &'static str) -> Result<(), NotTaken> {
    let span = tracing::info_span!(
        target: "crema",
        "consume",
        otel.name = name,
        otel.kind = "consumer",
    );
    // The trace of the request that caused the event, not of its delivery.
    if let Some(parent) = &event.trace_parent {
        trace::continue_from(&span, parent);
    }
    deliver(app, &event).instrument(span).await
}

async fn deliver(app: &App, event: &CloudEvent<Value>) -> Result<(), NotTaken> {
    // Most of what is told is nothing to us, and costs no transaction.
    let Some(wish) = wish(event)? else {
        return Ok(());
    };
    let place = match wish {
        Wish::Confirm(_) => "shipping.confirm",
        Wish::CallIn(_) => "shipping.ready",
        Wish::Withdraw(_) => "shipping.withdraw",
        Wish::Forget(_) => "shipping.forget",
    };
    let mut transaction = database::begin(&app.db).await?;
    take(app, &mut transaction, event).await?;
    failpoint::reach(&format!("{place}.before_commit"));
    transaction.commit().await?;
    failpoint::reach(&format!("{place}.after_commit"));
    app.outbox.wake();
    app.undone.notify_one();
    Ok(())
}

/// Does in the caller's transaction what the event asks for, unless it was done before.
pub async fn take(
    app: &App,
    connection: &mut PgConnection,
    event: &CloudEvent<Value>,
) -> Result<(), NotTaken> {
    let Some(wish) = wish(event)? else {
        return Ok(());
    };
    let admission = admit(connection, &Incoming::from(event)).await?;
    tracing::info!(
        event.id = event.id,
        event.kind = event.kind,
        ?admission,
        "an event was consumed"
    );
    if admission == Admission::Duplicate {
        return Ok(());
    }
    match wish {
        Wish::Confirm(order) => change(app, connection, order, Step::Confirm).await?,
        Wish::Withdraw(order) => change(app, connection, order, Step::Withdraw).await?,
        Wish::CallIn(order) => call_in(connection, order).await?,
        Wish::Forget(customer) => {
            closed_accounts::insert(connection, customer, app.clock.now()).await?;
            let forgotten = shipments::forget_person(connection, customer).await?;
            tracing::info!(user.id = %customer.0, forgotten, "addresses of a removed account are forgotten");
        }
    }
    Ok(())
}

/// Takes a step of an order's shipment. There may be none, of an announcement that was forgotten.
async fn change(
    app: &App,
    connection: &mut PgConnection,
    order: OrderId,
    step: Step,
) -> Result<(), NotTaken> {
    let Some(shipment) = shipments::lock(connection, order).await? else {
        return Ok(());
    };
    // Confirmed too late to know where to.
    let step = match step {
        Step::Confirm if shipment.address.is_none() => Step::GiveUp,
        step => step,
    };
    let until = app.clock.now() + app.search;
    steps::take(app, connection, &shipment, step, |after| {
        if step == Step::Confirm {
            after.search_until = Some(until);
        }
    })
    .await?;
    Ok(())
}

/// Notes that an order can be fetched, also before its courier was found.
async fn call_in(connection: &mut PgConnection, order: OrderId) -> Result<(), NotTaken> {
    let Some(mut shipment) = shipments::lock(connection, order).await? else {
        return Ok(());
    };
    if !shipment.status.is_end() && !shipment.ready {
        shipment.ready = true;
        shipments::update(connection, &shipment).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(app: &str) -> Vec<CloudEvent<Value>> {
        let folder = format!("{}/../{app}/events", env!("CARGO_MANIFEST_DIR"));
        let entries = std::fs::read_dir(folder).expect("golden samples");
        let read = |entry: std::io::Result<std::fs::DirEntry>| {
            let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a sample");
            serde_json::from_str(&text).expect("an event")
        };
        entries.map(read).collect()
    }

    /// Of orders that are brought.
    fn brought(mut event: CloudEvent<Value>) -> CloudEvent<Value> {
        if event.source == ORDER {
            event.data["delivery"] = serde_json::json!({"courier": "awaited"});
        }
        event
    }

    #[test]
    fn the_samples_of_those_we_listen_to_are_understood() {
        let mut kinds = Vec::new();
        let orders = samples("order").into_iter().map(brought);
        for event in orders.chain(samples("identity")) {
            match wish(&event).expect("an event we understand") {
                Some(Wish::Forget(customer)) => {
                    assert_eq!(event.source, IDENTITY);
                    assert_eq!(event.subject, customer.0.to_string());
                    kinds.push(event.kind);
                }
                Some(Wish::Confirm(order) | Wish::CallIn(order) | Wish::Withdraw(order)) => {
                    assert_eq!(event.source, ORDER);
                    assert_eq!(event.subject, order.0.to_string());
                    kinds.push(event.kind);
                }
                None => {}
            }
        }
        kinds.sort();
        let ours = [
            "order.cancelled.v1",
            "order.confirmed.v1",
            "order.recalled.v1",
            USER_DELETED,
        ];
        assert_eq!(kinds, ours);
    }

    #[test]
    fn an_order_that_is_fetched_asks_nothing() {
        for kind in ["confirmed", "cancelled", "recalled"] {
            let kind = format!("order.{kind}.v1");
            let found = samples("order")
                .into_iter()
                .find(|event| event.kind == kind);
            let mut event = found.expect("a sample");
            assert_eq!(wish(&event).expect("an event"), None);
            // As told before anything was brought.
            let fields = event.data.as_object_mut().expect("an object");
            fields.remove("delivery");
            assert_eq!(wish(&event).expect("an event"), None);
        }
    }

    #[test]
    fn of_an_orders_making_only_that_it_is_ready_means_something() {
        let mut event = samples("order")
            .into_iter()
            .map(brought)
            .find(|event| event.kind == "order.fulfilment_changed.v1")
            .expect("a sample");
        assert_eq!(wish(&event).expect("an event"), None);
        event.data["fulfilment"] = READY.into();
        assert!(matches!(
            wish(&event).expect("an event"),
            Some(Wish::CallIn(_))
        ));
    }
}
