//! `POST /v1/stores/{store}/price-changes`: a price to come.
//!
//! Invariant: an item has one planned price for an instant: the same request again is refused and plans nothing twice.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Deserialize;
use service::auth::Principal;
use service::database;
use service::extract::{Json, Path};
use service::money::Money;
use service::problem::Problem;
use uuid::Uuid;

use crate::access::currency_at;
use crate::error::{EditError, FieldFault, Thing};
use crate::menu::StoreId;
use crate::price::{PriceChange, amount_in};
use crate::state::App;
use crate::store::{self, price_changes, prices};

/// Nobody plans for longer than that.
const HORIZON: TimeDelta = TimeDelta::days(2 * 366);

/// What is planned.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// A variation or an option.
    pub item_id: Uuid,
    /// For one from then on, tax included, in the store's currency; null ends the sale.
    #[serde(deserialize_with = "Option::deserialize")]
    pub price: Option<Money>,
    /// When it takes effect: to the millisecond, and within two years.
    pub takes_effect_at: DateTime<Utc>,
}

/// Answers 201 with its address; 404 `store-not-found`, 409 `already-planned`, or 422 `inconsistent-fields`.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(store): Path<StoreId>,
    Json(request): Json<Plan>,
) -> Result<Response, Problem> {
    let made = plan(&app, &principal, store, request).await?;
    let address = format!("/v1/stores/{}/price-changes/{}", store.0, made.id);
    Ok((StatusCode::CREATED, [(LOCATION, address)], Answer(made)).into_response())
}

/// Plans it.
pub async fn plan(
    app: &App,
    principal: &Principal,
    store: StoreId,
    request: Plan,
) -> Result<PriceChange, EditError> {
    let mut transaction = database::begin(&app.db).await?;
    store::begin_edit(&mut transaction).await?;
    let now = app.clock.now();
    let currency = currency_at(&mut transaction, principal, store).await?;
    let at = request.takes_effect_at.trunc_subsecs(3);
    let mut faults = Vec::new();
    if !(now < at && at <= now + HORIZON) {
        let detail = "must be in the future, and within two years";
        faults.push(FieldFault::at("/takes_effect_at", detail));
    }
    if let Some(price) = request.price {
        faults.extend(amount_in(currency, price).err());
    }
    let item = prices::find(&mut transaction, store, currency, request.item_id, now).await?;
    if item.is_none() {
        faults.push(FieldFault::at("/item_id", "is no variation and no option"));
    }
    if !faults.is_empty() {
        return Err(EditError::Invalid(faults));
    }
    let item = item.ok_or(EditError::NotFound(Thing::Item))?;
    let change = PriceChange {
        id: app.ids.next(),
        item_id: item.item_id,
        item: item.item,
        price: request.price,
        takes_effect_at: at,
    };
    prices::make_room(&mut transaction, store, item.item_id, item.item).await?;
    if !price_changes::insert(&mut transaction, store, &change).await? {
        return Err(EditError::AlreadyPlanned);
    }
    transaction.commit().await?;
    Ok(change)
}
