//! New shares open the vault and the old ones do not, wherever a rekey ends.

use std::fs;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{bao::Bao, relay::killed};

fn kept(bao: &Bao) -> Vec<String> {
    let text = fs::read_to_string(bao.state().join("vault/shares.json")).unwrap();
    let wire: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(wire["shares"].clone()).unwrap()
}

/// Whether these shares open the vault, which is sealed.
async fn open(bao: &Bao, shares: &[String]) -> bool {
    let mut last = StatusCode::OK;
    for share in &shares[..3] {
        let give = Some(json!({ "key": share }));
        last = bao.call("POST", "sys/unseal", "", give).await.0;
    }
    last == StatusCode::OK
}

#[tokio::test]
async fn the_new_shares_open_the_vault_and_the_old_ones_do_not() {
    let mut bao = Bao::start().await;
    bao.succeed("up");
    let (old, secrets) = (kept(&bao), bao.secrets().await);
    assert_eq!(
        bao.succeed("rekey"),
        "the vault has new shares; the old ones open nothing any more\n"
    );
    let new = kept(&bao);
    assert_eq!(new.len(), 5);
    assert!(!new.iter().any(|share| old.contains(share)));
    assert!(!bao.state().join("vault/shares.coming.json").exists());

    bao.restart().await;
    assert!(!open(&bao, &old).await);
    assert!(open(&bao, &new).await);
    bao.succeed("unseal");
    assert_eq!(bao.secrets().await, secrets);
    bao.succeed("up");
}

#[tokio::test]
async fn a_rekey_that_is_killed_anywhere_locks_nobody_out() {
    let mut bao = Bao::start().await;
    bao.succeed("up");
    for (held, n) in [
        ("POST /v1/sys/rotate/root/init", 1),
        ("POST /v1/sys/rotate/root/update", 2),
        ("POST /v1/sys/rotate/root/verify", 1),
        ("POST /v1/sys/rotate/root/verify", 3),
    ] {
        let before = kept(&bao);
        killed(&bao, "rekey", held, n).await;
        assert_eq!(kept(&bao), before, "{held}");
        bao.restart().await;
        bao.succeed("up");
        assert!(!bao.state().join("vault/shares.coming.json").exists());
        bao.succeed("rekey");
        assert_ne!(kept(&bao), before, "{held}");
    }
}

/// The vault has taken the new shares, and the run died before it kept them as its own.
#[tokio::test]
async fn shares_that_the_vault_took_at_the_last_moment_are_kept() {
    let mut bao = Bao::start().await;
    bao.succeed("up");
    let old = fs::read_to_string(bao.state().join("vault/shares.json")).unwrap();
    for sealed in [true, false] {
        bao.succeed("rekey");
        let (place, coming) = ("vault/shares.json", "vault/shares.coming.json");
        let [place, coming] = [place, coming].map(|name| bao.state().join(name));
        fs::rename(&place, &coming).unwrap();
        fs::write(&place, &old).unwrap();
        let new = fs::read_to_string(&coming).unwrap();
        if sealed {
            bao.restart().await;
            bao.succeed("unseal");
        }
        bao.succeed("up");
        assert_eq!(fs::read_to_string(&place).unwrap(), new);
        assert!(!coming.exists());
    }
}
