//! Photographs of products: taken in, taken away, and given out.
//!
//! Invariant: who sees a menu may see its photographs; only who may edit a product changes its own.

pub mod read;
pub mod remove;
pub mod replace;
