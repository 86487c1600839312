//! What is recorded: every request, and no secret anywhere but in the vault and the files of mode 0600.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt as _};

use serde_json::json;

use crate::bao::Bao;

#[tokio::test]
async fn no_secret_is_logged_or_printed() {
    let mut bao = Bao::start().await;
    let mut said = bao.succeed("up");
    bao.restart().await;
    let backup = bao.state().with_file_name("backup");
    let backup = format!("backup {}", backup.display());
    for command in [
        "status",
        "unseal",
        "up",
        "sql",
        "rotate signing",
        "rotate clients --settle 0",
        "rotate webhook --settle 0",
        "rotate session --settle 0",
        "rotate quotes --settle 0",
        "watch --once",
        "rekey",
        &backup,
    ] {
        said += &bao.succeed(command);
    }
    assert!(bao.audit().len() > 100);
    said += &bao.logs();

    let public = [
        "certificate",
        "client_id",
        "database",
        "host",
        "port",
        "current_since",
        "providers",
        "role",
        "username",
    ];
    let mut hidden = BTreeSet::new();
    for (path, (_, values)) in bao.secrets().await {
        let digests = path == "identity/clients";
        hidden.extend(
            values
                .into_iter()
                .filter(|(key, _)| !digests && !public.contains(&key.as_str()))
                .map(|(_, value)| value),
        );
    }
    for (path, (mode, text)) in bao.files() {
        if path.ends_with("ca.pem") {
            assert_eq!(mode, 0o644);
            continue;
        }
        assert_eq!(mode, 0o600, "{}", path.display());
        // The whole of a token's file; each long word of the others.
        hidden.extend(
            text.split(['"', ' ', '\n'])
                .filter(|word| word.len() >= 20)
                .map(str::to_owned),
        );
    }
    assert!(hidden.len() > 30);
    // A key in PEM is hidden line by line.
    for secret in hidden
        .iter()
        .flat_map(|secret| secret.lines())
        .filter(|line| !line.starts_with("--"))
    {
        assert!(
            secret.len() >= 16,
            "a secret of {} characters proves nothing",
            secret.len()
        );
        assert!(
            !said.contains(secret),
            "a secret of {} characters came out",
            secret.len()
        );
    }
}

#[tokio::test]
async fn a_vault_without_an_audit_device_gets_no_secret() {
    let bao = Bao::start_with(false, true).await;
    let said = bao.fail("up");
    assert!(said.contains("the vault has no audit device"), "{said}");
    assert!(!bao.state().join("secrets").exists());
}

/// How many root tokens were used so far, and how many of them were revoked by who used them.
fn privileged(bao: &Bao) -> (usize, usize) {
    let lines = bao.audit();
    let by_root = lines
        .iter()
        .filter(|line| line["type"] == "response" && line["auth"]["policies"] == json!(["root"]));
    let (mut tokens, mut revoked) = (BTreeSet::new(), BTreeSet::new());
    for line in by_root {
        let token = line["auth"]["accessor"].as_str().unwrap();
        tokens.insert(token);
        if line["request"]["path"] == "auth/token/revoke-self" {
            revoked.insert(token);
        }
    }
    (tokens.len(), revoked.len())
}

#[tokio::test]
async fn each_privileged_run_is_on_record_with_its_end_and_others_never_were_root() {
    let bao = Bao::start().await;
    bao.succeed("up");
    assert_eq!(privileged(&bao), (1, 1));
    let [backup, restarter] = ["backup", "restarter"].map(|name| bao.state().with_file_name(name));
    fs::write(&restarter, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&restarter, fs::Permissions::from_mode(0o700)).unwrap();
    for (command, root) in [
        ("up", true),
        ("rotate signing", true),
        (
            &format!(
                "rotate tokens --apps order --restart {}",
                restarter.display()
            ),
            true,
        ),
        ("rekey", true),
        (&format!("backup {}", backup.display()), true),
        ("rotate clients --settle 0", false),
        ("rotate session --settle 0", false),
        ("watch --once", false),
        ("sql", false),
        ("unseal", false),
        ("status", false),
    ] {
        let (before, _) = privileged(&bao);
        bao.succeed(command);
        let expected = before + usize::from(root);
        assert_eq!(privileged(&bao), (expected, expected), "{command}");
    }
}
