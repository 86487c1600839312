//! Clients of other companies.
//!
//! Invariant: a registration's version counts up with whatever changes it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::client::{ClientName, ForeignClient, Kind, Registration};
use crate::opaque::Hash;
use crate::redirect_uri::RedirectUri;
use crate::scope::Scopes;

struct Row {
    id: Uuid,
    name: String,
    kind: String,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    scope: String,
    refreshes: bool,
    acts: bool,
    alone: bool,
    created_at: DateTime<Utc>,
    version: i64,
    secret: Option<Vec<u8>>,
    previous_secret: Option<Vec<u8>>,
}

impl From<Row> for ForeignClient {
    fn from(row: Row) -> Self {
        let uris = |uris: Vec<String>| uris.into_iter().map(RedirectUri::stored).collect();
        let hash = |hash: Option<Vec<u8>>| hash.and_then(|hash| Hash::try_from(hash).ok());
        Self {
            id: row.id,
            client_id: row.id.to_string(),
            registration: Registration {
                name: ClientName::stored(row.name),
                // What only a later version knows proves itself, or nothing is believed of it.
                kind: Kind::parse(&row.kind).unwrap_or(Kind::Confidential),
                redirect_uris: uris(row.redirect_uris),
                post_logout_redirect_uris: uris(row.post_logout_redirect_uris),
                scopes: Scopes::parse(&row.scope),
                refreshes: row.refreshes,
                acts: row.acts,
                alone: row.alone,
            },
            created_at: row.created_at,
            version: row.version,
            secret: hash(row.secret),
            previous_secret: hash(row.previous_secret),
        }
    }
}

/// Adds a client, with the hash of its secret if it is to have one.
pub async fn insert(
    db: &mut PgConnection,
    id: Uuid,
    client: &Registration,
    secret: Option<&Hash>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let (uris, post_logout) = texts(client);
    sqlx::query!(
        "insert into clients (id, name, kind, redirect_uris, post_logout_redirect_uris, scope, refreshes, acts, alone, secret,
            created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        id,
        client.name.as_str(),
        client.kind.as_str(),
        &uris,
        &post_logout,
        client.scopes.to_string(),
        client.refreshes,
        client.acts,
        client.alone,
        secret.map(Hash::as_slice),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

fn texts(client: &Registration) -> (Vec<String>, Vec<String>) {
    let texts = |uris: &[RedirectUri]| uris.iter().map(|uri| uri.as_str().to_owned()).collect();
    (
        texts(&client.redirect_uris),
        texts(&client.post_logout_redirect_uris),
    )
}

/// A client.
pub async fn get(db: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<ForeignClient>> {
    let row = sqlx::query_as!(
        Row,
        "select id, name, kind, redirect_uris, post_logout_redirect_uris, scope, refreshes, acts, alone, created_at,
            version, secret, previous_secret
         from clients where id = $1",
        id
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(ForeignClient::from))
}

/// Whether some client has an address at this origin.
pub async fn has_origin(db: &mut PgConnection, origin: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
             select 1 from clients, unnest(redirect_uris) as uri where starts_with(uri, $1::text || '/')
           ) as "known!""#,
        origin
    )
    .fetch_one(db)
    .await
}

/// A client, which nobody else changes until the transaction ends.
pub async fn lock(db: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<ForeignClient>> {
    let row = sqlx::query_as!(
        Row,
        "select id, name, kind, redirect_uris, post_logout_redirect_uris, scope, refreshes, acts, alone, created_at,
            version, secret, previous_secret
         from clients where id = $1 for update",
        id
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(ForeignClient::from))
}

/// At most `limit` clients that were registered before the client `before`, newest first.
pub async fn page(
    db: &mut PgConnection,
    before: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<ForeignClient>> {
    let rows = sqlx::query_as!(
        Row,
        "select id, name, kind, redirect_uris, post_logout_redirect_uris, scope, refreshes, acts, alone, created_at,
            version, secret, previous_secret
         from clients where $1::uuid is null or id < $1 order by id desc limit $2",
        before,
        limit
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(ForeignClient::from).collect())
}

/// Puts another registration in place of the one there is; its kind stays.
pub async fn update(db: &mut PgConnection, id: Uuid, client: &Registration) -> sqlx::Result<()> {
    let (uris, post_logout) = texts(client);
    sqlx::query!(
        "update clients set name = $2, redirect_uris = $3, post_logout_redirect_uris = $4, scope = $5, refreshes = $6,
            acts = $7, alone = $8, version = version + 1
         where id = $1",
        id,
        client.name.as_str(),
        &uris,
        &post_logout,
        client.scopes.to_string(),
        client.refreshes,
        client.acts,
        client.alone
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Puts other secrets in place of those there are.
pub async fn set_secrets(
    db: &mut PgConnection,
    id: Uuid,
    secret: &Hash,
    previous: Option<&Hash>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update clients set secret = $2, previous_secret = $3, version = version + 1 where id = $1",
        id,
        secret,
        previous.map(Hash::as_slice)
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Removes a client with what people have allowed it; whether there was one.
pub async fn delete(db: &mut PgConnection, id: Uuid) -> sqlx::Result<bool> {
    let done = sqlx::query!("delete from clients where id = $1", id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}
