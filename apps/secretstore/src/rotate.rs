//! Rotation of identity's signing keys: the next ones sign, those that signed are retired, and fresh ones are next.
//!
//! Invariant: a key is published before it signs, and stays as long as anything that it signed may come back; so no
//! token is refused for a rotation.

use std::{
    collections::BTreeMap,
    fmt,
    path::Path,
    time::{Duration, SystemTime},
};

use thiserror::Error;
use url::Url;

use crate::{
    files, kv,
    random::{self, RandomError},
    root, seal,
    shares::Shares,
    up::UpError,
    vault::{Vault, VaultError},
};

type Generate = fn() -> Result<String, RandomError>;

/// The secret.
const PATH: &str = "identity/signing";
/// The fields of each algorithm begin with this, and this makes a key for it.
const ALGORITHMS: [(&str, Generate); 2] = [("", random::signing_key), ("rs256.", random::rsa_key)];
/// The field that says when the retired keys were retired, in seconds since 1970.
const RETIRED_AT: &str = "retired_at";
/// Two rotations are at least this far apart: by then every access token of the retired key has expired (five minutes),
/// and every verifier has had time to learn of the next key.
const PAUSE: Duration = Duration::from_mins(10);
/// A retired key is kept for this long: an ID token comes back when its sign-in ends, which is after twelve hours at most.
const KEPT: Duration = Duration::from_hours(24);

/// Keys that can't be rotated.
#[derive(Debug, Error)]
pub enum RotateError {
    /// `up` has not run for identity.
    #[error("identity has no signing keys yet: run secretstore up first")]
    NotReady,
    /// Tokens of the retired keys may still be valid.
    #[error("the signing keys have just been rotated: wait {} s more", .0.as_secs())]
    TooSoon(Duration),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// What becomes of the keys that sign now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// They are retired: what they signed stays good.
    Regular,
    /// Somebody may have them: all keys are made anew, and what the old ones signed is refused.
    Stolen,
}

/// What a rotation did.
#[derive(Debug)]
pub struct Report(Rotation);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Rotation::Regular => "signing keys rotated; identity signs with them within seconds",
            Rotation::Stolen => "all signing keys made anew; no token of the old ones is good",
        })
    }
}

/// Rotates the signing keys of a running installation.
pub async fn signing(state: &Path, address: &Url, rotation: Rotation) -> Result<Report, UpError> {
    let shares = Shares::load(state)?;
    let _lock = files::lock(state)?;
    let vault = Vault::at(address)?;
    seal::unseal(&vault, &shares).await?;
    let root = root::generate(&vault, &shares).await?;
    root::during(&vault, &root, async |root| {
        let mut secret = kv::read(root, PATH).await?;
        match rotation {
            Rotation::Regular => shift(&mut secret.values, now())?,
            Rotation::Stolen => replace(&mut secret.values)?,
        }
        kv::write(root, PATH, &secret).await?;
        Ok(Report(rotation))
    })
    .await
}

/// Drops the retired keys once nothing that they signed can come back; says whether it did.
pub async fn forget_retired(root: &Vault) -> Result<bool, VaultError> {
    let mut secret = kv::read(root, PATH).await?;
    let dropped = drop_retired(&mut secret.values, now());
    if dropped {
        kv::write(root, PATH, &secret).await?;
    }
    Ok(dropped)
}

fn shift(keys: &mut BTreeMap<String, String>, now: Duration) -> Result<(), RotateError> {
    if let Some(before) = retired_at(keys) {
        let left = (before + PAUSE).saturating_sub(now);
        if !left.is_zero() {
            return Err(RotateError::TooSoon(left));
        }
    }
    for (prefix, generate) in ALGORITHMS {
        let mut put = |name: &str, key: String| keys.insert(format!("{prefix}{name}"), key);
        let next = put("next", generate()?).ok_or(RotateError::NotReady)?;
        let current = put("current", next).ok_or(RotateError::NotReady)?;
        put("retired", current);
    }
    keys.insert(RETIRED_AT.to_owned(), now.as_secs().to_string());
    Ok(())
}

