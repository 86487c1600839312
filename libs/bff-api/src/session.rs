//! Who is signed in, as far as the page needs to know.
//!
//! Invariant: no token and no session id; the cookie that carries the session is out of scripts' reach.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Answer of `GET /api/session`, signed in or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Whether requests with this browser's cookie act for somebody.
    pub signed_in: bool,
    /// Present exactly when signed in.
    pub user: Option<User>,
}

impl Session {
    /// The answer for a browser without a session.
    #[must_use]
    pub fn anonymous() -> Session {
        Session {
            signed_in: false,
            user: None,
        }
    }

    /// The answer for a browser with one.
    #[must_use]
    pub fn of(user: User) -> Session {
        Session {
            signed_in: true,
            user: Some(user),
        }
    }
}

/// The signed-in person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Shown name.
    pub name: String,
    /// Among `customer`, `barista`, `manager`, `admin`. They choose what the page offers; services decide what is allowed.
    pub roles: Vec<String>,
    /// Stores the person works at.
    pub stores: Vec<Uuid>,
}

impl User {
    /// Whether stores are this person's to run, not to work in alone.
    #[must_use]
    pub fn runs_stores(&self) -> bool {
        self.is_staff()
            && self
                .roles
                .iter()
                .any(|role| role == "manager" || role == "admin")
    }

    /// Whether the page should offer the board.
    #[must_use]
    pub fn is_staff(&self) -> bool {
        self.roles.iter().any(|role| role != "customer") && !self.stores.is_empty()
    }
}
