//! A key that one app keeps for itself: that of the BFF's sessions and cookies, and that of catalog's quotes. `current`
//! seals or signs; what `previous` and `next` did is accepted as well.
//!
//! Invariant: every replica knows a key before any works with it, and the one before for as long as what was made with it
//! may come back. So one write rotates, and there is nothing to interrupt.

use std::{collections::BTreeMap, time::Duration};

use super::{RotateError, Standing, Step};
use crate::{
    kv, random,
    vault::{Vault, VaultError},
};

/// Such a key.
pub struct Own {
    /// The secret.
    pub(super) path: &'static str,
    /// What it is, and its verb.
    what: &'static str,
    /// A previous key is kept for this long.
    kept: Duration,
}

/// A session ends after twelve hours at most.
pub static SESSION: Own = Own {
    path: "bff/session",
    what: "the session key has",
    kept: Duration::from_hours(13),
};

/// A quote ends after ten minutes.
pub static QUOTES: Own = Own {
    path: "catalog/quotes",
    what: "the key of quotes has",
    kept: Duration::from_mins(15),
};

impl Own {
    pub(super) async fn standing(&self, keeper: &Vault) -> Result<Standing, RotateError> {
        let secret = kv::read(keeper, self.path).await?;
        Ok(if secret.version == 0 {
            Standing::Absent
        } else {
            Standing::Settled(secret.age())
        })
    }

    /// Puts the next key to work, once every replica knows it.
    pub(super) async fn shift(
        &self,
        keeper: &Vault,
        settle: Duration,
    ) -> Result<Step, RotateError> {
        let mut secret = kv::read(keeper, self.path).await?;
        let age = secret.age();
        if secret.values.contains_key("previous") && age < self.kept {
            return Err(RotateError::TooSoon {
                what: self.what,
                left: self.kept.saturating_sub(age),
            });
        }
        let left = settle.saturating_sub(age);
        if !left.is_zero() {
            return Ok(Step::Wait(left));
        }
        turn(&mut secret.values)?;
        kv::write_unless_overtaken(keeper, self.path, &secret).await?;
        Ok(Step::Taken)
    }

    /// Drops the previous key once nothing that was made with it can come back; says whether it did.
    pub async fn forget_previous(&self, vault: &Vault) -> Result<bool, VaultError> {
        let mut secret = kv::read(vault, self.path).await?;
        let due = secret.age() >= self.kept && secret.values.remove("previous").is_some();
        if due {
            kv::write_unless_overtaken(vault, self.path, &secret).await?;
        }
        Ok(due)
    }
}

fn turn(keys: &mut BTreeMap<String, String>) -> Result<(), RotateError> {
    let mut put = |name: &str, key: String| keys.insert(name.to_owned(), key);
    let next = put("next", random::key()?).ok_or(RotateError::NotReady)?;
    let current = put("current", next).ok_or(RotateError::NotReady)?;
    put("previous", current);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_key_is_put_to_work_and_the_one_before_is_accepted() {
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
