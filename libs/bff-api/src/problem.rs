//! The RFC 9457 problem every refused or failed call answers with.

use serde::{Deserialize, Serialize};

/// Body of an `application/problem+json` answer. Members the client does not use are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable: `urn:problem-type:crema:<slug>`.
    #[serde(rename = "type")]
    pub type_: String,
    /// Short and the same for every occurrence.
    pub title: String,
    /// The HTTP status, repeated.
    pub status: u16,
    /// About this occurrence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to tell support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// One entry per offending member of the request's body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

impl Problem {
    /// The slug of [`Problem::type_`]; `None` for a type that is not ours.
    #[must_use]
    pub fn slug(&self) -> Option<&str> {
        self.type_.strip_prefix("urn:problem-type:crema:")
    }
}

/// One offending member of a request's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldProblem {
    /// JSON Pointer to the member, such as `/lines/0/quantity`.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}
