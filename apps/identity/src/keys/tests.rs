//! What counts as the secret `signing`, and what becomes of a new value of it.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::KeySize;
use serde_json::json;
use tokio::sync::watch;

use super::*;

fn another_rsa_key() -> String {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    STANDARD.encode(pair.as_der().expect("a document").as_ref())
}

fn ed25519() -> String {
    let document = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).expect("a key");
    STANDARD.encode(document.as_ref())
}

fn secret(fields: &[(&str, String)]) -> Secret {
    let fields = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    Secret::new("signing", fields.collect())
}

fn smallest() -> [(&'static str, String); 2] {
    [(ACCESS, ed25519()), (ID, testkit::rsa::document())]
}

fn error(fields: &[(&str, String)]) -> Option<String> {
    KeySet::read(&secret(fields))
        .err()
        .map(|error| error.to_string())
}

#[test]
fn all_keys_are_published_and_the_current_ones_sign() {
    let signing = smallest();
    let mut fields = signing.to_vec();
    fields.extend([("retired", ed25519()), ("next", ed25519())]);
    fields.push(("rs256.next", another_rsa_key()));
    let keys = KeySet::read(&secret(&fields)).expect("readable");
    let alone = KeySet::read(&secret(&signing)).expect("readable");
    assert_eq!(keys.public().count(), 5);
    assert_eq!(keys.for_access().id(), alone.for_access().id());
    assert_eq!(keys.for_id().id(), alone.for_id().id());
    for jwk in keys.public() {
        let id = jwk.common.key_id.as_deref().expect("an id");
        let key = keys.find(id).expect("what is published is found");
        assert_eq!(jwk.common.key_algorithm, Some(key.algorithm().into()));
    }
    assert!(keys.find("").is_none());
}

#[test]
fn what_is_published_is_no_secret() {
    let keys = KeySet::read(&secret(&smallest())).expect("readable");
    let names = |jwk: &Jwk| {
        let json = json!(jwk);
        let names = json.as_object().expect("an object").keys();
        names.cloned().collect::<Vec<_>>()
    };
    let names: Vec<_> = keys.public().map(names).collect();
    assert_eq!(names[0], ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!(names[1], ["alg", "e", "kid", "kty", "n", "use"]);
}

/// RFC 8037, appendix A: the key of A.1, its thumbprint in A.3.
#[test]
fn the_key_id_is_the_thumbprint() {
    let der = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
    let mut fields = smallest();
    fields[0].1 = der.to_owned();
    let keys = KeySet::read(&secret(&fields)).expect("readable");
    assert_eq!(
        keys.for_access().id(),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
}

#[test]
fn a_key_stands_where_its_algorithm_belongs() {
    let [access, id] = smallest();
    assert_eq!(
        error(&[(ACCESS, id.1.clone()), (ID, id.1.clone())]).as_deref(),
        Some("the field `current` of the secret `signing` is no EdDSA key in PKCS#8")
    );
    assert_eq!(
        error(&[access.clone(), (ID, access.1.clone())]).as_deref(),
        Some("the field `rs256.current` of the secret `signing` is no RS256 key in PKCS#8")
    );
}

#[test]
fn unreadable_keys_are_named_and_never_shown() {
    let [access, id] = smallest();
    assert_eq!(
        error(std::slice::from_ref(&id)).as_deref(),
        Some("the secret `signing` has no field `current`")
    );
    assert_eq!(
        error(std::slice::from_ref(&access)).as_deref(),
        Some("the secret `signing` has no field `rs256.current`")
    );
    assert_eq!(
        error(&[access, id, ("next", "c2VjcmV0".to_owned())]).as_deref(),
        Some("the field `next` of the secret `signing` is no EdDSA key in PKCS#8")
    );
}

#[test]
fn a_new_value_counts_at_once_and_a_broken_one_never() {
    let [access, id] = smallest();
    let first = secret(&[access.clone(), id.clone()]);
    let (store, followed) = watch::channel(Arc::new(first));
    let keys = Keys::new(followed.into()).expect("readable");
    let before = keys.current().for_access().id().to_owned();

    let rotated = [(ACCESS, ed25519()), id, ("retired", access.1)];
    store.send_replace(Arc::new(secret(&rotated)));
    let after = keys.current().for_access().id().to_owned();
    assert_ne!(after, before);
    assert!(keys.current().find(&before).is_some(), "what it signed");

    store.send_replace(Arc::new(secret(&rotated[1..])));
    assert_eq!(keys.current().for_access().id(), after);
}
