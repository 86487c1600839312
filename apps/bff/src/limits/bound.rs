//! How many requests are worked on at once, in all and for one origin, and how many large bodies are kept meanwhile.
//!
//! Invariant: a place is given back when dropped, however the request ends; who waits on a body or on a service holds
//! one, so a single origin can never hold them all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Origin;
use crate::perimeter::forward::MOST_BODY;

/// The most requests that one process works on.
pub const MOST_INSIDE: usize = 512;
/// The most of one origin.
pub const MOST_INSIDE_OF_ONE: usize = 128;

/// The most bodies at once that may be larger than most: some 40 MB.
pub const MOST_LARGE: usize = 8;

/// Who is inside.
#[derive(Clone, Default)]
pub(super) struct Bound(Arc<Mutex<Places>>);

#[derive(Default)]
struct Places {
    taken: usize,
    of: HashMap<Origin, usize>,
}

/// Why somebody has to wait outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// Too much is going on here.
    #[error("too many requests are being worked on")]
    All,
    /// Too much is going on for this origin.
    #[error("too many requests of this origin are being worked on")]
    One,
}

/// A place, until it is dropped.
pub struct Inside {
    bound: Bound,
    origin: Origin,
}

impl Bound {
    pub fn enter(&self, origin: Origin) -> Result<Inside, Full> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.of.get(&origin).copied().unwrap_or_default() >= MOST_INSIDE_OF_ONE {
            return Err(Full::One);
        }
        if places.taken >= MOST_INSIDE {
            return Err(Full::All);
        }
        places.taken += 1;
        *places.of.entry(origin).or_default() += 1;
        Ok(Inside {
            bound: self.clone(),
            origin,
        })
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut places = self.bound.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.taken -= 1;
        if let Some(taken) = places.of.get_mut(&self.origin) {
            *taken -= 1;
            if *taken == 0 {
                places.of.remove(&self.origin);
            }
        }
    }
}

/// Room for large bodies.
#[derive(Clone)]
pub(super) struct Large(Arc<Semaphore>);

/// Room for one, until it is dropped.
pub type Room = OwnedSemaphorePermit;

impl Default for Large {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST_LARGE)))
    }
}

impl Large {
    pub fn make_room(&self, most: usize) -> Result<Option<Room>, Full> {
        if most <= MOST_BODY {
            return Ok(None);
        }
        let room = self.0.clone().try_acquire_owned();
        room.map(Some).map_err(|_| Full::All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_so_many_large_bodies_and_always_for_a_small_one() {
        let large = Large::default();
        let kept: Vec<_> = (0..MOST_LARGE)
            .map(|_| large.make_room(MOST_BODY + 1).expect("room"))
            .collect();
        assert_eq!(large.make_room(MOST_BODY + 1).err(), Some(Full::All));
        assert!(large.make_room(MOST_BODY).is_ok());
        drop(kept);
        assert!(large.make_room(MOST_BODY + 1).is_ok());
    }

    #[test]
    fn places_are_given_back_and_an_origin_without_any_takes_no_room() {
        let bound = Bound::default();
        let origin = Origin::of(&axum::http::Extensions::new());
        let inside: Vec<_> = (0..MOST_INSIDE_OF_ONE)
            .map(|_| bound.enter(origin).expect("a place"))
            .collect();
        assert_eq!(bound.enter(origin).err(), Some(Full::One));
        drop(inside);
        assert!(bound.enter(origin).is_ok());
        let places = bound.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!((places.taken, places.of.len()), (0, 0));
    }
}
