//! `POST /v1/divergences/{id}/settle`: an operator says how a divergence was dealt with that will not vanish by itself.
//!
//! Invariant: none is settled without a note, and the first one stays; no money moves and no book changes.

use axum::Json;
use axum::extract::State as Shared;
use schemars::JsonSchema;
use serde::Deserialize;
use service::auth::Principal;
use service::database;
use service::extract::{self, Path};
use service::openapi::NOT_BLANK;
use service::problem::Problem;

use crate::error::Error;
use crate::reconcile::DivergenceId;
use crate::state::App;
use crate::store;
use crate::store::divergences::{Divergence, Which};

/// The longest note, in characters.
const LONGEST: usize = 1000;

/// The body.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settlement {
    /// What was done.
    pub note: Note,
}

/// What an operator says: 1 to 1000 characters, without blanks around.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = NOT_BLANK))]
pub struct Note(String);

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

/// Answers 200 with the divergence; 404 `divergence-not-found`, 422 without a usable note.
pub async fn handler(
    Shared(app): Shared<App>,
    principal: Principal,
    Path(id): Path<DivergenceId>,
    extract::Json(settlement): extract::Json<Settlement>,
) -> Result<Json<Divergence>, Problem> {
    let settled = settle(&app, id, &principal.subject, &settlement.note).await?;
    Ok(Json(settled))
}

/// Settles it.
pub async fn settle(
    app: &App,
    id: DivergenceId,
    by: &str,
    note: &Note,
) -> Result<Divergence, Error> {
    let mut transaction = database::begin(&app.db).await?;
    let now = app.clock.now();
    if !store::divergences::settle(&mut transaction, id, by, &note.0, now).await? {
        return Err(Error::DivergenceNotFound);
    }
    let which = Which {
        only: Some(id),
        ..Which::default()
    };
    let settled = store::divergences::list(&mut transaction, which, None, 1).await?;
    transaction.commit().await?;
    tracing::info!(divergence.id = %id.0, user.id = by, "a divergence was settled by hand");
    settled.into_iter().next().ok_or(Error::DivergenceNotFound)
}
