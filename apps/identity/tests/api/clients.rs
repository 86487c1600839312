//! What operators do about clients of other companies.

use http::{Method, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::audit::flaw;
use crate::callers::Operator;
use crate::foreign::{
    BEANS, BYE, Foreign, customer, register, registration, registration_with, userinfo,
};
use crate::world::{Answer, World};

async fn edit(operator: &Operator<'_>, client: &str, version: i64, said: &Value) -> Answer {
    operator
        .put(&format!("/v1/clients/{client}"), version, said)
        .await
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().expect("items");
    let id = |item: &Value| item["client_id"].as_str().expect("text").to_owned();
    items.iter().map(id).collect()
}

#[tokio::test]
async fn a_registration_gives_an_id_and_once_a_secret() {
    let world = World::new().await;
    let operator = world.operator().await;
    let answer = register(&operator, &registration()).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(answer.headers[header::ETAG], "\"1\"");
    let there = format!("/v1/clients/{}", answer.text("client_id"));
    assert_eq!(answer.location(), there);
    let (id, secret) = (answer.text("client_id"), answer.text("client_secret"));
    assert_eq!(secret.len(), 43, "256 bits");
    let mut expected = registration();
    expected["scopes"] = json!(["email", "openid", "profile"]);
    for (name, value) in [
        ("client_id", json!(id)),
        ("previous_secret", json!(false)),
        ("created_at", json!("2026-03-02T06:30:00.000Z")),
        ("version", json!(1)),
    ] {
        expected[name] = value;
    }
    let read = operator.get(&format!("/v1/clients/{id}")).await;
    assert_eq!(read.json(), expected);
    assert_eq!(read.headers[header::ETAG], "\"1\"");
    expected["client_secret"] = json!(secret);
    assert_eq!(answer.json(), expected);
    let kept: String = sqlx::query_scalar("select clients::text from clients")
        .fetch_one(&world.app.db)
        .await
        .expect("a client");
    assert!(!kept.contains(&secret), "{kept}");

    let public = registration_with("kind", json!("public"));
    let public = register(&operator, &public).await;
    assert_eq!(public.status, 201);
    assert_eq!(public.json().get("client_secret"), None);
}

#[tokio::test]
async fn what_a_client_may_not_have_is_refused_by_its_field() {
    let world = World::new().await;
    let operator = world.operator().await;
    for (field, value, pointer) in [
        ("name", json!(""), "/name"),
        ("name", json!("Crema\u{202e}"), "/name"),
        ("name", json!("a".repeat(61)), "/name"),
        ("kind", json!("own"), "/kind"),
        ("redirect_uris", json!([]), "/redirect_uris"),
        (
            "redirect_uris",
            json!([BEANS, "https://beans.example/#"]),
            "/redirect_uris/1",
        ),
        (
            "redirect_uris",
            json!(["http://127.0.0.1/cb"]),
            "/redirect_uris/0",
        ),
        (
            "redirect_uris",
            json!(["https://localhost:8443/api/session/callback"]),
            "/redirect_uris/0",
        ),
        ("redirect_uris", json!(vec![BEANS; 21]), "/redirect_uris"),
        (
            "post_logout_redirect_uris",
            json!(["javascript:alert(1)"]),
            "/post_logout_redirect_uris/0",
        ),
        ("scopes", json!([]), "/scopes"),
        ("scopes", json!(["openid", "order:fulfil"]), "/scopes/1"),
        ("scopes", json!(["identity:operate"]), "/scopes/0"),
        ("grant_types", json!([]), "/grant_types"),
        ("grant_types", json!(["refresh_token"]), "/grant_types/0"),
        ("grant_types", json!(["password"]), "/grant_types/0"),
        (
            "grant_types",
            json!(["client_credentials"]),
            "/grant_types/0",
        ),
        (
            "grant_types",
            json!(["authorization_code", "client_credentials"]),
            "/grant_types/1",
        ),
        (
            "grant_types",
            json!(["urn:ietf:params:oauth:grant-type:token-exchange"]),
            "/grant_types/0",
        ),
        ("client_id", json!("bff"), "/client_id"),
        ("client_secret", json!("mine"), "/client_secret"),
    ] {
        let answer = register(&operator, &registration_with(field, value.clone())).await;
        assert_eq!(answer.status, 422, "{field} {value}: {answer:?}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{answer:?}");
    }
    let listed = operator.get("/v1/clients").await.json();
    assert_eq!(ids(&listed), ["bff", "order"], "and nothing is kept");
}

#[tokio::test]
async fn the_list_has_both_kinds_in_pages() {
    let world = World::new().await;
    let operator = world.operator().await;
    let mut all = Vec::new();
    for _ in 0..3 {
        let client = Foreign::of(&world, &operator, &registration()).await;
        all.insert(0, client.id);
    }
    all.extend(["bff".to_owned(), "order".to_owned()]);
    for limit in [1, 2, 3, 4, 5, 100] {
        let (mut seen, mut query) = (Vec::new(), format!("limit={limit}"));
        // A page for each at most.
        for _ in &all {
            let page = operator.get(&format!("/v1/clients?{query}")).await.json();
            let here = ids(&page);
            assert!(!here.is_empty() && here.len() <= limit, "{page}");
            seen.extend(here);
            let Some(next) = page["next"].as_str() else {
                break;
            };
            query = format!("limit={limit}&cursor={next}");
        }
        assert_eq!(seen, all, "{limit} at a time");
    }
    assert_eq!(operator.get("/v1/clients?limit=0").await.status, 422);
    assert_eq!(operator.get("/v1/clients/bff").await.json()["kind"], "own");
}

#[tokio::test]
async fn an_edit_is_of_the_current_version_and_holds_at_once() {
    let world = World::new().await;
    let operator = world.operator().await;
    let beans = Foreign::of(&world, &operator, &registration()).await;
    let mut browser = customer(&world).await;
    let tokens = beans.tokens(&mut browser, "openid profile email").await;

    let path = format!("/v1/clients/{}", beans.id);
    let mut said = registration_with("redirect_uris", json!(["https://beans.example/other"]));
    said["scopes"] = json!(["openid", "email"]);
    let blind = operator
        .send(Method::PUT, &path, None, &said.to_string())
        .await;
    assert_eq!(blind.status, 428);
    assert_eq!(edit(&operator, &beans.id, 2, &said).await.status, 412);
    let other_kind = registration_with("kind", json!("public"));
    let refused = edit(&operator, &beans.id, 1, &other_kind).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["errors"][0]["pointer"], "/kind");
    let answer = edit(&operator, &beans.id, 1, &said).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers[header::ETAG], "\"2\"");
    assert_eq!(operator.get(&path).await.json(), answer.json());
    assert_eq!(edit(&operator, &beans.id, 1, &said).await.status, 412);

    let request = beans.request("openid", &[]);
    assert_eq!(browser.authorize(&request).await.status, 400);
    let refreshed = beans.client().refresh(&tokens.text("refresh_token")).await;
    assert_eq!(refreshed.text("scope"), "email openid", "{refreshed:?}");

    said["grant_types"] = json!(["authorization_code"]);
    assert_eq!(edit(&operator, &beans.id, 2, &said).await.status, 200);
    let refresh = refreshed.text("refresh_token");
    let refused = beans.client().refresh(&refresh).await;
    refused.refused(400, "unauthorized_client");
}

