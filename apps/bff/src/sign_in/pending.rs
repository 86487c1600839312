//! A sign-in on its way, kept in the browser's `__Host-crema-login` cookie.
//!
//! Invariant: sealed, so the browser can neither read its PKCE verifier nor change where it leads; dead after ten minutes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::return_url::ReturnUrl;
use crate::seal::{SealError, Sealer};

/// How long a person may take to sign in.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);
const PURPOSE: &str = "sign-in";

/// What has to come back unchanged, or be shown when redeeming the code.
#[derive(Debug, Serialize, Deserialize)]
pub struct Pending {
    /// Comes back in the redirect.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// Proves that who redeems the code is who asked for it.
    pub verifier: String,
    /// Where the person wanted to go.
    pub return_to: ReturnUrl,
    /// Until when it counts.
    pub expires_at: DateTime<Utc>,
}

impl Pending {
    /// The cookie's value.
    pub fn seal(&self, sealer: &Sealer) -> Result<String, SealError> {
        // A struct of strings always serialises.
        let plain = serde_json::to_vec(self).map_err(|_| SealError::Damaged)?;
        Ok(URL_SAFE_NO_PAD.encode(sealer.seal(PURPOSE, plain)?))
    }

    /// Reads a cookie's value; `None` for anything but a sign-in that still counts.
    #[must_use]
    pub fn open(sealer: &Sealer, cookie: &str, now: DateTime<Utc>) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let plain = sealer.open(PURPOSE, &bytes).ok()?;
        let pending: Self = serde_json::from_slice(&plain).ok()?;
        (now < pending.expires_at).then_some(pending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;
    use dapr_kit::{Secret, Secrets};
    use std::collections::HashMap;

    #[test]
    fn it_comes_back_for_ten_minutes_and_hides_the_verifier() {
        let key = HashMap::from([("current".to_owned(), STANDARD.encode([9; 32]))]);
        let sealer = Sealer::new(Secrets::fixed(Secret::new("session", key)));
        let start = DateTime::<Utc>::UNIX_EPOCH;
        let pending = Pending {
            state: "s".into(),
            nonce: "n".into(),
            verifier: "the-verifier".into(),
            return_to: "/orders".parse().expect("local"),
            expires_at: start + LIFETIME,
        };
        let cookie = pending.seal(&sealer).expect("a key");
        let bytes = URL_SAFE_NO_PAD.decode(&cookie).expect("base64url");
        assert!(!bytes.windows(8).any(|window| window == b"verifier"));
        let back = Pending::open(&sealer, &cookie, start + TimeDelta::minutes(9)).expect("in time");
        assert_eq!(
            (back.verifier.as_str(), back.return_to.as_str()),
            ("the-verifier", "/orders")
        );
        assert!(Pending::open(&sealer, &cookie, start + LIFETIME).is_none());
        assert!(Pending::open(&sealer, &cookie[1..], start).is_none());
    }
}
