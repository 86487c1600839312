//! `PUT /v1/stores/{store}/tax-rates`: other rates for a store.
//!
//! Invariant: only the version that the caller has read is replaced. Prices include tax, so none of them changes.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use service::auth::Principal;
use service::database;
use service::etag;
use service::extract::{Json, Path};
use service::problem::Problem;

use super::{Edit, TaxRates};
use crate::access::staff_of;
use crate::answers;
use crate::error::{EditError, Error};
use crate::events::{self, Changed};
use crate::menu::StoreId;
use crate::state::App;
use crate::store::{self, tax_rates};

/// Answers 200 with them as they are now; 404 `store-not-found`, 412 or 428.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
    headers: HeaderMap,
    Json(edit): Json<Edit>,
) -> Result<Response, Problem> {
    staff_of(&principal, store)?;
    let version = etag::expected_version(&headers)?;
    let written = replace(&app, store, version, &edit).await?;
    Ok(answers::current(written.version, &written))
}

/// Replaces them.
pub async fn replace(
    app: &App,
    store: StoreId,
    version: i64,
    edit: &Edit,
) -> Result<TaxRates, EditError> {
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    let found = tax_rates::find(&mut transaction, store).await?;
    if found.ok_or(Error::UnknownStore)?.version != version {
        return Err(EditError::Stale);
    }
    tax_rates::write(&mut transaction, store, edit).await?;
    let written = tax_rates::find(&mut transaction, store).await?;
    let written = written.ok_or(Error::UnknownStore)?;
    let (version, now) = (written.version, app.clock.now());
    let news = events::catalog_changed(
        Changed::TaxRates,
        store.0,
        Some(store),
        version,
        &app.ids,
        now,
    )?;
    outbox::append(&mut transaction, &[news]).await?;
    transaction.commit().await?;
    app.outbox.wake();
    Ok(written)
}
