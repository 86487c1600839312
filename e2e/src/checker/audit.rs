//! I7: the audit is complete, and nobody has touched it since.
//!
//! Invariant: every hash is made anew here from the bytes that order documents; order's own code is not asked.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256};

use super::evidence::{Evidence, Order, Seal, Transition};
use super::{Invariant, Verdict};

/// What stands before the first link of a chain.
const BEGINNING: [u8; 32] = [0; 32];

/// A link of a chain while it is being made: the link before it, then fields as netstrings.
struct Link(Context);

impl Link {
    fn after(previous: &[u8]) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(previous);
        Self(context)
    }

    fn field(mut self, text: &str) -> Self {
        self.0.update(format!("{}:{text},", text.len()).as_bytes());
        self
    }

    fn optional(mut self, text: Option<&str>) -> Self {
        if let Some(text) = text {
            return self.field(text);
        }
        self.0.update(b"-,");
        self
    }

    fn digest(self) -> [u8; 32] {
        let mut bytes = BEGINNING;
        bytes.copy_from_slice(self.0.finish().as_ref());
        bytes
    }
}

/// The hash of a transition behind the hash of the one before it.
pub(super) fn hash(previous: &[u8], row: &Transition) -> [u8; 32] {
    Link::after(previous)
        .field(&row.order_id)
        .field(&row.version.to_string())
        .field(&row.at.to_string())
        .field(&row.actor)
        .field(&row.axis)
        .optional(row.from_status.as_deref())
        .field(&row.to_status)
        .digest()
}

/// The digest of a seal behind the digest of the one before it; `hashes` are those of the rows that it covers.
pub(super) fn digest(previous: &[u8], seal: &Seal, hashes: &[&str]) -> [u8; 32] {
    let link = Link::after(previous)
        .field(&seal.seal.to_string())
        .field(&seal.at.to_string());
    let heads = seal.orders.iter().zip(&seal.versions).zip(hashes);
    heads
        .fold(link, |link, ((order, version), hash)| {
            link.field(order).field(&version.to_string()).field(hash)
        })
        .digest()
}

/// Bytes as they are written everywhere.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// I7.
pub(super) fn chained(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of(Invariant::I7);
    let mut histories: BTreeMap<&str, Vec<&Transition>> = BTreeMap::new();
    for row in &evidence.history {
        histories.entry(&row.order_id).or_default().push(row);
    }
    for order in &evidence.orders {
        let history = histories
            .get(order.id.as_str())
            .map_or(&[][..], Vec::as_slice);
        if let Some(fault) = complete(order, history) {
            verdict.violated(&order.id, fault);
        }
    }
    let stored: HashMap<_, _> = evidence
        .history
        .iter()
        .map(|row| ((row.order_id.as_str(), row.version), row.hash.as_str()))
        .collect();
    let mut previous = BEGINNING;
    for (seal, number) in evidence.seals.iter().zip(1..) {
        let about = format!("seal {number}");
        let covered = seal.orders.iter().zip(&seal.versions);
        let hashes: Option<Vec<_>> = covered
            .map(|(order, version)| stored.get(&(order.as_str(), *version)).copied())
            .collect();
        let Some(hashes) = hashes else {
            verdict.violated(about, "it covers a transition that is gone");
            break;
        };
        let digest = digest(&previous, seal, &hashes);
        if seal.seal != number || seal.digest != hexadecimal(&digest) {
            verdict.violated(
                about,
                "it is not what the rows and the seals before it make",
            );
            break;
        }
        previous = digest;
    }
    if evidence.unsealed > 0 {
        verdict.violated(
            "the history",
            format!("{} transitions stay unsealed", evidence.unsealed),
        );
    }
    verdict.saw(evidence.history.len(), "audit rows");
    verdict.saw(evidence.seals.len(), "seals");
    verdict
}

/// What is wrong with an order's audit.
fn complete(order: &Order, history: &[&Transition]) -> Option<String> {
    if i64::try_from(history.len()) != Ok(order.version) {
        let (rows, version) = (history.len(), order.version);
        return Some(format!("{rows} audit rows for version {version}"));
    }
    let mut previous = BEGINNING;
    for row in history {
        previous = hash(&previous, row);
        if row.hash != hexadecimal(&previous) {
            return Some(format!(
                "the row of version {} was changed afterwards",
                row.version
            ));
        }
    }
    let last = history.last()?;
    (last.written_by != order.written_by).then(|| {
        format!(
            "transaction {} wrote the order, and {} its last audit row",
            order.written_by, last.written_by
        )
    })
}
