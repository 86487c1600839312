//! `GET /v1/clients`: the registered clients and what each may do.
//!
//! Invariant: no secret, and no hash of one, is in the answer.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use service::auth::Principal;
use service::page::Page;

use crate::client::{Client, GrantType};
use crate::error::no_store;
use crate::operator::{Operator, OperatorError};
use crate::state::App;

#[derive(Serialize)]
struct Registered {
    client_id: &'static str,
    redirect_uris: Vec<String>,
    grant_types: Vec<&'static str>,
    /// What it may do for itself: audience and scopes.
    own: BTreeMap<&'static str, &'static [&'static str]>,
    /// The audiences it may reach in a person's name.
    delegated: &'static [&'static str],
}

/// Answers 200 with all of them.
pub async fn handle(
    State(app): State<App>,
    principal: Principal,
) -> Result<Response, OperatorError> {
    let mut db = app.db.acquire().await?;
    Operator::of(&app, &mut db, &principal).await?;
    let clients = Client::all().iter().map(|client| Registered {
        client_id: client.id,
        redirect_uris: client.redirect_uris(app.issuer()),
        grant_types: GrantType::ALL
            .into_iter()
            .filter(|grant| client.may(*grant))
            .map(GrantType::as_str)
            .collect(),
        own: client.own().iter().copied().collect(),
        delegated: client.delegated(),
    });
    Ok(no_store(Json(Page::whole(clients.collect()))))
}
