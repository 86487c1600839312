//! `GET /v1/stores/{store}/sales`: what a store sold, day by day and product by product, for those who run it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{Days, NaiveDate};
use schemars::JsonSchema;
use serde::Deserialize;
use service::auth::Principal;
use service::database;
use service::extract::{Path, Query};
use service::problem::Problem;

use crate::error::Error;
use crate::order::StoreId;
use crate::sales::{self, Period, PeriodError, Sales};
use crate::state::App;
use crate::store;

/// Which days.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SalesQuery {
    /// The first day, on the store's own clock; six before the last if unsaid.
    pub from: Option<NaiveDate>,
    /// The last day, the ninety-second with the first at most; the day that it is by UTC if unsaid.
    pub to: Option<NaiveDate>,
}

impl SalesQuery {
    /// The days that are meant on this one.
    pub fn period(self, today: NaiveDate) -> Result<Period, PeriodError> {
        let to = self.to.unwrap_or(today);
        let week = to.checked_sub_days(Days::new(6)).unwrap_or(to);
        Period::new(self.from.unwrap_or(week), to)
    }
}

impl From<PeriodError> for Problem {
    fn from(error: PeriodError) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid-query",
            "The query can't be used",
        )
        .field(
            if error == PeriodError::Year {
                "/from"
            } else {
                "/to"
            },
            error.to_string(),
        )
    }
}

/// Answers 200, or 404 `store-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
    Query(query): Query<SalesQuery>,
) -> Result<Json<Sales>, Problem> {
    let period = query.period(app.clock.now().date_naive())?;
    Ok(Json(sales(&app, &principal, store, period).await?))
}

/// The report, if `principal` runs the store.
pub async fn sales(
    app: &App,
    principal: &Principal,
    store: StoreId,
    period: Period,
) -> Result<Sales, Error> {
    if !principal.works_at(store.0) {
        return Err(Error::StoreNotFound);
    }
    let mut transaction = database::snapshot(&app.db).await?;
    let days = store::sales::days(&mut transaction, store, period).await?;
    let taxes = store::sales::taxes(&mut transaction, store, period).await?;
    let products = store::sales::products(&mut transaction, store, period).await?;
    transaction.commit().await?;
    Ok(sales::report(store, period, days, &taxes, products))
}
