//! Time-based one-time passwords (RFC 6238): SHA-1, 30 seconds, six digits, as every authenticator app has them. No IO.
//!
//! Invariant: a code is taken for at most one step before and one after the present, and never at or before the step of
//! the last code that was taken.

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use service::ids::{Ids, NoRandomness};
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

use crate::person::EmailAddress;

/// Seconds of a step.
const STEP: i64 = 30;
/// RFC 4226 §4 recommends 160 bits.
const BYTES: usize = 20;

/// What the app and we both know.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A new one.
    pub fn new(ids: &Ids) -> Result<Self, NoRandomness> {
        Ok(Self(ids.random::<BYTES>()?.to_vec()))
    }

    /// One that was kept.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// What to keep, sealed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.clone()
    }

    /// What a person types into her app: base32, without padding (RFC 4648).
    #[must_use]
    pub fn to_text(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// What her app reads from the picture (the Key Uri Format of Google Authenticator).
    #[must_use]
    pub fn to_uri(&self, email: &EmailAddress) -> String {
        let label: String =
            url::form_urlencoded::byte_serialize(email.as_str().as_bytes()).collect();
        let secret = self.to_text();
        format!(
            "otpauth://totp/Crema:{label}?secret={secret}&issuer=Crema&algorithm=SHA1&digits=6&period={STEP}"
        )
    }

    /// The code of a moment.
    #[must_use]
    pub fn code(&self, now: DateTime<Utc>) -> String {
        format!("{:06}", self.number(step_of(now)))
    }

    /// The step whose code this is, if it is one that may be taken now; `last` is the step that was taken last.
    #[must_use]
    pub fn accept(&self, typed: &str, now: DateTime<Utc>, last: i64) -> Option<i64> {
        if typed.len() != 6 || !typed.bytes().all(|c| c.is_ascii_digit()) {
            return None;
        }
        let typed: u32 = typed.parse().ok()?;
        let present = step_of(now);
        // All three are computed, so that the time does not tell which one it was.
        let mut found = 0;
        for step in present - 1..=present + 1 {
            let fresh = Choice::from(u8::from(step > last));
            found.conditional_assign(&step, fresh & typed.ct_eq(&self.number(step)));
        }
        (found > 0).then_some(found)
    }

    /// HOTP (RFC 4226 §5.3) of a step.
    fn number(&self, step: i64) -> u32 {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag[tag.len() - 1] & 0x0f);
        let four = tag[offset..offset + 4]
            .iter()
            .fold(0, |number, byte| number << 8 | u32::from(*byte));
        (four & 0x7fff_ffff) % 1_000_000
    }
}

fn step_of(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(STEP)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rfc() -> Secret {
        Secret::from_bytes(b"12345678901234567890".to_vec())
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("an instant")
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, the last six of its eight digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(rfc().code(at(seconds)), code, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_for_one_step_either_way_and_no_longer() {
        let code = rfc().code(at(300));
        assert_eq!(rfc().accept(&code, at(270), 0), Some(10));
        assert_eq!(rfc().accept(&code, at(359), 0), Some(10));
        assert_eq!(rfc().accept(&code, at(269), 0), None);
        assert_eq!(rfc().accept(&code, at(360), 0), None);
    }

    #[test]
    fn no_code_is_taken_at_or_before_the_last_step() {
        let code = rfc().code(at(300));
        assert_eq!(rfc().accept(&code, at(300), 9), Some(10));
        assert_eq!(rfc().accept(&code, at(300), 10), None);
        assert_eq!(rfc().accept(&code, at(300), 11), None);
    }

    #[test]
    fn an_app_reads_the_secret_from_text_and_uri() {
        let email = EmailAddress::parse("a+b@example.com").expect("an address");
        assert_eq!(rfc().to_text(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            rfc().to_uri(&email),
            "otpauth://totp/Crema:a%2Bb%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Crema&algorithm=SHA1&digits=6&period=30"
        );
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_taken_only_if_it_is_a_code(typed in "\\PC*", seconds in 0_i64..20_000_000_000) {
            let secret = rfc();
            let near = [-30, 0, 30].map(|shift| secret.code(at((seconds + shift).max(0))));
            let taken = secret.accept(&typed, at(seconds), 0).is_some();
            prop_assert!(!taken || near.contains(&typed));
        }
    }
}
