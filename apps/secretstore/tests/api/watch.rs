//! Signing keys are rotated by schedule, once, by a keeper who can do nothing else.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::SystemTime,
};

use reqwest::StatusCode;
use serde_json::json;

use crate::{
    bao::{APPS, Bao},
    patience::until,
};

const ROTATED: &str = "signing keys rotated by schedule\n";
const SIGNING: &str = "crema/data/identity/signing";
const DAY: u64 = 24 * 3600;

/// Makes the current keys sign since this many seconds ago, as the rotator itself could.
async fn age(bao: &Bao, seconds: u64) -> BTreeMap<String, String> {
    let (version, mut keys) = signing(bao).await;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let since = now.unwrap().as_secs() - seconds;
    keys.insert("current_since".to_owned(), since.to_string());
    let wanted = json!({ "options": { "cas": version }, "data": keys });
    let (status, said) = bao
        .call("POST", SIGNING, &bao.token("rotator"), Some(wanted))
        .await;
    assert_eq!(status, StatusCode::OK, "{said}");
    keys
}

async fn signing(bao: &Bao) -> (u64, BTreeMap<String, String>) {
    bao.secret("identity", "signing").await.unwrap()
}

/// A keeper in the background, whose words go to a file.
fn spawn(bao: &Bao, command: &str, log: &Path) -> Child {
    bao.tool(command, bao.port)
        .stdout(File::create(log).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn said(log: &Path) -> String {
    let mut text = String::new();
    File::open(log).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// Waits until the log has that text.
async fn until_said(log: &Path, wanted: &str) {
    until(wanted, async || said(log).contains(wanted)).await;
}

#[tokio::test]
async fn of_all_who_find_the_keys_due_one_rotates_them() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let old = age(&bao, 30 * DAY).await;
    let keepers: Vec<Child> = (0..6)
        .map(|_| {
            let mut tool = bao.tool("watch --once", bao.port);
            tool.stdout(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut words = String::new();
    for keeper in keepers {
        let output = keeper.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        words += &String::from_utf8(output.stdout).unwrap();
    }
    assert_eq!(words, ROTATED);
    let (version, new) = signing(&bao).await;
    assert_eq!(version, 3);
    for prefix in ["", "rs256."] {
        let name = |place: &str| format!("{prefix}{place}");
        assert_eq!(new[&name("current")], old[&name("next")]);
        assert_eq!(new[&name("retired")], old[&name("current")]);
    }
    assert_eq!(bao.succeed("watch --once"), "");
    assert_eq!(signing(&bao).await, (3, new));
}

#[tokio::test]
async fn keys_that_are_not_due_stay() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let before = signing(&bao).await;
    assert_eq!(bao.succeed("watch --once"), "");
    assert_eq!(signing(&bao).await, before);

    let keys = age(&bao, 30 * DAY).await;
    assert_eq!(bao.succeed("watch --once --keys-last 31d"), "");
    assert_eq!(
        bao.succeed("watch --once --keys-last 0"),
        "signing keys are never rotated by schedule\n"
    );
    assert_eq!(signing(&bao).await, (2, keys));
    // A rotation by hand begins a new period.
    bao.succeed("rotate signing");
    assert_eq!(bao.succeed("watch --once"), "");
    assert_eq!(signing(&bao).await.0, 3);
}

#[tokio::test]
async fn a_keeper_outlasts_a_vault_that_is_away_and_ends_when_it_is_told_to() {
    let mut bao = Bao::start().await;
    bao.succeed("up");
    // Sealed: it answers, and refuses.
    bao.restart().await;
    let log = bao.state().with_file_name("watch.log");
    let mut keeper = spawn(&bao, "watch --keys-last 1s", &log);
    until_said(&log, "signing keys can't be looked at: ").await;
    bao.succeed("unseal");
    until_said(&log, ROTATED).await;
    // Due again at once, but the tokens of the retired keys are still good.
    let ended = Command::new("kill").arg(keeper.id().to_string()).status();
    assert!(ended.unwrap().success());
    assert!(keeper.wait().unwrap().success());
    assert_eq!(said(&log).matches(ROTATED).count(), 1);
    assert_eq!(signing(&bao).await.0, 2);
}

#[tokio::test]
async fn the_keepers_token_opens_what_is_rotated_signs_for_sentry_and_does_nothing_else() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let token = bao.token("rotator");
    for path in [
        "acquirer/merchant",
        "bff/client",
        "bff/session",
        "catalog/database",
        "catalog/quotes",
        "identity/clients",
        "identity/database",
        "identity/signing",
        "order/client",
        "order/database",
        "payment/database",
        "payment/webhook",
    ] {
        let path = format!("crema/data/{path}");
        let (status, _) = bao.call("GET", &path, &token, None).await;
        assert_eq!(status, StatusCode::OK, "{path}");
    }
    for (method, path) in [
        ("GET", "crema/data/identity/totp"),
        ("GET", "crema/data/order/dapr"),
        ("GET", "crema/data/redis"),
        ("GET", "crema/data/bff/tls"),
        ("POST", "crema/data/identity/totp"),
        ("DELETE", SIGNING),
        ("POST", "crema/destroy/identity/signing"),
        ("DELETE", "crema/metadata/identity/signing"),
        ("LIST", "crema/metadata/identity"),
        ("POST", "auth/token/create"),
        ("LIST", "auth/token/accessors"),
        ("GET", "sys/policies/acl/rotator"),
        ("POST", "pki/issue/localhost"),
        ("GET", "transit/export/signing-key/sidecars"),
        ("GET", "transit/backup/sidecars"),
        ("POST", "transit/keys/sidecars/rotate"),
        ("POST", "transit/keys/sidecars/config"),
        ("DELETE", "transit/keys/sidecars"),
    ] {
        let body = Some(json!({ "data": { "current": "forged" }, "versions": [1] }));
        let (status, said) = bao.call(method, path, &token, body).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}: {said}");
    }
}

#[tokio::test]
async fn without_up_there_is_nothing_to_watch_with() {
    let bao = Bao::start().await;
    let said = bao.fail("watch --once");
    assert!(said.contains("run secretstore up first"), "{said}");
}

#[tokio::test]
async fn other_secrets_are_rotated_by_schedule_too() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let before = bao.secrets().await;
    assert_eq!(bao.succeed("watch --once --secrets-last 1h"), "");
    assert_eq!(bao.secrets().await, before, "nothing is due");

    let log = bao.state().with_file_name("watch.log");
    let command = "watch --secrets-last 1s --settle 1s";
    let mut keeper = spawn(&bao, command, &log);
    for kind in ["clients", "webhook", "session", "quotes"] {
        until_said(&log, &format!("{kind} rotated by schedule\n")).await;
    }
    // What it began it brings to its end.
    let first = &before["bff/client"].1["client_secret"];
    until("a new client secret", async || {
        let (_, client) = bao.secret("bff", "client").await.unwrap();
        client["client_secret"] != *first
    })
    .await;
    keeper.kill().unwrap();
    keeper.wait().unwrap();
    for (app, name) in [("bff", "session"), ("catalog", "quotes")] {
        let (_, keys) = bao.secret(app, name).await.unwrap();
        let (_, first) = &before[&format!("{app}/{name}")];
        assert_eq!(keys["previous"], first["current"]);
        let line = format!("{name} rotated by schedule");
        assert_eq!(said(&log).matches(&line).count(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_look_renews_the_tokens_of_all_apps_by_their_accessors() {
    let bao = Bao::start().await;
    let root = bao.crashed_run().await;
    let inspector = bao.inspector(&root).await;
    bao.succeed("up");
    let place = bao.state().join("secrets/rotator/accessors.json");
    let text = std::fs::read_to_string(&place).unwrap();
    let accessors: BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
    assert_eq!(accessors.len(), APPS.len());
    let renewed = async |app: &str| {
        let look = Some(json!({ "accessor": accessors[app] }));
        let path = "auth/token/lookup-accessor";
        let (_, found) = bao.call("POST", path, &inspector, look).await;
        assert_eq!(found["data"]["period"], 32 * DAY, "{app}");
        found["data"]["last_renewal_time"].as_u64()
    };
    for app in APPS {
        assert_eq!(renewed(app).await, None, "{app}");
    }
    // One that is gone is said, and keeps nobody else's from being renewed.
    std::fs::write(&place, text.replace(&accessors["catalog"], "gone")).unwrap();
    let said = bao.succeed("watch --once --keys-last 0 --secrets-last 0");
    assert!(
        said.contains("the token of catalog: cannot renew"),
        "{said}"
    );
    for app in APPS.iter().filter(|app| **app != "catalog") {
        assert!(renewed(app).await.is_some(), "{app}");
    }
}