#[tokio::test]
async fn a_new_secret_takes_over_without_a_pause() {
    let world = World::new().await;
    let operator = world.operator().await;
    let mut beans = Foreign::of(&world, &operator, &registration()).await;
    let path = format!("/v1/clients/{}/secret", beans.id);
    let mut known = vec![beans.credentials.clone().expect("a secret")];
    for _ in 0..2 {
        let answer = operator.post(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["previous_secret"], true);
        known.push(format!("{}:{}", beans.id, answer.text("client_secret")));
    }
    let mut good = Vec::new();
    for credentials in &known {
        beans.credentials = Some(credentials.clone());
        let answer = beans.client().refresh("no token").await;
        good.push(answer.text("error") == "invalid_grant");
    }
    assert_eq!(good, [false, true, true]);
    let previous = format!("{path}/previous");
    for _ in 0..2 {
        let ended = operator.send(Method::DELETE, &previous, None, "").await;
        assert_eq!(ended.status, 204, "{ended:?}");
    }
    beans.credentials = Some(known[1].clone());
    let refused = beans.client().refresh("no token").await;
    refused.refused(401, "invalid_client");
    beans.credentials = Some(known[2].clone());
    let asked = beans.client().introspect("no token").await;
    assert_eq!(asked, json!({"active": false}));

    let public = registration_with("kind", json!("public"));
    let public = Foreign::of(&world, &operator, &public).await;
    let path = format!("/v1/clients/{}/secret", public.id);
    for (method, path) in [
        (Method::POST, path.clone()),
        (Method::DELETE, format!("{path}/previous")),
    ] {
        let answer = operator.send(method, &path, None, "").await;
        assert_eq!(answer.status, 409);
        assert!(answer.text("type").ends_with(":client-is-public"));
    }
}

