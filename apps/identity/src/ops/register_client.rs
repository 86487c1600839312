//! `POST /v1/clients`: registers a client of another company. A confidential one's secret is in this answer and nowhere
//! else.
//!
//! Invariant: what a registration says is judged here alone, for a new one and for an edit. Sent twice it registers two:
//! an answer that could be given again would be a secret that is kept.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use service::auth::Principal;
use service::etag;
use service::extract;
use service::problem::Problem;

use crate::audit::{Entry, Kind as Event};
use crate::client::{ClientName, ForeignClient, GrantType, Kind, Registration};
use crate::error::no_store;
use crate::issuer::Issuer;
use crate::opaque::Opaque;
use crate::operator::{Operator, OperatorError};
use crate::ops::client::Shown;
use crate::redirect_uri::RedirectUri;
use crate::scope::{self, Scopes};
use crate::state::App;
use crate::store;

/// The most addresses of a sort.
const MOST: usize = 20;

/// What an operator says of a client.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    name: String,
    kind: Kind,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    scopes: Vec<String>,
    grant_types: Vec<String>,
}

impl Said {
    /// Judges it.
    pub fn read(self, issuer: &Issuer) -> Result<Registration, Problem> {
        let name = ClientName::parse(&self.name).map_err(|why| unfit("/name", &why.to_string()))?;
        let uris = |field: &str, texts: &[String]| uris(field, texts, self.kind, issuer);
        let redirect_uris = uris("redirect_uris", &self.redirect_uris)?;
        if redirect_uris.is_empty() {
            return Err(unfit("/redirect_uris", "a client has an address at least"));
        }
        let post_logout_redirect_uris =
            uris("post_logout_redirect_uris", &self.post_logout_redirect_uris)?;
        for (index, scope) in self.scopes.iter().enumerate() {
            if !scope::PERSONAL.contains(&scope.as_str()) {
                return Err(unfit(
                    &format!("/scopes/{index}"),
                    "there is no such scope for a client of another company",
                ));
            }
        }
        let scopes: Scopes = self.scopes.iter().map(String::as_str).collect();
        if scopes.is_empty() {
            return Err(unfit("/scopes", "a client has a scope at least"));
        }
        let grants: Vec<_> = self
            .grant_types
            .iter()
            .map(|it| GrantType::parse(it))
            .collect();
        let usual = [GrantType::AuthorizationCode, GrantType::RefreshToken].map(Some);
        if let Some(index) = grants.iter().position(|grant| !usual.contains(grant)) {
            return Err(unfit(
                &format!("/grant_types/{index}"),
                "a client of another company has authorization_code and refresh_token alone",
            ));
        }
        if !grants.contains(&usual[0]) {
            return Err(unfit("/grant_types", "authorization_code is missing"));
        }
        Ok(Registration {
            name,
            kind: self.kind,
            redirect_uris,
            post_logout_redirect_uris,
            scopes,
            refreshes: grants.contains(&usual[1]),
        })
    }
}

fn uris(
    field: &str,
    texts: &[String],
    kind: Kind,
    issuer: &Issuer,
) -> Result<Vec<RedirectUri>, Problem> {
    if texts.len() > MOST {
        return Err(unfit(&format!("/{field}"), "there are more than 20"));
    }
    let judged = texts.iter().enumerate().map(|(index, text)| {
        RedirectUri::parse(text, kind, issuer)
            .map_err(|why| unfit(&format!("/{field}/{index}"), &why.to_string()))
    });
    judged.collect()
}

/// The answer to a body with a field that can't be used.
#[must_use]
pub fn unfit(pointer: &str, why: &str) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid-body",
        "The body has the wrong shape",
    )
    .field(pointer, why)
}

/// A client with the secret that it has just got.
#[derive(Serialize)]
struct WithSecret<'a> {
    #[serde(flatten)]
    client: Shown,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
}

/// The answer that tells a new secret.
pub fn answer(status: StatusCode, client: &ForeignClient, secret: Option<&Opaque>) -> Response {
    let body = WithSecret {
        client: Shown::of_foreign(client),
        client_secret: secret.map(Opaque::reveal),
    };
    let etag = etag::header(etag::of_version(client.version));
    no_store((status, [etag], Json(body)).into_response())
}

/// What the audit keeps of a registration.
#[must_use]
pub fn words(client: &Registration) -> String {
    let uris = |uris: &[RedirectUri]| {
        let texts: Vec<_> = uris.iter().map(RedirectUri::as_str).collect();
        texts.join(" ")
    };
    let refreshes = if client.refreshes { ", refresh" } else { "" };
    format!(
        "{} {:?}: {}{refreshes}; back to {}; signed out to {}",
        client.kind.as_str(),
        client.name.as_str(),
        client.scopes,
        uris(&client.redirect_uris),
        uris(&client.post_logout_redirect_uris)
    )
}

/// Answers 201 with the client, its secret and its Location, or 422.
pub async fn handle(
    State(app): State<App>,
    principal: Principal,
    extract::Json(said): extract::Json<Said>,
) -> Result<Response, OperatorError> {
    let registration = said.read(app.issuer())?;
    let (id, now) = (app.ids.next(), app.clock.now());
    let secret = match registration.kind {
        Kind::Confidential => Some(Opaque::new(&app.ids)?),
        Kind::Public => None,
    };
    let hash = secret.as_ref().map(Opaque::hash);
    let mut db = app.db.begin().await?;
    let Operator(operator) = Operator::of(&app, &mut db, &principal).await?;
    store::clients::insert(&mut db, id, &registration, hash.as_ref(), now).await?;
    let client = store::clients::get(&mut db, id).await?;
    let client = client.ok_or(OperatorError::NoClient)?;
    Entry::of(Event::ClientRegistered)
        .actor(operator)
        .client(&client.client_id)
        .detail(words(&registration))
        .record(&app, &mut db)
        .await?;
    db.commit().await?;
    tracing::info!(client = client.client_id, operator.id = %operator, "a client was registered");
    let mut created = answer(StatusCode::CREATED, &client, secret.as_ref());
    if let Ok(location) = HeaderValue::try_from(format!("/v1/clients/{id}")) {
        created.headers_mut().insert(header::LOCATION, location);
    }
    Ok(created)
}
