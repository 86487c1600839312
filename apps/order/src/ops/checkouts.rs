//! `GET /v1/checkouts`: the manual queue, that is the checkouts that wait for a person, for operators.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use service::extract::Query;
use service::page::{Page, PageQuery};
use service::problem::Problem;
use uuid::Uuid;

use crate::error::Error;
use crate::state::App;
use crate::store;
use crate::store::queue::CheckoutView;

/// Which checkouts can be listed. The others settle by themselves, and there are as many of them as orders.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Listed {
    /// Those that wait for a person.
    #[default]
    Manual,
}

/// The query.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Which.
    #[serde(default)]
    pub state: Listed,
    /// How many.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<i64>,
    /// From where on.
    #[schemars(with = "Option<Uuid>")]
    pub cursor: Option<String>,
}

/// Answers 200 with one page, the oldest order first.
pub async fn handler(
    State(app): State<App>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Page<CheckoutView>>, Problem> {
    let page = PageQuery {
        limit: wanted.limit,
        cursor: wanted.cursor,
    };
    let limit = page.limit()?;
    let after = page.cursor()?.map(|cursor| cursor.0);
    let checkouts = checkouts(&app, after, limit + 1).await?;
    Ok(Json(Page::cut(checkouts, limit, |checkout| {
        checkout.order_id.0
    })))
}

/// At most `limit` checkouts in the queue, of orders placed after the order `after`.
pub async fn checkouts(
    app: &App,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<CheckoutView>, Error> {
    let mut connection = app.db.acquire().await?;
    Ok(store::queue::manual(&mut connection, after, limit).await?)
}
