//! `POST /v1/reconciliations`: our books of a period are to be held against the provider's.
//!
//! Invariant: it is made by whichever process leases it, once; whoever asked looks at its address what came of it.

use axum::extract::State as Shared;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Deserialize;
use service::auth::Principal;
use service::extract::Json;
use service::problem::Problem;

use crate::error::Error;
use crate::reconcile::{LONGEST, MARGIN, ReconciliationId};
use crate::state::App;
use crate::store;
use crate::store::reconciliations::{Reconciliation, Wanted};

/// The body.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// From when on.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub from: DateTime<Utc>,
    /// Until just before, not later than now; five minutes ago if unsaid.
    #[serde(default)]
    pub to: Option<DateTime<Utc>>,
}

/// Answers 202 with the reconciliation, and its address; 422 `period-unusable`.
pub async fn handler(
    Shared(app): Shared<App>,
    principal: Principal,
    Json(period): Json<Period>,
) -> Result<impl IntoResponse, Problem> {
    let wanted = request(&app, &principal.subject, &period).await?;
    let address = format!("/v1/reconciliations/{}", wanted.reconciliation_id.0);
    let location: [(HeaderName, String); 1] = [(header::LOCATION, address)];
    Ok((StatusCode::ACCEPTED, location, axum::Json(wanted)))
}

/// Wants it.
pub async fn request(app: &App, by: &str, period: &Period) -> Result<Reconciliation, Error> {
    let now = app.clock.now();
    let (from, to) = (period.from, period.to.unwrap_or(now - MARGIN));
    if from >= to || to > now || to - from > LONGEST {
        return Err(Error::PeriodUnusable);
    }
    let wanted = Wanted {
        id: ReconciliationId(app.ids.next()),
        period: from..to,
        by,
        at: now,
        day: None,
    };
    let mut connection = app.db.acquire().await?;
    store::reconciliations::insert(&mut connection, &wanted).await?;
    app.reconcile.notify_one();
    let stored = store::reconciliations::find(&mut connection, wanted.id).await?;
    stored.ok_or(Error::ReconciliationNotFound)
}
