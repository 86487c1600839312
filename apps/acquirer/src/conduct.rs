//! Carries a command out the way its token wants: well, slowly, late, without an answer, or not at all.
//!
//! Invariant: however a call ends, a second one under its key changes nothing that the first one did.

use std::time::Duration;

use crate::error::Error;
use crate::operation::{Command, Key, Operation};
use crate::pace::Wait;
use crate::state::App;
use crate::tokens::Behaviour;

/// How long a slow call takes.
pub const SLOW: Duration = Duration::from_millis(1500);
/// How long a call hangs before its connection is closed.
pub const HANG: Duration = Duration::from_mins(1);
/// How long after its call a late authorisation is carried out.
pub const LATE: Duration = Duration::from_secs(5);

/// What the caller gets.
#[derive(Debug)]
pub enum Reaction {
    /// The operation, carried out now or before.
    Answer(Box<Operation>),
    /// Nothing: the connection is closed.
    HangUp,
}

/// Carries it out, in its own way.
pub async fn carry_out(app: &App, key: Key, command: Command) -> Result<Reaction, Error> {
    let behaviour = app.bank.token(&command)?.behaviour(&command);
    if behaviour == Behaviour::Slow {
        app.pace.wait(Wait::Slow, SLOW).await;
    }
    if app.bank.under(&key).await?.is_none() {
        match behaviour {
            Behaviour::LosesAnswer => {
                let executed = app.bank.execute(&key, &command).await?;
                if executed.fresh {
                    return Ok(Reaction::HangUp);
                }
            }
            Behaviour::HangsOnce if app.trouble.call(&key) == 1 => {
                hang(app).await;
                return Ok(Reaction::HangUp);
            }
            Behaviour::FailsTwice if app.trouble.call(&key) <= 2 => return Err(Error::Broken),
            Behaviour::FailsUntilMended if !app.trouble.undo_works() => return Err(Error::Broken),
            Behaviour::Late => {
                if app.trouble.call(&key) == 1 {
                    tokio::spawn(later(app.clone(), key, command));
                }
                return Err(Error::Unavailable);
            }
            Behaviour::Good
            | Behaviour::Declines(_)
            | Behaviour::Slow
            | Behaviour::HangsOnce
            | Behaviour::FailsTwice
            | Behaviour::FailsUntilMended => {}
        }
    }
    let executed = app.bank.execute(&key, &command).await?;
    Ok(Reaction::Answer(Box::new(executed.operation)))
}

/// Leaves the caller waiting, but not our own end.
pub async fn hang(app: &App) {
    tokio::select! {
        () = app.pace.wait(Wait::Hang, HANG) => {}
        () = app.shutdown.requested() => {}
    }
}

async fn later(app: App, key: Key, command: Command) {
    app.pace.wait(Wait::Late, LATE).await;
    if let Err(error) = app.bank.execute(&key, &command).await {
        tracing::warn!(%error, "a late authorisation came to nothing");
    }
}
