//! The whole vault in one file, and an empty vault from such a file.
//!
//! Invariant: the file is as secret as the vault (it is encrypted, and only its shares open it), is there whole or not at
//! all, and takes no other file's place. A restored vault has the shares it had, and no root token.

use std::{fmt, path::Path};

use secrecy::SecretString;
use thiserror::Error;
use url::Url;
use vaultrs::sys;

use crate::{
    files, keyring, root, seal,
    shares::{SHARES, Shares, THRESHOLD},
    up::UpError,
    vault::{Vault, failed},
};

/// A backup that can't be restored.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// What is in it would be lost.
    #[error("the vault is not empty: a backup is restored into one that was never initialised")]
    NotEmpty,
}

/// What was done.
#[derive(Debug)]
pub enum Report {
    /// A file of so many bytes was written.
    Written(usize),
    /// The vault is as it was.
    Restored,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written(bytes) => write!(f, "backup written: {bytes} bytes"),
            Self::Restored => f.write_str("vault restored; run secretstore up next"),
        }
    }
}

/// Writes a backup of a running vault.
pub async fn backup(state: &Path, address: &Url, file: &Path) -> Result<Report, UpError> {
    files::absent(file)?;
    let _lock = files::lock(state)?;
    let vault = Vault::at(address)?;
    let root = keyring::become_root(&vault, state).await?;
    root::during(&vault, &root, async |root| {
        let snapshot = root
            .download("take a snapshot", "sys/storage/raft/snapshot")
            .await?;
        files::create_secret(file, &snapshot)?;
        Ok(Report::Written(snapshot.len()))
    })
    .await
}

/// Restores a backup into an empty vault, and opens it with the shares of the state folder.
pub async fn restore(state: &Path, address: &Url, file: &Path) -> Result<Report, UpError> {
    let _lock = files::lock(state)?;
    let snapshot = files::read_bytes(file)?;
    // Before anything is changed: without them nothing could open it.
    Shares::load(state)?;
    let vault = Vault::at(address)?;
    if seal::status(&vault).await?.initialized {
        return Err(RestoreError::NotEmpty.into());
    }
    // For as long as it takes to put another vault in its place: these shares are kept nowhere.
    let born = sys::start_initialization(vault.client(), SHARES, THRESHOLD, None)
        .await
        .map_err(failed("initialise the vault"))?;
    seal::unseal(&vault, &Shares::new(born.keys_base64)).await?;
    vault
        .with_token(&SecretString::from(born.root_token))?
        .upload(
            "restore the snapshot",
            "sys/storage/raft/snapshot-force",
            snapshot,
        )
        .await?;
    seal::sealed(&vault).await?;
    // It was taken by a root token, which is in it.
    let root = keyring::become_root(&vault, state).await?;
    root::during(&vault, &root, async |_| Ok(Report::Restored)).await
}
