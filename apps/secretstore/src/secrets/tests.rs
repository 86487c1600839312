//! The table of secrets, filled and filled again. Invariant: what is there is never replaced by filling.

use super::*;
use crate::arguments::HostPort;

fn settings(demo: bool) -> Settings {
    Settings {
        state: "state".into(),
        vault: "http://127.0.0.1:20082".parse().unwrap(),
        apps: [
            "bff",
            "identity",
            "catalog",
            "order",
            "inventory",
            "payment",
            "acquirer",
            "shipping",
            "carrier",
        ]
        .map(str::to_owned)
        .into(),
        postgres: HostPort {
            host: "127.0.0.1".to_owned(),
            port: 20032,
        },
        demo,
    }
}

fn filled(demo: bool) -> Secrets {
    let mut secrets = Secrets::default();
    complete(&mut secrets, &settings(demo)).unwrap();
    secrets
}

#[test]
fn the_table_is_complete() {
    let mut all: Vec<String> = rows(&settings(true))
        .map(|(path, _, row)| format!("{path}: {}", row.key))
        .collect();
    all.sort_unstable();
    let database = ["database", "host", "password", "port", "role", "username"];
    let expected: BTreeSet<String> = [
        ("redis", &["password"][..]),
        ("acquirer/dapr", &["api_token", "app_token"]),
        ("acquirer/merchant", &["api_key", "webhook_secret"]),
        ("bff/client", &["client_id", "client_secret"]),
        ("bff/dapr", &["api_token", "app_token"]),
        ("bff/redis", &["password"]),
        ("bff/session", &["current", "next"]),
        (
            "bff/state",
            &[
                "database", "host", "options", "password", "port", "role", "username",
            ],
        ),
        ("bff/tls", &["certificate", "private_key"]),
        ("carrier/dapr", &["api_token", "app_token"]),
        ("carrier/shipper", &["api_key"]),
        ("catalog/dapr", &["api_token", "app_token"]),
        ("catalog/database", &database),
        ("catalog/quotes", &["current", "next"]),
        ("identity/clients", &["bff", "order"]),
        ("identity/dapr", &["api_token", "app_token"]),
        ("identity/database", &database),
        ("identity/demo", DEMO_ROLES),
        ("identity/federation", &["providers"]),
        ("identity/redis", &["password"]),
        (
            "identity/signing",
            &[
                "current",
                "current_since",
                "next",
                "rs256.current",
                "rs256.next",
            ],
        ),
        ("identity/totp", &["current"]),
        ("inventory/dapr", &["api_token", "app_token"]),
        ("inventory/database", &database),
        ("payment/dapr", &["api_token", "app_token"]),
        ("payment/database", &database),
        ("payment/provider", &["authorization"]),
        ("payment/webhook", &["current"]),
        ("shipping/courier", &["authorization"]),
        ("shipping/dapr", &["api_token", "app_token"]),
        ("shipping/database", &database),
        ("order/client", &["client_id", "client_secret"]),
        ("order/dapr", &["api_token", "app_token"]),
        ("order/database", &database),
    ]
    .iter()
    .flat_map(|(path, keys)| keys.iter().map(move |key| format!("{path}: {key}")))
    .collect();
    assert_eq!(all, expected.into_iter().collect::<Vec<_>>());
}

#[test]
fn demo_passwords_come_with_the_demo_only() {
    assert!(filled(true).get("identity/demo", "barista").is_some());
    assert!(filled(false).get("identity/demo", "barista").is_none());
}

#[test]
fn what_is_complete_stays_as_it_is() {
    let mut secrets = filled(true);
    assert_eq!(
        complete(&mut secrets, &settings(true)).unwrap(),
        BTreeSet::new()
    );
}

#[test]
fn a_rotated_value_is_kept_and_its_copies_follow() {
    let mut secrets = filled(false);
    let set = |secrets: &mut Secrets, path: &str, key: &str, value: &str| {
        let secret = secrets.0.get_mut(path).unwrap();
        secret.values.insert(key.to_owned(), value.to_owned());
    };
    set(&mut secrets, "order/database", "username", "order_b");
    set(&mut secrets, "order/client", "client_secret", "rotated");
    set(&mut secrets, "redis", "password", "rotated");
    set(&mut secrets, "acquirer/merchant", "api_key", "rotated");
    let changed = complete(&mut secrets, &settings(false)).unwrap();
    assert_eq!(
        Vec::from_iter(changed),
        [
            "bff/redis",
            "identity/clients",
            "identity/redis",
            "payment/provider"
        ]
    );
    assert_eq!(secrets.get("order/database", "username"), Some("order_b"));
    assert_eq!(secrets.get("bff/redis", "password"), Some("rotated"));
    assert_eq!(
        secrets.get("payment/provider", "authorization"),
        Some("Bearer rotated")
    );
    assert_eq!(
        secrets.get("identity/clients", "order"),
        Some(digest_of("rotated").as_str())
    );
}

#[test]
fn identity_knows_the_digest_of_a_client_secret_not_the_secret() {
    // printf abc | sha256sum, as base64url
    assert_eq!(
        digest_of("abc"),
        "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
    );
}
