//! The second factor: setting it up, signing in with it, doing without it.

use chrono::TimeDelta;
use data_encoding::BASE32_NOPAD;
use http::header;
use identity::role::Role;
use identity::second_factor::Policy;
use identity::store;
use identity::totp::Secret;
use uuid::Uuid;

use crate::ada::{self, PASSWORD, mail};
use crate::callers::{Browser, authorization, encode};
use crate::world::{Answer, World};

/// The secret that a page shows.
fn secret_on(page: &Answer) -> Secret {
    let (_, rest) = page
        .body
        .split_once(r#"<code class="secret""#)
        .expect("a secret");
    let text = rest
        .split(['>', '<'])
        .nth(1)
        .expect("its text")
        .replace(' ', "");
    Secret::from_bytes(BASE32_NOPAD.decode(text.as_bytes()).expect("base32"))
}

/// The recovery codes that a page shows.
pub fn codes_on(page: &Answer) -> Vec<String> {
    let items = page.body.split("<li><code>").skip(1);
    items
        .map(|rest| rest.split('<').next().expect("a code").to_owned())
        .collect()
}

pub fn next_step(world: &World) {
    world.clock.advance(TimeDelta::seconds(30));
}

/// Ada with a second factor: its secret and her recovery codes.
pub async fn with_factor(world: &World) -> (Secret, Vec<String>) {
    ada::registers(world).await;
    mail(world).await;
    let mut browser = ada::signs_in(world).await;
    let answer = browser.post("/account/security/begin", &[]).await;
    assert_eq!(answer.location(), "/account/security/set-up");
    let page = browser.get(answer.location()).await;
    assert!(page.body.contains("<svg class=\"qr\""), "{}", page.body);
    let secret = secret_on(&page);
    let form = [("code", secret.code(world.clock.now()))];
    let form = form.each_ref().map(|(name, code)| (*name, code.as_str()));
    let page = browser.post("/account/security/set-up", &form).await;
    assert_eq!(page.status, 200, "{page:?}");
    (secret, codes_on(&page))
}

/// A browser in which she has given her password and waits for the second step.
pub async fn half_way(world: &World) -> Browser<'_> {
    let (browser, answer) = ada::gives(world, PASSWORD).await;
    assert_eq!(answer.location(), "/sign-in/code", "{answer:?}");
    browser
}

pub async fn step(browser: &mut Browser<'_>, code: &str) -> u16 {
    let answer = browser.post("/sign-in/code", &[("code", code)]).await;
    answer.status.as_u16()
}

pub async fn is_in(browser: &Browser<'_>) -> bool {
    browser
        .authorize(&authorization())
        .await
        .sent("code")
        .is_some()
}

