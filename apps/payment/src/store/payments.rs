//! Payments, and the tombstones of orders that were undone before they had one.
//!
//! Invariant: an order has a payment or a tombstone, never both, because both are written under [`lock`].

use chrono::{DateTime, Utc};
use service::idempotency::Fingerprint;
use sqlx::PgConnection;

use super::{Result, money};
use crate::payment::{Method, OrderId, Payment, PaymentId, State, Status, StoreId};

struct PaymentRow {
    id: PaymentId,
    order_id: OrderId,
    store_id: StoreId,
    method: Method,
    status: Status,
    currency: String,
    amount: i64,
    captured: i64,
    refunded: i64,
    reason: Option<String>,
    reversed: bool,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl PaymentRow {
    fn payment(self) -> Result<Payment> {
        let amount = money(self.amount, &self.currency)?;
        let state = match self.status {
            Status::Initiated => State::Initiated,
            Status::Authorised => State::Authorised,
            Status::Captured => State::Captured {
                captured: money(self.captured, &self.currency)?,
                refunded: money(self.refunded, &self.currency)?,
            },
            Status::Voided => State::Voided,
            Status::Failed => State::Failed {
                code: self.reason.unwrap_or_default(),
            },
        };
        Ok(Payment {
            id: self.id,
            order_id: self.order_id,
            store_id: self.store_id,
            method: self.method,
            amount,
            state,
            reversed: self.reversed,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Makes everybody else who locks this order wait until the caller's transaction ends, whether it has a payment or not.
pub async fn lock(connection: &mut PgConnection, order: OrderId) -> Result<()> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0))",
        order.0.to_string()
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// An order's payment, if it has one.
pub async fn find(connection: &mut PgConnection, order: OrderId) -> Result<Option<Payment>> {
    sqlx::query_as!(
        PaymentRow,
        r#"SELECT id AS "id: PaymentId", order_id AS "order_id: OrderId", store_id AS "store_id: StoreId",
                  method AS "method: Method", status AS "status: Status", currency, amount, captured, refunded, reason,
                  reversed, version, created_at, updated_at
           FROM payments WHERE order_id = $1"#,
        order.0,
    )
    .fetch_optional(connection)
    .await?
    .map(PaymentRow::payment)
    .transpose()
}

/// An order's payment, locked until the caller's transaction ends.
pub async fn find_for_update(
    connection: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Payment>> {
    sqlx::query_as!(
        PaymentRow,
        r#"SELECT id AS "id: PaymentId", order_id AS "order_id: OrderId", store_id AS "store_id: StoreId",
                  method AS "method: Method", status AS "status: Status", currency, amount, captured, refunded, reason,
                  reversed, version, created_at, updated_at
           FROM payments WHERE order_id = $1 FOR UPDATE"#,
        order.0,
    )
    .fetch_optional(connection)
    .await?
    .map(PaymentRow::payment)
    .transpose()
}

/// Stores a new payment by card with the command that began it; `token` goes as soon as the provider has decided.
pub async fn insert_card(
    connection: &mut PgConnection,
    payment: &Payment,
    fingerprint: &Fingerprint,
    token: &str,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO payments (id, order_id, store_id, method, status, currency, amount, fingerprint, token, version,
                               created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        payment.id.0,
        payment.order_id.0,
        payment.store_id.0,
        payment.method as Method,
        payment.status() as Status,
        payment.amount.currency.as_str(),
        payment.amount.amount,
        fingerprint.as_ref(),
        token,
        payment.version,
        payment.created_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Stores a payment that was made at the counter, unless the order has one; says whether it did.
pub async fn insert_counter(connection: &mut PgConnection, payment: &Payment) -> Result<bool> {
    let inserted = sqlx::query!(
        "INSERT INTO payments (id, order_id, store_id, method, status, currency, amount, captured, version, created_at,
                               updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
         ON CONFLICT (order_id) DO NOTHING",
        payment.id.0,
        payment.order_id.0,
        payment.store_id.0,
        payment.method as Method,
        payment.status() as Status,
        payment.amount.currency.as_str(),
        payment.amount.amount,
        payment.captured().amount,
        payment.version,
        payment.created_at,
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Stores where a payment stands. The caller has it locked. Once the authorisation is decided the token goes.
pub async fn update(connection: &mut PgConnection, payment: &Payment) -> Result<()> {
    sqlx::query!(
        "UPDATE payments
         SET status = $2, captured = $3, refunded = $4, reason = $5, reversed = $6, version = $7, updated_at = $8,
             token = CASE WHEN $2 = 'initiated' THEN token END
         WHERE id = $1",
        payment.id.0,
        payment.status() as Status,
        payment.captured().amount,
        payment.refunded().amount,
        payment.reason(),
        payment.reversed,
        payment.version,
        payment.updated_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The fingerprint of the command that began an order's payment; nothing for one at the counter.
pub async fn fingerprint(
    connection: &mut PgConnection,
    payment: PaymentId,
) -> Result<Option<Vec<u8>>> {
    sqlx::query_scalar!("SELECT fingerprint FROM payments WHERE id = $1", payment.0)
        .fetch_one(connection)
        .await
}

/// What stands for the card, while it is needed.
pub async fn token(connection: &mut PgConnection, payment: PaymentId) -> Result<Option<String>> {
    sqlx::query_scalar!("SELECT token FROM payments WHERE id = $1", payment.0)
        .fetch_one(connection)
        .await
}

/// Notes that this order must never be paid. The caller has it [locked](lock).
pub async fn bury(connection: &mut PgConnection, order: OrderId, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO tombstones (order_id, at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        order.0,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether this order must never be paid.
pub async fn is_buried(connection: &mut PgConnection, order: OrderId) -> Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM tombstones WHERE order_id = $1) AS "buried!""#,
        order.0
    )
    .fetch_one(connection)
    .await
}
