//! History as evidence: what has been recorded of an order can't be changed, removed or added to later without a trace.
//!
//! Invariant: a row's hash covers the row and all rows before it of its order; a seal's digest covers the newest rows of
//! the orders that changed since the seal before, and all seals before it. Whoever rewrites an order's whole chain must
//! rewrite every seal since, and those also stand in the log.
//!
//! # What is hashed
//! SHA-256 over bytes that any checker can make again. `field` is a field's UTF-8 text as a netstring: its length in
//! bytes, a colon, the text, a comma (`5:order,`); a missing value is the two bytes `-,`. Ids are lower-case UUIDs with
//! hyphens, numbers decimal, instants microseconds since 1970-01-01T00:00:00Z in decimal, hashes lower-case hexadecimal.
//!
//! - A row of `order_history`: the 32 bytes of `hash` of the row before it (32 zero bytes before version 1), then the
//!   fields `order_id`, `version`, `at`, `actor`, `axis`, `from_status`, `to_status`.
//! - A row of `history_seals`: the 32 bytes of `digest` of the seal before it (32 zero bytes before seal 1), then the
//!   fields `seal` and `at`, then for each order in its column `orders`, in that order: its id, its number in
//!   `versions`, and `hash` of that row of its history.
//!
//! The database chains rows by itself (`chain_history`, migration 0003), so that no writer can forget to; what is
//! written here is the second implementation, by which the first one is checked.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use chrono::{DateTime, Utc};

use crate::order::OrderId;

/// A SHA-256 hash: of a row with its chain, or a seal's digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What stands before the first link of every chain.
    pub const NONE: Self = Self([0; 32]);
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// One row of an order's history, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Row {
    /// Whose history.
    pub order_id: OrderId,
    /// The order's version after it.
    pub version: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who caused it.
    pub actor: String,
    /// Which axis it moved.
    pub axis: String,
    /// From which status; nothing for the order's beginning.
    pub from_status: Option<String>,
    /// To which status.
    pub to_status: String,
    /// The hash that was stored with it.
    pub hash: Hash,
}

impl Row {
    /// The hash that this row must have behind a row with the hash `previous`.
    #[must_use]
    pub fn hash_after(&self, previous: Hash) -> Hash {
        Link::after(previous)
            .field(&self.order_id.0.to_string())
            .field(&self.version.to_string())
            .field(&self.at.timestamp_micros().to_string())
            .field(&self.actor)
            .field(&self.axis)
            .optional(self.from_status.as_deref())
            .field(&self.to_status)
            .hash()
    }
}

/// The newest row of an order at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The order.
    pub order: OrderId,
    /// The row's version.
    pub version: i64,
    /// The row's hash.
    pub hash: Hash,
}

/// A seal over the orders that had changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Its number, from 1 on without gaps.
    pub number: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// What it covers.
    pub heads: Vec<Head>,
    /// The digest that was stored with it.
    pub digest: Hash,
}

impl Seal {
    /// The first seal, or the one after `last`, that is its number and its digest.
    #[must_use]
    pub fn new(last: Option<(i64, Hash)>, at: DateTime<Utc>, heads: Vec<Head>) -> Self {
        let (number, previous) = last.unwrap_or((0, Hash::NONE));
        let mut seal = Self {
            number: number + 1,
            at,
            heads,
            digest: Hash::NONE,
        };
        seal.digest = seal.digest_after(previous);
        seal
    }

    /// The digest that this seal must have behind a seal with the digest `previous`.
    #[must_use]
    pub fn digest_after(&self, previous: Hash) -> Hash {
        let link = Link::after(previous)
            .field(&self.number.to_string())
            .field(&self.at.timestamp_micros().to_string());
        let heads = self.heads.iter().fold(link, |link, head| {
            link.field(&head.order.0.to_string())
                .field(&head.version.to_string())
                .field(&head.hash.to_string())
        });
        heads.hash()
    }
}

/// What is wrong with the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// A row is not there, or another stands in its place.
    #[error("the row of version {0} is missing")]
    Missing(i64),
    /// There are rows that the order knows nothing of.
    #[error("there is a row of version {0}, which the order never had")]
    Invented(i64),
    /// A row, or the stored hash, is not what was recorded.
    #[error("the row of version {0} was changed")]
    Changed(i64),
    /// A seal is not there.
    #[error("seal {0} is missing")]
    SealMissing(i64),
    /// A seal is not what was recorded, or a row that it covers is not.
    #[error("seal {0} does not hold")]
    Broken(i64),
}

/// Checks the history of one order: `rows` are all there are of it, by version, and `version` is the order's own.
/// Answers the hash of the newest row.
pub fn verify(order: OrderId, version: i64, rows: &[Row]) -> Result<Hash, Flaw> {
    let mut chain = Hash::NONE;
    for (wanted, row) in (1..).zip(rows) {
        if row.order_id != order || row.version != wanted {
            return Err(Flaw::Missing(wanted));
        }
        if wanted > version {
            return Err(Flaw::Invented(wanted));
        }
        if row.hash_after(chain) != row.hash {
            return Err(Flaw::Changed(wanted));
        }
        chain = row.hash;
    }
    match i64::try_from(rows.len()) {
        Ok(found) if found < version => Err(Flaw::Missing(found + 1)),
        _ => Ok(chain),
    }
}

/// Checks all seals, by number, whose heads carry the hashes that history has now. Answers the last digest, to be
/// compared with the one in the log.
pub fn verify_seals(seals: &[Seal]) -> Result<Hash, Flaw> {
    (1..)
        .zip(seals)
        .try_fold(Hash::NONE, |chain, (wanted, seal)| {
            if seal.number != wanted {
                Err(Flaw::SealMissing(wanted))
            } else if seal.digest_after(chain) == seal.digest {
                Ok(seal.digest)
            } else {
                Err(Flaw::Broken(wanted))
            }
        })
}

/// One link of a chain, being hashed.
struct Link(Context);

impl Link {
    fn after(previous: Hash) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(&previous.0);
        Self(context)
    }

    fn field(mut self, text: &str) -> Self {
        self.0.update(text.len().to_string().as_bytes());
        self.0.update(b":");
        self.0.update(text.as_bytes());
        self.0.update(b",");
        self
    }

    fn optional(mut self, text: Option<&str>) -> Self {
        if let Some(text) = text {
            return self.field(text);
        }
        self.0.update(b"-,");
        self
    }

    fn hash(self) -> Hash {
        let mut hash = Hash::NONE;
        hash.0.copy_from_slice(self.0.finish().as_ref());
        hash
    }
}
