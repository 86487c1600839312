//! `PUT /api/favourites`: all favourites of this person as they are from now on.
//!
//! Invariant: they replace the version that their sender has seen and no other.

use std::sync::{Arc, LazyLock};

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use bff_api::Favourites;

use super::shelved;
use crate::contract::Contract;
use crate::error::Error;
use crate::shelf::Basis;
use crate::state::App;

static CONTRACT: LazyLock<Arc<Contract>> =
    LazyLock::new(|| Contract::of(&Method::PUT, "/api/favourites"));

/// The handler.
pub async fn handle(State(app): State<App>, request: Request) -> Result<Response, Error> {
    let (head, body) = request.into_parts();
    let key = shelved::favourites(&app, &head.headers).await?;
    let basis = Basis::of(&head.headers)?;
    let favourites: Favourites = shelved::body(&CONTRACT, &head, body).await?;
    let written = app.shelf.write(&key, &favourites, &basis).await?;
    let mut answer = shelved::answer(&written);
    if basis == Basis::Nothing {
        *answer.status_mut() = StatusCode::CREATED;
    }
    Ok(answer)
}
