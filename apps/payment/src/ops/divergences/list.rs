//! `GET /v1/divergences`: where the books differ, with what a person does about it, newest first.

use axum::Json;
use axum::extract::State as Shared;
use schemars::JsonSchema;
use serde::Deserialize;
use service::extract::Query;
use service::page::{Page, PageQuery};
use service::problem::Problem;
use uuid::Uuid;

use crate::error::Error;
use crate::reconcile::ReconciliationId;
use crate::state::App;
use crate::store;
use crate::store::divergences::{Divergence, Which};

/// Which can be listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Listed {
    /// Those that are neither mended nor settled.
    #[default]
    Open,
    /// The others too.
    All,
}

/// The query.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Which.
    #[serde(default)]
    pub state: Listed,
    /// Only what this reconciliation found.
    pub reconciliation: Option<ReconciliationId>,
    /// How many.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// From where on.
    #[schemars(with = "Option<Uuid>")]
    pub cursor: Option<String>,
}

/// Answers 200 with one page.
pub async fn handler(
    Shared(app): Shared<App>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Page<Divergence>>, Problem> {
    let page = PageQuery {
        limit: wanted.limit,
        cursor: wanted.cursor,
    };
    let (limit, before) = (page.limit()?, page.cursor()?.map(|cursor| cursor.0));
    let which = Which {
        only: None,
        found_by: wanted.reconciliation,
        open: wanted.state == Listed::Open,
    };
    let items = list(&app, which, before, limit + 1).await?;
    Ok(Json(Page::cut(items, limit, |one| one.divergence_id.0)))
}

/// At most `limit` of them, older than `before`.
pub async fn list(
    app: &App,
    which: Which,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Divergence>, Error> {
    let mut connection = app.db.acquire().await?;
    Ok(store::divergences::list(&mut connection, which, before, limit).await?)
}
