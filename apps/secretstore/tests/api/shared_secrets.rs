//! Secrets that one app shows and another checks: at no moment is one shown that is not known, wherever a rotation ends.

use std::process::{Child, Stdio};

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    bao::Bao,
    patience::until,
    relay::{killed, relay},
};

/// Writes of a rotation of the client secrets: four for each of the two.
const CLIENT_WRITES: usize = 8;
/// Those of the webhook key.
const WEBHOOK_WRITES: usize = 4;
const WRITE: &str = "POST /v1/crema/data/";

fn digest_of(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, secret.as_bytes()))
}

/// What is shown is known; gives the client secrets and the webhook key that are shown.
async fn shown(bao: &Bao) -> [String; 3] {
    // Read in this order: what is known when a secret is shown stays so for as long as the reader takes.
    let of = async |app: &str, name: &str| bao.secret(app, name).await.unwrap().1;
    let (bff, order) = (of("bff", "client").await, of("order", "client").await);
    let clients = of("identity", "clients").await;
    for (app, client) in [("bff", &bff), ("order", &order)] {
        let known = [clients.get(app), clients.get(&format!("{app}.previous"))];
        let wanted = digest_of(&client["client_secret"]);
        assert!(known.contains(&Some(&wanted)), "{app}");
    }
    let merchant = of("acquirer", "merchant").await;
    let webhook = of("payment", "webhook").await;
    let known = [webhook.get("current"), webhook.get("previous")];
    assert!(known.contains(&Some(&merchant["webhook_secret"])));
    [
        bff["client_secret"].clone(),
        order["client_secret"].clone(),
        merchant["webhook_secret"].clone(),
    ]
}

/// Nothing of a rotation is left, and what is known is what is shown.
async fn at_rest(bao: &Bao) {
    for (app, name, fields) in [
        ("bff", "client", 2),
        ("order", "client", 2),
        ("acquirer", "merchant", 2),
        ("identity", "clients", 2),
        ("payment", "webhook", 1),
    ] {
        let (_, values) = bao.secret(app, name).await.unwrap();
        assert_eq!(values.len(), fields, "{app}/{name}");
    }
    shown(bao).await;
}

fn begun(bao: &Bao, command: &str, port: u16) -> Child {
    let mut tool = bao.tool(command, port);
    tool.stdout(Stdio::null()).stderr(Stdio::null());
    tool.spawn().unwrap()
}

#[tokio::test]
async fn at_every_moment_of_a_rotation_what_is_shown_is_known() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let first = shown(&bao).await;
    for kind in ["clients", "webhook", "session clients webhook"] {
        let mut tool = begun(&bao, &format!("rotate {kind} --settle 1s"), bao.port);
        let mut looks = 0;
        while tool.try_wait().unwrap().is_none() {
            shown(&bao).await;
            looks += 1;
        }
        assert!(looks > 10);
        assert!(tool.wait().unwrap().success());
        at_rest(&bao).await;
    }
    let second = shown(&bao).await;
    assert!(first.iter().zip(&second).all(|(old, new)| old != new));
    // Who comes with an old one is refused from now on.
    let (_, clients) = bao.secret("identity", "clients").await.unwrap();
    assert!(!clients.values().any(|known| *known == digest_of(&first[0])));
    let unchanged = "vault open; secrets written: 0, tokens made: 0, certificate kept\n";
    assert_eq!(bao.succeed("up"), unchanged);
}

#[tokio::test]
async fn the_new_one_is_shown_only_after_everybody_has_had_time_to_know_it() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let [first, ..] = shown(&bao).await;
    let mut tool = begun(&bao, "rotate clients --settle 1h", bao.port);
    let published = async || {
        let (_, clients) = bao.secret("identity", "clients").await.unwrap();
        clients.contains_key("bff.previous") && clients.contains_key("order.previous")
    };
    until("both new ones", published).await;
    assert!(tool.try_wait().unwrap().is_none());
    // Another run may finish it: an hour is this one's patience alone.
    assert_eq!(shown(&bao).await[0], first);
    tool.kill().unwrap();
    tool.wait().unwrap();
    let said = bao.succeed("rotate clients --settle 0");
    assert_eq!(
        said,
        "client secrets rotated; those before are refused within seconds; of them begun by an earlier run: 2\n"
    );
    assert_ne!(shown(&bao).await[0], first);
    at_rest(&bao).await;
}

/// Kills a rotation at each of its writes in turn; the next run ends it, with or without an `up` before.
async fn killed_everywhere(kind: &str, writes: usize) {
    let bao = Bao::start().await;
    bao.succeed("up");
    let command = format!("rotate {kind} --settle 0");
    for n in 1..=writes {
        let before = shown(&bao).await;
        killed(&bao, &command, WRITE, n).await;
        shown(&bao).await;
        if n % 2 == 0 {
            bao.succeed("up");
            shown(&bao).await;
        }
        bao.succeed(&command);
        at_rest(&bao).await;
        assert_ne!(shown(&bao).await, before, "killed at write {n}");
    }
    let (port, mut caught) = relay(bao.port, WRITE, writes + 1).await;
    let mut tool = begun(&bao, &command, port);
    let ended = tokio::task::spawn_blocking(move || tool.wait().unwrap());
    assert!(ended.await.unwrap().success());
    assert!(caught.try_recv().is_err(), "there are more writes");
}

#[tokio::test]
async fn a_rotation_of_the_client_secrets_that_is_killed_anywhere_is_completed() {
    killed_everywhere("clients", CLIENT_WRITES).await;
}

#[tokio::test]
async fn a_rotation_of_the_webhook_key_that_is_killed_anywhere_is_completed() {
    killed_everywhere("webhook", WEBHOOK_WRITES).await;
}
