//! From the address bar to the screen and back. Six addresses need no library: `leptos_router` was an
//! eighth of the client.
//!
//! Invariant: address and screen agree; a link that is not ours, or is meant for another tab, stays the browser's.

use leptos::{ev, prelude::*};
use wasm_bindgen::{JsCast, JsValue};

use crate::route::Route;

/// The screen of the address, followed as it changes. Made once, at the root.
#[must_use]
pub fn follow() -> RwSignal<Route> {
    let route = RwSignal::new(current());
    window_event_listener(ev::popstate, move |_| show(route));
    window_event_listener(ev::click, move |event| {
        if let Some(path) = own_link(&event) {
            event.prevent_default();
            go(route, &path);
        }
    });
    route
}

/// Goes to a path of ours.
pub fn go(route: RwSignal<Route>, path: &str) {
    let history = window().history();
    // A browser that refuses a new entry still shows the screen.
    let _ = history.map(|history| history.push_state_with_url(&JsValue::NULL, "", Some(path)));
    route.set(Route::of(path));
    window().scroll_to_with_x_and_y(0.0, 0.0);
}

fn current() -> Route {
    Route::of(&window().location().pathname().unwrap_or_default())
}

/// Draws nothing anew for a jump within the screen.
fn show(route: RwSignal<Route>) {
    let now = current();
    if route.get_untracked() != now {
        route.set(now);
    }
}

/// The path that a plain click on a link of ours leads to.
fn own_link(event: &web_sys::MouseEvent) -> Option<String> {
    let modified = event.meta_key() || event.ctrl_key() || event.shift_key() || event.alt_key();
    if event.default_prevented() || event.button() != 0 || modified {
        return None;
    }
    let link = event
        .target()?
        .dyn_into::<web_sys::Element>()
        .ok()?
        .closest("a[href^='/']:not([rel=external], [target], [download])")
        .ok()??;
    let path = link.get_attribute("href")?;
    // Two slashes begin another site's address.
    (!path.starts_with("//")).then_some(path)
}
