//! The public address of the platform, which is the issuer of every token.
//!
//! Invariant: no trailing slash, so that the issuer is one text everywhere.

use std::sync::Arc;

use url::Url;

/// The issuer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Issuer {
    address: Arc<str>,
    origin: Arc<str>,
}

impl Issuer {
    /// The issuer at this address.
    #[must_use]
    pub fn new(address: &Url) -> Self {
        Self {
            address: address.as_str().trim_end_matches('/').into(),
            origin: address.origin().ascii_serialization().into(),
        }
    }

    /// The issuer as it stands in `iss`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// Its origin, as a browser writes it.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The public address of one of its paths.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }
}
