//! One authentication request on its way: what ties the answer to the browser that asked.
//!
//! Invariant: state, nonce and PKCE verifier are made from the cookie, so that whoever has not this very browser's cookie
//! can answer nothing, and nothing of it is kept here but the cookie's SHA-256.

use aws_lc_rs::hmac;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use subtle::ConstantTimeEq as _;

use crate::opaque::{self, Hash, Opaque};
use crate::session;

/// How long a provider's answer is waited for.
pub const LIFETIME: Duration = Duration::minutes(10);
/// How long ago somebody may have signed in at the provider, where that counts as proof that it is she.
pub const FRESH: Duration = Duration::minutes(5);

const COOKIE: &str = "__Host-crema-id-with";

/// What the browser's cookie holds.
pub struct Tie(String);

impl Tie {
    /// Reads it from a request.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        session::cookie(headers, COOKIE).map(|value| Self(value.to_owned()))
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> Hash {
        opaque::hash(&self.0)
    }

    /// The `state` of its request.
    #[must_use]
    pub fn state(&self) -> String {
        self.derived(b"state")
    }

    /// The `nonce` of its request.
    #[must_use]
    pub fn nonce(&self) -> String {
        self.derived(b"nonce")
    }

    /// The PKCE verifier of its request.
    #[must_use]
    pub fn verifier(&self) -> String {
        self.derived(b"verifier")
    }

    /// Whether this is the state of its request.
    #[must_use]
    pub fn has_state(&self, state: &str) -> bool {
        self.state().as_bytes().ct_eq(state.as_bytes()).into()
    }

    /// The cookie that keeps it in the browser until the answer comes.
    #[must_use]
    pub fn set_cookie(&self) -> HeaderValue {
        session::cookie_with(COOKIE, &self.0, LIFETIME.num_seconds())
    }

    fn derived(&self, purpose: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes());
        URL_SAFE_NO_PAD.encode(hmac::sign(&key, purpose).as_ref())
    }
}

impl From<Opaque> for Tie {
    fn from(fresh: Opaque) -> Self {
        Self(fresh.reveal().to_owned())
    }
}

/// Takes the cookie away again.
pub fn clear(headers: &mut HeaderMap) {
    headers.append(header::SET_COOKIE, session::cookie_with(COOKIE, "", 0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_from_one_cookie_differs_and_is_the_same_every_time() {
        let (one, other) = (Tie("a".repeat(43)), Tie("b".repeat(43)));
        let made = [one.state(), one.nonce(), one.verifier(), other.state()];
        for (at, text) in made.iter().enumerate() {
            assert_eq!(text.len(), 43);
            assert!(!made[at + 1..].contains(text));
        }
        assert!(one.has_state(&one.state()));
        assert!(!one.has_state(&other.state()) && !one.has_state("") && !one.has_state("a"));
    }

    #[test]
    fn the_cookie_stays_with_its_host() {
        let cookie = Tie("x".to_owned()).set_cookie();
        assert_eq!(
            cookie.to_str().expect("text"),
            "__Host-crema-id-with=x; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax"
        );
    }
}
