//! What is recorded: every request, and no secret anywhere but in the vault and the files of mode 0600.

use std::collections::BTreeSet;

use crate::bao::Bao;

#[tokio::test]
async fn no_secret_is_logged_or_printed() {
    let mut bao = Bao::start().await;
    let mut said = bao.succeed("up");
    bao.restart().await;
    for command in ["status", "unseal", "up", "sql", "rotate signing"] {
        said += &bao.succeed(command);
    }
    assert!(bao.audit_lines() > 100);
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
