//! I10: the search for secrets where none may be.
//!
//! Invariant: what is found is reported by its name and place; no secret is ever repeated.

use memchr::memmem::{self, Finder};

use super::evidence::{Evidence, Leak};
use super::{Invariant, Verdict};
use crate::target::Record;

/// How every card token begins.
const CARD_TOKEN: &str = "tok_";
/// Where one may be all the same: how the place begins, and why.
const CARDS: [(&str, &str); 3] = [
    ("acquirer", "the provider makes them"),
    (
        "order checkouts.card",
        "what the saga pays with, until it has",
    ),
    (
        "payment payments.token",
        "until the authorisation is decided",
    ),
];
/// How every JSON Web Token begins, and each of its first two parts: `{"` in base64url.
const TOKEN_PART: &str = "eyJ";

/// I10.
pub(super) fn unspoken(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of(Invariant::I10);
    for leak in &evidence.leaks {
        verdict.violated(&leak.place, format!("it tells {}", leak.secret));
    }
    verdict.saw(evidence.searched.logs, "logs");
    verdict.saw(evidence.searched.messages, "messages");
    verdict.saw(evidence.searched.columns, "columns");
    verdict.saw(evidence.searched.secrets, "secrets");
    verdict
}

/// Looks for every secret, for card tokens and for JSON Web Tokens, in every text.
#[must_use]
pub fn search(texts: &[Record], secrets: &[Record]) -> Vec<Leak> {
    let mut leaks = Vec::new();
    let secrets: Vec<_> = secrets
        .iter()
        .map(|secret| (secret.name.as_str(), Finder::new(&secret.text)))
        .collect();
    let card = Finder::new(CARD_TOKEN);
    for Record { name, text } in texts {
        let mut found = |secret: &str| {
            leaks.push(Leak {
                secret: secret.to_owned(),
                place: name.clone(),
            });
        };
        for (secret, _) in secrets
            .iter()
            .filter(|(_, finder)| finder.find(text.as_bytes()).is_some())
        {
            found(secret);
        }
        let may_have_cards = CARDS.iter().any(|(place, _)| name.starts_with(place));
        if !may_have_cards && card.find(text.as_bytes()).is_some() {
            found("a card's token");
        }
        if has_token(text) {
            found("a JSON Web Token");
        }
    }
    leaks
}

/// Whether a text has something of the shape of a signed JSON Web Token in it.
fn has_token(text: &str) -> bool {
    let starts = memmem::find_iter(text.as_bytes(), TOKEN_PART);
    starts.map(|at| &text[at..]).any(|rest| {
        let word = |c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c));
        let mut parts = rest.split(word).next().unwrap_or_default().splitn(3, '.');
        let (Some(_), Some(claims), Some(signature)) = (parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        claims.starts_with(TOKEN_PART) && !signature.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, text: &str) -> Record {
        Record {
            name: name.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_secret_is_found_inside_of_other_words() {
        let logs = [
            record("order.log", r#"{"header":"Bearer s3cret-of-order","n":1}"#),
            record("payment.log", "tok_visa was declined"),
            record("acquirer.log", "tok_visa was declined"),
            record("payment payments.token", "tok_visa"),
            record("identity.log", r#"{"bearer":"eyJhbGciOi.eyJpc3MiOi.c2ln"}"#),
            record(
                "bff.log",
                "nothing to see: eyJ, eyJhbGciOi.eyJpc3MiOi, eyJhbGciOi.c2ln.c2ln",
            ),
        ];
        let secrets = [
            record("order/api", "s3cret-of-order"),
            record("bff/api", "other-secret"),
        ];
        let leak = |secret: &str, place: &str| Leak {
            secret: secret.to_owned(),
            place: place.to_owned(),
        };
        assert_eq!(
            search(&logs, &secrets),
            [
                leak("order/api", "order.log"),
                leak("a card's token", "payment.log"),
                leak("a JSON Web Token", "identity.log"),
            ]
        );
    }
}
