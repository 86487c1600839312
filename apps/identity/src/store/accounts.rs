//! People as their operators see them, and as their events tell of them.
//!
//! Invariant: whatever changes an account counts its version up, which is the sequence of its events; a row that was
//! counted up is locked until the transaction ends.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::roles;
use crate::person::PersonId;
use crate::role::Role;

/// A place at a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// Where.
    pub store_id: Uuid,
    /// As what.
    pub role: Role,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Account {
    /// Whose.
    pub id: Uuid,
    /// Her address.
    pub email: String,
    /// She has proved that it is hers.
    pub email_verified: bool,
    /// Her name.
    pub name: String,
    /// The roles that she has everywhere.
    pub roles: Vec<Role>,
    /// Where she works.
    pub staff: Vec<Place>,
    /// She may sign in.
    pub active: bool,
    /// Since when she is here.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub created_at: DateTime<Utc>,
    /// How often the account has changed.
    pub version: i64,
}

impl Account {
    /// All her roles, each once.
    #[must_use]
    pub fn all_roles(&self) -> Vec<Role> {
        let mut all = self.roles.clone();
        all.extend(self.staff.iter().map(|place| place.role));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The stores she works at.
    #[must_use]
    pub fn stores(&self) -> Vec<Uuid> {
        self.staff.iter().map(|place| place.store_id).collect()
    }
}

struct Row {
    id: Uuid,
    email: String,
    email_verified: bool,
    name: String,
    roles: Vec<String>,
    stores: Vec<Uuid>,
    places: Vec<String>,
    active: bool,
    created_at: DateTime<Utc>,
    version: i64,
}

impl From<Row> for Account {
    fn from(row: Row) -> Self {
        let places = row.stores.into_iter().zip(&row.places);
        Self {
            id: row.id,
            email: row.email,
            email_verified: row.email_verified,
            name: row.name,
            roles: roles(&row.roles),
            staff: places
                .filter_map(|(store_id, role)| {
                    let role = role.parse().ok()?;
                    Some(Place { store_id, role })
                })
                .collect(),
            active: row.active,
            created_at: row.created_at,
            version: row.version,
        }
    }
}

/// At most `limit` accounts made before the account `before`, newest first, whose address begins with `email`.
pub async fn page(
    db: &mut PgConnection,
    email: &str,
    before: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<Account>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id, email, name, version, created_at, deactivated_at is null as "active!",
            email_verified_at is not null as "email_verified!",
            array(select role from roles where person_id = p.id order by 1) as "roles!",
            array(select store_id from staff where person_id = p.id order by store_id) as "stores!",
            array(select role from staff where person_id = p.id order by store_id) as "places!"
         from people p where starts_with(email, $1) and ($2::uuid is null or id < $2) order by id desc limit $3"#,
        email,
        before,
        limit
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Account::from).collect())
}

/// An account.
pub async fn get(db: &mut PgConnection, person: PersonId) -> sqlx::Result<Option<Account>> {
    let row = sqlx::query_as!(
        Row,
        r#"select id, email, name, version, created_at, deactivated_at is null as "active!",
            email_verified_at is not null as "email_verified!",
            array(select role from roles where person_id = p.id order by 1) as "roles!",
            array(select store_id from staff where person_id = p.id order by store_id) as "stores!",
            array(select role from staff where person_id = p.id order by store_id) as "places!"
         from people p where id = $1"#,
        person.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(Account::from))
}

/// Keeps an account from changing until the transaction ends; its version, if there is such an account.
pub async fn lock(db: &mut PgConnection, person: PersonId) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "select version from people where id = $1 for update",
        person.0
    )
    .fetch_optional(db)
    .await
}

/// Counts an account's version up.
pub async fn count_up(db: &mut PgConnection, person: PersonId) -> sqlx::Result<()> {
    sqlx::query!(
        "update people set version = version + 1 where id = $1",
        person.0
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Puts other roles in place of those that she has.
pub async fn set_roles(
    db: &mut PgConnection,
    person: PersonId,
    roles: &[Role],
    staff: &[Place],
) -> sqlx::Result<()> {
    sqlx::query!("delete from roles where person_id = $1", person.0)
        .execute(&mut *db)
        .await?;
    sqlx::query!("delete from staff where person_id = $1", person.0)
        .execute(&mut *db)
        .await?;
    let roles: Vec<_> = roles.iter().map(|role| role.as_str().to_owned()).collect();
    sqlx::query!(
        "insert into roles (person_id, role) select $1, role from unnest($2::text[]) as role",
        person.0,
        &roles
    )
    .execute(&mut *db)
    .await?;
    let stores: Vec<_> = staff.iter().map(|place| place.store_id).collect();
    let places: Vec<_> = staff
        .iter()
        .map(|place| place.role.as_str().to_owned())
        .collect();
    sqlx::query!(
        "insert into staff (person_id, store_id, role)
         select $1, store_id, role from unnest($2::uuid[], $3::text[]) as place (store_id, role)",
        person.0,
        &stores,
        &places
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Closes an account from `since` on, or opens it.
pub async fn set_deactivated(
    db: &mut PgConnection,
    person: PersonId,
    since: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update people set deactivated_at = $2 where id = $1",
        person.0,
        since
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The grants of a person's sessions.
pub async fn grants(db: &mut PgConnection, person: PersonId) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "select g.id from grants g join sessions s on s.id = g.session_id where s.person_id = $1",
        person.0
    )
    .fetch_all(db)
    .await
}
