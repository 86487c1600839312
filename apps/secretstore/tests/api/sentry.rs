//! What sidecars show to sentry: one token per app, of a key that stays in the vault, renewed before it is over.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::bao::{APPS, Bao};

const UNCHANGED: &str = "vault open; secrets written: 0, tokens made: 0, certificate kept\n";

fn place(bao: &Bao, app: &str) -> PathBuf {
    bao.state().join("secrets").join(app).join("sentry-token")
}

fn tokens(bao: &Bao) -> [String; APPS.len()] {
    APPS.map(|app| fs::read_to_string(place(bao, app)).unwrap())
}

/// The ids of the keys that sentry knows, and their public halves.
fn keys(bao: &Bao) -> Vec<(String, Vec<u8>)> {
    let text = fs::read(bao.state().join("secrets/sentry/jwks.json")).unwrap();
    let set: Value = serde_json::from_slice(&text).unwrap();
    let keys = set["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| {
            assert_eq!(
                (&key["kty"], &key["crv"]),
                (&json!("OKP"), &json!("Ed25519"))
            );
            let public = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
            (key["kid"].as_str().unwrap().to_owned(), public)
        })
        .collect()
}

/// A token's header and claims, if a key that sentry knows has signed it.
fn verified(bao: &Bao, token: &str) -> (Value, Value) {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let part = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let (header, claims) = signed.split_once('.').unwrap();
    let (header, claims) = (part(header), part(claims));
    let keys = keys(bao);
    let (_, key) = keys.iter().find(|(id, _)| header["kid"] == *id).unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(&ED25519, key)
        .verify(signed.as_bytes(), &signature)
        .unwrap();
    (header, claims)
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_secs()
}

#[tokio::test]
async fn every_app_has_a_token_of_its_own_for_an_hour() {
    let bao = Bao::start().await;
    bao.succeed("up");
    for (app, token) in APPS.iter().zip(tokens(&bao)) {
        let (header, claims) = verified(&bao, &token);
        assert_eq!(header, json!({ "alg": "EdDSA", "kid": "1", "typ": "JWT" }));
        assert_eq!(claims["sub"], format!("spiffe://public/ns/default/{app}"));
        assert_eq!(claims["aud"], "spiffe://localhost/ns/default/dapr-sentry");
        let (from, to) = (
            claims["iat"].as_u64().unwrap(),
            claims["exp"].as_u64().unwrap(),
        );
        assert_eq!(to - from, 3600);
        assert!(from <= now() && now() < from + 60);
    }
    assert!(!place(&bao, "rotator").exists());
}

/// A token of the app that is good for this long, made as only the rotator can.
async fn token_for(bao: &Bao, app: &str, left: Duration) -> String {
    let claims = json!({
        "sub": format!("spiffe://public/ns/default/{app}"),
        "aud": "spiffe://localhost/ns/default/dapr-sentry",
        "iat": now(), "exp": now() + left.as_secs(),
    });
    let header = json!({ "alg": "EdDSA", "kid": "1", "typ": "JWT" });
    let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let wanted = Some(json!({ "input": STANDARD.encode(&signed) }));
    let (status, made) = bao
        .call(
            "POST",
            "transit/sign/sidecars",
            &bao.token("rotator"),
            wanted,
        )
        .await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let signature = made["data"]["signature"].as_str().unwrap();
    let signature = signature.rsplit(':').next().unwrap();
    let signature = URL_SAFE_NO_PAD.encode(STANDARD.decode(signature).unwrap());
    format!("{signed}.{signature}")
}

#[tokio::test]
async fn the_keeper_renews_what_is_half_used_up_or_of_no_use() {
    let bao = Bao::start().await;
    bao.succeed("up");
    assert_eq!(bao.succeed("watch --once"), "");
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let lasting = token_for(&bao, "bff", minutes(31)).await;
    for (app, token) in [
        ("bff", lasting.clone()),
        ("identity", token_for(&bao, "identity", minutes(29)).await),
        ("catalog", token_for(&bao, "order", minutes(50)).await),
        ("order", "no token at all".to_owned()),
    ] {
        fs::write(place(&bao, app), token).unwrap();
    }
    // Even where nothing else is to be rotated.
    assert_eq!(
        bao.succeed("watch --once --keys-last 0"),
        "signing keys are never rotated by schedule\ntokens for sentry renewed: 3\n"
    );
    let second = tokens(&bao);
    assert_eq!(second[0], lasting);
    for (app, token) in APPS.iter().zip(&second) {
        let (_, claims) = verified(&bao, token);
        assert_eq!(claims["sub"], format!("spiffe://public/ns/default/{app}"));
    }
    assert_eq!(bao.succeed("up"), UNCHANGED);
    assert_eq!(tokens(&bao), second);
}

#[tokio::test]
async fn two_versions_of_the_key_are_good_and_tokens_of_older_ones_are_replaced() {
    let bao = Bao::start().await;
    let root = bao.crashed_run().await;
    let rules = "path \"transit/keys/sidecars/rotate\" { capabilities = [\"update\"] }";
    let operator = bao.grant(&root, "operator", rules).await;
    bao.succeed("up");
    let first = tokens(&bao);
    let rotate = || bao.call("POST", "transit/keys/sidecars/rotate", &operator, None);
    let known = || keys(&bao).into_iter().map(|(id, _)| id).collect::<Vec<_>>();

    assert!(rotate().await.0.is_success());
    bao.succeed("up");
    assert_eq!(known(), ["2", "1"]);
    assert_eq!(tokens(&bao), first);

    assert!(rotate().await.0.is_success());
    bao.succeed("up");
    assert_eq!(known(), ["3", "2"]);
    for token in tokens(&bao) {
        assert_eq!(verified(&bao, &token).0["kid"], "3");
    }
}
