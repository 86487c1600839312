//! Initialising and unsealing: what can be done to a vault without any token.
//!
//! The shares are on disk before anything else happens to a fresh vault; without them it could never be opened again.

use std::{fmt, path::Path, time::Duration};

use rustify_derive::Endpoint;
use secrecy::SecretString;
use serde::Deserialize;
use tokio::time;
use vaultrs::sys;

use crate::{
    shares::{SHARES, Shares, SharesError, THRESHOLD},
    vault::{Vault, VaultError, failed},
};

const ACTIVE_LIMIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How a vault stands, as it tells anybody.
#[derive(Debug, Deserialize)]
pub struct SealStatus {
    /// Whether it has a root key.
    pub initialized: bool,
    /// Whether it is closed.
    pub sealed: bool,
    /// Shares given so far in an attempt to open it.
    pub progress: u64,
    /// The server's version.
    pub version: String,
}

impl fmt::Display for SealStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            initialized,
            sealed,
            version,
            progress: _,
        } = self;
        write!(
            f,
            "initialised={initialized} sealed={sealed} version={version}"
        )
    }
}

#[derive(Endpoint)]
#[endpoint(path = "sys/seal-status", response = "SealStatus")]
struct SealStatusRequest {}

#[derive(Endpoint)]
#[endpoint(path = "sys/health")]
struct HealthRequest {}

/// Asks the vault how it stands.
pub async fn status(vault: &Vault) -> Result<SealStatus, VaultError> {
    vault
        .call_bare("read the seal's state", SealStatusRequest {})
        .await
}

/// Gives an empty vault its root key; returns the shares, saved, and the first root token, which is saved nowhere.
pub async fn initialise(
    vault: &Vault,
    state: &Path,
) -> Result<(Shares, SecretString), InitialiseError> {
    Shares::prepare(state)?;
    let born = sys::start_initialization(vault.client(), SHARES, THRESHOLD, None)
        .await
        .map_err(failed("initialise the vault"))?;
    let shares = Shares::new(born.keys_base64);
    shares.save(state)?;
    Ok((shares, SecretString::from(born.root_token)))
}

/// An initialisation that didn't come about.
#[derive(Debug, thiserror::Error)]
pub enum InitialiseError {
    /// The vault's part of it.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The shares' part of it.
    #[error(transparent)]
    Shares(#[from] SharesError),
}

/// Opens a sealed vault and waits until it serves; an open one is only waited for.
pub async fn unseal(vault: &Vault, shares: &Shares) -> Result<(), VaultError> {
    let found = status(vault).await?;
    if found.sealed {
        if found.progress > 0 {
            let reset = sys::unseal(vault.client(), None, Some(true), None).await;
            reset.map_err(failed("start the unsealing afresh"))?;
        }
        for share in shares.enough() {
            let given = sys::unseal(vault.client(), Some(share.to_owned()), None, None).await;
            given.map_err(failed("unseal the vault"))?;
        }
    }
    active(vault).await
}

/// Waits until the vault has closed itself.
pub async fn sealed(vault: &Vault) -> Result<(), VaultError> {
    let closing = async {
        while !status(vault).await?.sealed {
            time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    };
    time::timeout(ACTIVE_LIMIT, closing)
        .await
        .unwrap_or(Err(VaultError::Late {
            action: "close itself",
            limit: ACTIVE_LIMIT,
        }))
}

/// Waits until the vault is open and its node leads: only then does it take writes.
async fn active(vault: &Vault) -> Result<(), VaultError> {
    let serving = async {
        loop {
            match vault
                .tell("read the vault's health", HealthRequest {})
                .await
            {
                Ok(()) => return Ok(()),
                // Standby, sealed: the states on the way.
                Err(error) if matches!(error.code(), Some(429 | 503)) => {
                    time::sleep(LOOK_EVERY).await;
                }
                Err(error) => return Err(error),
            }
        }
    };
    time::timeout(ACTIVE_LIMIT, serving)
        .await
        .unwrap_or(Err(VaultError::Late {
            action: "become active",
            limit: ACTIVE_LIMIT,
        }))
}
