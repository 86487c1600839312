//! Signing in.

use http::header;
use identity::paths::SHOP;
use identity::store::sessions;

use crate::callers::{authorization, encode};
use crate::world::World;

const ADDRESS: &str = "ada@example.com";
const PASSWORD: &str = "punched cards";

async fn with_ada() -> World {
    let world = World::new().await;
    let form = [("name", "Ada"), ("email", ADDRESS), ("password", PASSWORD)];
    assert_eq!(world.browser().post("/register", &form).await.status, 303);
    world
}

#[tokio::test]
async fn a_sign_in_sets_a_cookie_that_stays_with_its_host() {
    let world = with_ada().await;
    let mut browser = world.browser();
    let answer = browser
        .post(
            "/sign-in",
            &[("email", " ADA@example.com "), ("password", PASSWORD)],
        )
        .await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.location(), SHOP);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    let cookie = answer.headers[header::SET_COOKIE].to_str().expect("text");
    let (value, attributes) = cookie.split_once("; ").expect("attributes");
    assert_eq!(value.len(), "__Host-crema-id=".len() + 43);
    assert_eq!(
        attributes,
        "Path=/; Max-Age=43200; Secure; HttpOnly; SameSite=Lax"
    );
    let page = browser.get("/sign-in").await;
    assert!(
        page.body.contains("signed in as <strong>Ada</strong>"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn an_unknown_account_and_a_wrong_password_look_alike() {
    let world = with_ada().await;
    let mut answers = Vec::new();
    for (email, password) in [
        (ADDRESS, "wrong"),
        (ADDRESS, ""),
        ("bob@example.com", PASSWORD),
        ("no address", PASSWORD),
        ("", ""),
    ] {
        let form = [("email", email), ("password", password)];
        let answer = world.browser().post("/sign-in", &form).await;
        assert_eq!(answer.status, 422);
        assert!(!answer.headers.contains_key(header::SET_COOKIE));
        let typed = format!(r#"value="{email}""#);
        answers.push((
            answer.headers,
            answer.body.replacen(&typed, r#"value="""#, 1),
        ));
    }
    assert!(answers.windows(2).all(|pair| pair[0].1 == pair[1].1));
    let names = |headers: &http::HeaderMap| headers.keys().cloned().collect::<Vec<_>>();
    assert!(
        answers
            .windows(2)
            .all(|pair| names(&pair[0].0) == names(&pair[1].0))
    );
}

#[tokio::test]
async fn a_form_must_come_from_our_own_page() {
    let world = with_ada().await;
    let mut browser = world.browser();
    for origin in [
        None,
        Some("null"),
        Some("https://evil.example"),
        Some("https://localhost:8444"),
    ] {
        browser.origin = origin.map(str::to_owned);
        let answer = browser
            .post("/sign-in", &[("email", ADDRESS), ("password", PASSWORD)])
            .await;
        assert_eq!(answer.status, 403, "{origin:?}");
        assert_eq!(browser.cookie, None);
    }
}

#[tokio::test]
async fn no_link_to_the_page_leads_elsewhere() {
    let world = with_ada().await;
    let mut browser = world.browser();
    for elsewhere in [
        "https://evil.example/",
        "//evil.example/oauth2/authorize?",
        "/\\evil.example",
        "https:evil.example",
        "/",
        "/orders",
        "/oauth2/authorize?x\r\nSet-Cookie: a=b",
    ] {
        let page = browser
            .get(&format!("/sign-in?{}", encode(&[("return", elsewhere)])))
            .await;
        assert_eq!(page.status, 400, "{elsewhere:?}");
        let form = [
            ("email", ADDRESS),
            ("password", PASSWORD),
            ("return", elsewhere),
        ];
        let answer = browser.post("/sign-in", &form).await;
        assert_eq!(answer.status, 400, "{elsewhere:?}");
        assert!(!answer.headers.contains_key(header::LOCATION));
    }
    let twice = encode(&[
        ("return", "/oauth2/authorize?a"),
        ("return", "/oauth2/authorize?b"),
    ]);
    assert_eq!(browser.get(&format!("/sign-in?{twice}")).await.status, 400);
}

#[tokio::test]
async fn a_new_sign_in_ends_the_old_one() {
    let world = with_ada().await;
    let mut browser = world.browser();
    let form = [("email", ADDRESS), ("password", PASSWORD)];
    browser.post("/sign-in", &form).await;
    let tokens = world.bff().redeem(&browser.code().await).await;
    let old = browser.cookie.clone();
    browser.post("/sign-in", &form).await;
    assert_ne!(browser.cookie, old);
    let mut stale = world.browser();
    stale.cookie = old;
    assert!(
        stale
            .authorize(&authorization())
            .await
            .location()
            .starts_with("/sign-in?")
    );
    let exchanged = world
        .bff()
        .exchange(&tokens.text("access_token"), "order")
        .await;
    exchanged.refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_planted_cookie_is_not_taken_over() {
    let world = with_ada().await;
    let planted = "__Host-crema-id=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let mut browser = world.browser();
    browser.cookie = Some(planted.to_owned());
    browser
        .post("/sign-in", &[("email", ADDRESS), ("password", PASSWORD)])
        .await;
    assert_ne!(browser.cookie.as_deref(), Some(planted));
}

#[tokio::test]
async fn what_is_stored_opens_nothing() {
    let world = with_ada().await;
    let mut browser = world.browser();
    browser
        .post("/sign-in", &[("email", ADDRESS), ("password", PASSWORD)])
        .await;
    let stored: Vec<u8> = sqlx::query_scalar("select cookie from sessions")
        .fetch_one(&world.app.db)
        .await
        .expect("a session");
    let hash = <[u8; 32]>::try_from(stored).expect("a hash");
    let mut db = world.app.db.acquire().await.expect("a connection");
    let found = sessions::by_cookie(&mut db, &hash, world.clock.now()).await;
    assert!(found.expect("a query").is_some());
    let cookie = browser.cookie.expect("a cookie");
    let cookie = cookie.split_once('=').expect("a value").1;
    assert_eq!(identity::opaque::hash(cookie), hash);
    let password: String = sqlx::query_scalar("select password_hash from people")
        .fetch_one(&world.app.db)
        .await
        .expect("a person");
    assert!(
        password.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && !password.contains(PASSWORD)
    );
}

#[tokio::test]
async fn the_page_works_under_the_strictest_policy() {
    let world = World::new().await;
    let page = world.browser().get("/sign-in").await;
    let policy = page.headers[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .expect("text");
    assert!(policy.starts_with("default-src 'none'; style-src 'self'; form-action 'self';"));
    assert!(page.body.contains(r#"<html lang="en">"#));
    for id in ["email", "password"] {
        assert!(page.body.contains(&format!(r#"<label for="{id}">"#)));
    }
    let css = world.browser().get("/identity.css").await;
    assert_eq!(css.status, 200);
    assert_eq!(css.headers[header::CONTENT_TYPE], "text/css; charset=utf-8");
    assert!(!css.body.contains("url("));
}
