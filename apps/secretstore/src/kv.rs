//! Reading and writing secrets in the KV engine.
//!
//! Every write names the version it follows, so that two writers can't undo each other unseen.

use std::collections::BTreeMap;

use vaultrs::{
    api::kv2::requests::{ReadSecretRequest, SetSecretRequestOptions},
    kv2,
};

use crate::{
    mounts::KV,
    vault::{Vault, VaultError, failed},
};

/// One secret: a flat map of strings. No `Debug`, so that it can't be printed by accident.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret {
    /// The version read; 0 for one that doesn't exist yet.
    pub version: u64,
    /// Its keys and values.
    pub values: BTreeMap<String, String>,
}

/// Reads a secret; one that is not there is empty, at version 0.
pub async fn read(vault: &Vault, path: &str) -> Result<Secret, VaultError> {
    let action = "read a secret";
    let endpoint = ReadSecretRequest {
        mount: KV.to_owned(),
        path: path.to_owned(),
        version: None,
    };
    match vault.call(action, endpoint).await {
        Ok(found) => {
            let values = serde_json::from_value(found.data)
                .map_err(|_| VaultError::Unreadable { action })?;
            Ok(Secret {
                version: found.metadata.version,
                values,
            })
        }
        Err(error) if error.code() == Some(404) => Ok(Secret::default()),
        Err(error) => Err(error),
    }
}

/// Writes a secret as the next version after the one that was read.
pub async fn write(vault: &Vault, path: &str, secret: &Secret) -> Result<(), VaultError> {
    let action = "write a secret";
    let cas = u32::try_from(secret.version).map_err(|_| VaultError::Unreadable { action })?;
    let options = SetSecretRequestOptions { cas };
    kv2::set_with_options(vault.client(), KV, path, &secret.values, options)
        .await
        .map_err(failed(action))?;
    Ok(())
}
