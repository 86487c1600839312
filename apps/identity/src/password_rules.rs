//! What a new password must be. No IO.
//!
//! Judged by length and by what others try first, as NIST SP 800-63B asks: no rules of composition.
//! Invariant: registration, reset and change judge alike.

use std::collections::HashSet;
use std::sync::LazyLock;

use secrecy::{ExposeSecret as _, SecretString};

use crate::person::Invalid;

/// In lower case, one a line; where it is from stands beside it.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("../seed/common_passwords.txt")
        .lines()
        .collect()
});

/// Judges a new password of the person who is called and reached like this.
pub fn acceptable(password: &SecretString, email: &str, name: &str) -> Result<(), Invalid> {
    let password = password.expose_secret();
    match password.chars().count() {
        0..8 => return Err(Invalid::PasswordTooShort),
        8..=256 => {}
        _ => return Err(Invalid::PasswordTooLong),
    }
    let password = password.trim().to_lowercase();
    if COMMON.contains(password.as_str()) {
        return Err(Invalid::PasswordCommon);
    }
    let (email, name) = (email.trim().to_lowercase(), name.trim().to_lowercase());
    let local = email.split('@').next().unwrap_or_default();
    let joined: String = name.split_whitespace().collect();
    let hers = [email.as_str(), local, name.as_str(), joined.as_str()];
    if hers.contains(&password.as_str()) {
        return Err(Invalid::PasswordPersonal);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(password: &str) -> Result<(), Invalid> {
        acceptable(
            &password.into(),
            "Ada.Lovelace@example.com",
            "Ada King Lovelace",
        )
    }

    #[test]
    fn passwords_are_judged_by_length() {
        let of = |length: usize| judge(&"ż".repeat(length));
        assert_eq!(of(7), Err(Invalid::PasswordTooShort));
        assert_eq!(of(8), Ok(()));
        assert_eq!(of(64), Ok(()));
        assert_eq!(of(256), Ok(()));
        assert_eq!(of(257), Err(Invalid::PasswordTooLong));
    }

    #[test]
    fn what_everybody_tries_first_is_refused() {
        assert!(COMMON.len() > 4000);
        for common in ["password", "Password", "12345678", "TRUSTNO1", "qwertyuiop"] {
            assert_eq!(judge(common), Err(Invalid::PasswordCommon), "{common}");
        }
        assert_eq!(judge("passworded kettle"), Ok(()));
    }

    #[test]
    fn ones_own_address_and_name_are_refused() {
        for own in [
            "ada.lovelace@example.com",
            "ADA.LOVELACE",
            "ada king lovelace",
            "AdaKingLovelace",
            " ada.lovelace ",
        ] {
            assert_eq!(judge(own), Err(Invalid::PasswordPersonal), "{own}");
        }
        assert_eq!(judge("ada.lovelace.1815"), Ok(()));
    }
}
