//! `GET` and `POST /oauth2/authorize`: sends a signed-in person back to the client with a code; others sign in first.
//!
//! Invariant: until client and redirect URI are known to belong together, nothing is sent anywhere; afterwards every
//! outcome, good or bad, goes to that URI with `state` and `iss`.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::Duration;
use url::Url;

use crate::audit::{Entry, Kind};
use crate::client::{Client, GrantType};
use crate::error::{Failure, no_store};
use crate::opaque::Opaque;
use crate::pages;
use crate::params::{BadParams, Params};
use crate::pkce::Challenge;
use crate::return_to::ReturnTo;
use crate::routes;
use crate::scope::{self, Scopes};
use crate::session::{self, Session};
use crate::state::App;
use crate::store::{self, codes::NewCode, grants::NewGrant};

/// How long a code is good.
pub const CODE_LIFETIME: Duration = Duration::seconds(60);

/// The longest `state` or `nonce` that is carried.
const LONGEST: usize = 1024;

/// A request whose client and redirect URI are in order; everything else may still be wrong.
struct Addressed {
    client: &'static Client,
    redirect_uri: Url,
    state: Option<String>,
}

/// What a well-formed request asks for.
struct Request {
    scopes: Scopes,
    challenge: Challenge,
    nonce: Option<String>,
    prompt: Prompt,
    max_age: Option<Duration>,
}

/// How much the person may be asked (OpenID Connect Core §3.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prompt {
    IfNeeded,
    Never,
    Always,
}

/// Why nothing is sent to the redirect URI: it can't be trusted.
#[derive(Debug, thiserror::Error)]
enum Unaddressed {
    #[error("The application that sent you here is not known.")]
    Client,
    #[error("The application that sent you here gave an address that is not registered for it.")]
    RedirectUri,
}

/// An error that the client is told (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refusal(&'static str, &'static str);

impl From<BadParams> for Refusal {
    fn from(_: BadParams) -> Self {
        Self("invalid_request", "a parameter is repeated")
    }
}

