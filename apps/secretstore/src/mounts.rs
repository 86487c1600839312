//! The vault's engines: KV version 2 for secrets, PKI for the development CA, transit for the key that signs what sidecars
//! show to sentry, and the audit device above all of them.
//!
//! No secret is written before an audit device records who writes it.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use rustify_derive::Endpoint;
use serde::Deserialize;
use thiserror::Error;
use tokio::time;
use vaultrs::{
    api::sys::requests::{EnableEngineDataConfig, EnableEngineRequest},
    kv2,
    sys::mount,
};

use crate::vault::{Vault, VaultError, failed};

/// Where the apps' secrets are.
pub const KV: &str = "crema";
/// Where the CA is.
pub const PKI: &str = "pki";
/// Where the sidecars' key is.
pub const TRANSIT: &str = "transit";
/// How long the CA's own certificate may live; the engine's default is a month.
pub const PKI_LONGEST: &str = "87600h";

const KV_READY_LIMIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A vault that isn't set up as it must be.
#[derive(Debug, Error)]
pub enum MountError {
    /// A call failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Something else is mounted there.
    #[error("the vault has an engine of another kind at {0}/")]
    Occupied(&'static str),
    /// Nothing records what is read and written.
    #[error(
        "the vault has no audit device: its server's configuration must declare one (audit \"file\" \"…\" {{ … }})"
    )]
    NoAudit,
}

#[derive(Deserialize)]
struct AuditDevice {}

#[derive(Endpoint)]
#[endpoint(path = "sys/audit", response = "BTreeMap<String, AuditDevice>")]
struct ListAuditRequest {}

/// Refuses a vault that keeps no audit log; OpenBao takes its devices from the server's configuration only.
pub async fn require_audit(root: &Vault) -> Result<(), MountError> {
    let devices = root
        .call("list the audit devices", ListAuditRequest {})
        .await?;
    if devices.is_empty() {
        Err(MountError::NoAudit)
    } else {
        Ok(())
    }
}

/// Mounts what is missing, and waits until the KV engine takes writes.
pub async fn ensure(root: &Vault) -> Result<(), MountError> {
    let mounted = mount::list(root.client())
        .await
        .map_err(failed("list the engines"))?;
    let version_2 = HashMap::from([("version".to_owned(), "2".to_owned())]);
    let found = |path: &str| {
        mounted.get(&format!("{path}/")).map(|engine| {
            let version = engine
                .options
                .as_ref()
                .and_then(|options| options.get("version"));
            (engine.mount_type.as_str(), version.map(String::as_str))
        })
    };
    match found(KV) {
        None => {
            let mut kv = EnableEngineRequest::builder();
            kv.options(version_2)
                .description("what the apps need to know");
            mount::enable(root.client(), KV, "kv", Some(&mut kv))
                .await
                .map_err(failed("mount the KV engine"))?;
        }
        Some(("kv", Some("2"))) => {}
        Some(_) => return Err(MountError::Occupied(KV)),
    }
    match found(PKI) {
        None => {
            let longest = EnableEngineDataConfig {
                max_lease_ttl: Some(PKI_LONGEST.to_owned()),
                ..EnableEngineDataConfig::default()
            };
            let mut pki = EnableEngineRequest::builder();
            pki.config(longest).description("the development CA");
            mount::enable(root.client(), PKI, "pki", Some(&mut pki))
                .await
                .map_err(failed("mount the PKI engine"))?;
        }
        Some(("pki", _)) => {}
        Some(_) => return Err(MountError::Occupied(PKI)),
    }
    match found(TRANSIT) {
        None => {
            let mut transit = EnableEngineRequest::builder();
            transit.description("the key of the sidecars' tokens");
            mount::enable(root.client(), TRANSIT, "transit", Some(&mut transit))
                .await
                .map_err(failed("mount the transit engine"))?;
        }
        Some(("transit", _)) => {}
        Some(_) => return Err(MountError::Occupied(TRANSIT)),
    }
    Ok(kv_ready(root).await?)
}

/// A fresh KV engine of version 2 answers 400 until it has upgraded itself.
async fn kv_ready(root: &Vault) -> Result<(), VaultError> {
    let action = "read the KV engine's configuration";
    let ready = async {
        loop {
            match kv2::config::read(root.client(), KV)
                .await
                .map_err(failed(action))
            {
                Ok(_) => return Ok(()),
                Err(error) if error.code() == Some(400) => time::sleep(LOOK_EVERY).await,
                Err(error) => return Err(error),
            }
        }
    };
    time::timeout(KV_READY_LIMIT, ready)
        .await
        .unwrap_or(Err(VaultError::Late {
            action: "set up its KV engine",
            limit: KV_READY_LIMIT,
        }))
}
