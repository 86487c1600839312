//! The five shares of the vault's root key, kept in one file that only the user can read.
//!
//! Three of them open the vault. That they lie together is a limit of the local stack: whoever reads the file is root.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::files::{self, FileError};

/// How many shares the root key is split into.
pub const SHARES: u64 = 5;
/// How many of them are needed.
pub const THRESHOLD: u64 = 3;

/// Shares that can't be kept or found.
#[derive(Debug, Error)]
pub enum SharesError {
    /// The file can't be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// An initialised vault, and nothing to open it with.
    #[error("the vault is initialised but {} is missing: only its shares can open it", .0.display())]
    Missing(PathBuf),
    /// A file that holds something else.
    #[error("{} does not hold the shares of a vault", .0.display())]
    Unreadable(PathBuf),
    /// An empty vault, and shares of another.
    #[error("the vault is empty but {} belongs to another one: move it away or bring its vault back", .0.display())]
    Foreign(PathBuf),
}

/// Enough to open the vault.
pub struct Shares(Vec<SecretString>);

#[derive(Serialize, Deserialize)]
struct Wire {
    threshold: u64,
    shares: Vec<String>,
}

impl Shares {
    /// Takes what the vault gave at its initialisation.
    pub fn new(shares: Vec<String>) -> Self {
        Self(shares.into_iter().map(SecretString::from).collect())
    }

    /// As many shares as are needed, in order.
    pub fn enough(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .zip(0..THRESHOLD)
            .map(|(share, _)| share.expose_secret())
    }

    /// Makes sure, before the vault gives its shares, that they can be kept and replace no others.
    pub fn prepare(state: &Path) -> Result<(), SharesError> {
        let path = place(state)?;
        match files::read(&path)? {
            Some(_) => Err(SharesError::Foreign(path)),
            None => Ok(()),
        }
    }

    /// Reads the shares of the vault that this state folder belongs to.
    pub fn load(state: &Path) -> Result<Self, SharesError> {
        let path = place(state)?;
        Self::read(&path)?.ok_or(SharesError::Missing(path))
    }

    /// Reads those that an interrupted rekey left: the vault may have taken them for its own.
    pub fn load_coming(state: &Path) -> Result<Option<Self>, SharesError> {
        Self::read(&coming(&place(state)?))
    }

    /// They are the vault's: they take the place of those before.
    pub fn keep_coming(state: &Path) -> Result<(), SharesError> {
        let path = place(state)?;
        Ok(files::rename(&coming(&path), &path)?)
    }

    /// The vault never took them.
    pub fn drop_coming(state: &Path) -> Result<(), SharesError> {
        Ok(files::remove(&coming(&place(state)?))?)
    }

    fn read(path: &Path) -> Result<Option<Self>, SharesError> {
        let Some(text) = files::read(path)? else {
            return Ok(None);
        };
        // serde's message would quote the file, so it goes no further.
        let wire: Wire =
            serde_json::from_str(&text).map_err(|_| SharesError::Unreadable(path.to_owned()))?;
        if wire.threshold != THRESHOLD
            || wire.shares.len() < usize::try_from(THRESHOLD).unwrap_or(usize::MAX)
        {
            return Err(SharesError::Unreadable(path.to_owned()));
        }
        Ok(Some(Self::new(wire.shares)))
    }

    /// Keeps the shares; they are on disk when this returns.
    pub fn save(&self, state: &Path) -> Result<(), SharesError> {
        self.write(&place(state)?)
    }

    /// Keeps them beside those that are good until the vault takes these; on disk when this returns.
    pub fn save_coming(&self, state: &Path) -> Result<(), SharesError> {
        self.write(&coming(&place(state)?))
    }

    fn write(&self, path: &Path) -> Result<(), SharesError> {
        let wire = Wire {
            threshold: THRESHOLD,
            shares: self
                .0
                .iter()
                .map(|share| share.expose_secret().to_owned())
                .collect(),
        };
        let text = serde_json::to_string_pretty(&wire)
            .map_err(|_| SharesError::Unreadable(path.to_owned()))?;
        Ok(files::write_secret(path, &text)?)
    }
}

fn coming(path: &Path) -> PathBuf {
    path.with_file_name("shares.coming.json")
}

fn place(state: &Path) -> Result<PathBuf, SharesError> {
    let folder = state.join("vault");
    files::folder(&folder)?;
    Ok(folder.join("shares.json"))
}
