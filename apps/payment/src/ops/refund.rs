//! `POST /v1/payments/{order}/refunds`: a manager gives some or all of the money back.
//!
//! Invariant: what was and what may still be given back never exceeds the capture, because the payment's row is locked
//! from looking to promising; one key stands for one refund.

use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::auth::Principal;
use service::database;
use service::extract::{Json, Path};
use service::idempotency::{Fingerprint, Key, KeyError, Scope, horizon};
use service::money::Money;
use service::problem::Problem;
use sqlx::PgConnection;

use crate::access;
use crate::detached;
use crate::error::Error;
use crate::operation::{Intent, Kind, Operation, OperationId};
use crate::payment::{LEAST, MOST, Method, OrderId, Payment, PaymentId, ReturnId};
use crate::provider::Subject;
use crate::settle::{self, Asked};
use crate::state::App;
use crate::store;

/// The route, as idempotency keys are scoped by it.
const ROUTE: &str = "POST /v1/payments/{order}/refunds";
/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// The body.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refund {
    /// How much.
    pub amount: Money,
    /// Why; it stays in this service.
    pub reason: String,
}

/// What makes a command the same as another.
#[derive(Serialize)]
struct Identity<'a> {
    order: OrderId,
    command: &'a Refund,
}

/// A refund that was made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Refunded {
    /// Its id.
    pub refund_id: OperationId,
    /// Of which payment.
    pub payment_id: PaymentId,
    /// Of which order.
    pub order_id: OrderId,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// Always `refunded`.
    #[schemars(extend("const" = "refunded"))]
    pub status: &'static str,
    /// When it was asked for.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub created_at: DateTime<Utc>,
}

/// Answers 201 with the refund. 400 without a key, 404 `payment-not-found`, 409 `refund-exceeds-capture` or
/// `provider-refused`, 422 for an amount that can't be or a key that stands for another refund, 503 `payment-unknown`.
pub async fn handler(
    Shared(app): Shared<App>,
    principal: Principal,
    Path(order): Path<OrderId>,
    headers: HeaderMap,
    Json(command): Json<Refund>,
) -> Result<impl IntoResponse, Problem> {
    let key = Key::of(&headers)?;
    if !is_reason(&command.reason) {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "reason-missing",
            "A refund needs a reason",
        )
        .field("/reason", "is 1 to 500 characters"));
    }
    let command = async move { refund(&app, &principal, order, key, &command).await };
    let refunded = detached::run(command).await?;
    Ok((StatusCode::CREATED, axum::Json(refunded)))
}

/// Whether staff said something, and not too much.
#[must_use]
pub fn is_reason(text: &str) -> bool {
    (1..=LONGEST_REASON).contains(&text.trim().chars().count())
}

/// Passes what can be given back at all.
pub fn in_range(amount: Money) -> Result<(), Error> {
    if (LEAST..=MOST).contains(&amount.amount) {
        Ok(())
    } else {
        Err(Error::AmountOutOfRange)
    }
}

/// Refunds once per key.
pub async fn refund(
    app: &App,
    principal: &Principal,
    order: OrderId,
    key: Key,
    command: &Refund,
) -> Result<Refunded, Error> {
    in_range(command.amount)?;
    let (operation, asked) = begin(app, principal, order, key, command).await?;
    bring_to_its_end(app, operation, asked).await
}

/// The refund once the provider has decided, or [`Error::Unknown`] as long as it has not.
pub async fn bring_to_its_end(
    app: &App,
    mut operation: Operation,
    asked: Asked,
) -> Result<Refunded, Error> {
    if operation.is_open() {
        settle::drive(app, &operation, asked).await?;
        let mut connection = app.db.acquire().await?;
        operation = store::operations::find(&mut connection, operation.id).await?;
    }
    if let Some(code) = operation.code {
        return Err(Error::ProviderRefused { code });
    }
    Ok(Refunded {
        refund_id: operation.id,
        payment_id: operation.payment_id,
        order_id: operation.order_id,
        amount: operation.amount,
        reason: operation.reason.unwrap_or_default(),
        status: "refunded",
        created_at: operation.started_at,
    })
}

/// The refund that the key stands for, from now on or from before.
async fn begin(
    app: &App,
    principal: &Principal,
    order: OrderId,
    key: Key,
    command: &Refund,
) -> Result<(Operation, Asked), Error> {
    let scope = Scope {
        subject: principal.subject.clone(),
        route: ROUTE,
        key,
    };
    let fingerprint = Fingerprint::of(&Identity { order, command })?;
    let now = app.clock.now();
    let mut transaction = database::begin(&app.db).await?;
    let payment = store::payments::find_for_update(&mut transaction, order)
        .await?
        .filter(|payment| access::is_staff_of(principal, payment))
        .ok_or(Error::PaymentNotFound)?;
    if let Some(replay) = store::replays::find(&mut transaction, &scope, horizon(now)).await? {
        let id = replay.refund_of(&fingerprint)?;
        let operation = store::operations::find(&mut transaction, id).await?;
        if operation.is_open() && !store::operations::lease(&mut transaction, id).await? {
            return Err(Error::Unknown);
        }
        transaction.commit().await?;
        return Ok((operation, Asked::Perhaps));
    }
    let wish = Wish {
        amount: command.amount,
        reason: &command.reason,
        actor: &principal.subject,
        of_return: None,
    };
    let (operation, asked) = promise(app, &mut transaction, payment, wish).await?;
    let id = operation.id;
    let claimed = store::replays::claim(
        &mut transaction,
        &scope,
        &fingerprint,
        id,
        now,
        horizon(now),
    );
    if !claimed.await? {
        // A refund of another order took the key at this very moment.
        return Err(KeyError::InFlight.into());
    }
    transaction.commit().await?;
    app.outbox.wake();
    Ok((operation, asked))
}

/// What is to be given back of a payment.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: &'a str,
    /// Who wants it.
    pub actor: &'a str,
    /// The return of goods that stands for it from now on, if it is for one.
    pub of_return: Option<ReturnId>,
}

/// Promises a refund in the caller's transaction, which has the payment locked: it is then brought to its end, or done
/// with the transaction where no provider has a part in it.
pub async fn promise(
    app: &App,
    connection: &mut PgConnection,
    payment: Payment,
    wish: Wish<'_>,
) -> Result<(Operation, Asked), Error> {
    if wish.amount.currency != payment.amount.currency {
        return Err(Error::CurrencyDiffers);
    }
    let operations = store::operations::of_payment(connection, payment.id).await?;
    let left = payment.captured().amount - operations.promised_back();
    if wish.amount.amount > left {
        return Err(Error::ExceedsCapture);
    }
    let intent = Intent {
        id: OperationId(app.ids.next()),
        payment_id: payment.id,
        order_id: payment.order_id,
        kind: Kind::Refund,
        number: operations.next_number(Kind::Refund),
        amount: wish.amount,
        actor: wish.actor,
        reason: Some(wish.reason),
    };
    let now = app.clock.now();
    let operation = match payment.method {
        Method::Card => store::operations::begin(connection, &intent, now).await?,
        Method::Counter => {
            store::operations::insert_done(connection, &intent, now).await?;
            store::operations::find(connection, intent.id).await?
        }
    };
    if let Some(id) = wish.of_return {
        store::returns::stand_for(connection, id, operation.id).await?;
    }
    // Out of the till no provider has a part in it.
    if payment.method == Method::Counter {
        settle::give_back(app, connection, payment, &operation).await?;
    }
    let subject = Subject::earlier(Kind::Refund, &operations);
    Ok((operation, subject.map_or(Asked::Perhaps, Asked::Never)))
}
