//! The whole system as its users meet it: what the end-to-end tests and `first-coffee` are made of.
//!
//! Invariant: [`Target`] alone knows where and how the system runs. Everything else speaks to it as a browser, a service
//! or an operator would, so the same tests fit a cluster once `Target` does.

pub mod checker;
pub mod client;
pub mod collector;
pub mod failpoints;
pub mod history;
pub mod order;
pub mod patience;
pub mod target;

pub use client::{Answer, Client, Events, ServerEvent};
pub use order::{Order, coffee};
pub use target::{Part, Role, SignIn, Target};
