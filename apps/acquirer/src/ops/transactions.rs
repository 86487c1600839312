//! `GET /v1/transactions?from=&to=&cursor=&limit=`: purchases as they stand now, and refunds, by when each began.
//!
//! Invariant: whoever follows `next` to its end has seen all that began in the period, once, though more goes on meanwhile.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::book::Transaction;
use crate::error::Error;
use crate::state::App;

/// The most of one page.
const MOST: usize = 100;

/// A period that includes its beginning and not its end.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    cursor: Option<u64>,
    limit: Option<usize>,
}

/// A part of the list.
#[derive(Debug, Serialize)]
pub struct Page {
    items: Vec<Transaction>,
    next: Option<String>,
}

/// Answers a page, oldest first.
pub async fn handler(
    State(app): State<App>,
    query: Result<axum::extract::Query<Query>, QueryRejection>,
) -> Result<Json<Page>, Error> {
    let axum::extract::Query(query) =
        query.map_err(|rejection| Error::Invalid(rejection.body_text()))?;
    let limit = query.limit.unwrap_or(MOST);
    if !(1..=MOST).contains(&limit) {
        return Err(Error::Invalid("a page has 1 to 100 items".to_owned()));
    }
    let period = query.from..query.to;
    let after = query.cursor.unwrap_or_default();
    // One more only shows that there are more.
    let mut items = app.bank.transactions(&period, after, limit + 1).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items
        .last()
        .filter(|_| more)
        .map(|last| last.seq.to_string());
    Ok(Json(Page { items, next }))
}
