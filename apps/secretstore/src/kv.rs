//! Reading and writing secrets in the KV engine.
//!
//! Every write names the version it follows, so that two writers can't undo each other unseen.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use chrono::DateTime;
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
    /// When that version was written, by the vault's clock.
    written_at: Option<SystemTime>,
    /// Its keys and values.
    pub values: BTreeMap<String, String>,
}

impl Secret {
    /// How long it has been as it is; nothing for one that doesn't exist yet, or that is of the future.
    pub fn age(&self) -> Duration {
        let elapsed = self.written_at.and_then(|at| at.elapsed().ok());
        elapsed.unwrap_or_default()
    }
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
            let written_at = DateTime::parse_from_rfc3339(&found.metadata.created_time)
                .map_err(|_| VaultError::Unreadable { action })?;
            Ok(Secret {
                version: found.metadata.version,
                written_at: Some(written_at.into()),
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

/// The same, unless somebody else has written meanwhile; says whether it was written.
pub async fn write_unless_overtaken(
    vault: &Vault,
    path: &str,
    secret: &Secret,
) -> Result<bool, VaultError> {
    match write(vault, path, secret).await {
        // The version is no longer the one that was read.
        Err(error) if error.code() == Some(400) => Ok(false),
        Err(error) => Err(error),
        Ok(()) => Ok(true),
    }
}
