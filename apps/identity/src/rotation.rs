//! What a presented refresh token deserves. No IO.
//!
//! A client whose answer got lost presents its old token again, and so does a thief. They are told apart by the
//! successor: as long as nobody has used it, or the access token beside it, nobody has seen it, and it is replaced.
//! Invariant: a family never has two refresh tokens that could both be redeemed.

use crate::opaque::Hash;

/// The successor of a token that was presented again, while it still counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    /// Its hash.
    pub hash: Hash,
    /// It, or the access token issued beside it, has been used.
    pub used: bool,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its first use: issue a successor.
    Advance,
    /// The last answer got lost: issue another successor in place of this one.
    Repeat(Hash),
    /// Two parties hold tokens of this family: end it.
    Compromised,
}

/// Judges a token by whether it has been replaced, and by the successor that still counts.
#[must_use]
pub fn judge(replaced: bool, successor: Option<Successor>) -> Verdict {
    match (replaced, successor) {
        (false, _) => Verdict::Advance,
        (true, Some(successor)) if !successor.used => Verdict::Repeat(successor.hash),
        (true, _) => Verdict::Compromised,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unused_successor_forgives_a_replay() {
        let successor = |used| {
            Some(Successor {
                hash: [7; 32],
                used,
            })
        };
        assert_eq!(judge(false, None), Verdict::Advance);
        assert_eq!(judge(true, successor(false)), Verdict::Repeat([7; 32]));
        assert_eq!(judge(true, successor(true)), Verdict::Compromised);
        assert_eq!(judge(true, None), Verdict::Compromised);
    }
}
