//! What people leave here and find again: baskets and favourites, and under which name each is kept.
//!
//! Invariant: a value is only ever written over the version that its writer has read, so no change is lost to one that
//! nobody has seen; and whoever reads the store learns no browser's cookie.

mod holder;
mod merge;
mod store;

pub use holder::{BasketId, Holder};
pub use store::{DaprShelf, DurableStore};

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue};
use bff_api::{Basket, Favourites};
use dapr_kit::{DaprError, Versioned};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::error::Error;

/// A basket that nobody wrote to for so long is gone.
pub const BASKET_KEPT: Duration = Duration::from_hours(30 * 24);

/// What is kept, and for how long after it was written.
pub trait Kept: Serialize + DeserializeOwned + Default + Send + Sync {
    /// `None`: until its account is removed.
    const FOR: Option<Duration>;
}

impl Kept for Basket {
    const FOR: Option<Duration> = Some(BASKET_KEPT);
}

impl Kept for Favourites {
    const FOR: Option<Duration> = None;
}

/// The name of a value in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShelfKey(String);

impl ShelfKey {
    /// Of a person's basket.
    #[must_use]
    pub fn basket_of(person: Uuid) -> Self {
        Self(format!("basket-of-{person}"))
    }

    /// Of a person's favourites.
    #[must_use]
    pub fn favourites_of(person: Uuid) -> Self {
        Self(format!("favourites-of-{person}"))
    }
}

/// A value, and the tag of its version, if there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found<T> {
    /// The value; an empty one where there is none.
    pub value: T,
    /// Its tag.
    pub etag: Option<String>,
}

/// What a write rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// That nothing is there.
    Nothing,
    /// That this version is there.
    Version(String),
    /// On what can't be a version of ours.
    Unknown,
}

impl Basis {
    /// By `If-Match` with one tag, or `If-None-Match: *`. A write that rests on nothing is not taken.
    pub fn of(headers: &HeaderMap) -> Result<Self, Error> {
        if let Some(value) = headers.get(IF_MATCH) {
            let tag = value.to_str().ok().map(str::trim);
            let tag = tag.and_then(|tag| tag.strip_prefix('"')?.strip_suffix('"'));
            // No other text reaches the store: to the sidecar an empty tag is none, and it would write or delete whatever is
            // there.
            let ours = tag.filter(|tag| Uuid::try_parse(tag).is_ok());
            return Ok(ours.map_or(Self::Unknown, |tag| Self::Version(tag.to_owned())));
        }
        match headers.get(IF_NONE_MATCH) {
            Some(value) if value.as_bytes().trim_ascii() == b"*" => Ok(Self::Nothing),
            _ => Err(Error::NoPrecondition),
        }
    }
}

/// A tag as `ETag` has it.
#[must_use]
pub fn tag(etag: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("\"{etag}\"")).ok()
}

/// The shelf. Cheap to clone.
#[derive(Clone)]
pub struct Shelf(Arc<dyn DurableStore>);

impl Shelf {
    /// In this store.
    #[must_use]
    pub fn new(store: Arc<dyn DurableStore>) -> Self {
        Self(store)
    }

    /// What is kept under a name.
    pub async fn read<T: Kept>(&self, key: &ShelfKey) -> Result<Found<T>, Error> {
        let found = self.0.read(&key.0).await.map_err(Error::Shelf)?;
        Ok(found.map_or_else(Found::default, |found| open(key, &found)))
    }

    /// Writes over what the writer has read; answers with what is there then, which a faster one may have read and changed
    /// already.
    pub async fn write<T: Kept>(
        &self,
        key: &ShelfKey,
        value: &T,
        basis: &Basis,
    ) -> Result<Found<T>, Error> {
        let bytes = serde_json::to_vec(value)?;
        let taken = match basis {
            Basis::Nothing => self.0.replace(&key.0, bytes, None, T::FOR).await,
            Basis::Version(tag) => self.0.replace(&key.0, bytes, Some(tag), T::FOR).await,
            Basis::Unknown => Ok(false),
        };
        let taken = taken.map_err(Error::Shelf)?;
        let now = self.read(key).await?;
        if taken {
            return Ok(now);
        }
        Err(Error::Stale(now.etag))
    }

    /// Takes away what the writer has read.
    pub async fn remove<T: Kept>(&self, key: &ShelfKey, basis: &Basis) -> Result<(), Error> {
        let removed = match basis {
            Basis::Nothing | Basis::Unknown => false,
            Basis::Version(tag) => self.0.remove(&key.0, tag).await.map_err(Error::Shelf)?,
        };
        if removed {
            return Ok(());
        }
        Err(Error::Stale(self.read::<T>(key).await?.etag))
    }

    /// Forgets all that is kept of a person.
    pub async fn forget(&self, person: Uuid) -> Result<(), DaprError> {
        for key in [ShelfKey::basket_of(person), ShelfKey::favourites_of(person)] {
            self.0.forget(&key.0).await?;
        }
        Ok(())
    }
}

/// What can't be read was written by another version of ours, or by somebody else. It is as good as nothing, and may be
/// written over.
fn open<T: Kept>(key: &ShelfKey, found: &Versioned) -> Found<T> {
    let value = serde_json::from_slice(&found.value).unwrap_or_else(|error| {
        tracing::error!(%error, key = key.0, "what is kept can't be read");
        T::default()
    });
    Found {
        value,
        etag: Some(found.etag.clone()),
    }
}
