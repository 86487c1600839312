//! `GET /v1/stores`: all stores.
//!
//! Invariant: the list is complete; stores are counted in dozens, so `next` stays null until they are not.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use service::money::Currency;
use service::problem::Problem;
use sqlx::PgPool;

use crate::error::Error;
use crate::menu::{Store, StoreId};
use crate::rendered::Rendered;
use crate::state::App;
use crate::store;

/// Answers the list, or 304.
pub async fn handler(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    Ok(stores(&app.db).await?.respond(&headers))
}

async fn stores(db: &PgPool) -> Result<Rendered, Error> {
    Ok(Rendered::new(&Body::of(&all(db).await?))?)
}

/// All stores, in the order they are shown.
pub async fn all(db: &PgPool) -> Result<Vec<Store>, Error> {
    let mut db = db.acquire().await?;
    Ok(store::stores(&mut db).await?)
}

/// All stores.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "StorePage")]
pub struct Body<'a> {
    items: Vec<StoreBody<'a>>,
    next: Option<&'a str>,
}

impl<'a> Body<'a> {
    /// These, and no others.
    #[must_use]
    pub fn of(stores: &'a [Store]) -> Self {
        Self {
            items: stores.iter().map(StoreBody::from).collect(),
            next: None,
        }
    }
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Store")]
struct StoreBody<'a> {
    id: StoreId,
    name: &'a str,
    street: &'a str,
    city: &'a str,
    timezone: &'a str,
    currency: Currency,
}

impl<'a> From<&'a Store> for StoreBody<'a> {
    fn from(store: &'a Store) -> Self {
        Self {
            id: store.id,
            name: &store.name,
            street: &store.street,
            city: &store.city,
            timezone: &store.timezone,
            currency: store.currency,
        }
    }
}
