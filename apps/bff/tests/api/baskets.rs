//! Baskets: of a browser and of a person, two tabs, the way from the one to the other at sign-in, a store that is away.

use axum::http::{Method, Request, StatusCode, header};
use bff::shelf::BASKET_KEPT;
use serde_json::{Value, json};
use testkit::APP_TOKEN;

use crate::browser::{Answer, Browser};
use crate::identity::PERSON;
use crate::stage::Stage;

const COOKIE: &str = "__Host-crema-basket";
const PATH: &str = "/api/basket";
/// The header and its value of a first write.
const NEW: (&str, &str) = ("if-none-match", "*");

fn id(number: u32) -> String {
    format!("0190a000-0000-7000-8000-{number:012}")
}

fn line(variation: u32, quantity: u32) -> Value {
    json!({ "variation_id": id(variation), "quantity": quantity, "option_ids": [] })
}

fn basket(store: u32, lines: &[Value]) -> Value {
    json!({ "store_id": id(store), "lines": lines })
}

async fn put(browser: &mut Browser, on: (&str, &str), basket: &Value) -> Answer {
    let body = basket.to_string();
    browser.send(Method::PUT, PATH, &[on], &body).await
}

/// Fills a basket that is not there yet; its tag.
async fn filled(browser: &mut Browser, basket: &Value) -> String {
    let answer = put(browser, NEW, basket).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    assert_eq!(&answer.json(), basket);
    answer.header("etag").to_owned()
}

fn of_person() -> String {
    format!("basket-of-{PERSON}")
}

#[tokio::test]
async fn a_browser_has_a_basket_that_only_its_cookie_opens() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    let empty = browser.get(PATH).await;
    assert_eq!(empty.status, StatusCode::OK);
    assert_eq!(empty.json(), json!({ "store_id": null, "lines": [] }));
    assert_eq!(
        (empty.header("etag"), empty.header("cache-control")),
        ("", "no-store")
    );
    assert!(browser.cookies.is_empty(), "who only looks gets no cookie");

    let wish = basket(1, &[line(11, 2)]);
    let tag = filled(&mut browser, &wish).await;
    assert!(
        tag.starts_with('"') && tag.ends_with('"') && tag.len() > 8,
        "{tag}"
    );
    let cookie = browser.cookies[COOKIE].clone();
    assert_eq!(cookie.len(), 43, "256 bits");
    let month = 30 * 24 * 3600;
    let attributes = format!("Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={month}");
    assert_eq!(
        browser.set_cookies,
        [format!("{COOKIE}={cookie}; {attributes}")]
    );
    let again = browser.get(PATH).await;
    assert_eq!((again.json(), again.header("etag")), (wish, tag.as_str()));
    for (key, row) in stage.durable.rows() {
        assert!(!key.contains(&cookie), "{key}");
        assert_eq!(row.ttl, Some(BASKET_KEPT));
    }
    assert_eq!(BASKET_KEPT.as_secs(), month);

    let mut other = stage.browser();
    assert_eq!(other.get(PATH).await.json()["lines"], json!([]));
    other.cookies.insert(COOKIE.into(), "A".repeat(43));
    assert_eq!(other.get(PATH).await.json()["lines"], json!([]));
}

#[tokio::test]
async fn of_two_tabs_the_slower_one_is_told() {
    let stage = Stage::set().await;
    let mut one = stage.browser();
    let first = filled(&mut one, &basket(1, &[line(11, 1)])).await;
    let mut other = one.clone();
    assert_eq!(other.get(PATH).await.header("etag"), first);

    let theirs = basket(1, &[line(11, 2)]);
    let written = put(&mut one, ("if-match", &first), &theirs).await;
    assert_eq!(written.status, StatusCode::OK);
    let second = written.header("etag").to_owned();
    assert_ne!(first, second);
    for stale in [
        first.as_str(),
        "\"0\"",
        "\"\"",
        "",
        "no tag",
        "W/\"x\"",
        "*",
    ] {
        let answer = put(&mut other, ("if-match", stale), &basket(1, &[line(12, 1)])).await;
        let told = (answer.status, answer.problem(), answer.header("etag"));
        let expected = (
            StatusCode::PRECONDITION_FAILED,
            "stale-version".into(),
            &*second,
        );
        assert_eq!(told, expected, "{stale}");
    }
    let answer = put(&mut other, NEW, &basket(1, &[line(12, 1)])).await;
    assert_eq!(answer.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(answer.header("etag"), second);
    assert_eq!(other.get(PATH).await.json(), theirs);

    let both = basket(1, &[line(11, 2), line(12, 1)]);
    let answer = put(&mut other, ("if-match", &second), &both).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, both));
    // Each write keeps it for another month, on both sides.
    let cookies = one.set_cookies.len() + other.set_cookies.len();
    assert_eq!(cookies, 1 + 1 + 1 + 1, "{:?}", other.set_cookies);
}

