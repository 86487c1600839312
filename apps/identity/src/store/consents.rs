//! What people have allowed clients of other companies.
//!
//! Invariant: one row for a person and a client; as long as somebody holds it, nobody withdraws it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::person::PersonId;
use crate::scope::Scopes;

/// An application with access, as its person sees it.
#[derive(Debug)]
pub struct Application {
    /// The client.
    pub client: Uuid,
    /// What it is called.
    pub name: String,
    /// What it may know.
    pub scopes: Scopes,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// What a person has allowed a client, which stays so until the transaction ends.
pub async fn hold(
    db: &mut PgConnection,
    person: PersonId,
    client: Uuid,
) -> sqlx::Result<Option<Scopes>> {
    let scope = sqlx::query_scalar!(
        "select scope from consents where person_id = $1 and client_id = $2 for update",
        person.0,
        client
    )
    .fetch_optional(db)
    .await?;
    Ok(scope.as_deref().map(Scopes::parse))
}

/// Writes down what a person allows a client from now on; `false`, if there is no such client any more.
pub async fn give(
    db: &mut PgConnection,
    person: PersonId,
    client: Uuid,
    scopes: &Scopes,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into consents (person_id, client_id, scope, given_at)
         select $1, id, $3, $4 from clients where id = $2 for key share
         on conflict (person_id, client_id) do update set scope = excluded.scope",
        person.0,
        client,
        scopes.to_string(),
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes what a person has allowed a client; whether there was anything.
pub async fn withdraw(db: &mut PgConnection, person: PersonId, client: Uuid) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from consents where person_id = $1 and client_id = $2",
        person.0,
        client
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The applications that a person has allowed anything, by name.
pub async fn of_person(db: &mut PgConnection, person: PersonId) -> sqlx::Result<Vec<Application>> {
    let rows = sqlx::query!(
        "select c.id, c.name, k.scope, k.given_at from consents k join clients c on c.id = k.client_id
         where k.person_id = $1 order by lower(c.name), c.id",
        person.0
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Application {
            client: row.id,
            name: row.name,
            scopes: Scopes::parse(&row.scope),
            since: row.given_at,
        })
        .collect())
}
