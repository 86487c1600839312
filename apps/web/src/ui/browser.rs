//! The browser's own services: clock, randomness, storage, focus.
//!
//! Invariant: a browser that refuses one (storage in a private window) costs a convenience, never the page.

use leptos::prelude::*;
use uuid::Uuid;
use wasm_bindgen::JsCast;

/// Milliseconds since 1970 by this browser's clock.
#[must_use]
pub fn now() -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole milliseconds, far below 2^53"
    )]
    let now = js_sys::Date::now() as i64;
    now
}

/// A fresh random id by `crypto.randomUUID`, which every page served over HTTPS has.
#[must_use]
pub fn random_id() -> Uuid {
    window()
        .crypto()
        .ok()
        .and_then(|crypto| crypto.random_uuid().parse().ok())
        // An answer that is no id has not been seen; uuid's own random ids come from `crypto` just as well.
        .unwrap_or_else(|| {
            let seconds = u64::try_from(now()).unwrap_or_default() / 1000;
            Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, 0))
        })
}

/// Reads what an earlier visit stored.
#[must_use]
pub fn stored(key: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(key).ok()?
}

/// Stores for the next visit.
pub fn store(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        // Full or forbidden: the basket then lives as long as the page.
        let _ = storage.set_item(key, value);
    }
}

/// Sets a mark that survives a trip to the sign-in page and back, in this tab.
pub fn leave_mark(key: &str) {
    if let Ok(Some(storage)) = window().session_storage() {
        // Without it the customer presses once more.
        let _ = storage.set_item(key, "1");
    }
}

/// Whether a mark is there.
#[must_use]
pub fn has_mark(key: &str) -> bool {
    let Ok(Some(storage)) = window().session_storage() else {
        return false;
    };
    storage.get_item(key).ok().flatten().is_some()
}

/// Takes a mark away; whether it was there.
#[must_use]
pub fn take_mark(key: &str) -> bool {
    let found = has_mark(key);
    if let Ok(Some(storage)) = window().session_storage() {
        // A mark that stays is only seen once more.
        let _ = storage.remove_item(key);
    }
    found
}

/// The path of the page, with its query.
#[must_use]
pub fn here() -> String {
    let location = window().location();
    format!(
        "{}{}",
        location.pathname().unwrap_or_default(),
        location.search().unwrap_or_default()
    )
}

/// Moves the focus to the first element that matches.
pub fn focus(selector: &str) {
    if let Some(element) = find(selector) {
        // An element that can't take the focus leaves it where it was.
        let _ = element.focus();
    }
}

/// The first element that matches.
#[must_use]
pub fn find(selector: &str) -> Option<web_sys::HtmlElement> {
    document().query_selector(selector).ok()??.dyn_into().ok()
}

/// Every element that matches, in the page's order.
#[must_use]
pub fn find_all(selector: &str) -> Vec<web_sys::HtmlElement> {
    let Ok(list) = document().query_selector_all(selector) else {
        return Vec::new();
    };
    (0..list.length())
        .filter_map(|index| list.item(index)?.dyn_into().ok())
        .collect()
}

/// Whether a media query holds, followed as it changes.
#[must_use]
pub fn media(query: &str) -> RwSignal<bool> {
    let list = window().match_media(query).ok().flatten();
    let holds = RwSignal::new(list.as_ref().is_some_and(web_sys::MediaQueryList::matches));
    if let Some(list) = list {
        let watched = list.clone();
        let listener = wasm_bindgen::closure::Closure::<dyn Fn()>::new(move || {
            // The screen that asked may be gone.
            let _ = holds.try_set(watched.matches());
        });
        list.set_onchange(Some(listener.as_ref().unchecked_ref()));
        // One per page and as small as this: it lives as long as the page.
        listener.forget();
    }
    holds
}

/// An instant as this browser writes it: "21 Nov 2026, 08:05".
#[must_use]
pub fn local_time(at: i64) -> String {
    written(at, &[("dateStyle", "medium"), ("timeStyle", "short")])
}

/// An instant on the clock of a zone, for somebody who goes there: "Sat 08:05".
#[must_use]
pub fn time_in(at: i64, zone: &str) -> String {
    let options = [
        ("weekday", "short"),
        ("hour", "2-digit"),
        ("minute", "2-digit"),
        ("timeZone", zone),
    ];
    written(at, &options)
}

fn written(at: i64, options_of: &[(&str, &str)]) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "JavaScript's dates are floats; milliseconds stay exact below 2^53"
    )]
    let date = js_sys::Date::new(&(at as f64).into());
    let options = js_sys::Object::new();
    for (name, value) in options_of {
        // Setting a plain property of a fresh object can't fail.
        let _ = js_sys::Reflect::set(&options, &(*name).into(), &(*value).into());
    }
    date.to_locale_string("en-GB", &options).into()
}