#[tokio::test]
async fn a_write_has_to_say_what_it_rests_on() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    let wish = basket(1, &[line(11, 1)]).to_string();
    let known = [("if-none-match", "\"x\"")];
    for headers in [&[][..], &known[..]] {
        for method in [Method::PUT, Method::DELETE] {
            let body = if method == Method::PUT { &*wish } else { "" };
            let answer = browser.send(method, PATH, headers, body).await;
            let told = (answer.status, answer.problem());
            let expected = (
                StatusCode::PRECONDITION_REQUIRED,
                "precondition-required".into(),
            );
            assert_eq!(told, expected);
        }
    }
    // Who has no basket has seen none.
    let answer = browser
        .send(Method::PUT, PATH, &[("if-match", "\"x\"")], &wish)
        .await;
    assert_eq!(
        (answer.status, answer.header("etag")),
        (StatusCode::PRECONDITION_FAILED, "")
    );
    assert!(stage.durable.rows().is_empty() && browser.cookies.is_empty());
}

#[tokio::test]
async fn a_basket_is_emptied_by_who_has_seen_it() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    let first = filled(&mut browser, &basket(1, &[line(11, 1)])).await;
    let second = put(
        &mut browser,
        ("if-match", &first),
        &basket(1, &[line(11, 2)]),
    )
    .await;
    let second = second.header("etag").to_owned();
    let remove = async |browser: &mut Browser, tag: &str| {
        let on = [("if-match", tag)];
        browser.send(Method::DELETE, PATH, &on, "").await
    };
    for empty in ["\"\"", ""] {
        let answer = remove(&mut browser, empty).await;
        assert_eq!(answer.status, StatusCode::PRECONDITION_FAILED, "{empty}");
    }
    let late = remove(&mut browser, &first).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(
        (late.problem(), late.header("etag")),
        ("stale-version".into(), &*second)
    );
    assert_eq!(
        remove(&mut browser, &second).await.status,
        StatusCode::NO_CONTENT
    );
    assert!(stage.durable.rows().is_empty());
    assert_eq!(browser.get(PATH).await.header("etag"), "");
    // Once more: there is nothing that could have been seen.
    let again = remove(&mut browser, &second).await;
    assert_eq!(
        (again.status, again.header("etag")),
        (StatusCode::PRECONDITION_FAILED, "")
    );
    // The next one is the same browser's.
    let cookie = browser.cookies[COOKIE].clone();
    filled(&mut browser, &basket(1, &[line(11, 1)])).await;
    assert_eq!(browser.cookies[COOKIE], cookie);
}

