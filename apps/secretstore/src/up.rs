//! The commands that change the vault: one order of steps, each of which leaves alone what is already as it should be.
//!
//! Everything that needs root happens inside `root::during`, so nothing can end without the token's revocation.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::Path,
    time::{Duration, SystemTime},
};

use rustls::pki_types::UnixTime;

use thiserror::Error;
use url::Url;

use crate::{
    approle,
    arguments::Settings,
    backup::RestoreError,
    files::{self, FileError},
    handout,
    interrupt::Interrupt,
    keyring,
    mounts::{self, MountError},
    pki::{self, PkiError},
    policy::{self, ROTATOR},
    provider::ProviderError,
    root::{self, RootError},
    rotate::{self, RotateError, signing},
    seal::{self, InitialiseError, SealStatus},
    secrets::{self, FillError},
    sentry::{self, SentryError},
    shares::SharesError,
    tokens::{self, AppToken},
    vault::{Vault, VaultError},
};

/// A run that didn't get through.
#[derive(Debug, Error)]
pub enum UpError {
    /// The vault's part of it.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The shares' part of it.
    #[error(transparent)]
    Shares(#[from] SharesError),
    /// The first initialisation.
    #[error(transparent)]
    Initialise(#[from] InitialiseError),
    /// The root token.
    #[error(transparent)]
    Root(#[from] RootError),
    /// The engines.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// The table of secrets.
    #[error(transparent)]
    Fill(#[from] FillError),
    /// `up` has not made the rotator's token.
    #[error("there is no token of the rotator yet: run secretstore up first")]
    NoRotator,
    /// The rotation of a key.
    #[error(transparent)]
    Rotate(#[from] RotateError),
    /// An identity provider.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// A backup.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The certificate.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// What sidecars show to sentry.
    #[error(transparent)]
    Sentry(#[from] SentryError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The signals can't be heard.
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
    /// The user called it off.
    #[error("interrupted; the root token of this run is revoked")]
    Interrupted,
}

/// What a run of `up` did.
#[derive(Debug)]
pub struct Report {
    initialised: bool,
    secrets: usize,
    tokens: usize,
    certificate: bool,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let vault = if self.initialised {
            "initialised"
        } else {
            "open"
        };
        let certificate = if self.certificate { "issued" } else { "kept" };
        let (secrets, tokens) = (self.secrets, self.tokens);
        write!(
            f,
            "vault {vault}; secrets written: {secrets}, tokens made: {tokens}, certificate {certificate}"
        )
    }
}

/// Brings the vault and the state folder to what the settings ask for.
pub async fn up(settings: &Settings) -> Result<Report, UpError> {
    let state = &settings.state;
    let _lock = files::lock(state)?;
    let mut interrupt = Interrupt::listen().map_err(UpError::Signals)?;
    let vault = Vault::at(&settings.vault)?;

    let initialised = !seal::status(&vault).await?.initialized;
    let root = if initialised {
        let (shares, root) = seal::initialise(&vault, state).await?;
        seal::unseal(&vault, &shares).await?;
        root
    } else {
        keyring::become_root(&vault, state).await?
    };
    root::during(&vault, &root, async |root| {
        tokio::select! {
            report = set_up(root, settings, initialised) => report,
            () = interrupt.heard() => Err(UpError::Interrupted),
        }
    })
    .await
}

async fn set_up(root: &Vault, settings: &Settings, initialised: bool) -> Result<Report, UpError> {
    let state = &settings.state;
    root::require_generation(root).await?;
    mounts::require_audit(root).await?;
    mounts::ensure(root).await?;
    approle::mount(root).await?;

    handout::prepare(state, &settings.apps)?;
    let (secrets, mut written) = secrets::fill(root, settings).await?;
    handout::write_redis(state, &secrets)?;
    handout::write_demo(state, &secrets)?;
    written += usize::from(signing::forget_retired(root).await?);
    written += rotate::forget_previous(root).await?;

    let certificate = settings.apps.iter().any(|app| app == pki::SERVED_BY)
        && pki::ensure(root, &state.join("ca.pem"), now()).await?;
    written += usize::from(certificate);

    let (mut made, mut accessors) = (0, BTreeMap::new());
    for app in &settings.apps {
        let token = hand_out(root, state, app, &policy::of_app(app)).await?;
        made += usize::from(token.fresh);
        accessors.insert(app.clone(), token.accessor);
        if let Some(secret) = secrets.at(&format!("{app}/dapr")) {
            handout::write_dapr_tokens(state, app, secret)?;
        }
    }
    let token = hand_out(root, state, ROTATOR, &policy::of_rotator()).await?;
    made += usize::from(token.fresh);
    handout::write_accessors(state, &accessors)?;
    sentry::ensure_key(root).await?;
    sentry::renew(root, state, &settings.apps, signing::now()).await?;
    Ok(Report {
        initialised,
        secrets: written,
        tokens: made,
        certificate,
    })
}

/// Makes sure of a holder's policy, of the role that is bound to it, and of a token that came by that role.
async fn hand_out(
    root: &Vault,
    state: &Path,
    holder: &str,
    rules: &str,
) -> Result<AppToken, UpError> {
    policy::ensure(root, holder, rules).await?;
    approle::ensure(root, holder).await?;
    let kept = handout::kept_token(state, holder)?;
    let token = tokens::ensure(root, holder, kept).await?;
    handout::write_token(state, holder, &token.token)?;
    Ok(token)
}

/// Opens a sealed vault; answers with how it stands afterwards.
pub async fn unseal(state: &Path, address: &Url) -> Result<SealStatus, UpError> {
    let vault = Vault::at(address)?;
    keyring::unseal(&vault, state).await?;
    Ok(seal::status(&vault).await?)
}

/// Answers with how the vault stands.
pub async fn status(address: &Url) -> Result<SealStatus, UpError> {
    Ok(seal::status(&Vault::at(address)?).await?)
}

fn now() -> UnixTime {
    // A clock before 1970 makes every certificate look unborn, so a new one is issued.
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    UnixTime::since_unix_epoch(since.unwrap_or(Duration::ZERO))
}
