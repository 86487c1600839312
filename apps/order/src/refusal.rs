//! Another service's problem, as far as we pass it on to whoever orders.
//!
//! Invariant: its type, words and fields are told as they came; only the fields' pointers are moved to where the same
//! thing stands in our own body.

use axum::http::StatusCode;
use serde::Deserialize;
use service::problem::{Problem, TYPE_PREFIX};

/// The problem.
#[derive(Debug, Deserialize)]
pub struct Refusal {
    /// The problem's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The type, in words.
    pub title: String,
    /// What it says.
    pub detail: Option<String>,
    /// The parts of the request that it is about.
    #[serde(default)]
    pub errors: Vec<RefusedField>,
}

/// One part of a request that is refused.
#[derive(Debug, Deserialize)]
pub struct RefusedField {
    /// A JSON Pointer into the request that we made.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Refusal {
    /// Its type without what all of ours begin with; nothing if it is none of ours.
    #[must_use]
    pub fn slug(&self) -> Option<&str> {
        self.kind.strip_prefix(TYPE_PREFIX)
    }

    /// The problem as our own, where `place` is the pointer to what the other request was made of.
    #[must_use]
    pub fn told(self, place: &str, status: StatusCode) -> Problem {
        let slug = self.slug().unwrap_or("order-refused").to_owned();
        let mut problem = Problem::new(status, slug, self.title);
        if let Some(detail) = self.detail {
            problem = problem.detail(detail);
        }
        self.errors.iter().fold(problem, |problem, error| {
            problem.field(&format!("{place}{}", error.pointer), error.detail.clone())
        })
    }
}
