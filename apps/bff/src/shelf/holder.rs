//! Whose basket a request is about: the person's who is signed in, or else the browser's.
//!
//! Invariant: a browser is known by 256 random bits that it alone has, and its basket is kept under their hash.

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::{BASKET_KEPT, ShelfKey};
use crate::cookies::{self, NotAValue, SameSite};
use crate::error::Error;
use crate::state::App;

/// The value of a browser's basket cookie.
#[derive(Clone)]
pub struct BasketId(String);

impl BasketId {
    /// The id of these random bytes.
    #[must_use]
    pub fn new(random: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random))
    }

    /// The one that a request shows; what can't be ours is none.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let text = cookies::read(headers, cookies::BASKET)?;
        let random = URL_SAFE_NO_PAD.decode(text).ok()?;
        (random.len() == 32).then(|| Self(text.to_owned()))
    }

    /// What its basket is kept under.
    #[must_use]
    pub fn key(&self) -> ShelfKey {
        let hash = digest(&SHA256, self.0.as_bytes());
        ShelfKey(format!("basket-{}", URL_SAFE_NO_PAD.encode(hash)))
    }

    /// The cookie, for as long as the basket is kept from now.
    pub fn cookie(&self) -> Result<HeaderValue, NotAValue> {
        let kept = i64::try_from(BASKET_KEPT.as_secs()).unwrap_or(i64::MAX);
        cookies::set(cookies::BASKET, &self.0, SameSite::Strict, kept)
    }
}

/// Whose basket it is.
pub enum Holder {
    /// A person's who is signed in.
    Person(Uuid),
    /// A browser's in which nobody is.
    Browser(BasketId),
    /// A browser's that has none yet.
    Nobody,
}

impl Holder {
    /// By the cookies of a request. A session that has ended is nobody's.
    pub async fn of(app: &App, headers: &HeaderMap) -> Result<Self, Error> {
        if let Ok(session) = app.session_of(headers)
            && let Some(session) = app.sessions.find(&session).await?
        {
            return Ok(Self::Person(session.person.id));
        }
        Ok(BasketId::of(headers).map_or(Self::Nobody, Self::Browser))
    }

    /// What the basket is kept under.
    #[must_use]
    pub fn key(&self) -> Option<ShelfKey> {
        match self {
            Self::Person(person) => Some(ShelfKey::basket_of(*person)),
            Self::Browser(id) => Some(id.key()),
            Self::Nobody => None,
        }
    }
}
