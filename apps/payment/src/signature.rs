//! Whether a message is the provider's: `t=<unix>,v1=<hex HMAC-SHA256(secret, "<t>.<body>")>` in its header. The acquirer
//! signs as Stripe does.
//!
//! Invariant: every signature of the header is compared with every secret in constant time, and what is older or newer
//! than five minutes is refused even if it is signed.

use aws_lc_rs::hmac;
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use dapr_kit::Secret;
use secrecy::ExposeSecret as _;

/// How far its time may be from ours, in seconds.
const TOLERANCE: u64 = 300;
/// The fields of the secret; the second is there while it is being changed.
const FIELDS: [&str; 2] = ["current", "previous"];
/// Signatures of one header that are looked at.
const MOST: usize = 4;

/// A message that is not the provider's, or not of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message is not signed by the provider, or not lately")]
pub struct NotSigned;

/// Checks the signature of `body` in the header of this name, at `now`.
pub fn verify(
    secret: &Secret,
    header: &str,
    headers: &HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), NotSigned> {
    let mut sent = headers.get_all(header).iter();
    let (Some(header), None) = (sent.next(), sent.next()) else {
        return Err(NotSigned);
    };
    let header = header.to_str().map_err(|_| NotSigned)?;
    let parts = || {
        header
            .split(',')
            .filter_map(|part| part.trim().split_once('='))
    };
    let mut times = parts().filter(|(name, _)| *name == "t");
    let (Some((_, time)), None) = (times.next(), times.next()) else {
        return Err(NotSigned);
    };
    let at: i64 = time.parse().map_err(|_| NotSigned)?;
    if now.timestamp().abs_diff(at) > TOLERANCE {
        return Err(NotSigned);
    }
    let signed = [time.as_bytes(), b".", body].concat();
    let tags: Vec<_> = parts()
        .filter(|(name, _)| *name == "v1")
        .take(MOST)
        .filter_map(|(_, tag)| from_hex(tag))
        .collect();
    let valid = FIELDS
        .iter()
        .filter_map(|field| secret.get(field))
        // An empty secret would let everybody sign.
        .filter(|secret| !secret.expose_secret().is_empty())
        .map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes()))
        .any(|key| {
            tags.iter()
                .any(|tag| hmac::verify(&key, &signed, tag).is_ok())
        });
    if valid { Ok(()) } else { Err(NotSigned) }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|pair| {
            let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
            u8::try_from(high? * 16 + low?).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    /// 2026-03-02T07:30:00Z.
    const AT: i64 = 1_772_436_600;

    fn sign(secret: &str, at: i64, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, format!("{at}.{body}").as_bytes());
        tag.as_ref().iter().fold(String::new(), |hex, byte| {
            use std::fmt::Write as _;
            let mut hex = hex;
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    fn check(header: &str, body: &str) -> bool {
        let fields = [("current", "second"), ("previous", "first")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let secret = Secret::new("webhook", fields.into());
        let Ok(header) = HeaderValue::from_str(header) else {
            return false;
        };
        let headers = [("stripe-signature".parse().expect("a name"), header)];
        let now = DateTime::from_timestamp(AT, 0).expect("an instant");
        verify(
            &secret,
            "stripe-signature",
            &HeaderMap::from_iter(headers),
            body.as_bytes(),
            now,
        )
        .is_ok()
    }

    #[test]
    fn a_known_signature_is_understood() {
        let header = format!("t={AT},v1={}", sign("first", AT, "{}"));
        assert!(check(&header, "{}"));
        assert!(!check(&header, "{ }"), "another body");
    }

    #[test]
    fn both_secrets_count_and_no_other() {
        for (secret, valid) in [
            ("second", true),
            ("first", true),
            ("third", false),
            ("", false),
        ] {
            let header = format!("t={AT},v1={}", sign(secret, AT, "{}"));
            assert_eq!(check(&header, "{}"), valid, "{secret}");
        }
        let wrong = sign("third", AT, "{}");
        let header = format!("t={AT},v1={wrong},v1={}", sign("second", AT, "{}"));
        assert!(check(&header, "{}"), "one of several is enough");
    }

    #[test]
    fn only_what_was_signed_within_five_minutes_counts() {
        for (away, valid) in [
            (0, true),
            (300, true),
            (-300, true),
            (301, false),
            (-301, false),
        ] {
            let at = AT + away;
            let header = format!("t={at},v1={}", sign("second", at, "{}"));
            assert_eq!(check(&header, "{}"), valid, "{away}");
        }
        let tag = sign("second", AT, "{}");
        for header in [
            format!("v1={tag}"),
            format!("t={AT},t={AT},v1={tag}"),
            format!("t={AT}"),
            format!("t={AT},v1="),
            format!("t={AT},v1={}", &tag[1..]),
            format!("t={},v1={tag}", i64::MIN),
            format!("t={AT},v0={tag}"),
            String::new(),
        ] {
            assert!(!check(&header, "{}"), "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic_or_pass(header in "(t=[0-9-]{0,20}|v1=[0-9a-f]{0,80}|[ ,=]|\\PC){0,8}") {
            let passes = check(&header, "{}");
            prop_assert!(!passes);
        }
    }
}
