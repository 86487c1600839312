//! Second factors and their recovery codes.
//!
//! Invariant: a factor that was confirmed is replaced only after it was removed.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::opaque::Hash;
use crate::person::PersonId;

/// A second factor as it stands.
#[derive(Debug)]
pub struct SecondFactor {
    /// The secret, sealed.
    pub secret: Vec<u8>,
    /// It guards the account since then; nothing while it is being set up.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// The step of the last code that was taken.
    pub last_step: i64,
    /// Wrong codes in a row.
    pub failures: i32,
    /// No code is looked at until then.
    pub barred_until: Option<DateTime<Utc>>,
}

/// Begins to set one up, anew if that was begun before; one that guards the account stays.
pub async fn begin(db: &mut PgConnection, person: PersonId, secret: &[u8]) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into second_factors (person_id, secret) values ($1, $2)
         on conflict (person_id) do update set secret = excluded.secret, last_step = 0
         where second_factors.confirmed_at is null",
        person.0,
        secret
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A person's second factor; nobody else changes it before the transaction ends.
pub async fn lock(db: &mut PgConnection, person: PersonId) -> sqlx::Result<Option<SecondFactor>> {
    sqlx::query_as!(
        SecondFactor,
        "select secret, confirmed_at, last_step, failures, barred_until
         from second_factors where person_id = $1 for update",
        person.0
    )
    .fetch_optional(db)
    .await
}

/// Whether a person has one that guards her account.
pub async fn guards(db: &mut PgConnection, person: PersonId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
            select from second_factors where person_id = $1 and confirmed_at is not null
         ) as "exists!""#,
        person.0
    )
    .fetch_one(db)
    .await
}

/// From now on it guards the account.
pub async fn confirm(
    db: &mut PgConnection,
    person: PersonId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update second_factors set confirmed_at = $2 where person_id = $1",
        person.0,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes down that the code of this step was taken.
pub async fn taken(db: &mut PgConnection, person: PersonId, step: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "update second_factors set last_step = $2, failures = 0, barred_until = null where person_id = $1",
        person.0,
        step
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes down a wrong code, and until when no other is looked at.
pub async fn failed(
    db: &mut PgConnection,
    person: PersonId,
    barred_until: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update second_factors set failures = failures + 1, barred_until = $2 where person_id = $1",
        person.0,
        barred_until
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Removes it, with its recovery codes.
pub async fn delete(db: &mut PgConnection, person: PersonId) -> sqlx::Result<()> {
    sqlx::query!("delete from second_factors where person_id = $1", person.0)
        .execute(db)
        .await?;
    Ok(())
}

/// Puts these recovery codes in place of all that there were.
pub async fn set_recovery_codes(
    db: &mut PgConnection,
    person: PersonId,
    hashes: &[Hash],
) -> sqlx::Result<()> {
    sqlx::query!("delete from recovery_codes where person_id = $1", person.0)
        .execute(&mut *db)
        .await?;
    let hashes: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.to_vec()).collect();
    sqlx::query!(
        "insert into recovery_codes (person_id, hash) select $1, unnest($2::bytea[])",
        person.0,
        &hashes
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Uses a recovery code up; whether there was one.
pub async fn use_recovery_code(
    db: &mut PgConnection,
    person: PersonId,
    hash: &Hash,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from recovery_codes where person_id = $1 and hash = $2",
        person.0,
        hash
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many recovery codes are left.
pub async fn recovery_codes(db: &mut PgConnection, person: PersonId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from recovery_codes where person_id = $1"#,
        person.0
    )
    .fetch_one(db)
    .await
}
