//! What can go wrong here, and what a client is told of it.
//!
//! Invariant: a service's own problem is passed on as it is; only failures of this application become problems here.

use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use dapr_kit::{DaprError, InvokeError, Reply, TokenError};
use service::ids::NoRandomness;
use service::problem::Problem;
use service::{auth, etag, extract};

use crate::cookies::NotAValue;
use crate::limits::Full;
use crate::perimeter::forward;
use crate::perimeter::origin::{NO_FORMS, Refusal};
use crate::seal::SealError;
use crate::session::{GrantError, SessionError};
use crate::shelf;
use crate::sign_in::OidcError;

/// A request that got no answer of a service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Refused at the door.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no such thing.
    #[error("there is nothing there")]
    NotFound,
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// Somebody was.
    #[error("the session has ended")]
    SessionEnded,
    /// The command may be sent again by accident.
    #[error("there is no idempotency key")]
    NoIdempotencyKey,
    /// A change that does not say what it is a change of.
    #[error("there is no precondition")]
    NoPrecondition,
    /// It is no longer as the caller has seen it; the tag of what is there, if something is.
    #[error("it has changed")]
    Stale(Option<String>),
    /// Baskets and favourites are away.
    #[error("the durable state store failed")]
    Shelf(#[source] DaprError),
    /// It leads elsewhere.
    #[error("the return address is not local")]
    ReturnUrl,
    /// It is none of the types that are read here.
    #[error("the body is of another type")]
    Kind(&'static [&'static str]),
    /// Longer than its row allows.
    #[error("the body is too large")]
    BodyTooLarge,
    /// It trickles.
    #[error("the body takes too long")]
    BodyTooSlow,
    /// Path and query are too long to be passed on.
    #[error("the address is too long")]
    UriTooLong,
    /// The caller asks too much, and may ask again after so many seconds.
    #[error("too many requests")]
    TooManyRequests(u64),
    /// As much is being worked on as may be.
    #[error(transparent)]
    Full(#[from] Full),
    /// A client's token is none, or not good for what it asks.
    #[error("no good token")]
    Bearer(Problem),
    /// It is not what the service takes.
    #[error("the request breaks the service's contract")]
    Contract(Problem),
    /// As many live streams are open as may be.
    #[error("too many streams are open")]
    TooManyStreams,
    /// As many of one session as may be.
    #[error("too many streams of this session are open")]
    TooManyOfOne,
    /// A service could not be reached.
    #[error(transparent)]
    Upstream(#[from] InvokeError),
    /// A service refused: its own answer is passed on.
    #[error("a service answered {}", .0.status)]
    Answered(Box<Reply>),
    /// A service broke down without saying so properly.
    #[error("a service answered {0} without a problem")]
    UpstreamBroken(StatusCode),
    /// A token of our own could not be had.
    #[error("no token")]
    Token(#[source] TokenError),
    /// Identity could not be asked.
    #[error("identity failed")]
    Identity(#[source] OidcError),
    /// The sessions are away.
    #[error(transparent)]
    Sessions(#[from] SessionError),
    /// A cookie could not be written.
    #[error(transparent)]
    Cookie(#[from] NotAValue),
    /// A sign-in could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// JSON that could not be read or written.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The system gave no random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

impl From<GrantError> for Error {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Ended => Self::SessionEnded,
            GrantError::Session(error) => Self::Sessions(error),
            GrantError::Identity(error) => Self::Identity(error),
        }
    }
}

impl Error {
    /// The problem that a client sees.
    fn problem(&self) -> Problem {
        match self {
            Self::Refused(refusal) => refused(*refusal),
            Self::NotFound => extract::not_found(),
            Self::NotSignedIn => Problem::new(StatusCode::UNAUTHORIZED, "not-signed-in", "Sign in first"),
            Self::SessionEnded => {
                Problem::new(StatusCode::UNAUTHORIZED, "session-ended", "The session has ended: sign in again")
            }
            Self::NoIdempotencyKey => Problem::new(
                StatusCode::BAD_REQUEST,
                "idempotency-key-missing",
                "This needs an Idempotency-Key",
            )
            .detail("Send one header of 1 to 255 visible characters, new for each command, the same for each try of it."),
            Self::NoPrecondition => etag::unsaid().detail("Send the ETag of what you have read as If-Match, or If-None-Match: * if there was nothing."),
            Self::Stale(_) => etag::stale(),
            Self::ReturnUrl => Problem::new(
                StatusCode::BAD_REQUEST,
                "return-url-refused",
                "The return address must be a page of this site",
            ),
            Self::Kind(kinds) => extract::unsupported(kinds),
            Self::BodyTooLarge => {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large")
            }
            Self::BodyTooSlow => {
                Problem::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", "The body took too long to arrive")
            }
            Self::UriTooLong => Problem::new(StatusCode::URI_TOO_LONG, "uri-too-long", "The address is too long"),
            Self::TooManyRequests(seconds) => Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-requests",
                "You ask too much at a time",
            )
            .retry_after(*seconds),
            Self::Bearer(problem) | Self::Contract(problem) => problem.clone(),
            Self::Full(Full::One) => Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-at-once",
                "You have too many requests open at once",
            )
            .retry_after(1),
            Self::Full(Full::All) => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "overloaded",
                "Too much is going on right now",
            )
            .retry_after(1),
            Self::TooManyStreams => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too-many-streams",
                "Too many live views are open right now",
            )
            .retry_after(5),
            Self::TooManyOfOne => Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-streams",
                "You have too many live views open",
            )
            .retry_after(5),
            Self::Upstream(InvokeError::Open { retry_after, .. }) => {
                Problem::unavailable(self, retry_after.as_secs().max(1))
            }
            Self::Token(TokenError::Forbidden(_)) => auth::forbidden(),
            // Identity refused us, not the person: our credentials are being changed, or it is in trouble.
            Self::Upstream(_) | Self::Token(_) | Self::Identity(_) | Self::Sessions(SessionError::Store(_)) | Self::Shelf(_) => {
                Problem::unavailable(self, 2)
            }
            Self::Answered(_) | Self::UpstreamBroken(_) => {
                tracing::warn!(error = %self, "a service failed");
                Problem::new(StatusCode::BAD_GATEWAY, "upstream-failed", "A service behind this one failed")
            }
            Self::Sessions(_) | Self::Cookie(_) | Self::Seal(_) | Self::Json(_) | Self::Random(_) => Problem::internal(self),
        }
    }
}

fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Authorization => Problem::new(
            StatusCode::BAD_REQUEST,
            "authorization-refused",
            "This interface takes a session, not an Authorization header",
        ),
        Refusal::CrossSite => Problem::new(
            StatusCode::FORBIDDEN,
            "cross-site",
            "The request comes from another site",
        ),
        Refusal::NoHeader => Problem::new(
            StatusCode::FORBIDDEN,
            "request-header-missing",
            "A request that changes something needs the header X-Crema-Request: 1",
        ),
        Refusal::Form => extract::unsupported(&NO_FORMS),
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self {
            Self::Answered(reply) => {
                forward::from_service(*reply).unwrap_or_else(Self::into_response)
            }
            Self::Stale(Some(ref etag)) => {
                let mut response = self.problem().into_response();
                if let Some(tag) = shelf::tag(etag) {
                    response.headers_mut().insert(ETAG, tag);
                }
                response
            }
            error => error.problem().into_response(),
        }
    }
}