#[tokio::test]
async fn a_client_that_is_removed_has_nothing_any_more() {
    let world = World::new().await;
    let operator = world.operator().await;
    let beans = Foreign::of(&world, &operator, &registration()).await;
    let other = Foreign::of(&world, &operator, &registration()).await;
    let mut browser = customer(&world).await;
    let tokens = beans.tokens(&mut browser, "openid").await;
    let others = other.tokens(&mut browser, "openid").await;
    let late = browser.authorize(&beans.request("openid", &[])).await;
    let late = late.sent("code").expect("a code");
    let access = tokens.text("access_token");
    assert_eq!(userinfo(&world, &access).await.status, 200, "and is cached");

    let path = format!("/v1/clients/{}", beans.id);
    let removed = operator.send(Method::DELETE, &path, None, "").await;
    assert_eq!(removed.status, 204, "{removed:?}");
    assert_eq!(userinfo(&world, &access).await.status, 401);
    for refused in [
        beans.client().refresh(&tokens.text("refresh_token")).await,
        beans.redeem(&late, BEANS).await,
    ] {
        refused.refused(401, "invalid_client");
    }
    let request = beans.request("openid", &[]);
    assert_eq!(browser.authorize(&request).await.status, 400);
    for (table, left) in [
        ("consents", 1),
        ("clients", 1),
        ("grants where revoked_at is null", 2),
    ] {
        let sql = format!("select count(*) from {table}");
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(&world.app.db)
            .await
            .expect("a count");
        // The operator's own grant, and that of the other client.
        assert_eq!(count, left, "{table}");
    }
    let others = others.text("access_token");
    assert_eq!(userinfo(&world, &others).await.status, 200);
    for path in [path, format!("/v1/clients/{}", Uuid::nil())] {
        let again = operator.send(Method::DELETE, &path, None, "").await;
        assert_eq!(again.status, 404);
        assert!(again.text("type").ends_with(":client-not-found"));
        assert_eq!(operator.get(&path).await.status, 404);
        assert_eq!(operator.put(&path, 1, &registration()).await.status, 404);
        let secret = operator.post(&format!("{path}/secret")).await;
        assert_eq!(secret.status, 404);
    }
    let own = operator
        .send(Method::DELETE, "/v1/clients/bff", None, "")
        .await;
    assert_eq!(own.status, 404, "ours are in the code");
}

#[tokio::test]
async fn every_change_is_on_record_with_its_operator() {
    let world = World::new().await;
    let operator = world.operator().await;
    let beans = Foreign::of(&world, &operator, &registration()).await;
    let path = format!("/v1/clients/{}", beans.id);
    edit(&operator, &beans.id, 1, &registration()).await;
    operator.post(&format!("{path}/secret")).await;
    let previous = format!("{path}/secret/previous");
    operator.send(Method::DELETE, &previous, None, "").await;
    operator.send(Method::DELETE, &path, None, "").await;
    let rows: Vec<(String, Option<String>, Option<String>)> = sqlx::query_as(
        "select kind, actor, detail from audit where client_id = $1 order by position",
    )
    .bind(&beans.id)
    .fetch_all(&world.app.db)
    .await
    .expect("the audit");
    let kinds: Vec<_> = rows.iter().map(|(kind, ..)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "client_registered",
            "client_changed",
            "client_secret_renewed",
            "client_secret_ended",
            "client_removed",
        ]
    );
    let actor = Some(operator.id.to_string());
    assert!(rows.iter().all(|row| row.1 == actor), "{rows:?}");
    let said = format!(
        "confidential \"Beans & Co\": email openid profile, refresh; back to {BEANS}; signed out to {BYE}"
    );
    assert_eq!(rows[0].2.as_deref(), Some(said.as_str()));
    assert_eq!(flaw(&world).await, None);
}