#[tokio::test]
async fn a_basket_has_bounds() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    let with = |name: &str, value: Value| {
        let mut line = line(11, 1);
        line[name] = value;
        basket(1, &[line])
    };
    let options = |count: u32| Value::from((0..count).map(id).collect::<Vec<_>>());
    let mut twice = [line(11, 1), line(11, 2)];
    twice[0]["option_ids"] = json!([id(1), id(2)]);
    twice[1]["option_ids"] = json!([id(2), id(1)]);
    let many: Vec<_> = (0..51).map(|number| line(number, 1)).collect();
    for bad in [
        basket(1, &[]),
        basket(1, &many),
        basket(1, &twice),
        with("quantity", json!(0)),
        with("quantity", json!(-1)),
        with("quantity", json!(100)),
        with("quantity", json!(1.5)),
        with("variation_id", json!("latte")),
        with("option_ids", options(51)),
        with("option_ids", json!(["oat"])),
        with("price", json!({ "amount": 1, "currency": "EUR" })),
        json!({ "lines": [line(11, 1)] }),
        json!({ "store_id": null, "lines": [line(11, 1)] }),
        json!([]),
    ] {
        let answer = put(&mut browser, NEW, &bad).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{bad}: {answer:?}"
        );
    }
    let huge = "[".repeat(70_000);
    let answer = browser.send(Method::PUT, PATH, &[NEW], &huge).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(stage.durable.rows().is_empty());
    filled(&mut browser, &with("option_ids", options(50))).await;
}

#[tokio::test]
async fn another_sites_page_does_not_touch_it() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    let wish = basket(1, &[line(11, 1)]);
    let tag = filled(&mut browser, &wish).await;
    let foreign = [("sec-fetch-site", "cross-site"), ("if-match", &*tag)];
    for method in [Method::GET, Method::DELETE] {
        let answer = browser.ask(method, PATH, &foreign, "".into()).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (StatusCode::FORBIDDEN, "cross-site".into())
        );
    }
    let bare = [("sec-fetch-site", "same-origin"), ("if-match", &*tag)];
    let answer = browser.ask(Method::DELETE, PATH, &bare, "".into()).await;
    assert_eq!(answer.problem(), "request-header-missing");
    assert_eq!(browser.get(PATH).await.json(), wish);
}

#[tokio::test]
async fn it_becomes_the_persons_own_at_sign_in_and_adds_up() {
    let stage = Stage::set().await;
    // On another device, some time ago.
    let mut phone = stage.signed_in().await;
    filled(&mut phone, &basket(1, &[line(11, 2), line(12, 98)])).await;
    assert!(!phone.cookies.contains_key(COOKIE));

    let mut desk = stage.browser();
    filled(&mut desk, &basket(1, &[line(12, 5), line(13, 1)])).await;
    stage.sign_in(&mut desk, "/").await;
    assert!(!desk.cookies.contains_key(COOKIE), "nothing is left of it");
    let both = basket(1, &[line(11, 2), line(12, 99), line(13, 1)]);
    for browser in [&mut desk, &mut phone] {
        assert_eq!(browser.get(PATH).await.json(), both);
    }
    let rows = stage.durable.rows();
    assert_eq!(rows.keys().collect::<Vec<_>>(), [&of_person()]);
    assert_eq!(rows[&of_person()].ttl, Some(BASKET_KEPT));

    // Signed out, the browser has none; the person's waits.
    let out = desk.send(Method::DELETE, "/api/session", &[], "").await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert_eq!(desk.get(PATH).await.json()["lines"], json!([]));
}

#[tokio::test]
async fn of_two_stores_the_one_that_was_brought_wins() {
    let stage = Stage::set().await;
    let mut phone = stage.signed_in().await;
    filled(&mut phone, &basket(1, &[line(11, 2)])).await;
    let mut desk = stage.browser();
    let brought = basket(2, &[line(11, 1)]);
    filled(&mut desk, &brought).await;
    stage.sign_in(&mut desk, "/").await;
    assert_eq!(phone.get(PATH).await.json(), brought);
}

#[tokio::test]
async fn whoever_is_faster_at_a_sign_in_loses_nothing_by_it() {
    let stage = Stage::set().await;
    let mut desk = stage.browser();
    let brought = basket(1, &[line(11, 1)]);
    filled(&mut desk, &brought).await;
    stage.durable.conflict(3);
    stage.sign_in(&mut desk, "/").await;
    assert!(!desk.cookies.contains_key(COOKIE));
    assert_eq!(desk.get(PATH).await.json(), brought);

    // More often than is tried: it stays as it was, and the page's first look pours it.
    let mut desk = stage.browser();
    filled(&mut desk, &basket(1, &[line(12, 1)])).await;
    stage.durable.conflict(4);
    stage.sign_in(&mut desk, "/").await;
    assert!(desk.cookies.contains_key(COOKIE));
    let both = basket(1, &[line(11, 1), line(12, 1)]);
    assert_eq!(desk.get(PATH).await.json(), both);
    assert!(!desk.cookies.contains_key(COOKIE));
    assert_eq!(desk.get(PATH).await.json(), both, "poured once");
}

