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

use url::Url;

use super::RotateError;
use crate::{
    files, keyring, kv,
    random::{self, RandomError},
    root,
    up::UpError,
    vault::{Vault, VaultError},
};

type Generate = fn() -> Result<String, RandomError>;

/// The secret.
pub const PATH: &str = "identity/signing";
/// The fields of each algorithm begin with this, and this makes a key for it.
const ALGORITHMS: [(&str, Generate); 2] = [("", random::signing_key), ("rs256.", random::rsa_key)];
/// The field that says since when the current keys sign and the retired ones don't, in seconds since 1970.
pub const SINCE: &str = "current_since";
/// Two rotations are at least this far apart: by then every access token of the retired key has expired (five minutes),
/// and every verifier has had time to learn of the next key.
const PAUSE: Duration = Duration::from_mins(10);
/// A retired key is kept for this long: an ID token comes back when its sign-in ends, which is after twelve hours at most.
const KEPT: Duration = Duration::from_hours(24);

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
pub async fn rotate(state: &Path, address: &Url, rotation: Rotation) -> Result<Report, UpError> {
    let _lock = files::lock(state)?;
    let vault = Vault::at(address)?;
    let root = keyring::become_root(&vault, state).await?;
    root::during(&vault, &root, async |root| {
        let mut secret = kv::read(root, PATH).await?;
        match rotation {
            Rotation::Regular => shift(&mut secret.values, now())?,
            Rotation::Stolen => replace(&mut secret.values, now())?,
        }
        kv::write(root, PATH, &secret).await?;
        Ok(Report(rotation))
    })
    .await
}

/// What came of a look at the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// They were due, and have been rotated.
    Rotated,
    /// They are due after this.
    Due(Duration),
    /// They were due, and somebody else was writing them at this moment.
    Overtaken,
}

/// Rotates the signing keys if they have signed for as long as `last`, seen with a token that may read and write them.
///
/// Of several that look at once one rotates: the write names the version that was read.
pub async fn when_due(keeper: &Vault, last: Duration) -> Result<Look, UpError> {
    let mut secret = kv::read(keeper, PATH).await?;
    let (now, keys) = (now(), &mut secret.values);
    if let Some(left) = left(keys, last, now)? {
        return Ok(Look::Due(left));
    }
    match shift(keys, now) {
        Err(RotateError::TooSoon { left, .. }) => return Ok(Look::Due(left)),
        shifted => shifted?,
    }
    let written = kv::write_unless_overtaken(keeper, PATH, &secret).await?;
    Ok(if written {
        Look::Rotated
    } else {
        Look::Overtaken
    })
}

/// How long the current keys may go on signing; nothing, once they have signed for as long as `last`.
fn left(
    keys: &BTreeMap<String, String>,
    last: Duration,
    now: Duration,
) -> Result<Option<Duration>, RotateError> {
    let since = since(keys).ok_or(RotateError::NotReady)?;
    let left = (since + last).saturating_sub(now);
    Ok((!left.is_zero()).then_some(left))
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
    if let Some(before) = retired_since(keys) {
        let left = (before + PAUSE).saturating_sub(now);
        if !left.is_zero() {
            return Err(RotateError::TooSoon {
                what: "the signing keys have",
                left,
            });
        }
    }
    for (prefix, generate) in ALGORITHMS {
        let mut put = |name: &str, key: String| keys.insert(format!("{prefix}{name}"), key);
        let next = put("next", generate()?).ok_or(RotateError::NotReady)?;
        let current = put("current", next).ok_or(RotateError::NotReady)?;
        put("retired", current);
    }
    keys.insert(SINCE.to_owned(), written(now));
    Ok(())
}

fn replace(keys: &mut BTreeMap<String, String>, now: Duration) -> Result<(), RotateError> {
    for (prefix, generate) in ALGORITHMS {
        keys.remove(&format!("{prefix}retired"));
        for name in ["current", "next"] {
            keys.insert(format!("{prefix}{name}"), generate()?);
        }
    }
    keys.insert(SINCE.to_owned(), written(now));
    Ok(())
}

fn drop_retired(keys: &mut BTreeMap<String, String>, now: Duration) -> bool {
    let due = retired_since(keys).is_some_and(|since| now >= since + KEPT);
    if due {
        for (prefix, _) in ALGORITHMS {
            keys.remove(&format!("{prefix}retired"));
        }
    }
    due
}

/// Since when the retired keys are; none, if there are none.
fn retired_since(keys: &BTreeMap<String, String>) -> Option<Duration> {
    keys.contains_key("retired").then(|| since(keys)).flatten()
}

/// Since when the current keys sign.
fn since(keys: &BTreeMap<String, String>) -> Option<Duration> {
    keys.get(SINCE)?.parse().ok().map(Duration::from_secs)
}

fn written(at: Duration) -> String {
    at.as_secs().to_string()
}

/// This moment as the secret has it, for keys that are made now.
pub fn this_moment() -> String {
    written(now())
}

/// This moment, since 1970.
pub fn now() -> Duration {
    // A clock before 1970 has nothing retired long ago.
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_hours(500_000);
    /// What there is when nothing is retired.
    const LEFT: [&str; 5] = [
        "current",
        "current_since",
        "next",
        "rs256.current",
        "rs256.next",
    ];

    fn keys() -> BTreeMap<String, String> {
        ["current", "next", "rs256.current", "rs256.next"]
            .map(|name| (name.to_owned(), format!("the first {name}")))
            .into_iter()
            .chain([(SINCE.to_owned(), written(START))])
            .collect()
    }

    fn secret(keys: &BTreeMap<String, String>) -> impl Iterator<Item = &String> {
        let fields = keys.iter().filter(|(name, _)| *name != SINCE);
        fields.map(|(_, value)| value)
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
        assert_eq!(keys[SINCE], "1800000000");
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
        assert_eq!(keys[SINCE], "1800000600");
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
        assert_eq!(left, LEFT);
    }

    #[test]
    fn of_stolen_keys_none_is_left() {
        let mut keys = keys();
        shift(&mut keys, START).unwrap();
        let stolen: Vec<String> = secret(&keys).cloned().collect();
        replace(&mut keys, START + PAUSE).unwrap();
        assert!(secret(&keys).all(|key| !stolen.contains(key)));
        let left: Vec<&str> = keys.keys().map(String::as_str).collect();
        assert_eq!(left, LEFT);
    }

    #[test]
    fn keys_are_due_when_they_have_signed_for_long_enough() {
        let (keys, month) = (keys(), Duration::from_hours(30 * 24));
        let left = |now| left(&keys, month, now).unwrap();
        let second = Duration::from_secs(1);
        assert_eq!(left(START), Some(month));
        assert_eq!(left((START + month).saturating_sub(second)), Some(second));
        assert_eq!(left(START + month), None);
        // A clock that was turned back makes them no older.
        assert_eq!(left(START.saturating_sub(second)), Some(month + second));
    }

    #[test]
    fn what_was_retired_and_dropped_does_not_make_the_current_ones_younger() {
        let mut keys = keys();
        let month = Duration::from_hours(30 * 24);
        shift(&mut keys, START).unwrap();
        drop_retired(&mut keys, START + KEPT);
        assert_eq!(left(&keys, month, START + month).unwrap(), None);
    }

    #[test]
    fn keys_that_were_never_made_are_not_rotated() {
        let refused = shift(&mut BTreeMap::new(), START);
        assert!(matches!(refused, Err(RotateError::NotReady)));
        let left = left(&BTreeMap::new(), PAUSE, START);
        assert!(matches!(left, Err(RotateError::NotReady)));
    }
}
