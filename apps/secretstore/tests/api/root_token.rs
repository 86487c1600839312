//! No root token outlives a run, whatever became of that run or of the one before.

use reqwest::StatusCode;
use serde_json::json;

use crate::bao::Bao;

fn without_root(living: &[Vec<String>]) -> bool {
    !living.iter().flatten().any(|policy| policy == "root")
}

#[tokio::test]
async fn a_root_token_that_a_crash_left_is_revoked() {
    let bao = Bao::start().await;
    let left = bao.crashed_run().await;
    let inspector = bao.inspector(&left).await;
    assert!(!without_root(&bao.living_tokens(&inspector).await));

    bao.succeed("up");
    let living = bao.living_tokens(&inspector).await;
    assert_eq!(
        living,
        [
            "acquirer",
            "bff",
            "catalog",
            "identity",
            "inspector",
            "order",
            "payment",
            "rotator"
        ]
        .map(|app| [app])
    );
    let (status, _) = bao.call("GET", "auth/token/lookup-self", &left, None).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_run_that_fails_revokes_its_root_token() {
    let bao = Bao::start().await;
    let left = bao.crashed_run().await;
    let inspector = bao.inspector(&left).await;
    bao.call(
        "POST",
        "sys/mounts/crema",
        &left,
        Some(json!({ "type": "transit" })),
    )
    .await;

    let said = bao.fail("up");
    assert!(
        said.contains("an engine of another kind at crema/"),
        "{said}"
    );
    assert!(without_root(&bao.living_tokens(&inspector).await));
}

#[tokio::test]
async fn an_unfinished_root_generation_is_given_up() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let (status, _) = bao
        .call("POST", "sys/generate-root/attempt", "", None)
        .await;
    assert_eq!(status, StatusCode::OK);
    bao.succeed("up");
}

#[tokio::test]
async fn a_vault_that_makes_no_root_tokens_gets_no_secret() {
    let bao = Bao::start_with(true, false).await;
    for _ in ["at the first run", "at the second"] {
        let said = bao.fail("up");
        assert!(
            said.contains("disable_unauthed_generate_root_endpoints = false"),
            "{said}"
        );
    }
    assert!(!bao.state().join("secrets").exists());
}
