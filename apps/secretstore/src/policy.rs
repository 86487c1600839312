//! What an app may do in the vault: read its own secrets, and nothing else. What the rotator may: rotate some of them,
//! keep the apps' tokens alive, and sign what sidecars show to sentry.
//!
//! A policy has the name of its holder; the token that carries it carries no other, not even `default`.

use vaultrs::sys::policy;

use crate::{
    mounts::{KV, TRANSIT},
    rotate, sentry,
    vault::{Vault, VaultError, failed},
};

/// Who rotates secrets and renews tokens by schedule. No app has this name.
pub const ROTATOR: &str = "rotator";

/// The text of an app's policy.
pub fn of_app(app: &str) -> String {
    rule(&format!("{KV}/data/{app}/*"), r#""read""#)
}

/// The text of the rotator's policy: it has to know what it replaces, signs by a key that it never sees, and renews tokens
/// of which it has the accessors alone.
pub fn of_rotator() -> String {
    let mut rules = String::new();
    for path in rotate::paths() {
        rules.push_str(&rule(&format!("{KV}/data/{path}"), r#""read", "update""#));
    }
    let key = sentry::KEY;
    rules.push_str(&rule(&format!("{TRANSIT}/keys/{key}"), r#""read""#));
    for path in [
        &format!("{TRANSIT}/sign/{key}"),
        "auth/token/renew-self",
        "auth/token/renew-accessor",
    ] {
        rules.push_str(&rule(path, r#""update""#));
    }
    rules
}

fn rule(path: &str, capabilities: &str) -> String {
    format!("path \"{path}\" {{\n  capabilities = [{capabilities}]\n}}\n")
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
