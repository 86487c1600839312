//! What an app may do in the vault: read its own secrets, and nothing else. What the rotator may:
//! rotate one of them, and sign what sidecars show to sentry.
//!
//! A policy has the name of its holder; the token that carries it carries no other, not even `default`.

use vaultrs::sys::policy;

use crate::{
    mounts::{KV, TRANSIT},
    rotate, sentry,
    vault::{Vault, VaultError, failed},
};

/// Who rotates the signing keys and renews the sidecars' tokens by schedule. No app has this name.
pub const ROTATOR: &str = "rotator";

/// The text of an app's policy.
pub fn of_app(app: &str) -> String {
    format!("path \"{KV}/data/{app}/*\" {{\n  capabilities = [\"read\"]\n}}\n")
}

/// The text of the rotator's policy: it has to know the next keys to let them sign, signs by a key that it never sees, and
/// keeps its own token alive.
pub fn of_rotator() -> String {
    format!(
        "path \"{KV}/data/{}\" {{\n  capabilities = [\"read\", \"update\"]\n}}\n\
         path \"{TRANSIT}/keys/{key}\" {{\n  capabilities = [\"read\"]\n}}\n\
         path \"{TRANSIT}/sign/{key}\" {{\n  capabilities = [\"update\"]\n}}\n\
         path \"auth/token/renew-self\" {{\n  capabilities = [\"update\"]\n}}\n",
        rotate::PATH,
        key = sentry::KEY
    )
}

/// Writes the policy unless it stands as it should.
pub async fn ensure(root: &Vault, holder: &str, wanted: &str) -> Result<(), VaultError> {
    match policy::read(root.client(), holder)
        .await
        .map_err(failed("read a policy"))
    {
        Ok(found) if found.rules == wanted => return Ok(()),
        Ok(_) => {}
        Err(error) if error.code() == Some(404) => {}
        Err(error) => return Err(error),
    }
    policy::set(root.client(), holder, wanted)
        .await
        .map_err(failed("write a policy"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_app_reads_its_own_folder_only() {
        assert_eq!(
            super::of_app("order"),
            "path \"crema/data/order/*\" {\n  capabilities = [\"read\"]\n}\n"
        );
    }
}
