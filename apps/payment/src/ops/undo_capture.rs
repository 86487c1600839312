//! `POST /v1/payments/{order}/refund`: whatever of an order's money is ours goes back, and none can become ours any more.
//!
//! Invariant: the payment is marked as reversed before anything else, so a capture that comes later is given back too.

use axum::extract::State as Shared;
use service::auth::Principal;
use service::database;
use service::extract::Path;
use service::money::Money;
use service::problem::Problem;

use crate::detached;
use crate::error::Error;
use crate::operation::{Intent, Kind, Operation, OperationId};
use crate::payment::{Method, OrderId, Payment};
use crate::provider::Subject;
use crate::settle::{self, Asked};
use crate::state::App;
use crate::store;
use crate::undone::Undone;

/// What is to be done next.
enum Next {
    /// Nothing more.
    Done(Undone),
    /// Find out what became of the capture, or give it up.
    FindOut(Operation),
    /// Bring this refund to its end.
    Drive(Operation, Asked),
}

/// Answers 200 with the payment, of which nothing is ours any more. 409 `provider-refused`, 503 `payment-unknown`.
pub async fn handler(
    Shared(app): Shared<App>,
    principal: Principal,
    Path(order): Path<OrderId>,
) -> Result<axum::Json<Undone>, Problem> {
    let command = async move { undo_capture(&app, order, &principal.subject).await };
    detached::run(command).await.map(axum::Json)
}

/// Gives back what is ours of the order's payment.
pub async fn undo_capture(app: &App, order: OrderId, actor: &str) -> Result<Undone, Error> {
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
    // What lies in a till is given back by hand, and booked by those who do it.
    if payment.method == Method::Counter {
        return if payment.net() == 0 {
            Ok(Next::Done(Undone::Payment(payment)))
        } else {
            Err(Error::Captured)
        };
    }
    let payment = Payment {
        reversed: true,
        ..payment
    };
    store::payments::update(&mut transaction, &payment).await?;
    let operations = store::operations::of_payment(&mut transaction, payment.id).await?;
    let mut is_under_way = false;
    let mut leased = None;
    for operation in &operations.0 {
        if !operation.is_open() || !matches!(operation.kind, Kind::Capture | Kind::Refund) {
            continue;
        }
        is_under_way = true;
        if store::operations::lease(&mut transaction, operation.id).await? {
            leased = Some(operation.clone());
            break;
        }
    }
    let next = if is_under_way {
        match leased {
            Some(operation) if operation.kind == Kind::Capture => Next::FindOut(operation),
            Some(operation) => Next::Drive(operation, Asked::Perhaps),
            None => {
                // The mark stays, whoever is asking the provider right now.
                transaction.commit().await?;
                return Err(Error::Unknown);
            }
        }
    } else {
        let left = payment.captured().amount - operations.promised_back();
        if left == 0 {
            Next::Done(Undone::Payment(payment))
        } else {
            let intent = Intent {
                id: OperationId(app.ids.next()),
                payment_id: payment.id,
                order_id: order,
                kind: Kind::Refund,
                number: operations.next_number(Kind::Refund),
                amount: Money::new(left, payment.amount.currency),
                actor,
                reason: None,
            };
            let now = app.clock.now();
            let operation = store::operations::begin(&mut transaction, &intent, now).await?;
            let subject = Subject::earlier(Kind::Refund, &operations);
            Next::Drive(operation, subject.map_or(Asked::Perhaps, Asked::Never))
        }
    };
    transaction.commit().await?;
    Ok(next)
}
