//! `PUT /v1/payments/{order}/returns/{return}`: the order service gives back what a return of goods comes to.
//!
//! Invariant: a return is refunded once, however often and however late it is asked for, because what it stands for is
//! never forgotten. Only what the provider has refused, and so never moved, is asked of it anew.

use axum::extract::State as Shared;
use schemars::JsonSchema;
use serde::Deserialize;
use service::auth::Principal;
use service::database;
use service::extract::{Json, Path};
use service::money::Money;
use service::problem::Problem;

use crate::detached;
use crate::error::Error;
use crate::operation::{Operation, Progress};
use crate::ops::refund::{self, Refunded, Wish};
use crate::payment::{OrderId, ReturnId};
use crate::settle::Asked;
use crate::state::App;
use crate::store;

/// The body.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnRefund {
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: ReturnReason,
}

/// Why goods come back, in the order service's word: 1 to 500 characters.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("minLength" = 1, "maxLength" = 500))]
pub struct ReturnReason(String);

impl TryFrom<String> for ReturnReason {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if refund::is_reason(&text) {
            Ok(Self(text))
        } else {
            Err("is 1 to 500 characters")
        }
    }
}

/// Answers 200 with the refund. 404 `payment-not-found`, 409 `refund-exceeds-capture` or `provider-refused`, 422
/// `return-differs` or for an amount that can't be, 503 `payment-unknown`.
pub async fn handler(
    Shared(app): Shared<App>,
    principal: Principal,
    Path((order, id)): Path<(OrderId, ReturnId)>,
    Json(command): Json<ReturnRefund>,
) -> Result<axum::Json<Refunded>, Problem> {
    let command = async move { refund_return(&app, &principal.subject, order, id, &command).await };
    detached::run(command).await.map(axum::Json)
}

/// Refunds once per return.
pub async fn refund_return(
    app: &App,
    actor: &str,
    order: OrderId,
    id: ReturnId,
    command: &ReturnRefund,
) -> Result<Refunded, Error> {
    refund::in_range(command.amount)?;
    let (operation, asked) = begin(app, actor, order, id, command).await?;
    refund::bring_to_its_end(app, operation, asked).await
}

/// The refund that the return stands for, from now on or from before.
async fn begin(
    app: &App,
    actor: &str,
    order: OrderId,
    id: ReturnId,
    command: &ReturnRefund,
) -> Result<(Operation, Asked), Error> {
    let mut transaction = database::begin(&app.db).await?;
    let payment = store::payments::find_for_update(&mut transaction, order)
        .await?
        .ok_or(Error::PaymentNotFound)?;
    if let Some(earlier) = store::returns::find(&mut transaction, id).await? {
        let operation = store::operations::find(&mut transaction, earlier).await?;
        if (operation.order_id, operation.amount) != (order, command.amount) {
            return Err(Error::ReturnDiffers);
        }
        if operation.progress != Progress::Refused {
            if operation.is_open() && !store::operations::lease(&mut transaction, earlier).await? {
                return Err(Error::Unknown);
            }
            transaction.commit().await?;
            return Ok((operation, Asked::Perhaps));
        }
    }
    let wish = Wish {
        amount: command.amount,
        reason: &command.reason.0,
        actor,
        of_return: Some(id),
    };
    let (operation, asked) = refund::promise(app, &mut transaction, payment, wish).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok((operation, asked))
}
