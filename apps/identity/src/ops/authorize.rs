//! `GET` and `POST /oauth2/authorize`: sends a signed-in person back to the client with a code; others sign in first, and
//! for a client of another company she is asked.
//!
//! Invariant: until client and redirect URI are known to belong together, nothing is sent anywhere; afterwards every
//! outcome, good or bad, goes to that URI with `state` and `iss`. No client of another company gets a code for what its
//! person has not allowed.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::Duration;
use service::database;
use sqlx::PgConnection;

use crate::audit::{Entry, Kind};
use crate::authorization::{Addressed, Refusal, Request};
use crate::client::ForeignClient;
use crate::error::{Failure, no_store};
use crate::first_seen;
use crate::opaque::Opaque;
use crate::ops::consent;
use crate::pages;
use crate::params::Params;
use crate::paths;
use crate::return_to::ReturnTo;
use crate::session::{self, Session};
use crate::state::App;
use crate::store::{self, codes::NewCode, grants::NewGrant};

/// How long a code is good.
pub const CODE_LIFETIME: Duration = Duration::seconds(60);

/// What a person said on the page that asks for her consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The client may.
    Allow,
    /// It may not.
    Deny,
}

/// What becomes of a request of another company's client.
enum Consent {
    /// She has allowed it.
    Given,
    /// She has to be asked.
    Missing,
    /// She does not want it.
    Refused,
    /// The client was removed at this moment.
    NoClient,
}

/// The request as a form (OpenID Connect Core §3.1.2.1): the browser is led on to the link that says the same, because it
/// sends its cookie there, and none with a form of another site.
pub async fn by_form(headers: HeaderMap, body: Bytes) -> Response {
    match Params::form(&headers, &body) {
        Ok(params) => see_other(&format!("{}?{}", paths::AUTHORIZE, params.without(&[]))),
        Err(_) => pages::refusal(StatusCode::BAD_REQUEST, "This form can't be read."),
    }
}

/// The request as a link.
pub async fn handle(
    State(app): State<App>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let params = Params::query(query.as_deref().unwrap_or_default());
    answer(&app, &headers, &params, None).await
}

/// Answers a request; `said` is what the person has said when she was asked about this very one.
pub async fn answer(
    app: &App,
    headers: &HeaderMap,
    params: &Params,
    said: Option<Said>,
) -> Result<Response, Failure> {
    let to = match Addressed::read(app, params).await? {
        Ok(to) => to,
        Err(refused) => {
            return Ok(pages::refusal(
                StatusCode::BAD_REQUEST,
                &refused.to_string(),
            ));
        }
    };
    let request = match Request::read(app, &to.client, params) {
        Ok(request) => request,
        Err(refusal) => return Ok(refuse(app, &to, refusal)),
    };
    let now = app.clock.now();
    let seen = first_seen::read(&app.sealer, params, now);
    let session = session::current(app, headers)
        .await?
        .filter(|session| request.is_content_with(session, seen, now));
    let hinted = |session: &Session| request.hinted.is_none_or(|who| who == session.person.0);
    match session {
        Some(session) if hinted(&session) => {
            grant(app, &to, &request, &session, params, said).await
        }
        // She was sent to sign in for this request, and did so as somebody else.
        Some(session) if seen.is_some_and(|seen| seen <= session.created_at) => Ok(refuse(
            app,
            &to,
            Refusal("login_required", "another person has signed in"),
        )),
        _ if request.prompt.never => Ok(refuse(
            app,
            &to,
            Refusal("login_required", "nobody is signed in, or somebody else"),
        )),
        _ => sign_in_first(app, &to, &request, params),
    }
}

