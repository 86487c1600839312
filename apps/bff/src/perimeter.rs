//! What stands between the public listener and everything else.
//!
//! Invariant: no request reaches a handler, a cache or a service before it was judged here, and no answer leaves
//! without the headers that protect whoever reads it.

pub mod bearers;
pub mod brake;
pub mod entrance;
pub mod forward;
pub mod headers;
pub mod leftover;
pub mod origin;
pub mod shield;
