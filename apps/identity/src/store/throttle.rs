//! What has been tried: by account, and by origin.
//!
//! Invariant: a count and the check whether it may be counted are one statement.

use chrono::{DateTime, Duration, Utc};
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;

use crate::opaque::Hash;

/// Counts a try for an account that is not closed at this moment; how many there have been in a row, or `None`. What
/// was tried more than a day ago is forgotten.
pub async fn count(
    db: &mut PgConnection,
    account: &Hash,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!(
        "insert into failed_sign_ins as known (account, tries, until) values ($1, 1, $2)
         on conflict (account) do update
            set tries = case when known.until < $2 - interval '1 day' then 1 else known.tries + 1 end
            where known.until <= $2
         returning tries",
        account,
        now
    )
    .fetch_optional(db)
    .await
}

/// Closes an account until then.
pub async fn close(
    db: &mut PgConnection,
    account: &Hash,
    until: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update failed_sign_ins set until = $2 where account = $1",
        account,
        until
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Until when an account is closed; none, if its owner has just signed in.
pub async fn closed_until(
    db: &mut PgConnection,
    account: &Hash,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select until from failed_sign_ins where account = $1",
        account
    )
    .fetch_optional(db)
    .await
}

/// Forgets what was tried for an account.
pub async fn forget(db: &mut PgConnection, account: &Hash) -> sqlx::Result<()> {
    sqlx::query!("delete from failed_sign_ins where account = $1", account)
        .execute(db)
        .await?;
    Ok(())
}

/// Takes one try, worth `each`, from an origin's budget; `false` if less than that is left of `room`.
pub async fn spend(
    db: &mut PgConnection,
    origin: &Hash,
    now: DateTime<Utc>,
    each: Duration,
    room: Duration,
) -> sqlx::Result<bool> {
    let spent = sqlx::query!(
        "insert into sign_in_budgets as budget (origin, full_at) values ($1, $2::timestamptz + $3::interval)
         on conflict (origin) do update set full_at = greatest(budget.full_at, $2) + $3
            where budget.full_at <= $2 + $4::interval",
        origin,
        now,
        interval(each),
        interval(room)
    )
    .execute(db)
    .await?;
    Ok(spent.rows_affected() == 1)
}

/// Gives back one try.
pub async fn refund(db: &mut PgConnection, origin: &Hash, each: Duration) -> sqlx::Result<()> {
    sqlx::query!(
        "update sign_in_budgets set full_at = full_at - $2::interval where origin = $1",
        origin,
        interval(each)
    )
    .execute(db)
    .await?;
    Ok(())
}

/// When an origin has its whole budget again; none, if it has.
pub async fn full_at(db: &mut PgConnection, origin: &Hash) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select full_at from sign_in_budgets where origin = $1",
        origin
    )
    .fetch_optional(db)
    .await
}

/// Removes what no longer changes any answer.
pub async fn delete_stale(db: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from failed_sign_ins where until < $1::timestamptz - interval '1 day'",
        now
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("delete from sign_in_budgets where full_at < $1", now)
        .execute(db)
        .await?;
    Ok(())
}

fn interval(duration: Duration) -> PgInterval {
    PgInterval {
        months: 0,
        days: 0,
        microseconds: duration.num_microseconds().unwrap_or(i64::MAX),
    }
}
