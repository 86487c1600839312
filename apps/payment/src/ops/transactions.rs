//! `GET /v1/payments/{order}/transactions`: what was asked of the provider for an order, and what was booked.

use axum::Json;
use axum::extract::State as Shared;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use service::auth::Principal;
use service::clock::rfc3339;
use service::extract::Path;
use service::money::Money;
use service::problem::Problem;

use crate::error::Error;
use crate::operation::{Kind, Operation, OperationId, Progress};
use crate::ops;
use crate::payment::OrderId;
use crate::state::App;
use crate::store;
use crate::store::ledger::Entry;

/// What happened to an order's money.
#[derive(Serialize, JsonSchema)]
pub struct Transactions {
    operations: Vec<Shown>,
    ledger: Vec<Entry>,
}

/// An operation as staff sees it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Operation")]
struct Shown {
    id: OperationId,
    kind: Kind,
    status: Progress,
    amount: Money,
    provider_id: Option<String>,
    code: Option<String>,
    actor: String,
    reason: Option<String>,
    tries: i32,
    #[serde(with = "rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    started_at: DateTime<Utc>,
    #[serde(serialize_with = "optional_instant")]
    settled_at: Option<DateTime<Utc>>,
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn optional_instant<S: serde::Serializer>(
    at: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => rfc3339::serialize(at, serializer),
        None => serializer.serialize_none(),
    }
}

impl From<Operation> for Shown {
    fn from(operation: Operation) -> Self {
        Self {
            id: operation.id,
            kind: operation.kind,
            status: operation.progress,
            amount: operation.amount,
            provider_id: operation.provider_id,
            code: operation.code,
            actor: operation.actor,
            reason: operation.reason,
            tries: operation.tries,
            started_at: operation.started_at,
            settled_at: operation.settled_at,
        }
    }
}

/// Answers 200 with operations and ledger entries, each oldest first, or 404 `payment-not-found`.
pub async fn handler(
    Shared(app): Shared<App>,
    principal: Principal,
    Path(order): Path<OrderId>,
) -> Result<Json<Transactions>, Problem> {
    Ok(Json(transactions(&app, &principal, order).await?))
}

/// What happened to the order's money, if `principal` may see its payment.
pub async fn transactions(
    app: &App,
    principal: &Principal,
    order: OrderId,
) -> Result<Transactions, Error> {
    let payment = ops::get::get(app, principal, order).await?;
    let mut connection = app.db.acquire().await?;
    let operations = store::operations::of_payment(&mut connection, payment.id).await?;
    Ok(Transactions {
        operations: operations.0.into_iter().map(Shown::from).collect(),
        ledger: store::ledger::of_payment(&mut connection, payment.id).await?,
    })
}
