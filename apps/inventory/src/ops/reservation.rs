//! `GET /v1/reservations/{order}`: what has become of an order's reservation.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use service::extract::Path;
use service::problem::Problem;

use crate::error::Error;
use crate::reservation::{OrderId, Summary};
use crate::state::App;
use crate::store::reservations;

/// Answers 200 with the reservation, or 404 `reservation-not-found`.
pub async fn handler(
    State(app): State<App>,
    Path(order): Path<OrderId>,
) -> Result<Json<Summary>, Problem> {
    reservation(&app, order).await?.map(Json).ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "reservation-not-found",
            "The order has no reservation",
        )
    })
}

/// The order's reservation, if it has one.
pub async fn reservation(app: &App, order: OrderId) -> Result<Option<Summary>, Error> {
    let mut connection = app.db.acquire().await?;
    let found = reservations::find(&mut connection, order).await?;
    Ok(found.as_ref().map(Summary::from))
}