#[tokio::test]
async fn with_one_a_password_is_not_enough() {
    let world = World::new().await;
    let (secret, codes) = with_factor(&world).await;
    assert_eq!(codes.len(), 10);
    assert_eq!(
        mail(&world).await[0].letter.subject,
        "Signing in now takes a second step"
    );
    next_step(&world);
    let back = format!("/oauth2/authorize?{}", encode(&authorization()));
    let mut browser = world.browser();
    let form = [
        ("email", ada::ADDRESS),
        ("password", PASSWORD),
        ("return", &back),
    ];
    let answer = browser.post("/sign-in", &form).await;
    let page = answer.location().to_owned();
    assert!(page.starts_with("/sign-in/code?return="), "{page}");
    assert!(!is_in(&browser).await);
    assert_eq!(browser.get("/account").await.status, 303);
    assert!(
        browser
            .get(&page)
            .await
            .body
            .contains(r#"autocomplete="one-time-code""#)
    );

    let waiting = browser.cookie.clone();
    assert_eq!(step(&mut browser, "000000").await, 422);
    assert!(!is_in(&browser).await);
    let code = secret.code(world.clock.now());
    let form = [("code", code.as_str()), ("return", &back)];
    let answer = browser.post("/sign-in/code", &form).await;
    assert_eq!(answer.location(), back);
    assert_ne!(browser.cookie, waiting, "a new cookie for a new standing");
    assert!(is_in(&browser).await);
    let mut stale = world.browser();
    stale.cookie = waiting;
    assert!(!is_in(&stale).await);
    next_step(&world);
    assert_eq!(step(&mut stale, &secret.code(world.clock.now())).await, 303);
    assert!(
        !is_in(&stale).await,
        "what has become a session waits no more"
    );
}

#[tokio::test]
async fn each_code_is_good_once() {
    let world = World::new().await;
    let (secret, _) = with_factor(&world).await;
    let used = secret.code(world.clock.now());
    let mut browser = half_way(&world).await;
    assert_eq!(step(&mut browser, &used).await, 422, "it set the factor up");
    next_step(&world);
    let code = secret.code(world.clock.now());
    assert_eq!(step(&mut browser, &code).await, 303);
    let mut thief = half_way(&world).await;
    assert_eq!(step(&mut thief, &code).await, 422);
    assert!(is_in(&browser).await && !is_in(&thief).await);
}

#[tokio::test]
async fn each_recovery_code_is_good_once() {
    let world = World::new().await;
    let (_, codes) = with_factor(&world).await;
    let typed = codes[3].to_uppercase().replace('-', " ");
    let mut browser = half_way(&world).await;
    assert_eq!(step(&mut browser, &typed).await, 303);
    assert!(is_in(&browser).await);
    let mut again = half_way(&world).await;
    assert_eq!(step(&mut again, &codes[3]).await, 422);
    assert_eq!(step(&mut again, &codes[4]).await, 303);
    let page = again.get("/account/security").await;
    assert!(
        page.body.contains("Recovery codes left: 8."),
        "{}",
        page.body
    );
    let form = [("code", codes[5].as_str())];
    let page = again.post("/account/security/recovery-codes", &form).await;
    let fresh = codes_on(&page);
    assert_eq!(fresh.len(), 10);
    let mut third = half_way(&world).await;
    assert_eq!(step(&mut third, &codes[6]).await, 422, "an old one");
    assert_eq!(step(&mut third, &fresh[0]).await, 303);
}

#[tokio::test]
async fn after_five_wrong_codes_none_is_looked_at_for_a_while() {
    let world = World::new().await;
    let (secret, codes) = with_factor(&world).await;
    next_step(&world);
    let mut browser = half_way(&world).await;
    for _ in 0..5 {
        assert_eq!(step(&mut browser, "000000").await, 422);
    }
    let code = secret.code(world.clock.now());
    let answer = browser.post("/sign-in/code", &[("code", &code)]).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.headers[header::RETRY_AFTER], "30");
    assert_eq!(step(&mut browser, &codes[0]).await, 429);
    let mut elsewhere = half_way(&world).await;
    assert_eq!(
        step(&mut elsewhere, &code).await,
        429,
        "it is the account that waits"
    );
    next_step(&world);
    assert_eq!(
        step(&mut browser, &secret.code(world.clock.now())).await,
        303
    );
    let mut browser = half_way(&world).await;
    assert_eq!(
        step(&mut browser, "000000").await,
        422,
        "the count begins anew"
    );
}

#[tokio::test]
async fn a_half_sign_in_waits_ten_minutes() {
    let world = World::new().await;
    let (secret, _) = with_factor(&world).await;
    let mut browser = half_way(&world).await;
    world.clock.advance(TimeDelta::minutes(10));
    let code = secret.code(world.clock.now());
    let answer = browser.post("/sign-in/code", &[("code", &code)]).await;
    assert_eq!(answer.location(), "/sign-in");
    assert!(!is_in(&browser).await);
}

