//! `GET /v1/clients/{id}`: one client, with the version of its registration as `ETag` if it is of another company.
//!
//! Invariant: no secret, and no hash of one, is in the answer.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use service::auth::Principal;
use service::etag;
use service::extract::Path;

use crate::client::{Client, ForeignClient, GrantType, OwnClient};
use crate::error::no_store;
use crate::issuer::Issuer;
use crate::operator::{Operator, OperatorError};
use crate::redirect_uri::RedirectUri;
use crate::scope::{self, Scopes};
use crate::state::App;

/// A client as operators see it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Client")]
pub struct Shown {
    client_id: String,
    /// `own`, `confidential` or `public`.
    kind: &'static str,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    grant_types: Vec<&'static str>,
    /// What it may ask people for.
    scopes: Vec<String>,
    #[serde(flatten)]
    more: More,
}

/// What only one sort of clients has.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum More {
    Own {
        /// What it may do for itself: audience and scopes.
        own: BTreeMap<&'static str, &'static [&'static str]>,
        /// The audiences it may reach in a person's name.
        delegated: &'static [&'static str],
    },
    Foreign {
        name: String,
        /// The secret before the present one is good as well.
        previous_secret: bool,
        #[serde(with = "service::clock::rfc3339")]
        #[schemars(with = "DateTime<Utc>")]
        created_at: DateTime<Utc>,
        version: i64,
    },
}

impl Shown {
    /// What is shown of a client.
    #[must_use]
    pub fn of(client: &Client, issuer: &Issuer) -> Self {
        match client {
            Client::Own(own) => Self::of_own(own, client, issuer),
            Client::Foreign(foreign) => Self::of_foreign(foreign),
        }
    }

    fn of_own(own: &OwnClient, client: &Client, issuer: &Issuer) -> Self {
        let signs_in = client.may(GrantType::AuthorizationCode);
        let scopes = scope::PERSONAL.into_iter().filter(|_| signs_in);
        Self {
            client_id: own.id.to_owned(),
            kind: "own",
            redirect_uris: own.redirect_uris(issuer),
            post_logout_redirect_uris: own.post_logout_redirect_uris(issuer),
            grant_types: grants(|grant| client.may(grant)),
            scopes: words(&scopes.collect()),
            more: More::Own {
                own: own.own.iter().copied().collect(),
                delegated: own.delegated,
            },
        }
    }

    /// What is shown of a client of another company.
    #[must_use]
    pub fn of_foreign(client: &ForeignClient) -> Self {
        let said = &client.registration;
        Self {
            client_id: client.client_id.clone(),
            kind: said.kind.as_str(),
            redirect_uris: texts(&said.redirect_uris),
            post_logout_redirect_uris: texts(&said.post_logout_redirect_uris),
            grant_types: grants(|grant| said.may(grant)),
            scopes: words(&said.scopes),
            more: More::Foreign {
                name: said.name.as_str().to_owned(),
                previous_secret: client.previous_secret.is_some(),
                created_at: client.created_at,
                version: client.version,
            },
        }
    }
}

fn grants(may: impl Fn(GrantType) -> bool) -> Vec<&'static str> {
    let granted = GrantType::ALL.into_iter().filter(|grant| may(*grant));
    granted.map(GrantType::as_str).collect()
}

fn texts(uris: &[RedirectUri]) -> Vec<String> {
    uris.iter().map(|uri| uri.as_str().to_owned()).collect()
}

fn words(scopes: &Scopes) -> Vec<String> {
    scopes.iter().map(str::to_owned).collect()
}

/// Answers 200 with the client, or 404.
pub async fn handle(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Response, OperatorError> {
    let mut db = app.db.acquire().await?;
    Operator::of(&app, &mut db, &principal).await?;
    drop(db);
    let client = Client::find(&app.db, &id).await?;
    match client.ok_or(OperatorError::NoClient)? {
        Client::Foreign(client) => Ok(answer(&client)),
        own @ Client::Own(_) => Ok(no_store(Json(Shown::of(&own, app.issuer())))),
    }
}

/// The answer that shows a client of another company.
#[must_use]
pub fn answer(client: &ForeignClient) -> Response {
    let etag = etag::of_version(client.version);
    no_store(([etag::header(etag)], Json(Shown::of_foreign(client))).into_response())
}
