//! Intent, call, outcome: how an operation whose intent is committed reaches its end.
//!
//! Invariant: an outcome is recorded once, in one transaction with all that follows from it: the payment's step, the
//! ledger, the event, and the operation that undoes what came too late.

use service::database;
use service::failpoint;
use service::money::Money;
use sqlx::PgConnection;

use crate::error::Error;
use crate::events;
use crate::ledger::Transfer;
use crate::operation::{Cause, Intent, Kind, OURSELVES, Operation, OperationId, Outcome, Progress};
use crate::payment::{Payment, State, Step};
use crate::provider::{self, Answer, Finding, Subject};
use crate::state::App;
use crate::store;

/// Whether the provider may have been asked for an operation before.
#[derive(Clone, Debug)]
pub enum Asked {
    /// Its intent was committed by the caller just now, who knows what it is about.
    Never(Subject),
    /// Perhaps: it is looked up first.
    Perhaps,
}

/// What a command that may be repeated begins with.
#[derive(Debug)]
pub enum Begun {
    /// There is nothing left to do: the payment stands like this.
    Stands(Payment),
    /// This operation is leased to the caller, who brings it to its end.
    Drive(Operation, Asked),
}

/// Brings an operation that is leased to the caller to its end, or leaves it to the resolver: [`Error::Unknown`].
/// Returns where its payment stands then.
pub async fn drive(app: &App, operation: &Operation, asked: Asked) -> Result<Payment, Error> {
    let Some(outcome) = outcome(app, operation, asked).await? else {
        let mut connection = app.db.acquire().await?;
        store::operations::release(&mut connection, operation.id).await?;
        return Err(Error::Unknown);
    };
    record(app, operation, &outcome).await
}

/// What the provider decided, if it says so.
async fn outcome(app: &App, operation: &Operation, asked: Asked) -> Result<Option<Outcome>, Error> {
    let subject = match asked {
        Asked::Never(subject) => Some(subject),
        Asked::Perhaps => match provider::look_up(app, operation).await {
            Finding::Decided(outcome) => return Ok(Some(outcome)),
            Finding::Unknown => return Ok(None),
            // What is not wanted any more is never asked for again.
            Finding::Nothing if operation.progress == Progress::Abandoned => return Ok(None),
            Finding::Nothing => {
                keep_lease(app, operation).await?;
                subject(app, operation).await?
            }
        },
    };
    let Some(subject) = subject else {
        return Ok(None);
    };
    failpoint::reach(operation.kind.points().before_call);
    if let Answer::Decided(outcome) = provider::ask(app, operation, &subject).await {
        return Ok(Some(outcome));
    }
    // The answer may have been lost on its way.
    keep_lease(app, operation).await?;
    match provider::look_up(app, operation).await {
        Finding::Decided(outcome) => Ok(Some(outcome)),
        Finding::Nothing | Finding::Unknown => Ok(None),
    }
}

async fn keep_lease(app: &App, operation: &Operation) -> Result<(), Error> {
    let mut connection = app.db.acquire().await?;
    Ok(store::operations::renew(&mut connection, operation.id).await?)
}

/// What the operation is about at the provider; nothing if another process has decided it meanwhile.
async fn subject(app: &App, operation: &Operation) -> Result<Option<Subject>, Error> {
    let mut connection = app.db.acquire().await?;
    if operation.kind == Kind::Authorise {
        let token = store::payments::token(&mut connection, operation.payment_id).await?;
        return Ok(token.map(|token| Subject::Card(token.into())));
    }
    let operations = store::operations::of_payment(&mut connection, operation.payment_id).await?;
    Ok(Subject::earlier(operation.kind, &operations))
}