#[tokio::test]
async fn staff_set_one_up_before_they_get_anywhere() {
    let world = World::with(Policy::RequiredForStaff).await;
    ada::registers(&world).await;
    ada::signs_in(&world).await;
    let mut db = world.app.db.acquire().await.expect("a connection");
    let ada = ada::id(&world).await;
    let employed = store::people::employ(&mut db, ada, Uuid::nil(), Role::Barista).await;
    employed.expect("a place");

    let (mut browser, answer) = ada::gives(&world, PASSWORD).await;
    assert_eq!(answer.location(), "/sign-in/second-factor");
    assert!(!is_in(&browser).await);
    let page = browser.get("/sign-in/second-factor").await;
    let secret = secret_on(&page);
    let code = secret.code(world.clock.now());
    let early = browser.post("/sign-in/code", &[("code", &code)]).await;
    assert_eq!(early.location(), "/sign-in/second-factor");
    let wrong = browser.post("/sign-in/second-factor", &[("code", "000000")]);
    assert_eq!(wrong.await.status, 422);
    assert!(!is_in(&browser).await);
    let answer = browser
        .post("/sign-in/second-factor", &[("code", &code)])
        .await;
    assert_eq!(codes_on(&answer).len(), 10);
    assert!(is_in(&browser).await);

    next_step(&world);
    let code = secret.code(world.clock.now());
    let answer = browser
        .post("/account/security/remove", &[("code", &code)])
        .await;
    assert_eq!(answer.status, 422, "she can't do without it");
    let (_, answer) = ada::gives(&world, PASSWORD).await;
    assert_eq!(answer.location(), "/sign-in/code");
}

#[tokio::test]
async fn a_password_alone_sets_up_no_other_one() {
    let world = World::with(Policy::RequiredForStaff).await;
    let (secret, _) = with_factor(&world).await;
    next_step(&world);
    let mut thief = half_way(&world).await;
    let page = thief.get("/sign-in/second-factor").await;
    assert_eq!(page.location(), "/sign-in/code");
    assert!(!page.body.contains("secret"));
    let code = secret.code(world.clock.now());
    let answer = thief
        .post("/sign-in/second-factor", &[("code", &code)])
        .await;
    assert_eq!(answer.location(), "/sign-in/code");
    for path in ["/account/security/begin", "/account/security/remove"] {
        let answer = thief.post(path, &[("code", &code)]).await;
        assert!(answer.location().starts_with("/sign-in?"), "{path}");
    }
    assert!(!is_in(&thief).await);
}

#[tokio::test]
async fn it_is_given_up_with_a_code_of_its_own() {
    let world = World::new().await;
    let (secret, _) = with_factor(&world).await;
    mail(&world).await;
    next_step(&world);
    let mut browser = half_way(&world).await;
    step(&mut browser, &secret.code(world.clock.now())).await;
    let shown = browser.get("/account/security/set-up").await;
    assert_eq!(
        shown.location(),
        "/account/security",
        "the secret is not shown again"
    );
    let remove = "/account/security/remove";
    assert_eq!(
        browser.post(remove, &[("code", "000000")]).await.status,
        422
    );
    next_step(&world);
    let code = secret.code(world.clock.now());
    let answer = browser.post(remove, &[("code", &code)]).await;
    assert_eq!(answer.location(), "/account/security");
    assert_eq!(
        mail(&world).await[0].letter.subject,
        "Signing in takes no second step any more"
    );
    ada::signs_in(&world).await;
}

#[tokio::test]
async fn neither_secret_nor_codes_can_be_read_from_the_database() {
    let world = World::new().await;
    let (secret, codes) = with_factor(&world).await;
    let stored: Vec<u8> = sqlx::query_scalar("select secret from second_factors")
        .fetch_one(&world.app.db)
        .await
        .expect("a factor");
    let plain = secret.to_bytes();
    assert_eq!(stored.len(), 12 + 20 + 16, "nonce, secret, tag");
    assert!(!stored.windows(8).any(|window| window == &plain[..8]));
    let hashes: Vec<Vec<u8>> = sqlx::query_scalar("select hash from recovery_codes")
        .fetch_all(&world.app.db)
        .await
        .expect("codes");
    let first = identity::opaque::hash(&codes[0].replace('-', "")).to_vec();
    assert!(hashes.len() == 10 && hashes.contains(&first));
}
