//! What requests are read with.
//!
//! Invariant: every refusal is an [`Error`] of ours.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use service::money::Money;

use crate::error::Error;
use crate::operation::{Id, Key};

/// The longest text that we store: a key, a reference, a token.
const LONGEST: usize = 255;
const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// Text that a merchant chose: 1 to 255 visible ASCII characters.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Text(pub String);

impl TryFrom<String> for Text {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let fits = (1..=LONGEST).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text))
        } else {
            Err("1 to 255 visible ASCII characters are asked for")
        }
    }
}

/// An amount that can be moved: more than nothing.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Money")]
pub struct Amount(pub Money);

impl TryFrom<Money> for Amount {
    type Error = &'static str;

    fn try_from(money: Money) -> Result<Self, &'static str> {
        if money.amount > 0 {
            Ok(Self(money))
        } else {
            Err("an amount must be more than nothing")
        }
    }
}

/// The body of a capture and of a refund.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// How much.
    pub amount: Amount,
}

/// A body that came whole.
pub struct Whole(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Whole {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        Bytes::from_request(request, state)
            .await
            .map(Self)
            .map_err(|rejection: BytesRejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge,
                _ => Error::Invalid("the body could not be read".to_owned()),
            })
    }
}

/// A JSON body.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let Whole(bytes) = Whole::from_request(request, state).await?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| Error::Invalid(error.to_string()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let sent = parts.headers.get(HEADER).ok_or(Error::Key)?;
        let text = sent.to_str().map_err(|_| Error::Key)?;
        let Text(key) = Text::try_from(text.to_owned()).map_err(|_| Error::Key)?;
        Ok(Self(key))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(id)| Self(id))
            .map_err(|_| Error::NothingHere)
    }
}
