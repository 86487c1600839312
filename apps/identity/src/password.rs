//! Password hashing: Argon2id, off the async threads, never more at once than there are cores.
//!
//! Invariant: every verification computes exactly one hash, also for an account that does not exist.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    /// How many may be admitted.
    room: usize,
    buffers: Arc<Buffers>,
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
        let room = cores * (1 + WAITING_PER_CORE);
        Self {
            running: Arc::new(Semaphore::new(cores)),
            admitted: Arc::new(Semaphore::new(room)),
            room,
            buffers: Arc::default(),
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
        self.compute(move |buffer| {
            let (memory, passes, lanes) = COST;
            let params = Params::new(memory, passes, lanes, None)?;
            let output = argon2id(&params, &password, &salt, buffer)?;
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
        self.compute(move |buffer| {
            let stored = PasswordHash::new(hash.as_deref().unwrap_or(NOBODY))?;
            if stored.algorithm != ARGON2ID_IDENT || stored.version != Some(Version::V0x13.into()) {
                return Err(Error::Algorithm);
            }
            let mut salt = [0; 64];
            let salt = stored.salt.ok_or(Error::Algorithm)?.decode_b64(&mut salt)?;
            let output = argon2id(&Params::try_from(&stored)?, &password, salt, buffer)?;
            // Outputs are compared in constant time.
            Ok(stored.hash == Some(output))
        })
        .await
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> Result<T, Error> + Send + 'static,
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
        let (all, room, buffers) = (self.admitted.clone(), self.room, self.buffers.clone());
        // The permits go along: a caller that hangs up does not free a core that is still at work.
        tokio::task::spawn_blocking(move || {
            let _permits = (admitted, running);
            let mut buffer = buffers.take();
            let done = work(&mut buffer);
            let others = room - all.available_permits() > 1;
            buffers.give_back(buffer, others);
            done
        })
        .await?
        .map_err(PasswordError::Hash)
    }
}

/// What hashes are computed in, 19 MiB each. Having the system zero and map so much anew takes as long as a good part of
/// the hash itself, so under load they are used again; what nobody is about to use goes back to the system.
#[derive(Default)]
struct Buffers(Mutex<Vec<Vec<Block>>>);

impl Buffers {
    fn take(&self) -> Vec<Block> {
        self.lock().pop().unwrap_or_default()
    }

    /// Keeps a buffer while there are `others` at work or waiting, and no buffer without.
    fn give_back(&self, buffer: Vec<Block>, others: bool) {
        let mut kept = self.lock();
        if others {
            kept.push(buffer);
        } else {
            kept.clear();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        // Buffers have no state that a panic could leave half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// glibc keeps what was allocated once, up to 32 MiB a piece, for the next time; anything larger goes back to the
/// system. Room beyond what is written to costs nothing.
const GIVEN_BACK: usize = 33 * 1024;

/// The hash, computed in `buffer`: what an earlier hash left there is overwritten before it is read.
fn argon2id(
    params: &Params,
    password: &SecretString,
    salt: &[u8],
    buffer: &mut Vec<Block>,
) -> Result<Output, Error> {
    let blocks = params.block_count();
    buffer.reserve_exact(blocks.max(GIVEN_BACK).saturating_sub(buffer.len()));
    buffer.resize(blocks, Block::default());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    let password = password.expose_secret().as_bytes();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into_with_memory(password, salt, &mut output, buffer)?;
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
    async fn memory_is_used_again_while_others_wait_and_given_back_after_the_last() {
        let passwords = Passwords::new(1);
        let kept = |passwords: &Passwords| passwords.buffers.lock().len();
        let waiting = passwords.admitted.clone().acquire_owned().await;
        for password in ["a cup of tea", "a cup of coffee"] {
            let hash = passwords.hash(password.into(), [1; 16]).await;
            let verdict = passwords.verify(password.into(), hash.ok()).await;
            assert!(verdict.expect("a verdict"), "in memory that was used");
            assert_eq!(kept(&passwords), 1);
        }
        drop(waiting);
        let verdict = passwords.verify("anything".into(), None).await;
        assert!(!verdict.expect("a verdict"));
        assert_eq!(kept(&passwords), 0);
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