/// The request as a form (OpenID Connect Core §3.1.2.1): the browser is led on to the link that says the same, because it
/// sends its cookie there, and none with a form of another site.
pub async fn by_form(headers: HeaderMap, body: Bytes) -> Response {
    match Params::form(&headers, &body) {
        Ok(params) => see_other(&format!("{}?{}", routes::AUTHORIZE, params.without(&[]))),
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
    let to = match address(&app, &params) {
        Ok(to) => to,
        Err(refused) => {
            return Ok(pages::refusal(
                StatusCode::BAD_REQUEST,
                &refused.to_string(),
            ));
        }
    };
    let request = match read(to.client, &params) {
        Ok(request) => request,
        Err(refusal) => return Ok(refuse(&app, &to, refusal)),
    };
    let session = session::current(&app, &headers)
        .await?
        .filter(|session| fresh_enough(&app, &request, session));
    match (session, request.prompt) {
        (Some(session), _) => grant(&app, &to, &request, &session).await,
        (None, Prompt::Never) => Ok(refuse(
            &app,
            &to,
            Refusal("login_required", "nobody is signed in"),
        )),
        (None, _) => Ok(sign_in_first(&app, &to, &params)),
    }
}

fn address(app: &App, params: &Params) -> Result<Addressed, Unaddressed> {
    let known = params.one("client_id").ok().flatten();
    let client = known.and_then(Client::find).ok_or(Unaddressed::Client)?;
    let redirect_uri = params
        .one("redirect_uri")
        .ok()
        .flatten()
        .filter(|uri| client.redirects_to(uri, app.issuer()))
        .and_then(|uri| Url::parse(uri).ok())
        .ok_or(Unaddressed::RedirectUri)?;
    // A repeated state is refused below, and none of them is sent back.
    let state = params.one("state").ok().flatten();
    Ok(Addressed {
        client,
        redirect_uri,
        state: state.map(str::to_owned),
    })
}

fn read(client: &Client, params: &Params) -> Result<Request, Refusal> {
    params.each_once()?;
    match params.one("response_type")? {
        Some("code") => {}
        Some(_) => {
            return Err(Refusal(
                "unsupported_response_type",
                "only code is supported",
            ));
        }
        None => return Err(Refusal("invalid_request", "response_type is missing")),
    }
    if !client.may(GrantType::AuthorizationCode) {
        return Err(Refusal(
            "unauthorized_client",
            "this client has no code grant",
        ));
    }
    if params
        .one("response_mode")?
        .is_some_and(|mode| mode != "query")
    {
        return Err(Refusal(
            "invalid_request",
            "only the response mode query is supported",
        ));
    }
    for (name, refusal) in [
        (
            "request",
            Refusal("request_not_supported", "request objects are not supported"),
        ),
        (
            "request_uri",
            Refusal(
                "request_uri_not_supported",
                "request objects are not supported",
            ),
        ),
        (
            "registration",
            Refusal("registration_not_supported", "clients register beforehand"),
        ),
    ] {
        if params.one(name)?.is_some() {
            return Err(refusal);
        }
    }
    for name in ["state", "nonce"] {
        let carried = params.one(name)?.unwrap_or_default();
        if carried.len() > LONGEST || carried.chars().any(char::is_control) {
            return Err(Refusal(
                "invalid_request",
                "state or nonce is too long or no text",
            ));
        }
    }
    if params.one("code_challenge_method")? != Some("S256") {
        return Err(Refusal(
            "invalid_request",
            "PKCE with the method S256 is required",
        ));
    }
    let challenge = params
        .one("code_challenge")?
        .and_then(Challenge::parse)
        .ok_or(Refusal(
            "invalid_request",
            "code_challenge is missing or no SHA-256",
        ))?;
    let max_age = match params.one("max_age")?.map(str::parse::<u32>) {
        None => None,
        Some(Ok(seconds)) => Some(Duration::seconds(seconds.into())),
        Some(Err(_)) => {
            return Err(Refusal(
                "invalid_request",
                "max_age is no number of seconds",
            ));
        }
    };
    // Scopes that are not known are left out, as OpenID Connect asks; the answer says what was granted.
    let scopes = Scopes::parse(params.one("scope")?.unwrap_or_default())
        .intersection(&scope::PERSONAL.into_iter().collect());
    if scopes.is_empty() {
        return Err(Refusal("invalid_scope", "none of these scopes is known"));
    }
    Ok(Request {
        scopes,
        challenge,
        nonce: params.one("nonce")?.map(str::to_owned),
        prompt: prompt(params.one("prompt")?.unwrap_or_default())?,
        max_age,
    })
}

fn prompt(text: &str) -> Result<Prompt, Refusal> {
    let wishes: Vec<&str> = text.split_ascii_whitespace().collect();
    if wishes == ["none"] {
        return Ok(Prompt::Never);
    }
    if wishes.contains(&"none") {
        return Err(Refusal("invalid_request", "prompt none stands alone"));
    }
    let again = wishes
        .iter()
        .any(|wish| ["login", "select_account"].contains(wish));
    Ok(if again {
        Prompt::Always
    } else {
        Prompt::IfNeeded
    })
}

fn fresh_enough(app: &App, request: &Request, session: &Session) -> bool {
    let age = app.clock.now() - session.created_at;
    request.prompt != Prompt::Always && request.max_age.is_none_or(|max| age <= max)
}

async fn grant(
    app: &App,
    to: &Addressed,
    request: &Request,
    session: &Session,
) -> Result<Response, Failure> {
    let now = app.clock.now();
    let (grant, code) = (app.ids.next(), Opaque::new(&app.ids)?);
    let mut db = app.db.begin().await?;
    let row = NewGrant {
        id: grant,
        session: session.id,
        client: to.client.id,
        scope: &request.scopes.to_string(),
        nonce: request.nonce.as_deref(),
    };
    store::grants::insert(&mut db, &row, now).await?;
    let row = NewCode {
        hash: code.hash(),
        grant,
        redirect_uri: to.redirect_uri.as_str(),
        challenge: request.challenge.as_str(),
        expires_at: now + CODE_LIFETIME,
    };
    store::codes::insert(&mut db, &row).await?;
    Entry::of(Kind::CodeIssued)
        .person(session.person)
        .session(session.id)
        .client(to.client.id)
        .record(app, &mut db)
        .await?;
    db.commit().await?;
    Ok(send(app, to, &[("code", code.reveal())]))
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

/// To the sign-in page, and from there back here. What asked for a new sign-in is left out on the way back, where it
/// has been fulfilled; the client sees by `auth_time` that it was.
fn sign_in_first(app: &App, to: &Addressed, params: &Params) -> Response {
    match ReturnTo::authorize(&params.without(&["prompt", "max_age"])) {
        Ok(back) => see_other(&back.via(routes::SIGN_IN)),
        Err(_) => refuse(
            app,
            to,
            Refusal("invalid_request", "the request is too long"),
        ),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts() {
        assert_eq!(prompt(""), Ok(Prompt::IfNeeded));
        assert_eq!(prompt("none"), Ok(Prompt::Never));
        assert_eq!(prompt("consent login"), Ok(Prompt::Always));
        assert!(prompt("none login").is_err());
    }
}
