//! `POST /v1/checkouts/{order}/settle`: an operator has undone a parked checkout by hand, and says how.
//!
//! Invariant: no checkout is settled by hand without a note, which stays in its history.

use axum::extract::State;
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::auth::Principal;
use service::database;
use service::etag;
use service::extract::{Json, Path};
use service::openapi::NOT_BLANK;
use service::problem::Problem;

use crate::checkout::{self, RequestError};
use crate::error::Error;
use crate::order::{Order, OrderId};
use crate::state::App;
use crate::store;

/// The longest note, in characters.
const LONGEST: usize = 1000;

/// The body.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settlement {
    /// What was done by hand.
    pub note: Note,
}

/// What an operator or staff says: 1 to 1000 characters, without blanks around.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = NOT_BLANK))]
pub struct Note(String);

impl Note {
    /// The note's text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Note {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = text.trim();
        // PostgreSQL has no text with a NUL in it.
        let usable = (1..=LONGEST).contains(&text.chars().count()) && !text.contains('\0');
        if usable {
            Ok(Self(text.to_owned()))
        } else {
            Err("a note is 1 to 1000 characters")
        }
    }
}

/// Why the checkout stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// Not found, or the database failed.
    #[error(transparent)]
    Any(#[from] Error),
    /// It is not parked.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl From<sqlx::Error> for SettleError {
    fn from(error: sqlx::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<SettleError> for Problem {
    fn from(error: SettleError) -> Self {
        match error {
            SettleError::Any(error) => error.into(),
            SettleError::Request(error) => error.into(),
        }
    }
}

/// Answers 200 with the cancelled order; 404 `order-not-found`, 409 `not-parked`, 422 without a usable note.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrderId>,
    Json(settlement): Json<Settlement>,
) -> Result<impl IntoResponse, Problem> {
    let order = settle(&app, &principal, id, &settlement.note).await?;
    let etag = etag::header(etag::of_version(order.version));
    Ok(([etag], axum::Json(order)))
}

/// Ends the checkout as undone.
pub async fn settle(
    app: &App,
    principal: &Principal,
    id: OrderId,
    note: &Note,
) -> Result<Order, SettleError> {
    let mut transaction = database::begin(&app.db).await?;
    let order = store::orders::find_for_update(&mut transaction, id)
        .await?
        .ok_or(Error::OrderNotFound)?;
    let (now, actor) = (app.clock.now(), principal.subject.as_str());
    let order = checkout::settle(&mut transaction, &app.ids, order, &note.0, actor, now).await?;
    transaction.commit().await?;
    app.outbox.wake();
    tracing::info!(order.id = %id.0, user.id = actor, "a parked checkout was settled by hand");
    Ok(order)
}
