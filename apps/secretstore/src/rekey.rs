//! New shares for the vault; the old ones open nothing any more.
//!
//! Invariant: the new shares are on disk before the vault takes them for its own, and the old ones until it has.

use std::{fmt, path::Path};

use rustify_derive::Endpoint;
use serde::Deserialize;
use url::Url;

use crate::{
    files,
    interrupt::Interrupt,
    keyring, root,
    shares::{SHARES, Shares, THRESHOLD},
    up::UpError,
    vault::{Vault, VaultError},
};

#[derive(Endpoint)]
#[endpoint(path = "sys/rotate/root/init", method = "POST", response = "Attempt")]
struct StartRequest {
    secret_shares: u64,
    secret_threshold: u64,
    require_verification: bool,
}

#[derive(Endpoint)]
#[endpoint(path = "sys/rotate/root/init", method = "DELETE")]
struct CancelRequest {}

#[derive(Endpoint)]
#[endpoint(
    path = "sys/rotate/root/update",
    method = "POST",
    response = "Progress"
)]
struct GiveShareRequest {
    key: String,
    nonce: String,
}

#[derive(Endpoint)]
#[endpoint(
    path = "sys/rotate/root/verify",
    method = "POST",
    response = "Verification"
)]
struct VerifyRequest {
    key: String,
    nonce: String,
}

#[derive(Deserialize)]
struct Attempt {
    nonce: String,
}

/// What the vault says to a share; the new shares and how to verify them come with the last one.
#[derive(Deserialize)]
struct Progress {
    #[serde(default)]
    keys_base64: Vec<String>,
    #[serde(default)]
    verification_nonce: String,
}

#[derive(Deserialize)]
struct Verification {
    #[serde(default)]
    complete: bool,
}

/// The vault has new shares.
#[derive(Debug)]
pub struct Report;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the vault has new shares; the old ones open nothing any more")
    }
}

/// Gives the vault new shares.
pub async fn rekey(state: &Path, address: &Url) -> Result<Report, UpError> {
    let _lock = files::lock(state)?;
    let mut interrupt = Interrupt::listen().map_err(UpError::Signals)?;
    let vault = Vault::at(address)?;
    let root = keyring::become_root(&vault, state).await?;
    root::during(&vault, &root, async |root| {
        tokio::select! {
            report = renew(root, state) => report,
            () = interrupt.heard() => Err(UpError::Interrupted),
        }
    })
    .await
}

async fn renew(root: &Vault, state: &Path) -> Result<Report, UpError> {
    // One that an interrupted run left.
    root.tell("give up an unfinished rekey", CancelRequest {})
        .await?;
    let start = StartRequest {
        secret_shares: SHARES,
        secret_threshold: THRESHOLD,
        require_verification: true,
    };
    let attempt = root.call("start a rekey", start).await?;
    let action = "rekey the vault";
    let mut made = None;
    for share in Shares::load(state)?.enough() {
        let give = GiveShareRequest {
            key: share.to_owned(),
            nonce: attempt.nonce.clone(),
        };
        made = Some(root.call(action, give).await?).filter(|made| !made.keys_base64.is_empty());
    }
    let made = made.ok_or(VaultError::Unreadable { action })?;
    let fresh = Shares::new(made.keys_base64);
    fresh.save_coming(state)?;

    let action = "show the vault its new shares";
    let mut complete = false;
    for share in fresh.enough() {
        let verify = VerifyRequest {
            key: share.to_owned(),
            nonce: made.verification_nonce.clone(),
        };
        complete = root.call(action, verify).await?.complete;
    }
    if !complete {
        return Err(VaultError::Unreadable { action }.into());
    }
    Shares::keep_coming(state)?;
    Ok(Report)
}
