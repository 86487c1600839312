//! `GET /v1/audit`: what happened, newest first; `GET /v1/audit/verification`: whether all of it is as it was recorded.
//!
//! Invariant: the evidence is read here, never written.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use service::auth::Principal;
use service::extract::Query;
use service::page::{Page, PageQuery};
use sqlx::PgConnection;

use crate::audit::{Chain, Flaw, hex};
use crate::error::no_store;
use crate::operator::{Operator, OperatorError};
use crate::state::App;
use crate::store;

/// How many rows are checked at a time.
const BATCH: i64 = 1000;

/// Answers 200 with one page.
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    Query(page): Query<PageQuery>,
) -> Result<Response, OperatorError> {
    let (limit, before) = (page.limit()?, page.cursor()?.map(|cursor| cursor.0));
    let mut db = app.db.acquire().await?;
    Operator::of(&app, &mut db, &principal).await?;
    let rows = store::audit::newest(&mut db, before, limit + 1).await?;
    Ok(no_store(Json(Page::cut(rows, limit, |row| row.id))))
}

/// What a check found.
#[derive(Serialize, JsonSchema)]
pub struct Verification {
    /// How many rows, from the first on, are as they were recorded.
    rows: i64,
    /// The hash of the last of them: to be compared with one that was written down elsewhere.
    hash: String,
    /// What is wrong behind them.
    flaw: Option<String>,
}

/// Answers 200 with what was found.
pub async fn check(
    State(app): State<App>,
    principal: Principal,
) -> Result<Response, OperatorError> {
    let mut db = app.db.acquire().await?;
    Operator::of(&app, &mut db, &principal).await?;
    let (chain, flaw) = verify(&mut db).await?;
    if let Some(flaw) = flaw {
        tracing::error!(%flaw, "the audit is not as it was recorded");
    }
    Ok(no_store(Json(Verification {
        rows: chain.rows,
        hash: hex(&chain.hash),
        flaw: flaw.map(|flaw| flaw.to_string()),
    })))
}

/// Checks the whole chain as it is at this moment: how far it holds, and the first thing that is wrong.
pub async fn verify(db: &mut PgConnection) -> sqlx::Result<(Chain, Option<Flaw>)> {
    // First: rows only come behind what it says.
    let (position, hash) = store::audit::head(db).await?;
    let mut chain = Chain::default();
    while chain.rows < position {
        let rows = store::audit::after(db, chain.rows, BATCH.min(position - chain.rows)).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            if let Err(flaw) = chain.take(row) {
                return Ok((chain, Some(flaw)));
            }
        }
    }
    let flaw = chain.end(position, &hash).err();
    Ok((chain, flaw))
}
