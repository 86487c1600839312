//! One secret on its way through a rotation: how it stands, and which step comes next.
//!
//! Invariant: what there is says which step is next; a step that somebody else took is no step to take again.

use std::time::Duration;

use super::{RotateError, database, own, shared};
use crate::{superuser::Superuser, vault::Vault};

/// One secret, with all that has to follow it.
#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    /// A key that one app keeps for itself.
    Own(&'static own::Own),
    /// What two services know.
    Shared(&'static shared::Shared),
    /// An app's password, which PostgreSQL has to know.
    Database(&'static str, &'a Superuser),
}

/// How a subject stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is none of this installation's.
    Absent,
    /// A rotation of it was begun and is not at its end.
    UnderWay,
    /// It has been as it is for so long.
    Settled(Duration),
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It was taken, or somebody else took one: look again.
    Taken,
    /// The next one has to wait for so long.
    Wait(Duration),
    /// The next one has to wait for whoever uses this.
    InUse(String),
    /// Nothing is left to do.
    Done,
}

impl Subject<'_> {
    /// How it stands.
    pub(super) async fn standing(self, keeper: &Vault) -> Result<Standing, RotateError> {
        match self {
            Self::Own(own) => own.standing(keeper).await,
            Self::Shared(shared) => shared.standing(keeper).await,
            Self::Database(app, superuser) => database::standing(keeper, app, superuser).await,
        }
    }

    /// Begins a rotation.
    pub(super) async fn begin(self, keeper: &Vault, settle: Duration) -> Result<Step, RotateError> {
        match self {
            Self::Own(own) => own.shift(keeper, settle).await,
            Self::Shared(shared) => shared.begin(keeper).await,
            Self::Database(app, _) => database::begin(keeper, app).await,
        }
    }

    /// Takes the next step of the rotation that is under way, if one is.
    async fn step(self, keeper: &Vault, settle: Duration) -> Result<Step, RotateError> {
        match self {
            Self::Own(_) => Ok(Step::Done),
            Self::Shared(shared) => shared.step(keeper, settle).await,
            Self::Database(app, superuser) => database::step(keeper, app, superuser, settle).await,
        }
    }

    /// Takes steps for as long as none has to wait.
    pub(super) async fn steps(self, keeper: &Vault, settle: Duration) -> Result<Step, RotateError> {
        loop {
            match self.step(keeper, settle).await? {
                Step::Taken => {}
                step => return Ok(step),
            }
        }
    }
}
