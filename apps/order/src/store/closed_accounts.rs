//! The accounts that were closed lately.
//!
//! Invariant: a row is an account that is closed as far as we have heard; it names a person by her id and by nothing else.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::order::{CustomerId, OrderId};
use crate::store::Result;

/// Notes that an account is closed.
pub async fn insert(
    connection: &mut PgConnection,
    person: CustomerId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO closed_accounts (person, closed_at) VALUES ($1, $2)
         ON CONFLICT (person) DO UPDATE SET closed_at = excluded.closed_at",
        person.0,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that an account is open.
pub async fn delete(connection: &mut PgConnection, person: CustomerId) -> Result<()> {
    sqlx::query!("DELETE FROM closed_accounts WHERE person = $1", person.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// The orders of closed accounts that nobody has begun to make and nobody is undoing.
pub async fn orders_to_cancel(connection: &mut PgConnection) -> Result<Vec<OrderId>> {
    let ids = sqlx::query_scalar!(
        r#"SELECT orders.id AS "id: OrderId"
           FROM closed_accounts
           JOIN orders ON orders.customer = closed_accounts.person
           JOIN checkouts ON checkouts.order_id = orders.id
           WHERE orders.fulfilment = 'waiting'
             AND (orders.checkout = 'confirmed'
                  OR (orders.checkout = 'pending' AND checkouts.direction = 'forward' AND checkouts.cancel IS NULL))
           ORDER BY orders.id"#,
    )
    .fetch_all(connection)
    .await?;
    Ok(ids)
}

/// Forgets the accounts that were closed before `then`; says how many.
pub async fn forget(connection: &mut PgConnection, then: DateTime<Utc>) -> Result<u64> {
    let deleted = sqlx::query!("DELETE FROM closed_accounts WHERE closed_at < $1", then)
        .execute(connection)
        .await?;
    Ok(deleted.rows_affected())
}
