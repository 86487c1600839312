//! `GET /v1/stores/{store}/tax-rates`: a store's rates, with the version that an edit must name.

use axum::extract::State;
use axum::response::Response;
use service::auth::Principal;
use service::extract::Path;
use service::problem::Problem;

use super::TaxRates;
use crate::access::staff_of;
use crate::answers;
use crate::error::Error;
use crate::menu::StoreId;
use crate::state::App;
use crate::store::tax_rates;

/// Answers 200, or 404 `store-not-found`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
) -> Result<Response, Problem> {
    let rates = read(&app, &principal, store).await?;
    Ok(answers::current(rates.version, &rates))
}

async fn read(app: &App, principal: &Principal, store: StoreId) -> Result<TaxRates, Error> {
    staff_of(principal, store)?;
    let mut db = app.db.acquire().await?;
    let rates = tax_rates::find(&mut db, store).await?;
    rates.ok_or(Error::UnknownStore)
}
