//! What is signed is read back; whatever else is sent, in whole or in one character, is refused.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::engine::general_purpose::STANDARD;
use dapr_kit::{Secret, Secrets};
use jsonwebtoken::EncodingKey;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The mint of the properties, with one good token of each kind.
static GOOD: LazyLock<(Mint, String, String)> = LazyLock::new(|| {
    let mint = mint();
    let access = mint.access(&claims(&mint)).expect("signed");
    let id = mint.id(&id_claims(&mint)).expect("signed");
    (mint, access, id)
});

fn mint() -> Mint {
    let key = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).expect("a key");
    let fields = [
        ("current".to_owned(), STANDARD.encode(key.as_ref())),
        ("rs256.current".to_owned(), testkit::rsa::document()),
    ];
    let secret = Secrets::fixed(Secret::new("signing", fields.into()));
    let issuer = Issuer::new(&"https://localhost:8443".parse().expect("an address"));
    Mint::new(issuer, Keys::new(secret).expect("keys"))
}

fn claims(mint: &Mint) -> AccessClaims {
    AccessClaims {
        iss: mint.issuer().as_str().to_owned(),
        aud: "bff".to_owned(),
        sub: "bff".to_owned(),
        client_id: "bff".to_owned(),
        iat: 0,
        exp: 300,
        jti: Uuid::nil(),
        scope: String::new(),
        person: None,
    }
}

fn id_claims(mint: &Mint) -> IdClaims {
    IdClaims {
        iss: mint.issuer().as_str().to_owned(),
        aud: "bff".to_owned(),
        sub: Uuid::from_u128(1).to_string(),
        iat: 0,
        exp: 300,
        auth_time: 0,
        nonce: None,
        sid: Uuid::from_u128(2),
        name: None,
        zoneinfo: None,
        email: None,
        email_verified: None,
        roles: None,
        stores: None,
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).expect("an instant")
}

#[test]
fn what_it_signs_it_reads_until_it_expires() {
    let mint = mint();
    let claims = claims(&mint);
    let token = mint.access(&claims).expect("signed");
    assert_eq!(mint.read(&token, at(299)), Ok(claims));
    assert_eq!(mint.read(&token, at(300)), Err(Refused));
}

#[test]
fn a_token_for_another_audience_is_known_and_gives_nothing() {
    let mint = mint();
    let mut for_another = claims(&mint);
    for_another.aud = "order".to_owned();
    let token = mint.access(&for_another).expect("signed");
    assert_eq!(mint.read(&token, at(0)), Err(Refused));
    assert_eq!(mint.verify(&token, at(0)), Ok(for_another));
    assert_eq!(mint.verify(&token, at(300)), Err(Refused));
}

#[test]
fn an_id_token_is_a_hint_for_ever_and_never_an_access_token() {
    let mint = mint();
    let token = mint.id(&id_claims(&mint)).expect("signed");
    let header = jsonwebtoken::decode_header(&token).expect("a header");
    assert_eq!(header.alg, Algorithm::RS256);
    let hint = Hint {
        aud: "bff".to_owned(),
        sub: Uuid::from_u128(1),
        sid: Uuid::from_u128(2),
    };
    assert_eq!(mint.hint(&token), Ok(hint));
    assert_eq!(mint.verify(&token, at(0)), Err(Refused));
    let access = mint.access(&claims(&mint)).expect("signed");
    assert_eq!(mint.hint(&access), Err(Refused));
}

#[test]
fn the_same_claims_under_another_type_key_or_issuer_are_refused() {
    let mint = mint();
    let (good, keys) = (claims(&mint), mint.keys().current());
    let as_id_token = sign(ID_TOKEN, keys.for_access(), &good).expect("signed");
    let by_the_other_key = sign(ACCESS_TOKEN, keys.for_id(), &good).expect("signed");
    let by_another = self::mint().access(&good).expect("signed");
    let mut other = good;
    other.iss = "https://localhost:8444".to_owned();
    let of_another = mint.access(&other).expect("signed");
    for token in [as_id_token, by_the_other_key, by_another, of_another] {
        assert_eq!(mint.verify(&token, at(0)), Err(Refused), "{token}");
    }
    let by_the_other_key = sign(ID_TOKEN, keys.for_access(), &id_claims(&mint)).expect("signed");
    assert_eq!(mint.hint(&by_the_other_key), Err(Refused));
}

#[test]
fn the_algorithm_is_not_the_tokens_choice() {
    let mint = mint();
    let keys = mint.keys().current();
    let part = |value: String| URL_SAFE_NO_PAD.encode(value);
    let good = part(json!(claims(&mint)).to_string());
    for key in [keys.for_access(), keys.for_id()] {
        // The public key as if it were a secret that both sides share.
        let public = key.verifying().try_get_as_bytes().expect("bytes");
        let shared = EncodingKey::from_secret(public);
        for algorithm in ["none", "HS256", "RS256", "ES256", "PS256", "EdDSA"] {
            let header = json!({"alg": algorithm, "typ": ACCESS_TOKEN, "kid": key.id()});
            let message = format!("{}.{good}", part(header.to_string()));
            let signature =
                jsonwebtoken::crypto::sign(message.as_bytes(), &shared, Algorithm::HS256);
            for signature in [String::new(), signature.expect("signed")] {
                let forged = format!("{message}.{signature}");
                assert_eq!(mint.verify(&forged, at(0)), Err(Refused), "{algorithm}");
            }
        }
    }
}

#[test]
fn a_header_that_says_more_is_refused_although_the_key_is_right() {
    let mint = mint();
    let keys = mint.keys().current();
    let key = keys.for_access();
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let own = json!({"alg": "EdDSA", "typ": ACCESS_TOKEN, "kid": key.id()});
    let url = json!("https://evil.example/keys");
    for (name, value) in [
        ("jku", url.clone()),
        ("x5u", url),
        ("jwk", json!(keys.public().next())),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
    ] {
        let mut header = own.clone();
        header[name] = value;
        let message = format!("{}.{}", part(header), part(json!(claims(&mint))));
        let signature = key.sign(message.as_bytes()).expect("signed");
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
        assert_eq!(mint.verify(&token, at(0)), Err(Refused), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_a_token(text in "\\PC{0,80}|[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}") {
        let (mint, ..) = &*GOOD;
        prop_assert_eq!(mint.verify(&text, at(0)), Err(Refused));
        prop_assert_eq!(mint.hint(&text), Err(Refused));
    }

    #[test]
    fn every_mutation_of_a_token_is_refused(
        place in any::<prop::sample::Index>(),
        put in "[A-Za-z0-9_.=+/ \\-]",
        change in 0..3,
    ) {
        let (mint, access, id) = &*GOOD;
        for (token, is_id) in [(access, false), (id, true)] {
            let at_byte = place.index(token.len());
            let (before, after) = token.split_at(at_byte);
            let mutated = match change {
                0 => format!("{before}{put}{}", &after[1..]),
                1 => format!("{before}{put}{after}"),
                _ => format!("{before}{}", &after[1..]),
            };
            prop_assume!(mutated != *token);
            let refused = if is_id {
                mint.hint(&mutated).is_err()
            } else {
                mint.verify(&mutated, at(0)).is_err()
            };
            prop_assert!(refused, "{}", mutated);
        }
    }

    #[test]
    fn a_token_cut_short_is_refused(length in any::<prop::sample::Index>()) {
        let (mint, access, id) = &*GOOD;
        prop_assert_eq!(mint.verify(&access[..length.index(access.len())], at(0)), Err(Refused));
        prop_assert_eq!(mint.hint(&id[..length.index(id.len())]), Err(Refused));
    }
}
