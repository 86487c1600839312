//! One hash over all that the client is made of, so that an unchanged client is not built again.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use aws_lc_rs::digest;

/// What goes into the client.
const INPUTS: [&str; 7] = [
    ".cargo",
    "Cargo.lock",
    "Cargo.toml",
    "apps/web",
    "libs/bff-api",
    "rust-toolchain.toml",
    "tools/web-build",
];

/// The hash of every input's path and content.
pub fn stamp(root: &Path) -> Result<String> {
    let mut files = Vec::new();
    for input in INPUTS {
        collect(&root.join(input), &mut files)?;
    }
    files.sort();
    let mut hash = digest::Context::new(&digest::SHA256);
    for file in files {
        let content = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(&file);
        hash.update(format!("{}\0{}\0", name.display(), content.len()).as_bytes());
        hash.update(&content);
    }
    Ok(hex(hash.finish().as_ref()))
}

/// The first 16 hex digits of a content's SHA-256: enough to tell two builds of one file apart.
pub fn short_hash(content: &[u8]) -> String {
    let mut text = hex(digest::digest(&digest::SHA256, content).as_ref());
    text.truncate(16);
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| format!("listing {}", path.display()))? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::short_hash;

    #[test]
    fn names_follow_content() {
        assert_eq!(short_hash(b"abc"), "ba7816bf8f01cfea");
        assert_ne!(short_hash(b"abd"), short_hash(b"abc"));
    }
}
