//! Opening hours and closures.
//!
//! Invariant: hours are replaced whole, under the lock of their store, by somebody who has seen the version they had.

use chrono::NaiveDate;
use chrono_tz::Tz;
use sqlx::PgConnection;

use crate::hours::{Closure, Closures, Hours, Period, Reason, TimeOfDay, Weekday, Weekly};
use crate::menu::StoreId;

/// When a store is open, or `None` without such a store.
pub async fn read(db: &mut PgConnection, store: StoreId) -> sqlx::Result<Option<Hours>> {
    let found = sqlx::query!(
        "SELECT timezone, hours_version FROM stores WHERE id = $1",
        store.0
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = found else {
        return Ok(None);
    };
    let periods = sqlx::query_as!(
        Period,
        r#"SELECT weekday AS "weekday: Weekday", opens AS "opens: TimeOfDay", closes AS "closes: TimeOfDay"
           FROM opening_hours WHERE store_id = $1"#,
        store.0
    )
    .fetch_all(&mut *db)
    .await?;
    let closures = sqlx::query_as!(
        Closure,
        r#"SELECT day, reason AS "reason: Reason" FROM closures WHERE store_id = $1"#,
        store.0
    )
    .fetch_all(db)
    .await?;
    let zone: Tz = row
        .timezone
        .parse()
        .map_err(|_| sqlx::Error::Decode("a store's time zone is unknown".into()))?;
    Ok(Some(Hours {
        version: row.hours_version,
        zone,
        weekly: Weekly::try_from(periods).map_err(|error| sqlx::Error::Decode(error.into()))?,
        closures: Closures::try_from(closures)
            .map_err(|error| sqlx::Error::Decode(error.into()))?,
    }))
}

/// The version of a store's hours, locked until the caller's transaction ends; `None` without such a store.
pub async fn lock(db: &mut PgConnection, store: StoreId) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "SELECT hours_version FROM stores WHERE id = $1 FOR UPDATE",
        store.0
    )
    .fetch_optional(db)
    .await
}

/// Puts these hours in the place of a store's. The caller holds its lock.
pub async fn replace(
    db: &mut PgConnection,
    store: StoreId,
    weekly: &Weekly,
    closures: &Closures,
) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM opening_hours WHERE store_id = $1", store.0)
        .execute(&mut *db)
        .await?;
    sqlx::query!("DELETE FROM closures WHERE store_id = $1", store.0)
        .execute(&mut *db)
        .await?;
    let periods = weekly.periods();
    let weekdays: Vec<_> = periods.iter().map(|period| period.weekday).collect();
    let opens: Vec<_> = periods.iter().map(|period| period.opens).collect();
    let closes: Vec<_> = periods.iter().map(|period| period.closes).collect();
    sqlx::query!(
        "INSERT INTO opening_hours (store_id, weekday, opens, closes)
         SELECT $1, * FROM unnest($2::smallint[], $3::smallint[], $4::smallint[])",
        store.0,
        &weekdays as &[Weekday],
        &opens as &[TimeOfDay],
        &closes as &[TimeOfDay]
    )
    .execute(&mut *db)
    .await?;
    let days: Vec<NaiveDate> = closures.days().iter().map(|it| it.day).collect();
    let reasons: Vec<_> = closures
        .days()
        .iter()
        .map(|it| it.reason.as_str().to_owned())
        .collect();
    sqlx::query!(
        "INSERT INTO closures (store_id, day, reason) SELECT $1, * FROM unnest($2::date[], $3::text[])",
        store.0,
        &days,
        &reasons
    )
    .execute(db)
    .await?;
    Ok(())
}