async fn grant(
    app: &App,
    to: &Addressed,
    request: &Request,
    session: &Session,
    params: &Params,
    said: Option<Said>,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (grant, code) = (app.ids.next(), Opaque::new(&app.ids)?);
    let mut db = database::begin(&app.db).await?;
    let mut entries = Vec::new();
    let entry = |kind| {
        Entry::of(kind)
            .person(session.person)
            .session(session.id)
            .client(to.client.id())
    };
    if let Some(client) = to.client.foreign() {
        let asked = request.scopes.to_string();
        match settle(app, &mut db, client, request, session, said).await? {
            Consent::Given if said.is_some() => {
                entries.push(entry(Kind::ConsentGiven).detail(asked));
            }
            Consent::Given => {}
            Consent::Missing if request.prompt.never => {
                let refusal = Refusal("consent_required", "the person has not allowed this yet");
                return Ok(refuse(app, to, refusal));
            }
            Consent::Missing => {
                drop(db);
                return consent::ask(app, to, client, request, session, params).await;
            }
            Consent::Refused => {
                let refused = entry(Kind::ConsentRefused).detail(asked);
                refused.record(app, &mut db).await?;
                db.commit().await?;
                let refusal = Refusal("access_denied", "the person did not allow it");
                return Ok(refuse(app, to, refusal));
            }
            Consent::NoClient => {
                let gone = crate::authorization::Unaddressed::Client;
                return Ok(pages::refusal(StatusCode::BAD_REQUEST, &gone.to_string()));
            }
        }
    }
    let row = NewGrant {
        id: grant,
        session: session.id,
        client: to.client.id(),
        scope: &request.scopes.to_string(),
        nonce: request.nonce.as_deref(),
    };
    store::grants::insert(&mut db, &row, now).await?;
    let row = NewCode {
        hash: code.hash(),
        grant,
        redirect_uri: &to.redirect_text,
        challenge: request.challenge.as_str(),
        expires_at: now + CODE_LIFETIME,
    };
    store::codes::insert(&mut db, &row).await?;
    entries.push(entry(Kind::CodeIssued));
    for entry in entries {
        entry.record(app, &mut db).await?;
    }
    db.commit().await?;
    Ok(send(app, to, &[("code", code.reveal())]))
}

/// What the person has allowed, with what she says now. Whoever withdraws it or removes the client at this moment waits
/// until the grant is there, and ends it.
async fn settle(
    app: &App,
    db: &mut PgConnection,
    client: &ForeignClient,
    request: &Request,
    session: &Session,
    said: Option<Said>,
) -> Result<Consent, Failure> {
    let known = store::consents::hold(db, session.person, client.id).await?;
    match said {
        Some(Said::Deny) => Ok(Consent::Refused),
        Some(Said::Allow) => {
            let all = known.unwrap_or_default().union(&request.scopes);
            let now = app.clock.now();
            let given = store::consents::give(db, session.person, client.id, &all, now).await?;
            Ok(if given {
                Consent::Given
            } else {
                Consent::NoClient
            })
        }
        None => {
            let enough = known.is_some_and(|known| known.covers(&request.scopes));
            Ok(if enough && !request.prompt.consent {
                Consent::Given
            } else {
                Consent::Missing
            })
        }
    }
}

fn refuse(app: &App, to: &Addressed, Refusal(error, description): Refusal) -> Response {
    send(
        app,
        to,
        &[("error", error), ("error_description", description)],
    )
}

fn send(app: &App, to: &Addressed, outcome: &[(&str, &str)]) -> Response {
    let mut uri = to.redirect_uri.clone();
    uri.query_pairs_mut()
        .extend_pairs(outcome)
        .extend_pairs(to.state.as_deref().map(|state| ("state", state)))
        .append_pair("iss", app.issuer().as_str());
    see_other(uri.as_str())
}

/// To the sign-in page, and from there back here. A request that the present sign-in is not good enough for takes along
/// when it was seen, so that only a later one will be.
fn sign_in_first(
    app: &App,
    to: &Addressed,
    request: &Request,
    params: &Params,
) -> Result<Response, Failure> {
    let choosy = request.prompt.login || request.max_age.is_some() || request.hinted.is_some();
    let query = if choosy {
        first_seen::written(&app.sealer, params, app.clock.now())?
    } else {
        params.without(&[])
    };
    Ok(match ReturnTo::authorize(&query) {
        Ok(back) => see_other(&back.via(paths::SIGN_IN)),
        Err(_) => refuse(
            app,
            to,
            Refusal("invalid_request", "the request is too long"),
        ),
    })
}

/// Sends a browser on, without telling anybody where it was.
#[must_use]
pub fn see_other(location: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(location) else {
        return pages::refusal(StatusCode::BAD_REQUEST, "The address is not valid.");
    };
    let referrer = (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    let headers = [(header::LOCATION, location), referrer];
    no_store((StatusCode::SEE_OTHER, headers)).into_response()
}
