//! `GET /v1/stores/{store}/slots`: how long whoever orders now waits, and the slots that are to be had.
//!
//! Invariant: it promises nothing. A slot is judged and taken when the order is placed, by the same rules.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::extract::{Path, Query};
use service::problem::Problem;

use crate::catalog::{self, QuoteError};
use crate::error::Error;
use crate::order::StoreId;
use crate::pickup::{self, AHEAD, SLOT};
use crate::state::App;
use crate::store;

/// How much time one answer covers.
const COVERED: TimeDelta = TimeDelta::days(2);

/// Which slots.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlotsQuery {
    /// From when on; from now if unsaid.
    pub from: Option<DateTime<Utc>>,
}

/// When an order can be picked up at a store.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Slots {
    /// Whether it is open now, so that an order is made at once.
    pub open: bool,
    /// When it opens next; null while it is open, and if that is not within a week.
    #[serde(serialize_with = "optional_instant")]
    pub opens_at: Option<DateTime<Utc>>,
    /// How long whoever orders now waits, in minutes.
    pub wait_minutes: i64,
    /// How long a slot is, in minutes.
    pub slot_minutes: i64,
    /// The slots of two days, in order; those that are taken as well.
    pub slots: Vec<Slot>,
}

/// One slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Slot {
    /// When it begins, which is its name.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub at: DateTime<Utc>,
    /// How many more orders it takes.
    pub left: i32,
}

#[expect(clippy::ref_option, reason = "serde calls it with the field as it is")]
fn optional_instant<S: serde::Serializer>(
    at: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => service::clock::rfc3339::serialize(at, serializer),
        None => serializer.serialize_none(),
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SlotsError {
    /// Not found, or the database failed.
    #[error(transparent)]
    Any(#[from] Error),
    /// The catalog does not say when the store is open.
    #[error(transparent)]
    Catalog(#[from] QuoteError),
}

impl From<sqlx::Error> for SlotsError {
    fn from(error: sqlx::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<SlotsError> for Problem {
    fn from(error: SlotsError) -> Self {
        match error {
            SlotsError::Any(error) => error.into(),
            SlotsError::Catalog(error) => error.into(),
        }
    }
}

/// Answers 200; 404 `store-not-found`, 503 while the catalog is away.
pub async fn handler(
    State(app): State<App>,
    Path(store): Path<StoreId>,
    Query(query): Query<SlotsQuery>,
) -> Result<Json<Slots>, Problem> {
    Ok(Json(slots(&app, store, query.from).await?))
}

/// The slots that begin from `from` on, for two days.
pub async fn slots(
    app: &App,
    store: StoreId,
    from: Option<DateTime<Utc>>,
) -> Result<Slots, SlotsError> {
    let openings = catalog::openings(&app.dapr, &app.tokens, store).await?;
    let openings = openings.ok_or(Error::StoreNotFound)?;
    let now = app.clock.now();
    let wait = app.waits.of(&app.db, store, now).await?;
    let earliest = now + wait;
    let last = now + AHEAD;
    // Within what is offered at all, so that no sum below leaves the calendar.
    let from = from.map_or(earliest, |from| from.clamp(earliest, last + SLOT));
    let until = last.min(from + COVERED);

    let mut connection = app.db.acquire().await?;
    let capacity = store::pickup::settings(&mut connection, store)
        .await?
        .capacity;
    let taken = store::pickup::taken(&mut connection, store, from, until).await?;
    let left = |at| (capacity - taken.get(&at).copied().unwrap_or_default()).max(0);
    let slots = pickup::slots(&openings, from, until).map(|at| Slot { at, left: left(at) });
    let open = pickup::present(&openings, now).is_some();
    Ok(Slots {
        open,
        opens_at: pickup::next(&openings, now).filter(|_| !open),
        wait_minutes: wait.num_minutes(),
        slot_minutes: SLOT.num_minutes(),
        slots: slots.collect(),
    })
}