/// Settles an operation that is leased to the caller without asking for it: by what the provider has done so far, or, if
/// that is nothing, by giving it up.
pub async fn settle_or_abandon(app: &App, operation: &Operation) -> Result<(), Error> {
    match provider::look_up(app, operation).await {
        Finding::Decided(outcome) => record(app, operation, &outcome).await.map(drop),
        Finding::Nothing => abandon(app, operation).await,
        Finding::Unknown => {
            let mut connection = app.db.acquire().await?;
            store::operations::release(&mut connection, operation.id).await?;
            Err(Error::Unknown)
        }
    }
}

/// Gives an operation up: an authorisation's payment is void, a capture's can't be captured any more.
async fn abandon(app: &App, operation: &Operation) -> Result<(), Error> {
    let mut transaction = database::begin(&app.db).await?;
    let (payment, Progress::Open) = stand(&mut transaction, operation).await? else {
        return Ok(());
    };
    store::operations::abandon(&mut transaction, operation.id).await?;
    if operation.kind == Kind::Authorise {
        step(app, &mut transaction, payment, Step::Void).await?;
    } else {
        let payment = Payment {
            reversed: true,
            ..payment
        };
        store::payments::update(&mut transaction, &payment).await?;
    }
    transaction.commit().await?;
    app.outbox.wake();
    Ok(())
}

/// The payment, locked, and how far the operation has come by now.
async fn stand(
    connection: &mut PgConnection,
    operation: &Operation,
) -> Result<(Payment, Progress), Error> {
    let payment = store::payments::find_for_update(connection, operation.order_id).await?;
    let operation = store::operations::find(connection, operation.id).await?;
    Ok((payment.ok_or(Error::PaymentNotFound)?, operation.progress))
}

/// Takes a step of a locked payment: its row and its event.
pub async fn step(
    app: &App,
    connection: &mut PgConnection,
    payment: Payment,
    step: Step,
) -> Result<Payment, Error> {
    take(app, connection, payment, step, None).await
}

/// Takes what a refund has given back off a locked payment: the ledger, the payment's row, and an event that says how
/// much it was and for what.
pub async fn give_back(
    app: &App,
    connection: &mut PgConnection,
    payment: Payment,
    operation: &Operation,
) -> Result<Payment, Error> {
    let transfer = Transfer::refund(payment.method, operation.amount);
    book(app, connection, operation.id, &payment, transfer).await?;
    let refund = events::Refund {
        refund_id: operation.id,
        amount: operation.amount,
        cause: cause(connection, operation).await?,
    };
    let step = Step::Refund(operation.amount);
    take(app, connection, payment, step, Some(refund)).await
}

/// What a refund is for: people and returns say why, undoing does not.
async fn cause(connection: &mut PgConnection, operation: &Operation) -> Result<Cause, Error> {
    Ok(if operation.reason.is_none() {
        Cause::Undone
    } else if store::returns::stands_for(connection, operation.id).await? {
        Cause::Return
    } else {
        Cause::Amount
    })
}

async fn take(
    app: &App,
    connection: &mut PgConnection,
    payment: Payment,
    step: Step,
    refund: Option<events::Refund>,
) -> Result<Payment, Error> {
    let kind = events::kind(&step);
    let payment = payment.take(step, app.clock.now())?;
    store::payments::update(connection, &payment).await?;
    let event = events::of(&payment, kind, refund, &app.ids)?;
    outbox::append(connection, &[event]).await?;
    Ok(payment)
}

/// Records what the provider decided, with all that follows from it, unless that was done before. Returns where the
/// payment stands.
async fn record(app: &App, operation: &Operation, outcome: &Outcome) -> Result<Payment, Error> {
    let mut transaction = database::begin(&app.db).await?;
    let (payment, progress) = stand(&mut transaction, operation).await?;
    if !matches!(progress, Progress::Open | Progress::Abandoned) {
        return Ok(payment);
    }
    let now = app.clock.now();
    store::operations::decide(&mut transaction, operation.id, outcome, now).await?;
    let followed = follow(app, &mut transaction, payment, operation, outcome).await?;
    failpoint::reach(operation.kind.points().before_commit);
    transaction.commit().await?;
    failpoint::reach(operation.kind.points().after_commit);

    app.outbox.wake();
    if followed.undecided {
        app.undecided.notify_one();
    }
    let (outcome, code) = match outcome {
        Outcome::Succeeded { .. } => ("succeeded", None),
        Outcome::Refused { code } => ("refused", Some(code.as_str())),
    };
    let kind = operation.kind.name();
    metrics::counter!("crema_payment_operations_total", "kind" => kind, "outcome" => outcome)
        .increment(1);
    tracing::info!(operation.kind = kind, order.id = %operation.order_id.0, outcome, code, "the provider has decided");
    Ok(followed.payment)
}

