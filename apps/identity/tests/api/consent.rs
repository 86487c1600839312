//! How people are asked what a client of another company may, and what their answers are worth.

use chrono::TimeDelta;
use http::header;
use identity::role::Role;
use serde_json::json;

use crate::audit::kinds;
use crate::foreign::{BEANS, Foreign, customer, field, policy, registration_with, says};
use crate::world::{ISSUER, World};

#[tokio::test]
async fn a_person_is_asked_in_plain_words_and_by_name_and_address() {
    let world = World::new().await;
    let beans = Foreign::beans(&world).await;
    let browser = customer(&world).await;
    let page = browser.authorize(&beans.request("openid email", &[])).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");
    for text in [
        "Beans &amp; Co",
        "beans.example",
        "Ada",
        "see your e-mail address",
        "know you again",
        r#"value="allow""#,
        r#"value="deny""#,
    ] {
        assert!(page.body.contains(text), "{text} in {}", page.body);
    }
    assert!(!page.body.contains("see your name"), "{}", page.body);
    assert!(policy(&page).contains("form-action 'self' https://beans.example;"));
    assert!(!page.body.contains("href=\"https:"), "{}", page.body);
}

#[tokio::test]
async fn a_hostile_name_is_text() {
    let world = World::new().await;
    let operator = world.operator().await;
    let hostile = "<script>alert('1')</script>\"><b>Crema</b>";
    let said = registration_with("name", json!(hostile));
    let hostile = Foreign::of(&world, &operator, &said).await;
    let mut browser = customer(&world).await;
    let page = browser.authorize(&hostile.request("openid", &[])).await;
    says(&mut browser, &page, "allow").await;
    let account = browser.get("/account").await;
    for page in [page, account] {
        assert!(page.body.contains("&lt;script&gt;"), "{}", page.body);
        assert!(!page.body.contains("<script") && !page.body.contains("<b>"));
    }
}

#[tokio::test]
async fn what_is_allowed_is_remembered_and_more_is_asked_again() {
    let world = World::new().await;
    let beans = Foreign::beans(&world).await;
    let mut browser = customer(&world).await;
    let back = beans.allowed(&mut browser, "openid email").await;
    assert!(
        back.location().starts_with(&format!("{BEANS}?")),
        "{back:?}"
    );
    assert!(back.sent("code").is_some());
    assert_eq!(back.sent("state").as_deref(), Some("s-1"));
    assert_eq!(back.sent("iss").as_deref(), Some(ISSUER));

    for known in ["openid email", "email", "openid"] {
        let answer = browser.authorize(&beans.request(known, &[])).await;
        assert!(answer.sent("code").is_some(), "{known}");
    }
    let more = beans.request("openid profile", &[]);
    let page = browser.authorize(&more).await;
    assert!(
        says(&mut browser, &page, "allow")
            .await
            .sent("code")
            .is_some()
    );
    let all = beans.request("openid profile email", &[]);
    assert!(
        browser.authorize(&all).await.sent("code").is_some(),
        "together"
    );
    let again = beans.request("openid", &[("prompt", "consent")]);
    let page = browser.authorize(&again).await;
    assert!(
        says(&mut browser, &page, "allow")
            .await
            .sent("code")
            .is_some()
    );

    let another = customer(&world).await;
    let page = another.authorize(&beans.request("openid", &[])).await;
    assert!(
        page.body.contains("Allow access?"),
        "one person's, not all's"
    );
}

