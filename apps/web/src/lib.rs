//! Crema in the browser: the customer's menu, basket and order tracker, and the barista's board.
//!
//! Owns no data and decides no price: what it shows is what `/api` said, and what it sends the server checks again.
//! The modules here are pure and tested natively; `ui` draws them and exists on wasm32 alone.

pub mod attempt;
pub mod basket;
pub mod delivery;
pub mod extras;
pub mod failure;
pub mod favourites;
pub mod json;
pub mod live;
pub mod money;
pub mod payment;
pub mod photo;
pub mod pickup;
pub mod returns;
pub mod route;
pub mod search;
pub mod selection;
pub mod steps;
pub mod sync;
pub mod ticket;
pub mod trace;

#[cfg(target_arch = "wasm32")]
#[expect(
    clippy::must_use_candidate,
    clippy::needless_pass_by_value,
    reason = "a component owns what it is given and is used by being drawn; the functions that draw its parts do the same"
)]
pub mod ui;

#[cfg(test)]
mod fixture;
