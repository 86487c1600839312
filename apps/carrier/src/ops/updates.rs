//! `GET /v1/updates?after=N`: what happened since the shipper last asked.
//!
//! Invariant: who asks with the `next` of the last answer misses nothing and is told nothing twice.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use serde::{Deserialize, Serialize};

use crate::book::Update;
use crate::error::Error;
use crate::state::App;

/// Updates in one answer.
const MOST: usize = 100;

/// The query.
#[derive(Debug, Deserialize)]
pub struct After {
    #[serde(default)]
    after: u64,
}

/// A page.
#[derive(Debug, Serialize)]
pub struct Page {
    updates: Vec<Update>,
    /// What to ask for next.
    next: u64,
}

/// Answers 200 with at most a hundred, oldest first.
pub async fn handler(
    Shared(app): Shared<App>,
    query: Result<Query<After>, QueryRejection>,
) -> Result<Json<Page>, Error> {
    let Query(After { after }) = query.map_err(|_| Error::Invalid)?;
    let mut book = app.book();
    book.advance(app.clock.now())?;
    let updates = book.updates(after, MOST);
    let next = updates.last().map_or(after, |update| update.seq);
    Ok(Json(Page { updates, next }))
}
