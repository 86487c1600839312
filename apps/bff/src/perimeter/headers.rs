//! The headers that every answer carries to protect its reader.
//!
//! Invariant: no inline script or style ever runs on a page of ours, and no other site can frame or embed an answer.

use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use url::{Host, Url};

/// The client's code is files of ours alone; `wasm-unsafe-eval` compiles WebAssembly and evaluates no text.
pub const CONTENT_SECURITY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self'; connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; media-src 'self'; \
     base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

const ALWAYS: [(HeaderName, &str); 6] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "strict-origin-when-cross-origin"),
    (CONTENT_SECURITY_POLICY, CONTENT_SECURITY),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=()",
    ),
];

/// The headers of one platform.
#[derive(Clone, Debug)]
pub struct Protective {
    strict_transport: bool,
}

impl Protective {
    /// The headers of the platform at this public address.
    #[must_use]
    pub fn of(public: &Url) -> Self {
        // On the machine's own name it would forbid plain HTTP to every other program there, on every port.
        let strict_transport = match public.host() {
            Some(Host::Domain(name)) => name != "localhost" && !name.ends_with(".localhost"),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => false,
        };
        Self { strict_transport }
    }

    /// Adds them; what an answer says itself stays.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in ALWAYS {
            headers
                .entry(name)
                .or_insert(HeaderValue::from_static(value));
        }
        if self.strict_transport {
            headers
                .entry(STRICT_TRANSPORT_SECURITY)
                .or_insert(HeaderValue::from_static(
                    "max-age=63072000; includeSubDomains",
                ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_gets_them_and_keeps_its_own() {
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'"),
        );
        Protective::of(&"https://crema.example".parse().expect("an address")).apply(&mut headers);
        assert_eq!(headers[CONTENT_SECURITY_POLICY], "default-src 'none'");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert!(headers.contains_key(STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn strict_transport_is_for_real_names() {
        for local in [
            "https://localhost:8443",
            "https://127.0.0.1:8443",
            "https://[::1]:8443",
        ] {
            let mut headers = HeaderMap::new();
            Protective::of(&local.parse().expect("an address")).apply(&mut headers);
            assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY), "{local}");
        }
    }

    #[test]
    fn the_policy_allows_no_inline_code() {
        assert!(CONTENT_SECURITY.starts_with("default-src 'none';"));
        for word in ["'unsafe-inline'", "'unsafe-eval'", "data:", "*", "http"] {
            assert!(!CONTENT_SECURITY.contains(word), "{word}");
        }
    }
}
