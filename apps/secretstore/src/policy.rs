//! What an app may do in the vault: read its own secrets, and nothing else.
//!
//! A policy has the name of its app; the token that carries it carries no other, not even `default`.

use vaultrs::sys::policy;

use crate::{
    mounts::KV,
    vault::{Vault, VaultError, failed},
};

/// The policy's text.
pub fn text(app: &str) -> String {
    format!("path \"{KV}/data/{app}/*\" {{\n  capabilities = [\"read\"]\n}}\n")
}

/// Writes the policy unless it stands as it should.
pub async fn ensure(root: &Vault, app: &str) -> Result<(), VaultError> {
    let wanted = text(app);
    match policy::read(root.client(), app)
        .await
        .map_err(failed("read a policy"))
    {
        Ok(found) if found.rules == wanted => return Ok(()),
        Ok(_) => {}
        Err(error) if error.code() == Some(404) => {}
        Err(error) => return Err(error),
    }
    policy::set(root.client(), app, &wanted)
        .await
        .map_err(failed("write a policy"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_app_reads_its_own_folder_only() {
        assert_eq!(
            super::text("order"),
            "path \"crema/data/order/*\" {\n  capabilities = [\"read\"]\n}\n"
        );
    }
}
