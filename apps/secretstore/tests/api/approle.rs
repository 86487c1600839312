//! Each holder's token comes by a role of its own, with a secret id that nobody keeps.

use std::{collections::BTreeMap, fs};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::bao::{APPS, Bao};

/// Who may look at and use roles, for the tests alone.
async fn operator(bao: &Bao, root: &str) -> String {
    let rules = "path \"auth/approle/role/*\" { capabilities = [\"read\", \"update\", \"list\"] }";
    bao.grant(root, "operator", rules).await
}

fn role(app: &str) -> String {
    format!("auth/approle/role/{app}")
}

async fn log_in(bao: &Bao, role_id: &Value, secret_id: &Value) -> (StatusCode, Value) {
    let shown = json!({ "role_id": role_id, "secret_id": secret_id });
    bao.call("POST", "auth/approle/login", "", Some(shown))
        .await
}

#[tokio::test]
async fn every_token_came_by_its_holders_role_and_no_secret_id_is_left() {
    let bao = Bao::start().await;
    let root = bao.crashed_run().await;
    let (operator, inspector) = (operator(&bao, &root).await, bao.inspector(&root).await);
    bao.succeed("up");
    let text = fs::read_to_string(bao.state().join("secrets/rotator/accessors.json")).unwrap();
    let accessors: BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
    for app in APPS {
        let look = Some(json!({ "accessor": accessors[app] }));
        let path = "auth/token/lookup-accessor";
        let (_, found) = bao.call("POST", path, &inspector, look).await;
        let token = &found["data"];
        assert_eq!(token["path"], "auth/approle/login", "{app}");
        assert_eq!(token["meta"]["role_name"], app);
        assert_eq!(token["policies"], json!([app]));

        let (_, found) = bao.call("GET", &role(app), &operator, None).await;
        let bound = &found["data"];
        assert_eq!(bound["token_policies"], json!([app]));
        assert_eq!(bound["token_no_default_policy"], true);
        assert_eq!(bound["bind_secret_id"], true);
        let left = format!("{}/secret-id", role(app));
        let (status, said) = bao.call("LIST", &left, &operator, None).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{app}: {said}");
    }
}

#[tokio::test]
async fn a_secret_id_is_good_once_and_opens_its_own_role_alone() {
    let bao = Bao::start().await;
    let root = bao.crashed_run().await;
    let operator = operator(&bao, &root).await;
    bao.succeed("up");
    let id_of = async |app: &str| {
        let path = format!("{}/role-id", role(app));
        let (_, found) = bao.call("GET", &path, &operator, None).await;
        found["data"]["role_id"].clone()
    };
    let path = format!("{}/secret-id", role("order"));
    let (_, made) = bao.call("POST", &path, &operator, Some(json!({}))).await;
    assert_eq!(made["data"]["secret_id_ttl"], 60);
    let secret_id = &made["data"]["secret_id"];
    let (status, _) = log_in(&bao, &id_of("payment").await, secret_id).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let order = id_of("order").await;
    let (status, came) = log_in(&bao, &order, secret_id).await;
    assert_eq!(status, StatusCode::OK, "{came}");
    assert_eq!(came["auth"]["policies"], json!(["order"]));
    let (status, _) = log_in(&bao, &order, secret_id).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = log_in(&bao, &order, &json!("")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_token_that_came_otherwise_is_replaced_and_revoked() {
    let bao = Bao::start().await;
    let root = bao.crashed_run().await;
    let rules = "path \"crema/data/order/*\" {\n  capabilities = [\"read\"]\n}\n";
    let policy = Some(json!({ "policy": rules }));
    let path = "sys/policies/acl/order";
    bao.call("PUT", path, &root, policy).await;
    let wanted = json!({
        "policies": ["order"], "no_default_policy": true, "period": "768h", "renewable": true
    });
    let path = "auth/token/create-orphan";
    let (_, made) = bao.call("POST", path, &root, Some(wanted)).await;
    let old = made["auth"]["client_token"].as_str().unwrap();
    let folder = bao.state().join("secrets/order");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("vault-token"), old).unwrap();

    bao.succeed("up");
    let path = "crema/data/order/dapr";
    assert_ne!(bao.token("order"), old);
    let (status, _) = bao.call("GET", path, &bao.token("order"), None).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = bao.call("GET", path, old, None).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}
