//! The chain of the audit's rows, and how it is checked.
//!
//! Invariant: a row's hash covers the row and all rows before it, and the head of the chain says where it ends.
//!
//! # What is hashed
//! SHA-256 over the 32 bytes of `hash` of the row before (32 zero bytes before position 1), then these fields, each as a
//! netstring of its UTF-8 text (its length in bytes, a colon, the text, a comma; `-,` for a missing one): `position`,
//! `id`, `at`, `kind`, `person_id`, `actor`, `client_id`, `session_id`, `network`, `account`, `detail`. Ids are
//! lower-case UUIDs with hyphens, numbers decimal, instants microseconds since 1970-01-01T00:00:00Z in decimal.
//!
//! The database chains rows by itself (`chain_audit`, migration 0003), so that no writer can forget to; what is written
//! here is the second implementation, by which the first one is checked.

use aws_lc_rs::digest::{Context, SHA256};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::opaque::Hash;

/// What stands before the first row.
const NONE: Hash = [0; 32];

/// A row as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow, JsonSchema)]
#[schemars(rename = "AuditRow")]
pub struct Row {
    /// Its place in the chain, from 1 on without gaps.
    pub position: i64,
    /// Its id.
    pub id: Uuid,
    /// When.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub at: DateTime<Utc>,
    /// What.
    pub kind: String,
    /// Whose account it is about.
    pub person_id: Option<Uuid>,
    /// Who did it, if it was not she.
    pub actor: Option<String>,
    /// The client.
    pub client_id: Option<String>,
    /// The session.
    pub session_id: Option<Uuid>,
    /// Where it came from.
    pub network: Option<String>,
    /// The pseudonym of an address whose account is not known, or must not be looked up.
    pub account: Option<String>,
    /// What else is worth knowing.
    pub detail: Option<String>,
    /// The hash that was stored with it.
    #[serde(skip)]
    pub hash: Vec<u8>,
}

impl Row {
    /// The hash that this row must have behind a row with the hash `previous`.
    #[must_use]
    pub fn hash_after(&self, previous: &[u8]) -> Hash {
        let mut context = Context::new(&SHA256);
        context.update(previous);
        let id = |id: Option<Uuid>| id.map(|id| id.to_string());
        for field in [
            Some(self.position.to_string()),
            Some(self.id.to_string()),
            Some(self.at.timestamp_micros().to_string()),
            Some(self.kind.clone()),
            id(self.person_id),
            self.actor.clone(),
            self.client_id.clone(),
            id(self.session_id),
            self.network.clone(),
            self.account.clone(),
            self.detail.clone(),
        ] {
            let netstring = field.map_or_else(
                || "-,".to_owned(),
                |field| format!("{}:{field},", field.len()),
            );
            context.update(netstring.as_bytes());
        }
        let mut hash = NONE;
        hash.copy_from_slice(context.finish().as_ref());
        hash
    }
}

/// What is wrong with the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// A row is not there.
    #[error("the row at position {0} is missing")]
    Missing(i64),
    /// A row is not what was recorded.
    #[error("the row at position {0} was changed")]
    Changed(i64),
    /// The chain does not end where its head says.
    #[error("the chain does not end with the row at position {0}")]
    End(i64),
}

/// A chain that is being checked, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// How many rows were found good.
    pub rows: i64,
    /// The hash of the last one.
    pub hash: Vec<u8>,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            rows: 0,
            hash: NONE.to_vec(),
        }
    }
}

impl Chain {
    /// Checks the next row.
    pub fn take(&mut self, row: &Row) -> Result<(), Flaw> {
        if row.position != self.rows + 1 {
            return Err(Flaw::Missing(self.rows + 1));
        }
        if row.hash_after(&self.hash)[..] != row.hash {
            return Err(Flaw::Changed(row.position));
        }
        self.rows += 1;
        self.hash.clone_from(&row.hash);
        Ok(())
    }

    /// Checks that the chain ends here.
    pub fn end(&self, position: i64, hash: &[u8]) -> Result<(), Flaw> {
        let ends = self.rows == position && self.hash == hash;
        ends.then_some(()).ok_or(Flaw::End(position))
    }
}