/// What followed from an outcome.
struct Followed {
    /// Where the payment stands.
    payment: Payment,
    /// Whether the resolver has something to do.
    undecided: bool,
}

/// What follows for the payment.
async fn follow(
    app: &App,
    connection: &mut PgConnection,
    payment: Payment,
    operation: &Operation,
    outcome: &Outcome,
) -> Result<Followed, Error> {
    let mut undecided = false;
    let payment = match (operation.kind, outcome, &payment.state) {
        (Kind::Authorise, Outcome::Succeeded { .. }, State::Initiated) => {
            step(app, connection, payment, Step::Authorise).await?
        }
        // Too late: the order was undone meanwhile.
        (Kind::Authorise, Outcome::Succeeded { .. }, _) => {
            undo(app, connection, &payment, Kind::Void, payment.amount).await?;
            undecided = true;
            payment
        }
        (Kind::Authorise, Outcome::Refused { code }, State::Initiated)
        | (Kind::Capture, Outcome::Refused { code }, State::Authorised) => {
            step(app, connection, payment, Step::Decline(code.clone())).await?
        }
        (Kind::Capture, Outcome::Succeeded { .. }, _) => {
            let sale = Transfer::sale(payment.method, operation.amount);
            book(app, connection, operation.id, &payment, sale).await?;
            let captured = Step::Capture(operation.amount);
            let payment = step(app, connection, payment, captured).await?;
            if payment.reversed {
                undo(app, connection, &payment, Kind::Refund, payment.captured()).await?;
                undecided = true;
            }
            payment
        }
        (Kind::Void, Outcome::Succeeded { .. }, State::Authorised | State::Failed { .. }) => {
            step(app, connection, payment, Step::Void).await?
        }
        // Perhaps what was abandoned has been captured all the same.
        (Kind::Void, Outcome::Refused { .. }, _) => {
            store::operations::hasten(connection, payment.order_id, Kind::Capture).await?;
            undecided = true;
            payment
        }
        (Kind::Refund, Outcome::Succeeded { .. }, _) => {
            give_back(app, connection, payment, operation).await?
        }
        // The void of a late authorisation, a refused refund, a late decline: the payment stands where it stood.
        _ => payment,
    };
    Ok(Followed { payment, undecided })
}

/// Books what a payment's operation has moved.
pub async fn book(
    app: &App,
    connection: &mut PgConnection,
    operation: OperationId,
    payment: &Payment,
    transfer: Transfer,
) -> Result<(), Error> {
    let now = app.clock.now();
    Ok(store::ledger::book(connection, operation.0, payment.id, transfer, now).await?)
}

/// Has the resolver undo what came too late.
async fn undo(
    app: &App,
    connection: &mut PgConnection,
    payment: &Payment,
    kind: Kind,
    amount: Money,
) -> Result<(), Error> {
    let operations = store::operations::of_payment(connection, payment.id).await?;
    let intent = Intent {
        id: OperationId(app.ids.next()),
        payment_id: payment.id,
        order_id: payment.order_id,
        kind,
        number: operations.next_number(kind),
        amount,
        actor: OURSELVES,
        reason: None,
    };
    store::operations::enqueue(connection, &intent, app.clock.now()).await?;
    tracing::warn!(order.id = %payment.order_id.0, operation.kind = kind.name(), "the provider was late: it is undone");
    Ok(())
}
