//! What an authorization request says: who sends it, where the answer goes, and what is asked for.
//!
//! Invariant: until client and redirect URI are known to belong together, there is no [`Addressed`], and without one no
//! answer goes anywhere.

use chrono::{DateTime, Duration, Utc};
use url::Url;
use uuid::Uuid;

use crate::client::{Client, GrantType};
use crate::error::Failure;
use crate::params::{BadParams, Params};
use crate::pkce::Challenge;
use crate::redirect_uri;
use crate::return_to::ReturnTo;
use crate::scope::Scopes;
use crate::session::Session;
use crate::state::App;

/// The longest `state` or `nonce` that is carried.
const LONGEST: usize = 1024;

/// A request whose client and redirect URI are in order; everything else may still be wrong.
pub struct Addressed {
    /// Who sends it.
    pub client: Client,
    /// Where the answer goes.
    pub redirect_uri: Url,
    /// The same as it was sent: it comes back with the code.
    pub redirect_text: String,
    /// What the client wants back.
    pub state: Option<String>,
}

/// What a well-formed request asks for.
pub struct Request {
    /// What the client wants to learn or do.
    pub scopes: Scopes,
    /// What it will prove itself by.
    pub challenge: Challenge,
    /// What it wants back in its ID token.
    pub nonce: Option<String>,
    /// How much the person may be asked.
    pub prompt: Prompt,
    /// How old her sign-in may be.
    pub max_age: Option<Duration>,
    /// Who she has to be.
    pub hinted: Option<Uuid>,
}

/// How much the person may be asked (OpenID Connect Core §3.1.2.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Nothing at all.
    pub never: bool,
    /// To sign in, although she has.
    pub login: bool,
    /// For her consent, although she gave it.
    pub consent: bool,
}

/// Why nothing is sent to the redirect URI: it can't be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unaddressed {
    /// Nobody is registered under this id.
    #[error("The application that sent you here is not known.")]
    Client,
    /// The address is not the client's.
    #[error("The application that sent you here gave an address that is not registered for it.")]
    RedirectUri,
}

/// An error that the client is told (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6): its code and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal(pub &'static str, pub &'static str);

impl From<BadParams> for Refusal {
    fn from(_: BadParams) -> Self {
        Self("invalid_request", "a parameter is repeated")
    }
}

impl Addressed {
    /// Reads who sends a request and where the answer goes.
    pub async fn read(app: &App, params: &Params) -> Result<Result<Self, Unaddressed>, Failure> {
        let client = match params.one("client_id").ok().flatten() {
            Some(id) => Client::find(&app.db, id).await?,
            None => None,
        };
        let Some(client) = client else {
            return Ok(Err(Unaddressed::Client));
        };
        let text = params.one("redirect_uri").ok().flatten();
        let text = text.filter(|uri| client.redirects_to(uri, app.issuer()));
        let Some((text, redirect_uri)) = text.and_then(|text| Some((text, Url::parse(text).ok()?)))
        else {
            return Ok(Err(Unaddressed::RedirectUri));
        };
        // A repeated state is refused later, and none of them is sent back.
        let state = params.one("state").ok().flatten();
        Ok(Ok(Self {
            redirect_uri,
            redirect_text: text.to_owned(),
            state: state.map(str::to_owned),
            client,
        }))
    }

    /// What the policy of a page must allow whose form leads to the answer in the end; nothing more than this site for
    /// clients of ours.
    #[must_use]
    pub fn source(&self) -> Option<String> {
        (!self.client.is_own()).then(|| redirect_uri::source(&self.redirect_uri))
    }
}

/// What the policy of a page must allow whose form leads to this way back in the end.
pub async fn source_of(app: &App, way_back: Option<&ReturnTo>) -> Result<Option<String>, Failure> {
    let Some(query) = way_back.and_then(ReturnTo::query) else {
        return Ok(None);
    };
    let addressed = Addressed::read(app, &Params::query(query)).await?;
    Ok(addressed.ok().and_then(|to| to.source()))
}

impl Request {
    /// Reads the rest of a request.
    pub fn read(app: &App, client: &Client, params: &Params) -> Result<Self, Refusal> {
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
        no_request_object(params)?;
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
            .intersection(&client.asks_for());
        if scopes.is_empty() {
            return Err(Refusal("invalid_scope", "none of these scopes is known"));
        }
        let hinted = match params
            .one("id_token_hint")?
            .map(|token| app.mint.hint(token))
        {
            None => None,
            Some(Ok(hint)) => Some(hint.sub),
            Some(Err(_)) => {
                return Err(Refusal(
                    "invalid_request",
                    "id_token_hint is no ID token of this server",
                ));
            }
        };
        Ok(Self {
            scopes,
            challenge,
            nonce: params.one("nonce")?.map(str::to_owned),
            prompt: Prompt::parse(params.one("prompt")?.unwrap_or_default())?,
            max_age,
            hinted,
        })
    }

    /// Whether a session is one that the request is content with: as it stands, or because it began after the request was
    /// first seen.
    #[must_use]
    pub fn is_content_with(
        &self,
        session: &Session,
        first_seen: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> bool {
        let age = now - session.created_at;
        let as_it_stands = !self.prompt.login && self.max_age.is_none_or(|max| age <= max);
        as_it_stands || first_seen.is_some_and(|seen| seen <= session.created_at)
    }
}

/// Refuses what would say in another place what the request says.
fn no_request_object(params: &Params) -> Result<(), Refusal> {
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
    Ok(())
}

impl Prompt {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let wishes: Vec<&str> = text.split_ascii_whitespace().collect();
        let wanted = |any: &[&str]| wishes.iter().any(|wish| any.contains(wish));
        let never = wanted(&["none"]);
        if never && wishes.len() > 1 {
            return Err(Refusal("invalid_request", "prompt none stands alone"));
        }
        Ok(Self {
            never,
            login: wanted(&["login", "select_account"]),
            consent: wanted(&["consent"]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts() {
        let parse =
            |text| Prompt::parse(text).map(|prompt| (prompt.never, prompt.login, prompt.consent));
        assert_eq!(parse(""), Ok((false, false, false)));
        assert_eq!(parse("none"), Ok((true, false, false)));
        assert_eq!(parse("consent login"), Ok((false, true, true)));
        assert_eq!(parse("select_account"), Ok((false, true, false)));
        assert_eq!(parse("later"), Ok((false, false, false)));
        assert!(parse("none login").is_err() && parse("none none").is_err());
    }
}
