//! Applications with access, on a person's account: what she sees of them, and how she takes it back.

use serde_json::json;

use crate::ada::{self, mail};
use crate::audit::{flaw, kinds};
use crate::foreign::{Foreign, customer, field, says, userinfo};
use crate::world::World;

#[tokio::test]
async fn what_was_allowed_is_on_the_account_and_ends_when_it_is_taken_back() {
    let world = World::new().await;
    let beans = Foreign::beans(&world).await;
    let mut browser = customer(&world).await;
    let mut another = customer(&world).await;
    assert!(!browser.get("/account").await.body.contains("Applications"));
    let tokens = beans.tokens(&mut browser, "openid email").await;
    let others = beans.tokens(&mut another, "openid").await;
    let access = tokens.text("access_token");
    assert_eq!(userinfo(&world, &access).await.status, 200, "and is cached");
    let page = browser.get("/account").await;
    for text in ["Beans &amp; Co", "2 March 2026", "see your e-mail address"] {
        assert!(page.body.contains(text), "{text} in {}", page.body);
    }
    assert_eq!(field(&page, "application"), beans.id);

    for nothing in ["", "no id", "0190a000-0000-7000-8000-0000000000aa"] {
        let form = [("application", nothing)];
        let answer = browser.post("/account/applications/withdraw", &form).await;
        assert_eq!(answer.location(), "/account");
    }
    let form = [("application", beans.id.as_str())];
    for _ in 0..2 {
        let answer = browser.post("/account/applications/withdraw", &form).await;
        assert_eq!(
            (answer.status.as_u16(), answer.location()),
            (303, "/account")
        );
    }
    assert!(!browser.get("/account").await.body.contains("Applications"));
    assert_eq!(userinfo(&world, &access).await.status, 401);
    let refresh = tokens.text("refresh_token");
    for token in [&access, &refresh] {
        let told = beans.client().introspect(token).await;
        assert_eq!(told, json!({"active": false}));
    }
    let refused = beans.client().refresh(&refresh).await;
    refused.refused(400, "invalid_grant");
    let page = browser.authorize(&beans.request("openid", &[])).await;
    assert!(page.body.contains("Allow access?"));
    let others = others.text("access_token");
    assert_eq!(userinfo(&world, &others).await.status, 200, "hers stays");
}

#[tokio::test]
async fn every_answer_is_on_record() {
    let world = World::new().await;
    let beans = Foreign::beans(&world).await;
    let mut browser = customer(&world).await;
    let before = kinds(&world).await.len();
    let page = browser.authorize(&beans.request("openid", &[])).await;
    says(&mut browser, &page, "deny").await;
    beans.allowed(&mut browser, "openid email").await;
    browser.authorize(&beans.request("openid", &[])).await;
    let form = [("application", beans.id.as_str())];
    browser.post("/account/applications/withdraw", &form).await;
    let rows: Vec<(String, Option<String>, Option<String>)> = sqlx::query_as(
        "select kind, client_id, detail from audit where position > $1 order by position",
    )
    .bind(i64::try_from(before).expect("few"))
    .fetch_all(&world.app.db)
    .await
    .expect("the audit");
    let row = |kind: &str, detail: Option<&str>| {
        let detail = detail.map(str::to_owned);
        (kind.to_owned(), Some(beans.id.clone()), detail)
    };
    assert_eq!(
        rows,
        [
            row("consent_refused", Some("openid")),
            row("consent_given", Some("email openid")),
            row("code_issued", None),
            row("code_issued", None),
            row("consent_withdrawn", None),
        ]
    );
    assert_eq!(flaw(&world).await, None);
}

#[tokio::test]
async fn the_export_has_it_and_the_end_of_the_account_ends_it() {
    let world = World::new().await;
    let beans = Foreign::beans(&world).await;
    ada::registers(&world).await;
    mail(&world).await;
    let mut browser = ada::signs_in(&world).await;
    let tokens = beans.tokens(&mut browser, "openid").await;
    let data = browser.get("/account/export").await.json();
    let allowed = &data["applications_with_access"];
    assert_eq!(allowed[0]["application"], json!(beans.id));
    assert_eq!(allowed[0]["name"], "Beans & Co");
    assert_eq!(allowed[0]["may"], "openid");
    assert_eq!(allowed[1], json!(null));
    let form = [("password", ada::PASSWORD)];
    let answer = browser.post("/account/delete", &form).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let left: i64 = sqlx::query_scalar("select count(*) from consents")
        .fetch_one(&world.app.db)
        .await
        .expect("a count");
    assert_eq!(left, 0);
    let refused = beans.client().refresh(&tokens.text("refresh_token")).await;
    refused.refused(400, "invalid_grant");
}
