//! Operations and their leases.
//!
//! Invariant: a lease only keeps two processes from asking the same thing at once; what holds if it fails is the key at
//! the provider, and that an outcome is recorded once, under the payment's row lock.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Result, money};
use crate::operation::{Intent, Kind, Operation, OperationId, Operations, Outcome, Progress};
use crate::payment::{OrderId, PaymentId};

struct OperationRow {
    id: OperationId,
    payment_id: PaymentId,
    order_id: OrderId,
    kind: Kind,
    number: i32,
    provider_key: Option<String>,
    amount: i64,
    currency: String,
    state: Progress,
    provider_id: Option<String>,
    code: Option<String>,
    actor: String,
    reason: Option<String>,
    tries: i32,
    started_at: DateTime<Utc>,
    settled_at: Option<DateTime<Utc>>,
}

impl OperationRow {
    fn operation(self) -> Result<Operation> {
        Ok(Operation {
            id: self.id,
            payment_id: self.payment_id,
            order_id: self.order_id,
            kind: self.kind,
            number: self.number,
            provider_key: self.provider_key,
            amount: money(self.amount, &self.currency)?,
            progress: self.state,
            provider_id: self.provider_id,
            code: self.code,
            actor: self.actor,
            reason: self.reason,
            tries: self.tries,
            started_at: self.started_at,
            settled_at: self.settled_at,
        })
    }
}

/// Stores an intent, leased to the caller, who asks the provider once it is committed.
pub async fn begin(
    connection: &mut PgConnection,
    intent: &Intent<'_>,
    at: DateTime<Utc>,
) -> Result<Operation> {
    store(connection, intent, 1, at).await
}

/// Stores an intent that the resolver takes up at once.
pub async fn enqueue(
    connection: &mut PgConnection,
    intent: &Intent<'_>,
    at: DateTime<Utc>,
) -> Result<Operation> {
    store(connection, intent, 0, at).await
}

async fn store(
    connection: &mut PgConnection,
    intent: &Intent<'_>,
    tries: i32,
    at: DateTime<Utc>,
) -> Result<Operation> {
    let key = intent.provider_key();
    sqlx::query!(
        "INSERT INTO operations (id, payment_id, kind, number, provider_key, amount, state, actor, reason, tries,
                                 started_at, leased_until, due_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9, $10,
                 clock_timestamp() + $9::int * interval '5 s', clock_timestamp())",
        intent.id.0,
        intent.payment_id.0,
        intent.kind as Kind,
        intent.number,
        key,
        intent.amount.amount,
        intent.actor,
        intent.reason,
        tries,
        at,
    )
    .execute(connection)
    .await?;
    Ok(Operation {
        id: intent.id,
        payment_id: intent.payment_id,
        order_id: intent.order_id,
        kind: intent.kind,
        number: intent.number,
        provider_key: Some(key),
        amount: intent.amount,
        progress: Progress::Open,
        provider_id: None,
        code: None,
        actor: intent.actor.to_owned(),
        reason: intent.reason.map(str::to_owned),
        tries,
        started_at: at,
        settled_at: None,
    })
}

/// Stores an operation that no provider has a part in and that is done with its transaction.
pub async fn insert_done(
    connection: &mut PgConnection,
    intent: &Intent<'_>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO operations (id, payment_id, kind, number, amount, state, actor, reason, tries, started_at,
                                 settled_at, leased_until, due_at)
         VALUES ($1, $2, $3, $4, $5, 'succeeded', $6, $7, 0, $8, $8, $8, $8)",
        intent.id.0,
        intent.payment_id.0,
        intent.kind as Kind,
        intent.number,
        intent.amount.amount,
        intent.actor,
        intent.reason,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A payment's operations, oldest first.
pub async fn of_payment(connection: &mut PgConnection, payment: PaymentId) -> Result<Operations> {
    let rows = sqlx::query_as!(
        OperationRow,
        r#"SELECT operations.id AS "id: OperationId", payment_id AS "payment_id: PaymentId",
                  order_id AS "order_id: OrderId", kind AS "kind: Kind", number, provider_key, operations.amount,
                  currency, state AS "state: Progress", provider_id, code, actor, operations.reason, tries, started_at,
                  settled_at
           FROM operations JOIN payments ON payments.id = payment_id WHERE payment_id = $1
           ORDER BY operations.started_at, operations.id"#,
        payment.0,
    )
    .fetch_all(connection)
    .await?;
    let operations: Result<Vec<_>> = rows.into_iter().map(OperationRow::operation).collect();
    operations.map(Operations)
}

