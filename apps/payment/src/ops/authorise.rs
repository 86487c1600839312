//! `PUT /v1/payments/{order}`: the provider puts an order's money aside.
//!
//! Invariant: one order, one authorisation, however often it is asked for; the token stays no longer than until the
//! provider has decided.

use axum::extract::State as Shared;
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use service::auth::Principal;
use service::database;
use service::extract::{Json, Path};
use service::idempotency::Fingerprint;
use service::money::Money;
use service::problem::Problem;

use crate::detached;
use crate::error::Error;
use crate::events::{self, INITIATED};
use crate::operation::{Intent, Kind, OperationId};
use crate::payment::{LEAST, MOST, OrderId, Payment, PaymentId, State, StoreId};
use crate::provider::Subject;
use crate::settle::{self, Asked, Begun};
use crate::state::App;
use crate::store;

/// The longest token.
const LONGEST_TOKEN: usize = 255;

/// The body.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Authorise {
    /// Who sells.
    pub store_id: StoreId,
    /// How much.
    pub amount: Money,
    /// What stands for the card at the provider.
    #[schemars(with = "String")]
    pub token: SecretString,
}

/// What makes a command the same as another. The order is in it, so that equal tokens leave different fingerprints.
#[derive(Serialize)]
struct Identity<'a> {
    order: OrderId,
    store: StoreId,
    amount: Money,
    token: &'a str,
}

/// Answers 200 with the payment. 402 `payment-declined` for good, 409 `payment-over` once the order was undone, 422 for
/// another body than the first, 503 `payment-unknown` while the outcome is not known: ask again with the same body.
pub async fn handler(
    Shared(app): Shared<App>,
    principal: Principal,
    Path(order): Path<OrderId>,
    Json(command): Json<Authorise>,
) -> Result<axum::Json<Payment>, Problem> {
    let command = async move { authorise(&app, order, &command, &principal.subject).await };
    detached::run(command).await.map(axum::Json)
}

/// Authorises once per order: later calls with the same command get where it stands.
pub async fn authorise(
    app: &App,
    order: OrderId,
    command: &Authorise,
    actor: &str,
) -> Result<Payment, Error> {
    if !(LEAST..=MOST).contains(&command.amount.amount) {
        return Err(Error::AmountOutOfRange);
    }
    let token = command.token.expose_secret();
    let is_token = (1..=LONGEST_TOKEN).contains(&token.len())
        && token.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_token {
        return Err(Error::TokenInvalid);
    }
    answer(match begin(app, order, command, actor).await? {
        Begun::Stands(payment) => payment,
        Begun::Drive(operation, asked) => settle::drive(app, &operation, asked).await?,
    })
}

/// Notes the intent, or finds the one that was noted before.
async fn begin(
    app: &App,
    order: OrderId,
    command: &Authorise,
    actor: &str,
) -> Result<Begun, Error> {
    let fingerprint = Fingerprint::of(&Identity {
        order,
        store: command.store_id,
        amount: command.amount,
        token: command.token.expose_secret(),
    })?;
    let mut transaction = database::begin(&app.db).await?;
    store::payments::lock(&mut transaction, order).await?;
    if let Some(payment) = store::payments::find_for_update(&mut transaction, order).await? {
        let first = store::payments::fingerprint(&mut transaction, payment.id).await?;
        if first.as_deref() != Some(fingerprint.as_ref()) {
            return Err(Error::Differs);
        }
        if payment.state != State::Initiated {
            return Ok(Begun::Stands(payment));
        }
        let operations = store::operations::of_payment(&mut transaction, payment.id).await?;
        let operation = operations.last(Kind::Authorise).ok_or(Error::Unknown)?;
        if !store::operations::lease(&mut transaction, operation.id).await? {
            return Err(Error::Unknown);
        }
        transaction.commit().await?;
        return Ok(Begun::Drive(operation.clone(), Asked::Perhaps));
    }
    if store::payments::is_buried(&mut transaction, order).await? {
        return Err(Error::Over);
    }
    let (id, now) = (PaymentId(app.ids.next()), app.clock.now());
    let payment = Payment::initiate(id, order, command.store_id, command.amount, now);
    let token = command.token.expose_secret();
    store::payments::insert_card(&mut transaction, &payment, &fingerprint, token).await?;
    let intent = Intent {
        id: OperationId(app.ids.next()),
        payment_id: id,
        order_id: order,
        kind: Kind::Authorise,
        number: 1,
        amount: command.amount,
        actor,
        reason: None,
    };
    let operation = store::operations::begin(&mut transaction, &intent, now).await?;
    let event = events::of(&payment, INITIATED, None, &app.ids)?;
    outbox::append(&mut transaction, &[event]).await?;
    transaction.commit().await?;
    app.outbox.wake();
    let card = Subject::Card(command.token.clone());
    Ok(Begun::Drive(operation, Asked::Never(card)))
}

/// What the caller is told of where the payment stands.
fn answer(payment: Payment) -> Result<Payment, Error> {
    match &payment.state {
        State::Failed { code } => Err(Error::Declined { code: code.clone() }),
        _ if payment.reversed => Err(Error::Over),
        State::Initiated => Err(Error::Unknown),
        State::Authorised | State::Captured { .. } => Ok(payment),
        State::Voided => Err(Error::Over),
    }
}
