//! Where another company's client may have people sent back to. No IO.
//!
//! Invariant: an address is taken only in the one form in which a browser goes there, and is compared byte for byte; what
//! lies on this site or names no certain place is never taken.

use url::Url;

use crate::client::Kind;
use crate::issuer::Issuer;

/// The longest address there is.
const LONGEST: usize = 512;
/// Where programs on a person's own device listen (RFC 8252 §7.3).
const LOOPBACK: &str = "http://127.0.0.1";
/// What an answer says in its query: an address that says it already would say it twice.
const ANSWERED: [&str; 5] = ["code", "state", "iss", "error", "error_description"];

/// A registered address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri(String);

/// Why an address is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Too long, or not in the one form in which a browser goes there.
    #[error(
        "an address is an absolute URI of at most 512 visible ASCII characters in its normal form: scheme and host in \
         lower case, no default port, no dot segments"
    )]
    Form,
    /// It has a fragment.
    #[error("an address has no fragment")]
    Fragment,
    /// It has a user or a password.
    #[error("an address has no user and no password")]
    UserInfo,
    /// It would stand for many.
    #[error("an address has no wildcard")]
    Wildcard,
    /// Another scheme than this kind of client may have.
    #[error(
        "an address begins with https; a public client may also have http://127.0.0.1, or a private-use scheme with a \
         dot in it"
    )]
    Scheme,
    /// It is on this very site.
    #[error("an address of this site belongs to no other company")]
    Ours,
    /// Its query has the name of a parameter of the answer.
    #[error("the query has a parameter that the answer has")]
    Query,
}

impl RedirectUri {
    /// Judges an address for a client of this kind.
    pub fn parse(text: &str, kind: Kind, issuer: &Issuer) -> Result<Self, Unfit> {
        if text.contains('#') {
            return Err(Unfit::Fragment);
        }
        if text.contains('*') {
            return Err(Unfit::Wildcard);
        }
        let plain = |c: u8| c.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&c);
        if text.len() > LONGEST || !text.bytes().all(plain) {
            return Err(Unfit::Form);
        }
        let url = Url::parse(text).map_err(|_| Unfit::Form)?;
        let authority = text.split_once("://").map_or("", |(_, rest)| rest);
        let authority = authority.split(['/', '?']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(Unfit::UserInfo);
        }
        // The path of an address without one may be left out; nothing else may be written in two ways.
        if url.as_str() != text && url.as_str().strip_suffix('/') != Some(text) {
            return Err(Unfit::Form);
        }
        let public = kind == Kind::Public;
        match url.scheme() {
            "https" => {}
            "http" if public && loopback(text).is_some() => {}
            // A reversed domain name (RFC 8252 §7.1); no scheme that a browser acts upon has a dot.
            private if public && private.contains('.') => {}
            _ => return Err(Unfit::Scheme),
        }
        if url.origin().ascii_serialization() == issuer.origin() {
            return Err(Unfit::Ours);
        }
        if url
            .query_pairs()
            .any(|(name, _)| ANSWERED.contains(&&*name))
        {
            return Err(Unfit::Query);
        }
        Ok(Self(text.to_owned()))
    }

    /// An address that was judged when it was registered.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `sent` is this address: byte for byte, but for the port of the loopback interface, which a program on a
    /// person's device gets from its operating system at each start (RFC 8252 §7.3).
    #[must_use]
    pub fn admits(&self, sent: &str) -> bool {
        match (loopback(&self.0), loopback(sent)) {
            (Some(known), Some(sent)) => known == sent,
            _ => self.0 == sent,
        }
    }
}

/// What follows host and port in an address of the loopback interface.
fn loopback(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(LOOPBACK)?;
    let Some(rest) = rest.strip_prefix(':') else {
        return (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest);
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (port, rest) = rest.split_at(end);
    let digits = port.bytes().all(|c| c.is_ascii_digit()) && !port.starts_with('0');
    (digits && port.parse::<u16>().is_ok()).then_some(rest)
}

/// Where an address leads, for a person to read: a host, or the app that has a scheme to itself.
#[must_use]
pub fn shown(uri: &Url) -> &str {
    match uri.host_str() {
        Some(host) if ["http", "https"].contains(&uri.scheme()) => host,
        _ => uri.scheme(),
    }
}

/// What a page's policy calls an address to which one of its forms may lead in the end (CSP `form-action`).
#[must_use]
pub fn source(uri: &Url) -> String {
    match uri.scheme() {
        "http" | "https" => uri.origin().ascii_serialization(),
        private => format!("{private}:"),
    }
}

#[cfg(test)]
mod tests;
