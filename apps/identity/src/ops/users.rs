//! `GET /v1/users`: the accounts, newest first, all or those whose address begins so.
//!
//! Invariant: at most a hundred at a time, and for an operator alone.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;
use service::auth::Principal;
use service::extract::Query;
use service::page::{Page, PageQuery};
use uuid::Uuid;

use crate::error::no_store;
use crate::operator::{Operator, OperatorError};
use crate::state::App;
use crate::store;

/// Which accounts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    #[schemars(range(min = 1, max = 100))]
    limit: Option<i64>,
    #[schemars(with = "Option<Uuid>")]
    cursor: Option<String>,
    /// The beginning of the address.
    #[serde(default)]
    email: String,
}

/// Answers 200 with one page.
pub async fn handle(
    State(app): State<App>,
    principal: Principal,
    Query(wanted): Query<Wanted>,
) -> Result<Response, OperatorError> {
    let page = PageQuery {
        limit: wanted.limit,
        cursor: wanted.cursor,
    };
    let (limit, before) = (page.limit()?, page.cursor()?.map(|cursor| cursor.0));
    let email = wanted.email.trim().to_lowercase();
    let mut db = app.db.acquire().await?;
    Operator::of(&app, &mut db, &principal).await?;
    let accounts = store::accounts::page(&mut db, &email, before, limit + 1).await?;
    Ok(no_store(Json(Page::cut(accounts, limit, |account| {
        account.id
    }))))
}
