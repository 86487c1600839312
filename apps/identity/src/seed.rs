//! The people of the demonstration, one for each role.
//!
//! Invariant: only an installation without any people gets them, with passwords made for it alone.

use dapr_kit::{DaprError, Secret};
use serde::Deserialize;
use service::database;
use uuid::Uuid;

use crate::audit::{Entry, Kind};
use crate::error::Failure;
use crate::events::{self, Change};
use crate::person::{EmailAddress, Invalid, Name, PersonId};
use crate::role::Role;
use crate::state::App;
use crate::store::{self, people::NewPerson};

#[derive(Deserialize)]
struct DemoPerson {
    email: String,
    name: String,
    role: Role,
    stores: Vec<Uuid>,
}

/// Why there is no demonstration.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The file in the binary is not what this code reads.
    #[error("seed/people.json is unreadable")]
    Unreadable(#[from] serde_json::Error),
    /// The file has a person who could not register.
    #[error("seed/people.json: {0}")]
    Invalid(#[from] Invalid),
    /// A password is missing.
    #[error(transparent)]
    Password(#[from] DaprError),
    /// A failure of ours.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<sqlx::Error> for SeedError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failure(error.into())
    }
}

/// Whether anybody is here already.
pub async fn wanted(app: &App) -> Result<bool, SeedError> {
    let mut db = app.db.acquire().await?;
    Ok(store::people::none(&mut db).await?)
}

/// Adds the people of the demonstration; `passwords` has one per role.
pub async fn run(app: &App, passwords: &Secret) -> Result<(), SeedError> {
    let people: Vec<DemoPerson> = serde_json::from_str(include_str!("../seed/people.json"))?;
    let mut db = database::begin(&app.db).await?;
    let mut registered = Vec::new();
    for person in &people {
        let password = passwords.require(person.role.as_str())?.to_owned();
        let salt = app.ids.random::<16>().map_err(Failure::from)?;
        let hash = app.passwords.hash(password.into(), salt).await;
        let id = PersonId(app.ids.next());
        let row = NewPerson {
            id,
            email: &EmailAddress::parse(&person.email)?,
            name: &Name::parse(&person.name)?,
            password_hash: Some(&hash.map_err(Failure::from)?),
            role: person.stores.is_empty().then_some(person.role),
        };
        if !store::people::insert(&mut db, &row, app.clock.now()).await? {
            continue;
        }
        store::people::confirm_address(&mut db, id, app.clock.now()).await?;
        for store in &person.stores {
            store::people::employ(&mut db, id, *store, person.role).await?;
        }
        events::changed(app, &mut db, id, Change::Registered).await?;
        registered.push(Entry::of(Kind::Registered).person(id).detail("seed"));
    }
    for entry in registered {
        entry.record(app, &mut db).await?;
    }
    db.commit().await?;
    app.outbox.wake();
    tracing::info!(people = people.len(), "seeded the demonstration");
    Ok(())
}