#[tokio::test]
async fn a_store_that_is_away_keeps_nobody_from_signing_in() {
    let stage = Stage::set().await;
    let mut desk = stage.browser();
    let brought = basket(1, &[line(11, 1)]);
    let tag = filled(&mut desk, &brought).await;
    stage.durable.set_away(true);
    let on = [("if-match", &*tag)];
    for answer in [
        desk.get(PATH).await,
        put(&mut desk, on[0], &brought).await,
        desk.send(Method::DELETE, PATH, &on, "").await,
    ] {
        let told = (answer.status, answer.problem());
        assert_eq!(
            told,
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable".into())
        );
        assert!(!answer.header("retry-after").is_empty());
    }
    stage.sign_in(&mut desk, "/").await;
    assert!(
        desk.cookies.contains_key(COOKIE),
        "it is still to be poured"
    );
    assert_eq!(desk.get(PATH).await.status, StatusCode::SERVICE_UNAVAILABLE);
    stage.durable.set_away(false);
    assert_eq!(desk.get(PATH).await.json(), brought);
    assert!(!desk.cookies.contains_key(COOKIE));
}

#[tokio::test]
async fn a_session_that_ended_opens_no_persons_basket() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    filled(&mut browser, &basket(1, &[line(11, 1)])).await;
    let mut ghost = browser.clone();
    browser.send(Method::DELETE, "/api/session", &[], "").await;
    assert_eq!(ghost.get(PATH).await.json()["lines"], json!([]));
}

#[tokio::test]
async fn what_can_not_be_read_counts_as_empty_and_can_be_written_over() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    stage.durable.plant(&of_person(), b"from another time");
    let found = browser.get(PATH).await;
    assert_eq!(found.json()["lines"], json!([]));
    let tag = found.header("etag").to_owned();
    let wish = basket(1, &[line(11, 1)]);
    assert_eq!(
        put(&mut browser, ("if-match", &tag), &wish).await.json(),
        wish
    );
}

#[tokio::test]
async fn what_is_kept_of_a_person_goes_with_the_account() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    filled(&mut browser, &basket(1, &[line(11, 1)])).await;
    let favourite = json!({ "items": [{ "name": "Usual", "store_id": id(1), "variation_id": id(11), "option_ids": [] }] });
    let body = favourite.to_string();
    let written = browser.send(Method::PUT, "/api/favourites", &[NEW], &body);
    assert_eq!(written.await.status, StatusCode::CREATED);
    stage.durable.plant("basket-of-somebody-else", b"{}");

    let sample = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../identity/events/user.deleted.v1.json"
    );
    let sample = std::fs::read_to_string(sample).expect("identity's golden sample");
    let tell = async |kind: &str| {
        let mut event: Value = serde_json::from_str(&sample).expect("JSON");
        event["type"] = json!(kind);
        event["data"]["user_id"] = json!(PERSON);
        let request = Request::post("/events/account")
            .header("dapr-api-token", APP_TOKEN)
            .header(header::CONTENT_TYPE, "application/cloudevents+json")
            .body(event.to_string().into())
            .expect("a request");
        stage.sidecar_calls(request).await.0
    };
    assert_eq!(tell("user.updated.v1").await, StatusCode::NO_CONTENT);
    assert_eq!(stage.durable.rows().len(), 3, "an account that stays");
    stage.durable.set_away(true);
    assert_eq!(
        tell("user.deleted.v1").await,
        StatusCode::SERVICE_UNAVAILABLE
    );
    stage.durable.set_away(false);
    for _ in 0..2 {
        assert_eq!(tell("user.deleted.v1").await, StatusCode::NO_CONTENT);
        let rows = stage.durable.rows();
        assert_eq!(rows.keys().collect::<Vec<_>>(), ["basket-of-somebody-else"]);
    }
}
