//! Files that hold secrets: folders 0700, files 0600, replaced in one rename.
//!
//! A reader sees the whole old content or the whole new one, and nobody else may look at either.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use thiserror::Error;

const SECRET: u32 = 0o600;
const PUBLIC: u32 = 0o644;
const FOLDER: u32 = 0o700;

/// A file or folder that can't be used; names the path, never the content.
#[derive(Debug, Error)]
pub enum FileError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// What was touched.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// What is there would be lost.
    #[error("{} is there already", .0.display())]
    There(PathBuf),
    /// Somebody else holds the lock.
    #[error("another secretstore is at work on {}", .0.display())]
    Busy(PathBuf),
}

/// Held for as long as this process changes the state folder.
#[derive(Debug)]
pub struct Lock {
    /// The lock lives as long as the open file does.
    _file: File,
}

/// Makes sure of a folder that only its owner may enter, parents included.
pub fn folder(path: &Path) -> Result<(), FileError> {
    let made = DirBuilder::new().recursive(true).mode(FOLDER).create(path);
    made.and_then(|()| fs::set_permissions(path, Permissions::from_mode(FOLDER)))
        .map_err(at(path))
}

/// Makes sure of the state folder. One that is there keeps its rights: PostgreSQL, a user of its own, walks through it.
fn state_folder(path: &Path) -> Result<(), FileError> {
    let made = DirBuilder::new().recursive(true).mode(FOLDER).create(path);
    made.map_err(at(path))
}

/// Takes the one lock of a state folder, which comes to be, or says that it is taken.
pub fn lock(state: &Path) -> Result<Lock, FileError> {
    state_folder(state)?;
    let path = state.join("secretstore.lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(SECRET)
        .open(&path)
        .map_err(at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(FileError::Busy(state.to_owned())),
        Err(TryLockError::Error(source)) => Err(FileError::Io { path, source }),
    }
}

/// The text of a file, or `None` where there is none.
pub fn read(path: &Path) -> Result<Option<String>, FileError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FileError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

/// The bytes of a file.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(at(path))
}

/// Refuses a path where something is.
pub fn absent(path: &Path) -> Result<(), FileError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Err(FileError::There(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(at(path)(source)),
    }
}

/// Writes a secret where nothing is: whole, or not at all.
pub fn create_secret(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let fresh = path.with_added_extension("new");
    let written = write_whole(&fresh, bytes, SECRET)
        // A rename would take the place of what came there meanwhile.
        .and_then(|()| fs::hard_link(&fresh, path))
        .and_then(|()| sync_parent(path));
    let removed = fs::remove_file(&fresh);
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(FileError::There(path.to_owned()))
        }
        written => written.and(removed).map_err(at(path)),
    }
}

/// Puts one file in the place of another.
pub fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    fs::rename(from, to)
        .and_then(|()| sync_parent(to))
        .map_err(at(from))
}

/// Deletes a file.
pub fn remove(path: &Path) -> Result<(), FileError> {
    fs::remove_file(path)
        .and_then(|()| sync_parent(path))
        .map_err(at(path))
}

/// The names of what is in a folder; none, where there is none.
pub fn names(path: &Path) -> Result<Vec<String>, FileError> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(at(path))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(at(path))?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

/// Writes a secret; an equal file is left alone.
pub fn write_secret(path: &Path, text: &str) -> Result<(), FileError> {
    replace(path, text, SECRET)
}

/// Writes what anybody may read; an equal file is left alone.
pub fn write_public(path: &Path, text: &str) -> Result<(), FileError> {
    replace(path, text, PUBLIC)
}

fn replace(path: &Path, text: &str, mode: u32) -> Result<(), FileError> {
    if unchanged(path, text, mode).map_err(at(path))? {
        return Ok(());
    }
    let fresh = path.with_added_extension("new");
    write_whole(&fresh, text.as_bytes(), mode)
        .and_then(|()| fs::rename(&fresh, path))
        .and_then(|()| sync_parent(path))
        .map_err(at(path))
}

fn unchanged(path: &Path, text: &str, mode: u32) -> io::Result<bool> {
    match fs::metadata(path) {
        Ok(found) if found.permissions().mode() & 0o777 == mode => {
            Ok(fs::read(path)? == text.as_bytes())
        }
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    // What an interrupted run left behind may have other permissions, so it is never written into.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent().filter(|parent| *parent != Path::new("")) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    |source| FileError::Io { path, source }
}
