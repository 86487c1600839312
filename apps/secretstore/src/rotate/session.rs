//! The key that seals the BFF's sessions and cookies: `current` seals; `previous` and `next` open as well.
//!
//! Invariant: every replica knows a key before any seals with it, and the one before for as long as what it sealed may
//! come back. So one write rotates, and there is nothing to interrupt.

use std::{collections::BTreeMap, time::Duration};

use super::{RotateError, Standing, Step};
use crate::{
    kv, random,
    vault::{Vault, VaultError},
};

/// The secret.
pub(super) const PATH: &str = "bff/session";
/// A previous key is kept for this long: a session ends after twelve hours at most.
const KEPT: Duration = Duration::from_hours(13);

pub(super) async fn standing(keeper: &Vault) -> Result<Standing, RotateError> {
    let secret = kv::read(keeper, PATH).await?;
    Ok(if secret.version == 0 {
        Standing::Absent
    } else {
        Standing::Settled(secret.age())
    })
}

/// Lets the next key seal, once every replica knows it.
pub(super) async fn shift(keeper: &Vault, settle: Duration) -> Result<Step, RotateError> {
    let mut secret = kv::read(keeper, PATH).await?;
    let age = secret.age();
    if secret.values.contains_key("previous") && age < KEPT {
        return Err(RotateError::TooSoon {
            what: "the session key has",
            left: KEPT.saturating_sub(age),
        });
    }
    let left = settle.saturating_sub(age);
    if !left.is_zero() {
        return Ok(Step::Wait(left));
    }
    turn(&mut secret.values)?;
    kv::write_unless_overtaken(keeper, PATH, &secret).await?;
    Ok(Step::Taken)
}

fn turn(keys: &mut BTreeMap<String, String>) -> Result<(), RotateError> {
    let mut put = |name: &str, key: String| keys.insert(name.to_owned(), key);
    let next = put("next", random::key()?).ok_or(RotateError::NotReady)?;
    let current = put("current", next).ok_or(RotateError::NotReady)?;
    put("previous", current);
    Ok(())
}

/// Drops the previous key once nothing that it sealed can come back; says whether it did.
pub async fn forget_previous(vault: &Vault) -> Result<bool, VaultError> {
    let mut secret = kv::read(vault, PATH).await?;
    let due = secret.age() >= KEPT && secret.values.remove("previous").is_some();
    if due {
        kv::write_unless_overtaken(vault, PATH, &secret).await?;
    }
    Ok(due)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_key_seals_and_the_current_one_still_opens() {
        let mut keys = BTreeMap::from(
            ["current", "next", "previous"].map(|name| (name.to_owned(), name.to_owned())),
        );
        turn(&mut keys).unwrap();
        assert_eq!((&*keys["current"], &*keys["previous"]), ("next", "current"));
        assert!(keys["next"].len() > 40);
        assert_eq!(keys.len(), 3);
    }

    #[test]
    fn what_was_never_made_is_not_rotated() {
        let refused = turn(&mut BTreeMap::new());
        assert!(matches!(refused, Err(RotateError::NotReady)));
    }
}
