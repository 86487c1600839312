//! Password hashing: Argon2id, off the async threads, never more at once than there are cores.
//!
//! Invariant: every verification computes exactly one hash, also for an account that does not exist.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::{Error, Output, ParamsString, PasswordHash, SaltString};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Semaphore, TryAcquireError};

/// OWASP's floor for Argon2id: memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// How many may wait for each one that is computed; the rest are asked to come back.
const WAITING_PER_CORE: usize = 16;

/// A well-formed hash at `COST` that no password has: both its salt and its output were drawn at random.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$7ELYDgvOWEKUqObIZgR0DA$\
                      fXt2/l81Eub0OsG0q6ZrpKrKZQHxwei4zLsa+8NEylQ";

/// A hash that could not be computed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many are waiting already.
    #[error("too many passwords are being hashed")]
    Busy,
    /// The stored hash is unreadable, or hashing failed.
    #[error("a password could not be hashed: {0}")]
    Hash(Error),
    /// The hashing thread died.
    #[error("the hashing thread died")]
    Thread(#[from] tokio::task::JoinError),
}

/// The hasher. Cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    computed: Arc<AtomicU64>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new(std::thread::available_parallelism().map_or(1, usize::from))
    }
}

impl Passwords {
    /// A hasher that computes this many at once.
    #[must_use]
    pub fn new(cores: usize) -> Self {
        Self {
            running: Arc::new(Semaphore::new(cores)),
            admitted: Arc::new(Semaphore::new(cores * (1 + WAITING_PER_CORE))),
            computed: Arc::default(),
        }
    }

    /// How many hashes have been begun: what sign-ins and registrations have cost.
    #[must_use]
    pub fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    /// Hashes a new password with this salt, into the PHC string format.
    pub async fn hash(
        &self,
        password: SecretString,
        salt: [u8; 16],
    ) -> Result<String, PasswordError> {
        self.compute(move || {
            let (memory, passes, lanes) = COST;
            let params = Params::new(memory, passes, lanes, None)?;
            let output = argon2id(&params, &password, &salt)?;
            let salt = SaltString::encode_b64(&salt)?;
            let hash = PasswordHash {
                algorithm: ARGON2ID_IDENT,
                version: Some(Version::V0x13.into()),
                params: ParamsString::try_from(&params)?,
                salt: Some(salt.as_salt()),
                hash: Some(output),
            };
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password has this hash; without one, nobody's hash is computed and the answer is no.
    pub async fn verify(
        &self,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        self.compute(move || {
            let stored = PasswordHash::new(hash.as_deref().unwrap_or(NOBODY))?;
            if stored.algorithm != ARGON2ID_IDENT || stored.version != Some(Version::V0x13.into()) {
                return Err(Error::Algorithm);
            }
            let mut salt = [0; 64];
            let salt = stored.salt.ok_or(Error::Algorithm)?.decode_b64(&mut salt)?;
            let output = argon2id(&Params::try_from(&stored)?, &password, salt)?;
            // Outputs are compared in constant time.
            Ok(stored.hash == Some(output))
        })
        .await
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let admitted = match self.admitted.clone().try_acquire_owned() {
            Ok(admitted) => admitted,
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
                return Err(PasswordError::Busy);
            }
        };
        let running = self
            .running
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| PasswordError::Busy)?;
        self.computed.fetch_add(1, Ordering::Relaxed);
        // The permits go along: a caller that hangs up does not free a core that is still at work.
        tokio::task::spawn_blocking(move || {
            let _permits = (admitted, running);
            work()
        })
        .await?
        .map_err(PasswordError::Hash)
    }
}

/// glibc keeps what was allocated once, up to 32 MiB a piece, for the next time; anything larger goes back to the
/// system. Room beyond what is written to costs nothing.
const GIVEN_BACK: usize = 33 * 1024;

fn argon2id(params: &Params, password: &SecretString, salt: &[u8]) -> Result<Output, Error> {
    let blocks = params.block_count();
    let mut memory = Vec::with_capacity(blocks.max(GIVEN_BACK));
    memory.resize(blocks, Block::default());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    let password = password.expose_secret().as_bytes();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into_with_memory(password, salt, &mut output, &mut memory)?;
    Output::new(&output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_alone() {
        let passwords = Passwords::new(2);
        let hash = passwords
            .hash("a cup of tea".into(), [1; 16])
            .await
            .expect("a hash");
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        let right = passwords.verify("a cup of tea".into(), Some(hash.clone()));
        assert!(right.await.expect("a verdict"));
        let wrong = passwords.verify("a cup of tee".into(), Some(hash));
        assert!(!wrong.await.expect("a verdict"));
    }

    #[tokio::test]
    async fn it_is_the_argon2id_that_others_compute() {
        use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

        let argon = Argon2::default();
        let salt = SaltString::encode_b64(&[2; 16]).expect("a salt");
        let theirs = argon.hash_password(b"a cup of tea", &salt).expect("a hash");
        let ours = Passwords::new(1)
            .hash("a cup of tea".into(), [2; 16])
            .await
            .expect("a hash");
        let parsed = PasswordHash::new(&ours).expect("well formed");
        assert!(argon.verify_password(b"a cup of tea", &parsed).is_ok());
        assert_eq!(ours, theirs.to_string());
    }

    #[tokio::test]
    async fn an_unknown_account_costs_the_same_hash() {
        let nobody = PasswordHash::new(NOBODY).expect("well formed");
        let params = Params::try_from(&nobody).expect("parameters");
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), COST);
        assert_eq!(nobody.hash.map(|hash| hash.len()), Some(32));
        let verdict = Passwords::new(1).verify("anything".into(), None).await;
        assert!(!verdict.expect("a verdict"));
    }

    #[tokio::test]
    async fn beyond_the_cap_it_refuses() {
        let passwords = Passwords::new(1);
        let held = passwords.admitted.clone();
        let all = u32::try_from(held.available_permits()).expect("few");
        let _held = held.acquire_many(all).await.expect("permits");
        let refused = passwords.verify("anything".into(), None).await;
        assert!(matches!(refused, Err(PasswordError::Busy)), "{refused:?}");
    }
}
