//! PKCE (RFC 7636), method S256 alone.
//!
//! Invariant: only whoever knows the verifier redeems a code; `plain` does not exist here.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A code challenge: the SHA-256 of a verifier, in base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge(String);

impl Challenge {
    /// Reads a `code_challenge`; `None` when it is no SHA-256.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hash = URL_SAFE_NO_PAD.decode(text).ok()?;
        (hash.len() == 32).then(|| Self(text.to_owned()))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether `verifier` is well formed and belongs to the stored challenge.
#[must_use]
pub fn proves(verifier: &str, challenge: &str) -> bool {
    let unreserved = |c: u8| c.is_ascii_alphanumeric() || b"-._~".contains(&c);
    (43..=128).contains(&verifier.len())
        && verifier.bytes().all(unreserved)
        && URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes())) == challenge
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc() {
        assert!(Challenge::parse(CHALLENGE).is_some());
        assert!(proves(VERIFIER, CHALLENGE));
    }

    #[test]
    fn nothing_else_proves_it() {
        assert!(!proves(CHALLENGE, CHALLENGE), "plain");
        assert!(!proves("", CHALLENGE));
        assert!(!proves(&VERIFIER[..42], CHALLENGE));
        for bad in ["", "short", &format!("{CHALLENGE}="), &CHALLENGE[1..]] {
            assert!(Challenge::parse(bad).is_none(), "{bad}");
        }
    }
}
