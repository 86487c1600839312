//! People, their roles and the stores they work at.
//!
//! Invariant: one account per address, whoever is first.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::roles;
use crate::person::{EmailAddress, Name, PersonId};
use crate::role::Role;
use crate::zone::Zone;

/// What a sign-in needs.
pub struct Credentials {
    /// Whose they are.
    pub person: PersonId,
    /// The hash of the password, in PHC format; none, if she signs in by another provider alone.
    pub password_hash: Option<String>,
    /// She may sign in.
    pub active: bool,
}

/// What tokens and userinfo say of a person.
#[derive(Debug)]
pub struct Profile {
    /// Her name.
    pub name: String,
    /// The time zone that she has chosen.
    pub zone: Option<Zone>,
    /// Her e-mail address.
    pub email: String,
    /// She has proved that the address is hers.
    pub email_verified: bool,
    /// Her roles.
    pub roles: Vec<Role>,
    /// The stores she works at.
    pub stores: Vec<Uuid>,
}

/// The credentials of the account with this address.
pub async fn credentials(
    db: &mut PgConnection,
    email: &EmailAddress,
) -> sqlx::Result<Option<Credentials>> {
    let row = sqlx::query!(
        r#"select id, password_hash, deactivated_at is null as "active!" from people where email = $1"#,
        email.as_str()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Credentials {
        person: PersonId(row.id),
        password_hash: row.password_hash,
        active: row.active,
    }))
}

/// A new account.
pub struct NewPerson<'a> {
    /// Her id.
    pub id: PersonId,
    /// Her address.
    pub email: &'a EmailAddress,
    /// Her name.
    pub name: &'a Name,
    /// The hash of her password, in PHC format, if she has one.
    pub password_hash: Option<&'a str>,
    /// The role that she has everywhere.
    pub role: Option<Role>,
}

/// Adds an account; `false` when its address is taken.
///
/// Both are one statement that writes: how long it takes does not tell which it was.
pub async fn insert(
    db: &mut PgConnection,
    person: &NewPerson<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let id = sqlx::query_scalar!(
        r#"with person as (
            insert into people (id, email, name, password_hash, created_at) values ($1, $2, $3, $4, $5)
            on conflict (email) do update set email = excluded.email
            returning id
         ), role as (
            insert into roles (person_id, role)
            select id, $6::text from person where id = $1 and $6 is not null
         )
         select id as "id!" from person"#,
        person.id.0,
        person.email.as_str(),
        person.name.as_str(),
        person.password_hash,
        now,
        person.role.map(Role::as_str)
    )
    .fetch_one(db)
    .await?;
    Ok(id == person.id.0)
}

/// Gives a role at one store.
pub async fn employ(
    db: &mut PgConnection,
    person: PersonId,
    store: Uuid,
    role: Role,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into staff (person_id, store_id, role) values ($1, $2, $3)
         on conflict (person_id, store_id) do update set role = excluded.role",
        person.0,
        store,
        role.as_str()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether there is nobody yet.
pub async fn none(db: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select not exists (select from people) as "none!""#)
        .fetch_one(db)
        .await
}

/// What may be said of a person.
pub async fn profile(db: &mut PgConnection, person: PersonId) -> sqlx::Result<Option<Profile>> {
    let row = sqlx::query!(
        r#"select name, zoneinfo, email, email_verified_at is not null as "verified!",
            array(select role from roles where person_id = p.id
                  union select role from staff where person_id = p.id order by 1) as "roles!",
            array(select store_id from staff where person_id = p.id order by 1) as "stores!"
         from people p where id = $1"#,
        person.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Profile {
        name: row.name,
        zone: row.zoneinfo.and_then(|name| Zone::parse(&name).ok()),
        email: row.email,
        email_verified: row.verified,
        roles: roles(&row.roles),
        stores: row.stores,
    }))
}

/// Whom mail for an address is for.
#[derive(Debug)]
pub struct Contact {
    /// Whose address it is.
    pub person: PersonId,
    /// She has proved that it is hers.
    pub verified: bool,
}

/// Whose address this is. In a transaction it stays hers until the end.
pub async fn by_address(
    db: &mut PgConnection,
    email: &EmailAddress,
) -> sqlx::Result<Option<Contact>> {
    let row = sqlx::query!(
        r#"select id, email_verified_at is not null as "verified!" from people where email = $1 for share"#,
        email.as_str()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Contact {
        person: PersonId(row.id),
        verified: row.verified,
    }))
}

/// Writes down that the person's address is hers; whether that is new.
pub async fn confirm_address(
    db: &mut PgConnection,
    person: PersonId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update people set email_verified_at = $2 where id = $1 and email_verified_at is null",
        person.0,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Puts another address, which she has proved to be hers, in place of the one there was; `false` when somebody has it,
/// and then nothing more can be done in this transaction.
pub async fn set_address(
    db: &mut PgConnection,
    person: PersonId,
    email: &EmailAddress,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update people set email = $2, email_verified_at = $3 where id = $1",
        person.0,
        email.as_str(),
        now
    )
    .execute(db)
    .await;
    match done {
        Ok(done) => Ok(done.rows_affected() == 1),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes down what she wants to be called and in which zone she reads times; whether that is new.
pub async fn set_profile(
    db: &mut PgConnection,
    person: PersonId,
    name: &Name,
    zone: Option<Zone>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update people set name = $2, zoneinfo = $3
         where id = $1 and (name, zoneinfo) is distinct from ($2, $3)",
        person.0,
        name.as_str(),
        zone.map(Zone::name)
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether a person has a password here.
pub async fn has_password(db: &mut PgConnection, person: PersonId) -> sqlx::Result<bool> {
    let has = sqlx::query_scalar!(
        r#"select password_hash is not null as "has!" from people where id = $1"#,
        person.0
    )
    .fetch_optional(db)
    .await?;
    Ok(has.unwrap_or(false))
}

/// Puts another password in place of the one there was, if there was one.
pub async fn set_password(
    db: &mut PgConnection,
    person: PersonId,
    password_hash: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update people set password_hash = $2 where id = $1",
        person.0,
        password_hash
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Deletes an account with all that belongs to it, and keeps its id.
pub async fn erase(
    db: &mut PgConnection,
    person: PersonId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with erased as (delete from people where id = $1 returning id)
         insert into erased_people (id, erased_at) select id, $2 from erased",
        person.0,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}
