//! The limits, all of them.
//!
//! Invariant: every request falls into one class by its method and its route.

use axum::http::Method;
use service::rate::Quota;

use crate::sign_in::CALLBACK;

/// A limit and its name, which clients are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Its name in `RateLimit-Policy`.
    pub name: &'static str,
    /// How much it allows.
    pub quota: Quota,
}

const fn limit(name: &'static str, burst: u32, seconds: u32) -> Limit {
    Limit {
        name,
        quota: Quota { burst, seconds },
    }
}

/// Of all that comes from one address: enough for a shop's guests who share one.
pub const OF_AN_ORIGIN: Limit = limit("origin", 2400, 20);
/// Of a registered client, whatever address it comes from.
pub const OF_A_CLIENT: Limit = limit("client", 600, 10);
/// Reading by somebody who is signed in.
const READ: Limit = limit("read", 600, 10);
/// Changing something: more than anybody taps, less than keeps the café from serving others.
const COMMAND: Limit = limit("command", 300, 15);
/// Asking what an order, or bringing it, costs: more than anybody changes a basket, less than guesses the codes that take
/// something off.
const QUOTE: Limit = limit("quote", 60, 60);
/// Opening live views.
const LIVE: Limit = limit("live", 120, 60);
/// Passwords, codes, registrations and mails. Identity has its own brakes behind it, per account too.
const SIGN_IN: Limit = limit("sign-in", 120, 60);
/// The endpoints that clients ask with their secrets or tokens.
const TOKEN: Limit = limit("token", 600, 60);
/// What the payment provider sends, which is one address for all our customers.
const WEBHOOK: Limit = limit("webhook", 3000, 10);

/// What a request is, as far as limits go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Reads under `/api`.
    Read,
    /// Changes under `/api`.
    Command,
    /// Asks for a quote, perhaps with a code.
    Quote,
    /// Opens a live view.
    Live,
    /// Tries to sign in, registers, or has mail sent.
    SignIn,
    /// Asks identity as a client.
    Token,
    /// Is from the payment provider.
    Webhook,
    /// Is from a registered client: counted by its token, once that is verified.
    Client,
    /// Pages, files, identity's other pages, and what does not exist.
    Other,
}

impl Class {
    /// The class of a request for a route; `route` is the pattern that it matched, if any.
    #[must_use]
    pub fn of(method: &Method, route: Option<&str>) -> Self {
        let Some(route) = route else {
            return Self::Other;
        };
        if route == CALLBACK {
            return Self::SignIn;
        }
        if route.starts_with("/api/") {
            return match () {
                () if route.ends_with("/events") => Self::Live,
                () if method.is_safe() => Self::Read,
                () if matches!(route, "/api/quotes" | "/api/delivery-quotes") => Self::Quote,
                () => Self::Command,
            };
        }
        if route.starts_with("/v1/") && route != crate::ops::api_document::PATH {
            return Self::Client;
        }
        if route == crate::ops::webhook::PATH {
            return Self::Webhook;
        }
        if method.is_safe() {
            return Self::Other;
        }
        match route {
            "/oauth2/token" | "/oauth2/introspect" | "/oauth2/revoke" => Self::Token,
            "/sign-in"
            | "/sign-in/code"
            | "/sign-in/second-factor"
            | "/sign-in/with/{provider}"
            | "/register"
            | "/forgot-password"
            | "/reset-password"
            | "/verify-email"
            | "/verify-email/again"
            | "/change-email" => Self::SignIn,
            _ => Self::Other,
        }
    }

    /// What it allows beside the limit of the origin.
    pub(super) fn limit(self) -> Option<Limit> {
        match self {
            Self::Read => Some(READ),
            Self::Command => Some(COMMAND),
            Self::Quote => Some(QUOTE),
            Self::Live => Some(LIVE),
            Self::SignIn => Some(SIGN_IN),
            Self::Token => Some(TOKEN),
            Self::Webhook => Some(WEBHOOK),
            Self::Client | Self::Other => None,
        }
    }

    /// Whether the address is counted for everything together as well.
    pub(super) fn counts_for_origin(self) -> bool {
        self != Self::Webhook
    }

    /// Whether the replicas count together: where a guesser must not gain by their number.
    pub(super) fn is_shared(self) -> bool {
        matches!(self, Self::SignIn | Self::Token)
    }

    /// Whether a session has a quota of its own here.
    #[must_use]
    pub fn is_of_sessions(self) -> bool {
        matches!(self, Self::Read | Self::Command | Self::Quote | Self::Live)
    }

    /// Whether its answers last, so that they take no place among those that are worked on.
    #[must_use]
    pub fn lasts(self) -> bool {
        self == Self::Live
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::to_identity::TABLE;

    #[test]
    fn every_route_has_its_class() {
        for (method, route, class) in [
            (Method::GET, "/api/orders", Class::Read),
            (Method::POST, "/api/orders", Class::Command),
            (Method::DELETE, "/api/session", Class::Command),
            (Method::POST, "/api/quotes", Class::Quote),
            (Method::POST, "/api/delivery-quotes", Class::Quote),
            (Method::GET, "/api/orders/{id}/events", Class::Live),
            (Method::GET, CALLBACK, Class::SignIn),
            (Method::POST, "/sign-in", Class::SignIn),
            (Method::GET, "/sign-in", Class::Other),
            (Method::POST, "/oauth2/token", Class::Token),
            (Method::GET, "/oauth2/jwks", Class::Other),
            (Method::POST, "/webhooks/provider", Class::Webhook),
            (Method::GET, "/v1/orders", Class::Client),
            (Method::GET, "/", Class::Other),
        ] {
            assert_eq!(Class::of(&method, Some(route)), class, "{method} {route}");
        }
        assert_eq!(Class::of(&Method::POST, None), Class::Other);
    }

    #[test]
    fn the_routes_that_are_named_here_are_identitys() {
        let held = |class: Class| {
            let rows = TABLE.iter();
            rows.filter(|(method, route)| Class::of(method, Some(route)) == class)
                .count()
        };
        assert_eq!((held(Class::SignIn), held(Class::Token)), (10, 3));
    }
}
