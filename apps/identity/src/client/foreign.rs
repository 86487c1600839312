//! A client of another company, as its registration says.
//!
//! Invariant: it learns of people, and does for them, what they allow it and a customer may: no roles, no stores. For
//! itself it does what concerns nobody. Of its secrets only the SHA-256 is here.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::GrantType;
use crate::opaque::Hash;
use crate::redirect_uri::RedirectUri;
use crate::scope::{self, Scopes};

/// Whether a client can keep a secret (RFC 6749 §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "ClientKind")]
pub enum Kind {
    /// It can: it runs on a server.
    Confidential,
    /// It can't: it runs on people's devices.
    Public,
}

impl Kind {
    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confidential => "confidential",
            Self::Public => "public",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Confidential, Self::Public]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// What people read when a client asks them for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientName(String);

/// A name that can't stand on a page.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 60 characters, none of which hides or turns others")]
pub struct UnfitName;

impl ClientName {
    /// The longest there is, in characters.
    const LONGEST: usize = 60;

    /// Reads a name without the spaces around it. What can't be seen, or changes the direction of what stands around it,
    /// is refused: it would let one name look like another.
    pub fn parse(text: &str) -> Result<Self, UnfitName> {
        let name = text.trim();
        let fits = !name.is_empty()
            && name.chars().count() <= Self::LONGEST
            && name.chars().all(|c| !c.is_control() && !is_unseen(c));
        fits.then(|| Self(name.to_owned())).ok_or(UnfitName)
    }

    /// A name that was judged when it was registered.
    #[must_use]
    pub fn stored(name: String) -> Self {
        Self(name)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Line and paragraph separators, and what Unicode calls format characters (Cf).
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0001}'
            | '\u{e0020}'..='\u{e007f}'
    )
}

/// What an operator says of a client.
#[derive(Debug, Clone)]
pub struct Registration {
    /// What people know it as.
    pub name: ClientName,
    /// Whether it has a secret.
    pub kind: Kind,
    /// Where codes may be sent: nowhere, if it does nothing for people.
    pub redirect_uris: Vec<RedirectUri>,
    /// Where a person who has signed out may be sent.
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// What it may ask people for.
    pub scopes: Scopes,
    /// Whether it gets refresh tokens.
    pub refreshes: bool,
    /// Whether it acts for people towards our services, by token exchange.
    pub acts: bool,
    /// Whether it gets tokens for itself, by its credentials.
    pub alone: bool,
}

impl Registration {
    /// Whether the client may use this grant.
    #[must_use]
    pub fn may(&self, grant: GrantType) -> bool {
        match grant {
            GrantType::AuthorizationCode => !self.redirect_uris.is_empty(),
            GrantType::RefreshToken => self.refreshes,
            GrantType::ClientCredentials => self.alone,
            GrantType::TokenExchange => self.acts,
        }
    }

    /// Whether it may reach this audience in a person's name.
    #[must_use]
    pub fn acts_towards(&self, audience: &str) -> bool {
        let acting = scope::ACTING.into_iter().collect();
        let towards = self.scopes.intersection(&acting).towards(audience);
        self.acts && !towards.is_empty()
    }

    /// Its own scopes towards an audience; `None` when it has no business there.
    #[must_use]
    pub fn own_scopes(&self, audience: &str) -> Option<Scopes> {
        let alone = scope::ALONE.into_iter().collect();
        let towards = self.scopes.intersection(&alone).towards(audience);
        (self.alone && !towards.is_empty()).then_some(towards)
    }
}

/// A registered client.
#[derive(Debug, Clone)]
pub struct ForeignClient {
    /// Its id.
    pub id: Uuid,
    /// The same as the text that it is known by.
    pub client_id: String,
    /// What was said of it.
    pub registration: Registration,
    /// Since when it is registered.
    pub created_at: DateTime<Utc>,
    /// How often the registration has changed.
    pub version: i64,
    /// The hash of its secret, if it has one.
    pub secret: Option<Hash>,
    /// The hash of the secret before, while that is still good.
    pub previous_secret: Option<Hash>,
}

impl ForeignClient {
    /// Whether a secret with this hash is its own, the present one or the one before.
    #[must_use]
    pub fn proves(&self, presented: &Hash) -> bool {
        let good = |known: Option<&Hash>| {
            // Without one, a comparison with nothing that anybody knows takes as long.
            let hash = known.unwrap_or(&[0; 32]);
            bool::from(hash.ct_eq(presented)) & known.is_some()
        };
        good(self.secret.as_ref()) | good(self.previous_secret.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_hides_nothing() {
        for good in [
            "Beans & Co",
            " Kaffeerösterei ",
            "焙煎所",
            "<b>x</b>",
            &"a".repeat(60),
        ] {
            assert!(ClientName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "  ",
            &"a".repeat(61),
            "a\nb",
            "Crema\u{202e}moc.live",
            "Cre\u{200b}ma",
            "a\u{2066}b",
            "a\u{e0041}",
        ] {
            assert_eq!(ClientName::parse(bad), Err(UnfitName), "{bad:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_taken_is_seen_on_one_line(text in "\\PC{0,70}|[\u{200b}-\u{2070}a\r\n]{1,9}") {
            if let Ok(name) = ClientName::parse(&text) {
                prop_assert!(name.as_str().chars().count() <= 60 && !name.as_str().is_empty());
                prop_assert!(!name.as_str().contains(|c: char| c.is_control() || is_unseen(c)));
                prop_assert_eq!(text.trim(), name.as_str());
            }
        }
    }
}