fn replace(keys: &mut BTreeMap<String, String>) -> Result<(), RotateError> {
    for (prefix, generate) in ALGORITHMS {
        keys.remove(&format!("{prefix}retired"));
        for name in ["current", "next"] {
            keys.insert(format!("{prefix}{name}"), generate()?);
        }
    }
    keys.remove(RETIRED_AT);
    Ok(())
}

fn drop_retired(keys: &mut BTreeMap<String, String>, now: Duration) -> bool {
    let due = retired_at(keys).is_some_and(|at| now >= at + KEPT);
    if due {
        for (prefix, _) in ALGORITHMS {
            keys.remove(&format!("{prefix}retired"));
        }
        keys.remove(RETIRED_AT);
    }
    due
}

fn retired_at(keys: &BTreeMap<String, String>) -> Option<Duration> {
    keys.get(RETIRED_AT)?.parse().ok().map(Duration::from_secs)
}

fn now() -> Duration {
    // A clock before 1970 has nothing retired long ago.
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_hours(500_000);

    fn keys() -> BTreeMap<String, String> {
        ["current", "next", "rs256.current", "rs256.next"]
            .map(|name| (name.to_owned(), format!("the first {name}")))
            .into()
    }

    #[test]
    fn the_next_keys_sign_and_the_current_ones_are_retired() {
        let mut keys = keys();
        shift(&mut keys, START).unwrap();
        for prefix in ["", "rs256."] {
            let get = |name: &str| keys[&format!("{prefix}{name}")].as_str();
            assert_eq!(get("current"), format!("the first {prefix}next"));
            assert_eq!(get("retired"), format!("the first {prefix}current"));
            assert!(!get("next").starts_with("the first"));
        }
        assert_eq!(keys[RETIRED_AT], "1800000000");
        assert_eq!(keys.len(), 7);
    }

    #[test]
    fn a_second_rotation_waits_until_the_first_ones_tokens_have_expired() {
        let mut keys = keys();
        shift(&mut keys, START).unwrap();
        let once = keys.clone();
        let soon = shift(&mut keys, START + Duration::from_secs(599));
        assert_eq!(
            soon.unwrap_err().to_string(),
            "the signing keys have just been rotated: wait 1 s more"
        );
        assert_eq!(keys, once);
        shift(&mut keys, START + PAUSE).unwrap();
        assert_eq!(keys["retired"], once["current"]);
        assert_eq!(keys["current"], once["next"]);
    }

    #[test]
    fn retired_keys_go_when_no_sign_in_can_be_left() {
        let mut keys = keys();
        assert!(!drop_retired(&mut keys, START), "there are none");
        shift(&mut keys, START).unwrap();
        assert!(!drop_retired(
            &mut keys,
            START + Duration::from_secs(86_399)
        ));
        assert!(drop_retired(&mut keys, START + Duration::from_hours(24)));
        let left: Vec<&str> = keys.keys().map(String::as_str).collect();
        assert_eq!(left, ["current", "next", "rs256.current", "rs256.next"]);
    }

    #[test]
    fn of_stolen_keys_none_is_left() {
        let mut keys = keys();
        shift(&mut keys, START).unwrap();
        let stolen: Vec<String> = keys.values().cloned().collect();
        replace(&mut keys).unwrap();
        assert!(keys.values().all(|key| !stolen.contains(key)));
        let left: Vec<&str> = keys.keys().map(String::as_str).collect();
        assert_eq!(left, ["current", "next", "rs256.current", "rs256.next"]);
    }

    #[test]
    fn keys_that_were_never_made_are_not_rotated() {
        let refused = shift(&mut BTreeMap::new(), START);
        assert!(matches!(refused, Err(RotateError::NotReady)));
    }
}
