//! An app's token reads that app's secrets, and can do nothing else with them or with anything.

use reqwest::StatusCode;
use serde_json::json;

use crate::bao::{APPS, Bao};

/// What there is to do with a secret, and the kind of path that it is done at.
const VERBS: [(&str, &str); 9] = [
    ("GET", "data"),
    ("POST", "data"),
    ("PUT", "data"),
    ("DELETE", "data"),
    ("POST", "delete"),
    ("PUT", "destroy"),
    ("GET", "metadata"),
    ("DELETE", "metadata"),
    ("LIST", "metadata"),
];

#[tokio::test]
async fn each_app_reads_its_own_secrets_and_does_nothing_else_with_any() {
    let bao = Bao::start().await;
    bao.succeed("up");
    let secrets = bao.secrets().await;
    assert!(secrets.len() > 20);
    let paths: Vec<&str> = secrets
        .keys()
        .map(String::as_str)
        .chain(["redis"])
        .collect();
    for app in APPS {
        let token = bao.token(app);
        for path in &paths {
            let own = path.starts_with(&format!("{app}/"));
            for (verb, kind) in VERBS {
                let body = Some(json!({ "data": { "forged": "yes" }, "versions": [1] }));
                let address = format!("crema/{kind}/{path}");
                let (status, _) = bao.call(verb, &address, &token, body).await;
                let expected = if own && (verb, kind) == ("GET", "data") {
                    StatusCode::OK
                } else {
                    StatusCode::FORBIDDEN
                };
                assert_eq!(status, expected, "{app}: {verb} {address}");
            }
        }
    }
    assert_eq!(bao.secrets().await, secrets);
}

#[tokio::test]
async fn an_app_reads_its_own_secrets_and_nothing_else() {
    let bao = Bao::start().await;
    bao.succeed("up");
    for app in APPS {
        let token = bao.token(app);
        for owner in APPS {
            let path = format!("crema/data/{owner}/dapr");
            let (status, _) = bao.call("GET", &path, &token, None).await;
            let expected = if app == owner {
                StatusCode::OK
            } else {
                StatusCode::FORBIDDEN
            };
            assert_eq!(status, expected, "{app} reads {path}");
        }
        let refused = [
            ("GET", "crema/data/redis".to_owned()),
            ("POST", format!("crema/data/{app}/dapr")),
            ("DELETE", format!("crema/data/{app}/dapr")),
            ("LIST", format!("crema/metadata/{app}")),
            ("LIST", "crema/metadata".to_owned()),
            ("POST", "pki/issue/localhost".to_owned()),
            ("POST", "auth/token/create".to_owned()),
            ("LIST", "auth/token/accessors".to_owned()),
            ("GET", "sys/mounts".to_owned()),
            ("GET", format!("sys/policies/acl/{app}")),
        ];
        for (method, path) in refused {
            let body = Some(json!({ "data": { "api_token": "forged" } }));
            let (status, _) = bao.call(method, &path, &token, body).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{app}: {method} {path}");
        }
    }
}
