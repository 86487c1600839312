//! The ledger: entries are only ever added.
//!
//! Invariant: PostgreSQL refuses a transaction whose entries don't sum to zero, and every change of an entry.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use service::money::Money;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Result, money};
use crate::ledger::{Account, Transfer};
use crate::payment::PaymentId;

/// Books a movement of a payment's money. The transaction is named by what moved it: an operation, or the payment.
pub async fn book(
    connection: &mut PgConnection,
    transaction: Uuid,
    payment: PaymentId,
    transfer: Transfer,
    at: DateTime<Utc>,
) -> Result<()> {
    let currency = transfer.amount().currency;
    let (accounts, amounts): (Vec<_>, Vec<_>) = transfer.entries().into_iter().unzip();
    sqlx::query!(
        "INSERT INTO ledger (transaction_id, payment_id, account, amount, currency, at)
         SELECT $1, $2, account, amount, $5, $6 FROM unnest($3::text[], $4::bigint[]) AS entry (account, amount)",
        transaction,
        payment.0,
        &accounts as &[Account],
        &amounts,
        currency.as_str(),
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// One entry.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LedgerEntry")]
pub struct Entry {
    /// What moved the money: an operation's id, or the payment's.
    pub transaction_id: Uuid,
    /// Into which account, or out of it.
    pub account: Account,
    /// How much; negative out of the account.
    pub amount: Money,
    /// When.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub at: DateTime<Utc>,
}

/// What was booked for a payment, oldest first.
pub async fn of_payment(connection: &mut PgConnection, payment: PaymentId) -> Result<Vec<Entry>> {
    sqlx::query!(
        r#"SELECT transaction_id, account AS "account: Account", amount, currency, at
           FROM ledger WHERE payment_id = $1 ORDER BY position"#,
        payment.0,
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(|row| {
        Ok(Entry {
            transaction_id: row.transaction_id,
            account: row.account,
            amount: money(row.amount, &row.currency)?,
            at: row.at,
        })
    })
    .collect()
}
