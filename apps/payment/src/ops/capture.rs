//! `POST /v1/payments/{order}/capture`: what was put aside becomes ours.
//!
//! Invariant: one order, one capture, and none once its order is being undone.

use axum::extract::State as Shared;
use service::auth::Principal;
use service::database;
use service::extract::Path;
use service::problem::Problem;

use crate::detached;
use crate::error::Error;
use crate::operation::{Intent, Kind, Operation, OperationId, Progress};
use crate::payment::{OrderId, Payment, State};
use crate::provider::Subject;
use crate::settle::{self, Asked, Begun};
use crate::state::App;
use crate::store;

/// Answers 200 with the payment. 402 `payment-declined`, 404 `payment-not-found`, 409 `payment-over` or
/// `payment-not-authorised`, 503 `payment-unknown`.
pub async fn handler(
    Shared(app): Shared<App>,
    principal: Principal,
    Path(order): Path<OrderId>,
) -> Result<axum::Json<Payment>, Problem> {
    let command = async move { capture(&app, order, &principal.subject).await };
    detached::run(command).await.map(axum::Json)
}

/// Captures the whole amount once: later calls get where it stands.
pub async fn capture(app: &App, order: OrderId, actor: &str) -> Result<Payment, Error> {
    let payment = match begin(app, order, actor).await? {
        Begun::Stands(payment) => payment,
        Begun::Drive(operation, asked) => settle::drive(app, &operation, asked).await?,
    };
    match &payment.state {
        State::Failed { code } => Err(Error::Declined { code: code.clone() }),
        State::Captured { .. } if !payment.reversed => Ok(payment),
        State::Authorised if !payment.reversed => Err(Error::Unknown),
        _ => Err(Error::Over),
    }
}

/// Notes the intent, or finds the one that was noted before.
async fn begin(app: &App, order: OrderId, actor: &str) -> Result<Begun, Error> {
    let mut transaction = database::begin(&app.db).await?;
    let Some(payment) = store::payments::find_for_update(&mut transaction, order).await? else {
        return if store::payments::is_buried(&mut transaction, order).await? {
            Err(Error::Over)
        } else {
            Err(Error::PaymentNotFound)
        };
    };
    match payment.state {
        State::Captured { .. } | State::Voided | State::Failed { .. } => {
            return Ok(Begun::Stands(payment));
        }
        _ if payment.reversed => return Err(Error::Over),
        State::Initiated => return Err(Error::NotAuthorised),
        State::Authorised => {}
    }
    let operations = store::operations::of_payment(&mut transaction, payment.id).await?;
    // It may be voided at this very moment: the provider would refuse, and the refusal be final.
    if operations.last(Kind::Void).is_some_and(Operation::is_open) {
        return Err(Error::Over);
    }
    let begun = match operations.last(Kind::Capture) {
        Some(operation) if operation.progress == Progress::Open => {
            if !store::operations::lease(&mut transaction, operation.id).await? {
                return Err(Error::Unknown);
            }
            Begun::Drive(operation.clone(), Asked::Perhaps)
        }
        Some(_) => return Err(Error::Over),
        None => {
            let subject = Subject::earlier(Kind::Capture, &operations);
            let asked = subject.map_or(Asked::Perhaps, Asked::Never);
            let intent = Intent {
                id: OperationId(app.ids.next()),
                payment_id: payment.id,
                order_id: order,
                kind: Kind::Capture,
                number: 1,
                amount: payment.amount,
                actor,
                reason: None,
            };
            let now = app.clock.now();
            let operation = store::operations::begin(&mut transaction, &intent, now).await?;
            Begun::Drive(operation, asked)
        }
    };
    transaction.commit().await?;
    Ok(begun)
}
