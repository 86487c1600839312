//! Signed-in browsers: what is kept for each, for how long, and under which name.
//!
//! Invariant: the browser holds a random id and nothing else; what we keep is encrypted and filed under the id's hash,
//! so that neither the state store's reader nor its writer can become somebody.

mod flights;
mod recent;
mod refresh;
mod sessions;
mod store;

pub use refresh::{Activity, GrantError};
pub use sessions::{SessionError, Sessions};
pub use store::{DaprState, StateStore};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

/// A session that nobody used for so long has ended.
pub const IDLE: TimeDelta = TimeDelta::hours(2);
/// However much it is used, a session ends after this.
pub const ABSOLUTE: TimeDelta = TimeDelta::hours(12);
/// Use is noted when the last note is older than this: each note costs a refresh.
const NOTE_USE: TimeDelta = TimeDelta::minutes(5);
/// An access token is renewed this long before it expires.
const MARGIN: TimeDelta = TimeDelta::seconds(30);

/// The cookie's value: 256 random bits.
#[derive(Clone)]
pub struct SessionId(String);

impl SessionId {
    /// The id of these random bytes.
    #[must_use]
    pub fn new(random: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random))
    }

    /// Reads a cookie's value; one that can't be ours is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let random = URL_SAFE_NO_PAD.decode(text).ok()?;
        (random.len() == 32).then(|| Self(text.to_owned()))
    }

    /// For the cookie alone.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What the session is filed under.
    #[must_use]
    pub fn key(&self) -> SessionKey {
        let hash = digest(&SHA256, self.0.as_bytes());
        SessionKey(format!("session-{}", URL_SAFE_NO_PAD.encode(hash)))
    }
}

/// The name of a session in the state store and in this process; useless to whoever reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionKey(String);

impl SessionKey {
    /// The text of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who signed in, by the ID token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The person's id at identity.
    pub id: Uuid,
    /// Shown name.
    pub name: String,
    /// For what the page offers; services decide by their own tokens.
    pub roles: Vec<String>,
    /// Where the person works.
    pub stores: Vec<Uuid>,
    /// The session at identity that this one came from; one from before it was kept does not say.
    #[serde(default)]
    pub sign_in: Option<Uuid>,
}

/// What identity gave us for the person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Grant {
    /// Access token whose audience we are; exchanged for every call.
    #[serde(serialize_with = "revealed")]
    pub access_token: SecretString,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// Good for one refresh.
    #[serde(serialize_with = "revealed")]
    pub refresh_token: SecretString,
}

/// A session as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Whose.
    pub person: Person,
    /// What we may do for the person.
    pub grant: Grant,
    /// When the person signed in.
    pub created_at: DateTime<Utc>,
    /// When the person was last noted to be there.
    pub seen_at: DateTime<Utc>,
}

impl Session {
    /// When it ends unless used again.
    #[must_use]
    pub fn ends_at(&self) -> DateTime<Utc> {
        (self.seen_at + IDLE).min(self.created_at + ABSOLUTE)
    }

    /// Whether its grant has to be refreshed before this use.
    fn is_due(&self, now: DateTime<Utc>, activity: Activity) -> bool {
        now >= self.grant.expires_at - MARGIN
            || (activity == Activity::Person && now >= self.seen_at + NOTE_USE)
    }
}

/// Only ever called while sealing a session.
fn revealed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A session of somebody who signed in now.
    pub(super) fn session_of(name: &str, now: DateTime<Utc>) -> Session {
        Session {
            person: Person {
                id: Uuid::nil(),
                name: name.into(),
                roles: vec![],
                stores: vec![],
                sign_in: None,
            },
            grant: Grant {
                access_token: "a".into(),
                expires_at: now + TimeDelta::minutes(5),
                refresh_token: "r".into(),
            },
            created_at: now,
            seen_at: now,
        }
    }

    #[test]
    fn an_id_is_256_bits_and_its_key_does_not_show_it() {
        let id = SessionId::new([7; 32]);
        assert_eq!(id.reveal().len(), 43);
        assert!(SessionId::parse(id.reveal()).is_some_and(|parsed| parsed.key() == id.key()));
        assert!(!id.key().as_str().contains(id.reveal()));
        for bad in [
            "",
            "abc",
            &"a".repeat(42),
            &"a".repeat(44),
            &format!("{}=", id.reveal()),
            &"!".repeat(43),
        ] {
            assert!(SessionId::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn use_prolongs_a_session_up_to_its_absolute_end() {
        let start = DateTime::<Utc>::UNIX_EPOCH;
        let mut session = session_of("Ada", start);
        assert_eq!(session.ends_at(), start + IDLE);
        session.seen_at = start + TimeDelta::hours(11);
        assert_eq!(session.ends_at(), start + ABSOLUTE);
    }
}
