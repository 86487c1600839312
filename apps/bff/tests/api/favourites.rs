//! Favourites: a person's alone, named, bounded, and changed by who has seen them.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::browser::{Answer, Browser};
use crate::stage::Stage;

const PATH: &str = "/api/favourites";
const NEW: (&str, &str) = ("if-none-match", "*");

fn favourite(name: &str) -> Value {
    let id = "0190a000-0000-7000-8000-0000000000aa";
    json!({ "name": name, "store_id": id, "variation_id": id, "option_ids": [id] })
}

async fn put(browser: &mut Browser, on: (&str, &str), items: &[Value]) -> Answer {
    let body = json!({ "items": items }).to_string();
    browser.send(Method::PUT, PATH, &[on], &body).await
}

#[tokio::test]
async fn a_person_keeps_choices_by_their_names() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    let none = browser.get(PATH).await;
    assert_eq!(
        (none.json(), none.header("etag")),
        (json!({ "items": [] }), "")
    );

    let two = [favourite("Poranna ☕"), favourite("Usual")];
    let first = put(&mut browser, NEW, &two).await;
    assert_eq!(
        (first.status, &first.json()["items"]),
        (StatusCode::CREATED, &json!(two))
    );
    let tag = first.header("etag").to_owned();
    let kept = stage.durable.rows();
    assert!(kept.values().all(|row| row.ttl.is_none()), "{kept:?}");

    // On another device, without the first: both ways are told.
    let mut other = stage.signed_in().await;
    assert_eq!(other.get(PATH).await.header("etag"), tag);
    let second = put(&mut other, ("if-match", &tag), &two[1..]).await;
    assert_eq!(
        (second.status, second.header("cache-control")),
        (StatusCode::OK, "no-store")
    );
    for on in [("if-match", tag.as_str()), NEW] {
        let late = put(&mut browser, on, &two).await;
        let told = (late.status, late.problem(), late.header("etag"));
        let refusal = (
            StatusCode::PRECONDITION_FAILED,
            "stale-version".into(),
            second.header("etag"),
        );
        assert_eq!(told, refusal);
    }
    let bare = browser.send(Method::PUT, PATH, &[], "{\"items\":[]}").await;
    assert_eq!(bare.status, StatusCode::PRECONDITION_REQUIRED);
    let last = put(&mut browser, ("if-match", second.header("etag")), &[]).await;
    assert_eq!(last.json(), json!({ "items": [] }));
}

#[tokio::test]
async fn nobody_else_has_any() {
    let stage = Stage::set().await;
    let mut visitor = stage.browser();
    for answer in [
        visitor.get(PATH).await,
        put(&mut visitor, NEW, &[favourite("Usual")]).await,
    ] {
        let told = (answer.status, answer.problem());
        assert_eq!(told, (StatusCode::UNAUTHORIZED, "not-signed-in".into()));
    }
    let mut browser = stage.signed_in().await;
    let mut ghost = browser.clone();
    browser.send(Method::DELETE, "/api/session", &[], "").await;
    for answer in [
        ghost.get(PATH).await,
        put(&mut ghost, NEW, &[favourite("Usual")]).await,
    ] {
        let told = (answer.status, answer.problem());
        assert_eq!(told, (StatusCode::UNAUTHORIZED, "session-ended".into()));
    }
    assert!(stage.durable.rows().is_empty());
}

#[tokio::test]
async fn they_have_bounds() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    let many = vec![favourite("Usual"); 51];
    let long = "ü".repeat(61);
    for bad in [
        &many[..],
        &[favourite("")],
        &[favourite("  ")],
        &[favourite(&long)],
        &[favourite("a\nb")],
        &[favourite("a\u{1b}[31mb")],
        &[json!({ "name": "Usual" })],
    ] {
        let answer = put(&mut browser, NEW, bad).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad:?}");
    }
    assert!(stage.durable.rows().is_empty());
    let most = put(&mut browser, NEW, &many[1..]).await;
    assert_eq!(most.status, StatusCode::CREATED, "{most:?}");
    stage.durable.set_away(true);
    let answer = browser.get(PATH).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}
