//! I10: the search for secrets where none may be.
//!
//! Invariant: what is found is reported by its name and place; no secret is ever repeated.

use memchr::memmem::Finder;

use super::evidence::{Evidence, Leak};
use super::{Invariant, Verdict};
use crate::target::Record;

/// How every card token begins; the provider makes them, and nobody but payment and it may see one.
const CARD_TOKEN: &str = "tok_";

/// I10.
pub(super) fn unspoken(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::of(Invariant::I10);
    for leak in &evidence.leaks {
        verdict.violated(&leak.place, format!("it tells {}", leak.secret));
    }
    verdict.saw(evidence.searched.logs, "logs");
    verdict.saw(evidence.searched.messages, "messages");
    verdict.saw(evidence.searched.secrets, "secrets");
    verdict
}

/// Looks for every secret, and for card tokens, in every text. The provider's own logs may name the tokens it made.
pub(super) fn search(texts: &[Record], secrets: &[Record]) -> Vec<Leak> {
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
        if !name.starts_with("acquirer") && card.find(text.as_bytes()).is_some() {
            found("a card's token");
        }
    }
    leaks
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
            record("bff.log", "nothing to see"),
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
                leak("a card's token", "payment.log")
            ]
        );
    }
}
