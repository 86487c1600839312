//! `POST /consent`: what a person says to a client of another company that wants to know her; and the page that asks.
//!
//! Invariant: an answer counts for the very request that the page showed, in the session that it was shown to. Anything
//! else is asked again.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::authorization::{Addressed, Request};
use crate::client::ForeignClient;
use crate::error::Failure;
use crate::form::{self, FormError, see_other};
use crate::ops::authorize::{self, Said};
use crate::pages::ConsentPage;
use crate::params::Params;
use crate::redirect_uri;
use crate::return_to::ReturnTo;
use crate::sealed::Purpose;
use crate::session::{self, Session};
use crate::state::App;
use crate::store;

/// Takes the form.
pub async fn submit(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FormError> {
    let params = form::read(&app, &headers, &body)?;
    let query = params.one("request")?.unwrap_or_default();
    let mark = params.one("mark")?.unwrap_or_default();
    let said = match params.one("answer")? {
        Some("allow") => Some(Said::Allow),
        Some("deny") => Some(Said::Deny),
        _ => None,
    };
    let asked = session::current(&app, &headers)
        .await?
        .is_some_and(|session| {
            let shown = shown(&session, query);
            app.sealer.is_marked(Purpose::Consent, &shown, mark)
        });
    if asked && let Some(said) = said {
        let request = Params::query(query);
        return Ok(authorize::answer(&app, &headers, &request, Some(said)).await?);
    }
    Ok(see_other(ReturnTo::authorize(query)?.as_str(), None))
}

/// Asks.
pub async fn ask(
    app: &App,
    to: &Addressed,
    client: &ForeignClient,
    request: &Request,
    session: &Session,
    params: &Params,
) -> Result<Response, Failure> {
    let query = params.without(&[]);
    let mark = app.sealer.mark(Purpose::Consent, &shown(session, &query))?;
    let mut db = app.db.acquire().await?;
    let profile = store::people::profile(&mut db, session.person).await?;
    let page = ConsentPage {
        client: client.registration.name.as_str(),
        leads_to: redirect_uri::shown(&to.redirect_uri),
        scopes: &request.scopes,
        refreshes: client.registration.refreshes,
        signed_in_as: profile.as_ref().map_or("", |profile| &profile.name),
        request: &query,
        mark: &mark,
        source: to.source(),
    };
    Ok(page.render())
}

/// What a page shows to whom, as it is marked.
fn shown(session: &Session, query: &str) -> String {
    format!("{} {query}", session.id)
}
