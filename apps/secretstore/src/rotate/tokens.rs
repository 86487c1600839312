//! The tokens that apps and sidecars read once, at their start: two of Dapr's for each pair, and the sidecar's of the vault.
//! With them goes the login of a sidecar's database (`state.rs`), which it reads at that moment too.
//!
//! Invariant: one app after the other is restarted with new tokens, and is ready before the next one is; a sidecar's old
//! vault token is revoked when nothing runs with it any more. An interrupted run leaves an app with new files whose restart
//! is due; the next one makes all anew.

use std::{
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;
use url::Url;

use super::{RotateError, state};
use crate::{
    approle, files, handout, interrupt::Interrupt, keyring, kv, random, root, secrets::WITH_STATE,
    superuser::Superuser, tokens, up::UpError, vault::Vault,
};

/// Who restarts an app and its sidecar, and returns when both are ready: a program, called `PROGRAM restart APP`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restarter(PathBuf);

/// How many apps were given new ones.
#[derive(Debug)]
pub struct Report(usize);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tokens made anew and apps restarted: {}", self.0)
    }
}

impl Restarter {
    /// By this program.
    pub fn new(program: OsString) -> Self {
        Self(program.into())
    }

    async fn restart(&self, app: &str) -> Result<(), RotateError> {
        let ended = Command::new(&self.0)
            .args(["restart", app])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .status()
            .await;
        match ended {
            Ok(status) if status.success() => Ok(()),
            _ => Err(RotateError::NotRestarted(app.to_owned())),
        }
    }
}

/// Gives every one of the apps new tokens, and restarts it.
pub async fn rotate(
    state: &Path,
    address: &Url,
    apps: &[String],
    restarter: &Restarter,
    superuser: Option<&Superuser>,
) -> Result<Report, UpError> {
    if superuser.is_none() && apps.iter().any(|app| WITH_STATE.contains(&app.as_str())) {
        return Err(RotateError::NoSuperuser.into());
    }
    let _lock = files::lock(state)?;
    let mut interrupt = Interrupt::listen().map_err(UpError::Signals)?;
    let vault = Vault::at(address)?;
    let root = keyring::become_root(&vault, state).await?;
    root::during(&vault, &root, async |root| {
        for app in apps {
            tokio::select! {
                done = roll(root, state, app, restarter, superuser) => done?,
                () = interrupt.heard() => return Err(UpError::Interrupted),
            }
        }
        Ok(Report(apps.len()))
    })
    .await
}

async fn roll(
    root: &Vault,
    folder: &Path,
    app: &str,
    restarter: &Restarter,
    superuser: Option<&Superuser>,
) -> Result<(), UpError> {
    let path = format!("{app}/dapr");
    let mut secret = kv::read(root, &path).await?;
    if secret.version == 0 {
        return Err(RotateError::NotReady.into());
    }
    for (key, _) in handout::DAPR_TOKENS {
        let token = random::token().map_err(RotateError::from)?;
        secret.values.insert(key.to_owned(), token);
    }
    kv::write(root, &path, &secret).await?;
    let token = approle::log_in(root, app).await?;
    let mut accessors = handout::accessors(folder)?;
    accessors.insert(app.to_owned(), token.accessor.clone());
    handout::write_dapr_tokens(folder, app, &secret.values)?;
    handout::write_token(folder, app, &token.token)?;
    handout::write_accessors(folder, &accessors)?;
    let login = superuser.filter(|_| WITH_STATE.contains(&app));
    if let Some(superuser) = login {
        state::turn(root, app, superuser).await?;
    }
    restarter.restart(app).await?;
    if let Some(superuser) = login {
        state::lock_other(root, app, superuser).await?;
    }
    Ok(tokens::revoke_others(root, app, &token.accessor).await?)
}
