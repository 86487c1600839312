//! Divergences, for operators: listed, and settled with a note.

pub mod list;
pub mod settle;
