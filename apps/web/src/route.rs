//! Which screen an address shows.
//!
//! Invariant: an id in an address is a whole UUID, or there is no such screen.

use uuid::Uuid;

/// A screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The store picker.
    Stores,
    /// A store's menu.
    Menu(Uuid),
    /// The customer's own orders.
    Orders,
    /// One order, followed live.
    Order(Uuid),
    /// The picker of boards.
    Boards,
    /// One store's board.
    Board(Uuid),
    /// Nothing is there.
    Unknown,
}

impl Route {
    /// The screen at this path.
    #[must_use]
    pub fn of(path: &str) -> Route {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let with = |id: &str, route: fn(Uuid) -> Route| id.parse().map_or(Route::Unknown, route);
        match parts[..] {
            [""] => Route::Stores,
            ["stores", id] => with(id, Route::Menu),
            ["orders"] => Route::Orders,
            ["orders", id] => with(id, Route::Order),
            ["board"] => Route::Boards,
            ["board", store] => with(store, Route::Board),
            _ => Route::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Route;
    use crate::fixture::id;

    #[test]
    fn every_screen_has_its_address_and_nothing_else_has_one() {
        let uuid = id(7);
        for (path, route) in [
            ("/".to_owned(), Route::Stores),
            (format!("/stores/{uuid}"), Route::Menu(uuid)),
            ("/orders".to_owned(), Route::Orders),
            (format!("/orders/{uuid}"), Route::Order(uuid)),
            ("/board".to_owned(), Route::Boards),
            (format!("/board/{uuid}"), Route::Board(uuid)),
            (String::new(), Route::Unknown),
            ("/stores".to_owned(), Route::Unknown),
            ("/stores/7".to_owned(), Route::Unknown),
            (format!("/orders/{uuid}/"), Route::Unknown),
            (format!("/x/orders/{uuid}"), Route::Unknown),
        ] {
            assert_eq!(Route::of(&path), route, "{path}");
        }
    }
}
