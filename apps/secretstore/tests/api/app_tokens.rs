//! Tokens that are read once change by restarts, an app at a time; the old ones end when nothing runs with them.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _};

use reqwest::StatusCode;

use crate::{bao::Bao, relay::killed};

/// Those whose sidecars have no database of their own; with one it takes a PostgreSQL (`databases.rs`).
const APPS: [&str; 5] = ["identity", "catalog", "order", "payment", "acquirer"];

/// A program that restarts nothing, but notes for whom it was called; for `failing` it fails.
fn restarter(bao: &Bao, failing: &str) -> String {
    let program = bao.state().with_file_name("restarter");
    let log = program.with_file_name("restarted");
    let text = format!(
        "#!/bin/sh\n[ \"$1\" = restart ] && [ \"$2\" != \"{failing}\" ] && echo \"$2\" >>'{}'\n",
        log.display()
    );
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let (apps, program) = (APPS.join(","), program.display());
    format!("rotate tokens --apps {apps} --restart {program}")
}

fn restarted(bao: &Bao) -> Vec<String> {
    let log = fs::read_to_string(bao.state().with_file_name("restarted")).unwrap_or_default();
    log.lines().map(str::to_owned).collect()
}

fn forget_restarts(bao: &Bao) {
    fs::write(bao.state().with_file_name("restarted"), "").unwrap();
}

/// What an app and its sidecar are started with.
fn files(bao: &Bao, app: &str) -> [String; 3] {
    ["vault-token", "dapr-api-token", "app-api-token"]
        .map(|name| fs::read_to_string(bao.state().join("secrets").join(app).join(name)).unwrap())
}

async fn good(bao: &Bao, app: &str, token: &str) -> bool {
    let path = format!("crema/data/{app}/dapr");
    bao.call("GET", &path, token, None).await.0 == StatusCode::OK
}

#[tokio::test]
async fn each_app_is_restarted_with_new_tokens_and_its_old_one_ends() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let old: BTreeMap<&str, [String; 3]> = APPS.map(|app| (app, files(&bao, app))).into();
    let said = bao.succeed(&restarter(&bao, ""));
    assert_eq!(said, "tokens made anew and apps restarted: 5\n");
    assert_eq!(restarted(&bao), APPS);
    for app in APPS {
        let new = files(&bao, app);
        assert!(new.iter().zip(&old[app]).all(|(new, old)| new != old));
        assert!(good(&bao, app, &new[0]).await, "{app}");
        assert!(!good(&bao, app, &old[app][0]).await, "{app}");
        let (_, secret) = bao.secret(app, "dapr").await.unwrap();
        assert_eq!(
            [&secret["api_token"], &secret["app_token"]],
            [&new[1], &new[2]]
        );
    }
    // The rotator renews the new ones.
    assert!(!bao.succeed("watch --once").contains("the token of"));
    let unchanged = "vault open; secrets written: 0, tokens made: 0, certificate kept\n";
    assert_eq!(bao.succeed("up"), unchanged);
}

#[tokio::test]
async fn what_could_not_be_restarted_keeps_its_old_token_until_the_next_run() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let old = APPS.map(|app| files(&bao, app));
    let said = bao.fail(&restarter(&bao, "catalog"));
    assert!(said.contains("catalog could not be restarted"), "{said}");
    assert_eq!(restarted(&bao), ["identity"]);
    // It runs with the old one as long as nobody restarts it, and with the new one after that.
    for token in [&old[1][0], &files(&bao, "catalog")[0]] {
        assert!(good(&bao, "catalog", token).await);
    }
    assert_eq!(files(&bao, "order"), old[2], "nobody comes after it");

    bao.succeed(&restarter(&bao, ""));
    for (app, old) in APPS.iter().zip(&old) {
        assert!(!good(&bao, app, &old[0]).await, "{app}");
        assert!(good(&bao, app, &files(&bao, app)[0]).await, "{app}");
    }
}

#[tokio::test]
async fn a_rotation_of_the_tokens_that_is_killed_anywhere_leaves_good_ones_and_is_made_anew() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let command = restarter(&bao, "");
    for held in [
        "POST /v1/crema/data/catalog/dapr",
        "POST /v1/auth/approle/login",
        "POST /v1/auth/token/revoke-accessor",
    ] {
        let old = APPS.map(|app| files(&bao, app));
        killed(&bao, &command, held, 1).await;
        let restarts = restarted(&bao).len();
        // Both what it was started with and what it would be started with now.
        for (app, old) in APPS.iter().zip(&old).skip(restarts) {
            assert!(good(&bao, app, &old[0]).await, "{held}: {app}");
            assert!(good(&bao, app, &files(&bao, app)[0]).await, "{held}: {app}");
        }
        forget_restarts(&bao);
        bao.succeed(&command);
        assert_eq!(restarted(&bao), APPS);
        forget_restarts(&bao);
        for (app, old) in APPS.iter().zip(&old) {
            assert!(!good(&bao, app, &old[0]).await, "{held}: {app}");
            assert!(good(&bao, app, &files(&bao, app)[0]).await, "{held}: {app}");
        }
    }
}
