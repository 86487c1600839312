//! `POST /v1/payments/{order}/void`: what was put aside is set free, and nothing can be put aside any more.
//!
//! Invariant: what may be under way is found out first; an order without a payment gets a tombstone instead.

use axum::extract::State as Shared;
use service::auth::Principal;
use service::database;
use service::extract::Path;
use service::problem::Problem;

use crate::detached;
use crate::error::Error;
use crate::operation::{Intent, Kind, Operation, OperationId};
use crate::payment::{OrderId, State};
use crate::provider::Subject;
use crate::settle::{self, Asked};
use crate::state::App;
use crate::store;
use crate::undone::Undone;

/// What is to be done next.
enum Next {
    /// Nothing more.
    Done(Undone),
    /// Find out what became of this, or give it up.
    FindOut(Operation),
    /// Bring this void to its end.
    Drive(Operation, Asked),
}

/// Answers 200 with the payment, or with what stands in its place for an order that has none. 409 `payment-captured`,
/// 409 `provider-refused`, 503 `payment-unknown`.
pub async fn handler(
    Shared(app): Shared<App>,
    principal: Principal,
    Path(order): Path<OrderId>,
) -> Result<axum::Json<Undone>, Problem> {
    let command = async move { void(&app, order, &principal.subject).await };
    detached::run(command).await.map(axum::Json)
}

/// Voids the order's payment, whatever it has come to short of a capture.
pub async fn void(app: &App, order: OrderId, actor: &str) -> Result<Undone, Error> {
    loop {
        match next(app, order, actor).await? {
            Next::Done(undone) => return Ok(undone),
            Next::FindOut(operation) => settle::settle_or_abandon(app, &operation).await?,
            Next::Drive(operation, asked) => {
                settle::drive(app, &operation, asked).await?;
                let mut connection = app.db.acquire().await?;
                let operation = store::operations::find(&mut connection, operation.id).await?;
                if let Some(code) = operation.code {
                    return Err(Error::ProviderRefused { code });
                }
            }
        }
    }
}

async fn next(app: &App, order: OrderId, actor: &str) -> Result<Next, Error> {
    let mut transaction = database::begin(&app.db).await?;
    store::payments::lock(&mut transaction, order).await?;
    let Some(payment) = store::payments::find_for_update(&mut transaction, order).await? else {
        store::payments::bury(&mut transaction, order, app.clock.now()).await?;
        transaction.commit().await?;
        return Ok(Next::Done(Undone::never(order)));
    };
    match payment.state {
        State::Voided => return Ok(Next::Done(Undone::Payment(payment))),
        // Given back to the last cent: there is nothing left to set free.
        State::Captured { .. } if payment.net() == 0 => {
            return Ok(Next::Done(Undone::Payment(payment)));
        }
        State::Captured { .. } => return Err(Error::Captured),
        State::Initiated | State::Authorised | State::Failed { .. } => {}
    }
    let operations = store::operations::of_payment(&mut transaction, payment.id).await?;
    let under_way = [Kind::Authorise, Kind::Capture, Kind::Void].map(|kind| operations.last(kind));
    let under_way = under_way.into_iter().flatten().find(|one| one.is_open());
    let next = match under_way {
        Some(operation) => {
            if !store::operations::lease(&mut transaction, operation.id).await? {
                return Err(Error::Unknown);
            }
            if operation.kind == Kind::Void {
                Next::Drive(operation.clone(), Asked::Perhaps)
            } else {
                Next::FindOut(operation.clone())
            }
        }
        None if operations.hold_money() => {
            let intent = Intent {
                id: OperationId(app.ids.next()),
                payment_id: payment.id,
                order_id: order,
                kind: Kind::Void,
                number: operations.next_number(Kind::Void),
                amount: payment.amount,
                actor,
                reason: None,
            };
            let now = app.clock.now();
            let operation = store::operations::begin(&mut transaction, &intent, now).await?;
            let subject = Subject::earlier(Kind::Void, &operations);
            Next::Drive(operation, subject.map_or(Asked::Perhaps, Asked::Never))
        }
        // Declined: the provider holds nothing.
        None => Next::Done(Undone::Payment(payment)),
    };
    transaction.commit().await?;
    Ok(next)
}
