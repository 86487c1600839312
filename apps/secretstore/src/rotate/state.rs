//! The login of a database that a sidecar has for its app: the sidecar reads it once, at its start, so it takes its turn
//! with the restart that gives the pair its tokens (`tokens.rs`).
//!
//! Invariant: at any moment the login of the running sidecar is open, and so is the one that it will start with. What an
//! interrupted run left is an open login that nobody uses, or one that is used until the restart that the next run makes.

use std::time::Duration;

use tokio::time::{self, Instant};

use super::{LOOK_EVERY, RotateError, Standing, Step, database};
use crate::{superuser::Superuser, vault::Vault};

/// A sidecar that was restarted has left its connections long before.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens the other login and writes it where the sidecar will read it. One whose turn an earlier run began is not turned
/// back: the restart is what it lacks.
pub(super) async fn turn(
    root: &Vault,
    app: &str,
    superuser: &Superuser,
) -> Result<(), RotateError> {
    match database::standing(root, app, superuser).await? {
        Standing::Absent => return Err(RotateError::NotReady),
        Standing::Settled(_) => database::begin(root, app).await.map(drop)?,
        Standing::UnderWay => {}
    }
    // The first step alone: the next one locks the login that the sidecar still has.
    if database::is_prepared(root, app).await? {
        database::step(root, app, superuser, Duration::ZERO).await?;
    }
    Ok(())
}

/// Locks the login before, once nobody is connected by it.
pub(super) async fn lock_other(
    root: &Vault,
    app: &str,
    superuser: &Superuser,
) -> Result<(), RotateError> {
    let end = Instant::now() + PATIENCE;
    loop {
        match database::step(root, app, superuser, Duration::ZERO).await? {
            Step::Done => return Ok(()),
            Step::InUse(login) if Instant::now() >= end => return Err(RotateError::InUse(login)),
            Step::Taken | Step::InUse(_) | Step::Wait(_) => time::sleep(LOOK_EVERY).await,
        }
    }
}
