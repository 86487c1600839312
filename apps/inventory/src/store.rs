//! All SQL of this service. Free functions on a connection; who needs a transaction opens it.
//!
//! Invariant: a level changes by [`levels::post`] alone, whose one statement writes its movements too; who locks several
//! levels locks them by item, ascending, and after the reservation's row.

pub mod levels;
pub mod recipes;
pub mod replays;
pub mod reservations;
pub mod returns;
pub mod told;

type Result<T> = std::result::Result<T, sqlx::Error>;