#[tokio::test]
async fn without_consent_prompt_none_shows_no_page() {
    let world = World::new().await;
    let beans = Foreign::beans(&world).await;
    let mut browser = customer(&world).await;
    let silent = beans.request("openid", &[("prompt", "none")]);
    let answer = browser.authorize(&silent).await;
    assert_eq!(answer.sent("error").as_deref(), Some("consent_required"));
    assert_eq!(answer.sent("state").as_deref(), Some("s-1"));
    beans.allowed(&mut browser, "openid").await;
    assert!(browser.authorize(&silent).await.sent("code").is_some());
    let more = beans.request("openid email", &[("prompt", "none")]);
    let answer = browser.authorize(&more).await;
    assert_eq!(answer.sent("error").as_deref(), Some("consent_required"));
    let nobody = world.browser().authorize(&silent).await;
    assert_eq!(nobody.sent("error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn who_denies_sends_the_client_away_and_is_asked_again() {
    let world = World::new().await;
    let beans = Foreign::beans(&world).await;
    let mut browser = customer(&world).await;
    let page = browser.authorize(&beans.request("openid", &[])).await;
    let answer = says(&mut browser, &page, "deny").await;
    assert!(answer.location().starts_with(&format!("{BEANS}?")));
    assert_eq!(answer.sent("error").as_deref(), Some("access_denied"));
    assert_eq!(answer.sent("state").as_deref(), Some("s-1"));
    assert_eq!(answer.sent("code"), None);
    let page = browser.authorize(&beans.request("openid", &[])).await;
    assert!(page.body.contains("Allow access?"));
}

#[tokio::test]
async fn our_own_clients_are_not_asked_about() {
    let world = World::new().await;
    let browser = customer(&world).await;
    browser.code().await;
    let mut again = crate::callers::authorization();
    again.push(("prompt", "consent"));
    assert!(browser.authorize(&again).await.sent("code").is_some());
}

#[tokio::test]
async fn an_answer_counts_for_its_request_and_its_session_alone() {
    let world = World::new().await;
    let beans = Foreign::beans(&world).await;
    let (mut ada, mut eve) = (customer(&world).await, customer(&world).await);
    let page = ada.authorize(&beans.request("openid", &[])).await;
    let (request, mark) = (field(&page, "request"), field(&page, "mark"));
    let more = request.replace("scope=openid", "scope=openid+email");
    let other_state = request.replace("s-1", "s-2");
    assert!(more != request && other_state != request);
    for (request, mark, answer) in [
        (&more, &*mark, "allow"),
        (&other_state, &mark, "allow"),
        (&request, "", "allow"),
        (&request, &mark[1..], "allow"),
        (&request, &mark, ""),
        (&request, &mark, "perhaps"),
    ] {
        let form = [("request", &**request), ("mark", mark), ("answer", answer)];
        let asked_again = ada.post("/consent", &form).await;
        assert_eq!(asked_again.status, 303);
        let there = asked_again.location().to_owned();
        assert_eq!(there, format!("/oauth2/authorize?{request}"));
        assert!(ada.get(&there).await.body.contains("Allow access?"));
    }
    let form = [
        ("request", &*request),
        ("mark", &*mark),
        ("answer", "allow"),
    ];
    let hers = eve.post("/consent", &form).await;
    assert!(
        hers.location().starts_with("/oauth2/authorize?"),
        "{hers:?}"
    );
    let nobody = world.browser().post("/consent", &form).await;
    assert!(nobody.location().starts_with("/oauth2/authorize?"));
    for elsewhere in ["", "\r\nx", "\\"] {
        let form = [("request", elsewhere), ("mark", &mark), ("answer", "allow")];
        let answer = ada.post("/consent", &form).await;
        assert!(!answer.headers.contains_key("set-cookie"));
        assert!(
            answer.status == 400 || answer.location() == "/oauth2/authorize?",
            "{answer:?}"
        );
    }
    assert!(!kinds(&world).await.contains(&"consent_given".to_owned()));
    assert!(says(&mut ada, &page, "allow").await.sent("code").is_some());
}

#[tokio::test]
async fn consent_outlives_the_sign_in() {
    let world = World::new().await;
    let beans = Foreign::beans(&world).await;
    let customer = world.person(Role::Customer, &[]).await;
    let mut first = world.signed_in(customer).await;
    beans.allowed(&mut first, "openid").await;
    world.clock.advance(TimeDelta::days(2));
    let later = world.signed_in(customer).await;
    let answer = later.authorize(&beans.request("openid", &[])).await;
    assert!(answer.sent("code").is_some(), "{answer:?}");
}
