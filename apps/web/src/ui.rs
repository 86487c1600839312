//! The screens, and what ties them to the browser.
//!
//! Invariant: everything shown comes through `api`; every screen has its loading, empty and failed form.

pub mod api;
pub mod art;
pub mod basket_panel;
pub mod board;
pub mod browser;
pub mod checkout;
pub mod delivery;
pub mod dialog;
pub mod documents;
pub mod events;
pub mod extras;
pub mod favourites;
pub mod kept;
pub mod menu;
pub mod orders;
pub mod photo;
pub mod product;
pub mod returns;
pub mod router;
pub mod rows;
pub mod shell;
pub mod state;
pub mod states;
pub mod stores;
pub mod tracker;

use leptos::prelude::*;

/// Draws the application in place of the loading page.
pub fn start() {
    if let Some(boot) = document().get_element_by_id("boot") {
        boot.remove();
    }
    mount_to_body(shell::App);
}
