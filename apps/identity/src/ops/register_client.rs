//! `POST /v1/clients`: registers a client of another company. A confidential one's secret is in this answer and nowhere
//! else.
//!
//! Invariant: what a registration says is judged here alone, for a new one and for an edit. Sent twice it registers two:
//! an answer that could be given again would be a secret that is kept.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::auth::Principal;
use service::database;
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
#[derive(Debug, Deserialize, JsonSchema)]
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
        let scopes = self.scopes()?;
        let grants = self.grants(&scopes)?;
        let uris = |field: &str, texts: &[String]| uris(field, texts, self.kind, issuer);
        let redirect_uris = uris("redirect_uris", &self.redirect_uris)?;
        if redirect_uris.is_empty() == grants.contains(&GrantType::AuthorizationCode) {
            return Err(unfit(
                "/redirect_uris",
                "a client has an address if it has authorization_code, and otherwise none",
            ));
        }
        let post_logout_redirect_uris =
            uris("post_logout_redirect_uris", &self.post_logout_redirect_uris)?;
        Ok(Registration {
            name,
            kind: self.kind,
            redirect_uris,
            post_logout_redirect_uris,
            scopes,
            refreshes: grants.contains(&GrantType::RefreshToken),
            acts: grants.contains(&GrantType::TokenExchange),
            alone: grants.contains(&GrantType::ClientCredentials),
        })
    }

    fn scopes(&self) -> Result<Scopes, Problem> {
        for (index, scope) in self.scopes.iter().map(String::as_str).enumerate() {
            if !scope::PERSONAL.contains(&scope) && !scope::ACTING.contains(&scope) {
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
        Ok(scopes)
    }

    /// The grants it is to have, each with what it takes.
    fn grants(&self, scopes: &Scopes) -> Result<Vec<GrantType>, Problem> {
        let named = self.grant_types.iter().map(|it| GrantType::parse(it));
        let named: Vec<_> = named.collect();
        let signs_in = named.contains(&Some(GrantType::AuthorizationCode));
        let has_any = |known: &[&str]| known.iter().any(|scope| scopes.contains(scope));
        for (index, grant) in named.iter().enumerate() {
            let lacks = match grant {
                None => "there is no such grant",
                Some(GrantType::RefreshToken | GrantType::TokenExchange) if !signs_in => {
                    "this follows an authorization_code, which is missing"
                }
                Some(GrantType::ClientCredentials) if self.kind == Kind::Public => {
                    "a client without a secret can't prove who it is"
                }
                Some(GrantType::TokenExchange) if !has_any(&scope::ACTING) => {
                    "none of the scopes is one to act by"
                }
                Some(GrantType::ClientCredentials) if !has_any(&scope::ALONE) => {
                    "none of the scopes is one for a client itself"
                }
                Some(_) => continue,
            };
            return Err(unfit(&format!("/grant_types/{index}"), lacks));
        }
        if named.is_empty() {
            return Err(unfit("/grant_types", "a client has a grant at least"));
        }
        Ok(named.into_iter().flatten().collect())
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
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ClientWithSecret")]
pub struct WithSecret<'a> {
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
    let grants = [
        (client.refreshes, ", refresh"),
        (client.acts, ", acts for people"),
        (client.alone, ", acts for itself"),
    ];
    let grants: String = grants
        .iter()
        .filter_map(|(has, word)| has.then_some(*word))
        .collect();
    format!(
        "{} {:?}: {}{grants}; back to {}; signed out to {}",
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
    let mut db = database::begin(&app.db).await?;
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
