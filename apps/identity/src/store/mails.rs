//! Mail that is due.
//!
//! Invariant: no row holds a token or anything else that only its reader may know.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::mail::{Kind, Purpose};
use crate::person::EmailAddress;

/// A mail to be sent now.
#[derive(Debug)]
pub struct Claimed {
    /// Its id.
    pub id: Uuid,
    /// What it is about.
    pub kind: Kind,
    /// Where it goes.
    pub address: String,
    /// The session in which somebody wants that address.
    pub session: Option<Uuid>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// Which try this is, from 1.
    pub tries: i32,
}

/// Queues a mail.
pub async fn queue(
    db: &mut PgConnection,
    id: Uuid,
    kind: Kind,
    address: &EmailAddress,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into mails (id, kind, address, created_at, due_at) values ($1, $2, $3, $4, $4)",
        id,
        kind.as_str(),
        address.as_str(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Queues a mail to an address that somebody wants, for as long as her session stands.
pub async fn queue_wish(
    db: &mut PgConnection,
    id: Uuid,
    address: &EmailAddress,
    session: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into mails (id, kind, address, session_id, created_at, due_at) values ($1, $2, $3, $4, $5, $5)",
        id,
        Purpose::ChangeAddress.as_str(),
        address.as_str(),
        session,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes the mail that is due for longest; its next try is 15 seconds away, then twice as long each time, up to an hour.
///
/// The pause outlasts the sending, so that nobody else takes it meanwhile. Kinds of a later version are left to it.
pub async fn claim(db: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Option<Claimed>> {
    let known = Kind::ALL.map(|kind| kind.as_str().to_owned());
    let row = sqlx::query!(
        "update mails set tries = tries + 1,
            due_at = $1 + make_interval(secs => least(15 * power(2, tries), 3600))
         where id = (
            select id from mails where due_at <= $1 and kind = any($2)
            order by due_at, id limit 1 for update skip locked
         )
         returning id, kind, address, session_id, created_at, tries",
        now,
        &known[..]
    )
    .fetch_optional(db)
    .await?;
    Ok(row.and_then(|row| {
        Some(Claimed {
            id: row.id,
            kind: row.kind.parse().ok()?,
            address: row.address,
            session: row.session_id,
            created_at: row.created_at,
            tries: row.tries,
        })
    }))
}

/// Removes a mail that was sent, or that nobody wants.
pub async fn delete(db: &mut PgConnection, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from mails where id = $1", id)
        .execute(db)
        .await?;
    Ok(())
}

/// Removes all mail for an address.
pub async fn delete_to(db: &mut PgConnection, address: &EmailAddress) -> sqlx::Result<()> {
    sqlx::query!("delete from mails where address = $1", address.as_str())
        .execute(db)
        .await?;
    Ok(())
}
