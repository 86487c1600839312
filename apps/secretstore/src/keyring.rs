//! Opening the vault with whichever of its shares are good.
//!
//! Invariant: a rekey that was interrupted leaves two sets, of which the vault takes one; the first run that finds out which
//! keeps that one and deletes the other.

use std::path::Path;

use secrecy::SecretString;

use crate::{
    root::{self, RootError},
    seal,
    shares::Shares,
    up::UpError,
    vault::{Vault, VaultError},
};

/// Opens a sealed vault; one that is open is only waited for.
pub async fn unseal(vault: &Vault, state: &Path) -> Result<(), UpError> {
    let kept = Shares::load(state)?;
    let Some(coming) = Shares::load_coming(state)? else {
        return Ok(seal::unseal(vault, &kept).await?);
    };
    match seal::unseal(vault, &kept).await {
        Err(error) if refused(&error) => Ok(seal::unseal(vault, &coming).await?),
        opened => Ok(opened?),
    }
}

/// Opens it and makes a root token; settles which shares are good.
pub async fn become_root(vault: &Vault, state: &Path) -> Result<SecretString, UpError> {
    unseal(vault, state).await?;
    let kept = Shares::load(state)?;
    let Some(coming) = Shares::load_coming(state)? else {
        return Ok(root::generate(vault, &kept).await?);
    };
    match root::generate(vault, &kept).await {
        Err(RootError::Vault(error)) if refused(&error) => {
            let token = root::generate(vault, &coming).await?;
            Shares::keep_coming(state)?;
            Ok(token)
        }
        token => {
            let token = token?;
            Shares::drop_coming(state)?;
            Ok(token)
        }
    }
}

/// Whether the vault says that the shares are not its own.
fn refused(error: &VaultError) -> bool {
    error.code() == Some(400)
}
