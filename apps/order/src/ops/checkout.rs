//! `GET /v1/checkouts/{order}`: one checkout with all that it did, for operators.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use service::extract::Path;
use service::problem::Problem;

use crate::error::Error;
use crate::order::OrderId;
use crate::state::App;
use crate::store;
use crate::store::queue::{CheckoutView, Deed};

/// A checkout with its history.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CheckoutStory {
    /// Where it stands.
    #[serde(flatten)]
    pub checkout: CheckoutView,
    /// What it did, oldest first.
    pub history: Vec<Deed>,
}

/// Answers 200 with the checkout, or 404 `order-not-found`.
pub async fn handler(
    State(app): State<App>,
    Path(order): Path<OrderId>,
) -> Result<Json<CheckoutStory>, Problem> {
    Ok(Json(checkout(&app, order).await?))
}

/// The checkout of an order.
pub async fn checkout(app: &App, order: OrderId) -> Result<CheckoutStory, Error> {
    let mut connection = app.db.acquire().await?;
    let checkout = store::queue::find(&mut connection, order)
        .await?
        .ok_or(Error::OrderNotFound)?;
    let history = store::queue::deeds(&mut connection, order).await?;
    Ok(CheckoutStory { checkout, history })
}
