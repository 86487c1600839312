//! Argon2id alone: what identity computes for a sign-in, and nothing beside it.
//!
//! Invariant: the parameters are those that identity hashes with, on as many threads as there are processors.

use anyhow::{Result, anyhow};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::load::Caller;

/// Memory in KiB, passes, lanes; `apps/identity/src/password.rs` says why.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// What one hash works on, in MB.
pub const BUFFER: f64 = 19.0;
/// As long as a generated one.
const PASSWORD: &[u8] = b"0190a1b200007000800000000000002a";
const SALT: &[u8; 16] = b"sixteen bytes of";

/// Threads that hash.
pub struct Hashes {
    cores: usize,
}

impl Hashes {
    /// On all processors.
    pub fn new() -> Result<Self> {
        let cores = std::thread::available_parallelism()?.get();
        Ok(Self { cores })
    }

    /// How many are computed at once: as many as there are processors, as at identity.
    #[must_use]
    pub fn at_once(&self) -> usize {
        self.cores
    }

    /// One caller for each processor.
    #[must_use]
    pub fn callers(&self) -> Vec<Hash> {
        std::iter::repeat_n(Hash, self.cores).collect()
    }
}

/// Computes one hash with each call, off the async threads.
#[derive(Clone)]
pub struct Hash;

impl Caller for Hash {
    async fn call(&mut self) -> Result<()> {
        tokio::task::spawn_blocking(|| hash(PASSWORD).map(drop)).await?
    }
}

fn hash(password: &[u8]) -> Result<[u8; 32]> {
    let (memory, passes, lanes) = COST;
    let parameters =
        Params::new(memory, passes, lanes, None).map_err(|error| anyhow!("{error}"))?;
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    let mut output = [0; 32];
    argon
        .hash_password_into(password, SALT, &mut output)
        .map_err(|error| anyhow!("{error}"))?;
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_hashes_the_password_and_not_nothing() {
        let (one, other) = (hash(b"a cup of tea"), hash(b"a cup of tee"));
        let (one, other) = (one.expect("a hash"), other.expect("a hash"));
        assert_ne!(one, other);
        assert_ne!(one, [0; 32]);
    }
}