/// One operation.
pub async fn find(connection: &mut PgConnection, id: OperationId) -> Result<Operation> {
    sqlx::query_as!(
        OperationRow,
        r#"SELECT operations.id AS "id: OperationId", payment_id AS "payment_id: PaymentId",
                  order_id AS "order_id: OrderId", kind AS "kind: Kind", number, provider_key, operations.amount,
                  currency, state AS "state: Progress", provider_id, code, actor, operations.reason, tries, started_at,
                  settled_at
           FROM operations JOIN payments ON payments.id = payment_id WHERE operations.id = $1"#,
        id.0,
    )
    .fetch_one(connection)
    .await?
    .operation()
}

/// Leases an open operation to the caller, unless another has it; says whether it did.
pub async fn lease(connection: &mut PgConnection, id: OperationId) -> Result<bool> {
    let leased = sqlx::query!(
        "UPDATE operations SET leased_until = clock_timestamp() + interval '5 s', tries = tries + 1
         WHERE id = $1 AND state = 'open' AND leased_until <= clock_timestamp()",
        id.0,
    )
    .execute(connection)
    .await?;
    Ok(leased.rows_affected() == 1)
}

/// Leases what is due to the caller, the longest waiting first.
pub async fn lease_due(connection: &mut PgConnection, most: i64) -> Result<Vec<Operation>> {
    sqlx::query_as!(
        OperationRow,
        r#"WITH due AS (
               SELECT id FROM operations
               WHERE state IN ('open', 'abandoned') AND due_at <= clock_timestamp()
                 AND leased_until <= clock_timestamp()
               ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
           )
           UPDATE operations SET leased_until = clock_timestamp() + interval '5 s', tries = tries + 1
           FROM due, payments WHERE operations.id = due.id AND payments.id = payment_id
           RETURNING operations.id AS "id: OperationId", payment_id AS "payment_id: PaymentId",
                     order_id AS "order_id: OrderId", kind AS "kind: Kind", number, provider_key, operations.amount,
                     currency, state AS "state: Progress", provider_id, code, actor, operations.reason, tries,
                     started_at, settled_at"#,
        most,
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(OperationRow::operation)
    .collect()
}

/// Keeps the caller's lease for another call.
pub async fn renew(connection: &mut PgConnection, id: OperationId) -> Result<()> {
    sqlx::query!(
        "UPDATE operations SET leased_until = clock_timestamp() + interval '5 s' WHERE id = $1",
        id.0,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives a lease back with the outcome still unknown. What is open is due again within ten seconds; what was abandoned,
/// ever more seldom for about a day, and then no more.
pub async fn release(connection: &mut PgConnection, id: OperationId) -> Result<()> {
    sqlx::query!(
        "UPDATE operations
         SET leased_until = clock_timestamp(),
             due_at = CASE
                 WHEN state = 'open'
                     THEN clock_timestamp() + least(interval '10 s', interval '250 ms' * power(2, least(tries, 10)))
                 WHEN tries < 16 THEN clock_timestamp() + interval '1 s' * power(2, tries)
                 ELSE 'infinity'
             END
         WHERE id = $1 AND state IN ('open', 'abandoned')",
        id.0,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Records what the provider decided. The caller holds the payment's lock and has seen that it was not decided.
pub async fn decide(
    connection: &mut PgConnection,
    id: OperationId,
    outcome: &Outcome,
    at: DateTime<Utc>,
) -> Result<()> {
    let (progress, provider_id, code) = match outcome {
        Outcome::Succeeded { provider_id } => (Progress::Succeeded, Some(provider_id), None),
        Outcome::Refused { code } => (Progress::Refused, None, Some(code)),
    };
    sqlx::query!(
        "UPDATE operations SET state = $2, provider_id = $3, code = $4, settled_at = $5 WHERE id = $1",
        id.0,
        progress as Progress,
        provider_id,
        code,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Records that an operation is not wanted any more; the resolver goes on looking whether it happened all the same.
pub async fn abandon(connection: &mut PgConnection, id: OperationId) -> Result<()> {
    sqlx::query!(
        "UPDATE operations
         SET state = 'abandoned', tries = 0, leased_until = clock_timestamp(),
             due_at = clock_timestamp() + interval '1 s'
         WHERE id = $1 AND state = 'open'",
        id.0,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes what is undecided of an order due now, because there is news of it; says how many operations that are.
pub async fn hasten(connection: &mut PgConnection, order: OrderId, kind: Kind) -> Result<u64> {
    let hastened = sqlx::query!(
        "UPDATE operations SET due_at = clock_timestamp()
         FROM payments
         WHERE payments.id = payment_id AND order_id = $1 AND kind = $2 AND state IN ('open', 'abandoned')",
        order.0,
        kind as Kind,
    )
    .execute(connection)
    .await?;
    Ok(hastened.rows_affected())
}
