//! Both sides of a reconciliation that is being made: what the provider listed, and our operations with their bookings.
//!
//! Invariant: both are read by order, a page of orders at a time, so no period is too long for the memory.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Result, money};
use crate::operation::{Kind, OperationId, Progress};
use crate::reconcile::{Capture, Entry, Ours, Purchase, ReconciliationId, Refund, Sale};

/// Drops what was written for an earlier try: the provider's lists, and what they led to.
pub async fn clear(connection: &mut PgConnection, id: ReconciliationId) -> Result<()> {
    drop_lists(connection, id).await?;
    sqlx::query!("DELETE FROM findings WHERE reconciliation_id = $1", id.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Drops the provider's lists.
pub async fn drop_lists(connection: &mut PgConnection, id: ReconciliationId) -> Result<()> {
    sqlx::query!(
        "DELETE FROM provider_entries WHERE reconciliation_id = $1",
        id.0
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps what the provider listed. What comes on two pages, because the list has moved, is kept as it came last.
pub async fn keep(
    connection: &mut PgConnection,
    id: ReconciliationId,
    entries: &[Entry],
) -> Result<()> {
    for entry in entries {
        let empty = [];
        let (kind, it, key, capture, amount, captures, voided, at) = match entry {
            Entry::Sale(sale) => (
                "sale",
                &sale.id,
                &sale.key,
                None,
                sale.amount,
                sale.captures.as_slice(),
                sale.voided,
                sale.at,
            ),
            Entry::Refund(refund) => (
                "refund",
                &refund.id,
                &refund.key,
                Some(&refund.capture),
                refund.amount,
                empty.as_slice(),
                false,
                refund.at,
            ),
        };
        let ids: Vec<_> = captures.iter().map(|one| one.id.clone()).collect();
        let amounts: Vec<_> = captures.iter().map(|one| one.amount).collect();
        sqlx::query!(
            "INSERT INTO provider_entries (reconciliation_id, kind, id, key, reference, capture_id, amount, currency,
                                           capture_ids, capture_amounts, voided, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             ON CONFLICT (reconciliation_id, kind, id) DO UPDATE
             SET capture_ids = excluded.capture_ids, capture_amounts = excluded.capture_amounts,
                 voided = excluded.voided",
            id.0,
            kind,
            it,
            key.as_ref(),
            entry.reference(),
            capture,
            amount.amount,
            amount.currency.as_str(),
            &ids,
            &amounts,
            voided,
            at,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Reads the next `most` orders behind `after`, in the database's order, of which either side has something.
pub async fn next_purchases(
    connection: &mut PgConnection,
    id: ReconciliationId,
    period: &Range<DateTime<Utc>>,
    after: &str,
    most: i64,
) -> Result<Vec<Purchase>> {
    let references = sqlx::query_scalar!(
        r#"SELECT reference AS "reference!" FROM (
               SELECT reference COLLATE "C" AS reference FROM provider_entries
               WHERE reconciliation_id = $1 AND reference COLLATE "C" > $4
               UNION
               SELECT order_id::text COLLATE "C" FROM operations JOIN payments ON payments.id = payment_id
               WHERE operations.state = 'succeeded' AND provider_key IS NOT NULL AND settled_at >= $2 AND settled_at < $3
                 AND order_id::text COLLATE "C" > $4
           ) AS both_sides ORDER BY reference LIMIT $5"#,
        id.0,
        period.start,
        period.end,
        after,
        most,
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut purchases: BTreeMap<_, _> = references
        .iter()
        .map(|reference| {
            let purchase = Purchase {
                reference: reference.clone(),
                ..Purchase::default()
            };
            (reference.clone(), purchase)
        })
        .collect();
    theirs(connection, id, &references, &mut purchases).await?;
    ours(connection, &references, &mut purchases).await?;
    Ok(purchases.into_values().collect())
}

async fn theirs(
    connection: &mut PgConnection,
    id: ReconciliationId,
    references: &[String],
    purchases: &mut BTreeMap<String, Purchase>,
) -> Result<()> {
    let rows = sqlx::query!(
        "SELECT id, key, reference, capture_id, amount, currency, capture_ids, capture_amounts, voided, at
         FROM provider_entries WHERE reconciliation_id = $1 AND reference = ANY($2) ORDER BY at, id",
        id.0,
        references,
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let Some(purchase) = purchases.get_mut(&row.reference) else {
            continue;
        };
        let amount = money(row.amount, &row.currency)?;
        let (id, key, reference, at) = (row.id, row.key, row.reference, row.at);
        match row.capture_id {
            Some(capture) => purchase.refunds.push(Refund {
                id,
                key,
                reference,
                capture,
                amount,
                at,
            }),
            None => purchase.sales.push(Sale {
                id,
                key,
                reference,
                amount,
                captures: row
                    .capture_ids
                    .into_iter()
                    .zip(row.capture_amounts)
                    .map(|(id, amount)| Capture { id, amount })
                    .collect(),
                voided: row.voided,
                at,
            }),
        }
    }
    Ok(())
}

async fn ours(
    connection: &mut PgConnection,
    references: &[String],
    purchases: &mut BTreeMap<String, Purchase>,
) -> Result<()> {
    // What is no id names no order of ours.
    let orders: Vec<_> = references
        .iter()
        .filter_map(|reference| Uuid::try_parse(reference).ok())
        .collect();
    let rows = sqlx::query!(
        r#"SELECT operations.id AS "id: OperationId", order_id, kind AS "kind: Kind", provider_key AS "key!",
                  operations.amount, currency, state AS "state: Progress", provider_id, started_at, settled_at,
                  (SELECT ledger.amount FROM ledger
                   WHERE transaction_id = operations.id AND account = 'provider_receivable'
                     AND ledger.currency = payments.currency) AS booked
           FROM operations JOIN payments ON payments.id = payment_id
           WHERE order_id = ANY($1) AND provider_key IS NOT NULL ORDER BY started_at, operations.id"#,
        &orders,
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let Some(purchase) = purchases.get_mut(&row.order_id.to_string()) else {
            continue;
        };
        purchase.ours.push(Ours {
            id: row.id,
            kind: row.kind,
            key: row.key,
            amount: money(row.amount, &row.currency)?,
            progress: row.state,
            provider_id: row.provider_id,
            started_at: row.started_at,
            settled_at: row.settled_at,
            booked: row.booked,
        });
    }
    Ok(())
}
