//! Pictures on their way in, and on their way out.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use bff::limits::MOST_LARGE;
use bff::passed::PASSED;
use futures::future::pending;
use futures::stream;
use serde_json::json;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use wiremock::ResponseTemplate;

use crate::bearer;
use crate::browser::HERE;
use crate::contract::fill;
use crate::identity;
use crate::menus::asked;
use crate::stage::Stage;

const ID: &str = "0190a000-0000-7000-8000-0000000000aa";
const CLIENT: &str = "0190a000-0000-7000-8000-0000000000c1";
const HASH: &str = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
const FOR_EVER: &str = "public, max-age=31536000, immutable";

fn image() -> String {
    format!("/api/products/{ID}/image")
}

/// Bytes that no text is made of, each of them and each pair.
fn bytes(length: usize) -> Vec<u8> {
    let all = (0..=u8::MAX).flat_map(|one| (0..=u8::MAX).flat_map(move |two| [one, two]));
    all.cycle().take(length).collect()
}

async fn taken(stage: &Stage) {
    let upstream =
        stage
            .sidecar
            .invoke("catalog", Method::PUT, &format!("/v1/products/{ID}/image"));
    upstream.respond(200, json!({"id": ID})).await;
}

async fn received(stage: &Stage) -> Vec<testkit::Received> {
    let mut calls = stage.sidecar.received("catalog").await;
    calls.retain(|call| call.method == Method::PUT);
    calls
}

#[tokio::test]
async fn a_picture_of_five_mebibytes_passes_byte_by_byte_and_none_that_is_larger() {
    let stage = Stage::set().await;
    taken(&stage).await;
    let mut browser = stage.signed_in().await;
    let most = 5 * 1024 * 1024;
    let kind = [("content-type", "image/jpeg"), ("if-match", "\"7\"")];
    let answer = browser
        .upload(Method::PUT, &image(), &kind, bytes(most))
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let call = received(&stage).await.remove(0);
    assert!(call.body == bytes(most), "other bytes than were sent");
    assert_eq!(call.headers["content-type"], "image/jpeg");
    assert_eq!(call.headers["if-match"], "\"7\"");
    for announced in [None, Some((most + 1).to_string())] {
        let mut headers = kind.to_vec();
        headers.extend(announced.as_deref().map(|it| ("content-length", it)));
        let answer = browser
            .upload(Method::PUT, &image(), &headers, bytes(most + 1))
            .await;
        assert_eq!(
            (answer.status, answer.problem()),
            (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large".into())
        );
    }
    assert_eq!(received(&stage).await.len(), 1);
}

#[tokio::test]
async fn a_registered_clients_picture_passes_too() {
    let stage = Stage::set().await;
    taken(&stage).await;
    let token = format!("Bearer {}", bearer::token(&stage.issuer, "catalog", CLIENT));
    let headers = [
        ("content-type", "image/webp"),
        ("authorization", token.as_str()),
    ];
    let path = format!("/v1/products/{ID}/image");
    let large = bytes(1024 * 1024);
    let answer = stage
        .browser()
        .ask(Method::PUT, &path, &headers, large.clone().into())
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(received(&stage).await.remove(0).body == large);
}

#[tokio::test]
async fn where_json_is_read_no_picture_is_and_the_reverse() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    let commands = PASSED.iter().filter(|row| row.method != Method::GET);
    for row in commands {
        let kinds = match row.upload {
            Some(_) => ["application/json", "image/gif"],
            None => ["image/jpeg", "image/png"],
        };
        for kind in kinds {
            let headers = [("content-type", kind), ("idempotency-key", "key-1")];
            let answer = browser
                .upload(row.method.clone(), &fill(row.path), &headers, "{}")
                .await;
            assert_eq!(
                (answer.status, answer.problem()),
                (
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "unsupported-media-type".into()
                ),
                "{} {} {kind}",
                row.method,
                row.path
            );
        }
    }
    let shelf = [("content-type", "image/png"), ("if-none-match", "*")];
    for path in ["/api/basket", "/api/favourites"] {
        let answer = browser.upload(Method::PUT, path, &shelf, "{}").await;
        assert_eq!(answer.problem(), "unsupported-media-type", "{path}");
    }
    for app in ["catalog", "order", "inventory", "payment"] {
        let calls = stage.sidecar.received(app).await;
        let asked = calls.iter().any(|it| it.path_and_query.starts_with("/v1/"));
        assert!(!asked, "{app}: {calls:?}");
    }
}

#[tokio::test]
async fn no_page_of_another_site_sends_a_picture() {
    let stage = Stage::set().await;
    taken(&stage).await;
    let mut browser = stage.signed_in().await;
    let kind = ("content-type", "image/png");
    let header = ("x-crema-request", "1");
    for (headers, problem) in [
        (vec![kind, ("origin", HERE)], "request-header-missing"),
        (
            vec![kind, header, ("origin", "https://evil.example")],
            "cross-site",
        ),
        (
            vec![kind, header, ("sec-fetch-site", "cross-site")],
            "cross-site",
        ),
        // What a form can send.
        (
            vec![header, ("content-type", "multipart/form-data; boundary=x")],
            "unsupported-media-type",
        ),
    ] {
        let answer = browser
            .ask(Method::PUT, &image(), &headers, bytes(9).into())
            .await;
        assert_eq!(answer.problem(), problem, "{headers:?}");
    }
    assert!(received(&stage).await.is_empty());
}

/// A body that says when it is read, and does not go on.
fn stuck(read: UnboundedSender<()>) -> Body {
    let never = async move {
        // Whoever counts is there until the end.
        let _ = read.send(());
        pending::<std::io::Result<Vec<u8>>>().await
    };
    Body::from_stream(stream::once(never))
}

#[tokio::test]
async fn there_is_room_for_so_many_pictures_at_once_and_all_else_goes_on() {
    let stage = Stage::set().await;
    taken(&stage).await;
    let orders = stage.sidecar.invoke("order", Method::GET, "/v1/orders");
    orders.respond(200, json!({"items": []})).await;
    let mut browser = stage.signed_in().await;
    let kind = [("content-type", "image/png")];
    let (read, mut begun) = unbounded_channel();
    let mut held = JoinSet::new();
    for _ in 0..MOST_LARGE {
        let (mut sender, body) = (browser.clone(), stuck(read.clone()));
        held.spawn(async move { sender.upload(Method::PUT, &image(), &kind, body).await });
    }
    for _ in 0..MOST_LARGE {
        begun.recv().await;
    }
    let shed = browser.upload(Method::PUT, &image(), &kind, "small").await;
    assert_eq!(
        (shed.status, shed.problem()),
        (StatusCode::SERVICE_UNAVAILABLE, "overloaded".into())
    );
    assert_eq!(browser.get("/api/orders").await.status, StatusCode::OK);
    held.shutdown().await;
    let answer = browser.upload(Method::PUT, &image(), &kind, "small").await;
    assert_eq!(answer.status, StatusCode::OK);
}

/// If it were read first, the answer would be that it takes too long.
#[tokio::test]
async fn no_picture_is_read_of_whom_nobody_knows_any_more() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    let mut left_over = browser.clone();
    browser.send(Method::DELETE, "/api/session", &[], "").await;
    let kind = [("content-type", "image/png")];
    let (read, _begun) = unbounded_channel();
    let answer = left_over
        .upload(Method::PUT, &image(), &kind, stuck(read))
        .await;
    assert_eq!(
        (answer.status, answer.problem()),
        (StatusCode::UNAUTHORIZED, "session-ended".into())
    );
}

#[tokio::test]
async fn anybody_is_shown_a_picture_once_and_for_ever() {
    let stage = Stage::set().await;
    let tag = format!("\"{HASH}\"");
    let picture = ResponseTemplate::new(200)
        .set_body_raw(bytes(70_000), "image/jpeg")
        .insert_header("etag", tag.as_str())
        .insert_header("cache-control", FOR_EVER)
        .insert_header("set-cookie", "x=1");
    let upstream = format!("/v1/images/{HASH}");
    let upstream = stage.sidecar.invoke("catalog", Method::GET, &upstream);
    upstream.respond_with(picture).await;
    let path = format!("/images/{HASH}");
    let mut visitor = stage.browser();
    // From wherever: they are the same bytes for everybody.
    let token = [("authorization", "Bearer x"), ("sec-fetch-site", "none")];
    for headers in [&token[..], &[("sec-fetch-site", "same-origin")], &[]] {
        let answer = visitor
            .ask(Method::GET, &path, headers, Body::empty())
            .await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.body == bytes(70_000));
        for (name, value) in [
            ("content-type", "image/jpeg"),
            ("cache-control", FOR_EVER),
            ("etag", tag.as_str()),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
            ("set-cookie", ""),
        ] {
            assert_eq!(answer.header(name), value);
        }
    }
    let calls = stage.sidecar.received("catalog").await;
    assert_eq!(identity::claims(&calls[0].headers)["aud"], "catalog");
    let grants = stage.identity.with(|identity| identity.grants.clone());
    assert_eq!(grants, ["client_credentials"], "in our own name");

    let has = [("if-none-match", tag.as_str())];
    let answer = visitor.ask(Method::GET, &path, &has, Body::empty()).await;
    assert_eq!(answer.status, StatusCode::NOT_MODIFIED);
    assert_eq!(answer.header("cache-control"), FOR_EVER);
    assert!(answer.body.is_empty());
    assert_eq!(asked(&stage).await, calls.len(), "nobody is asked for that");
}

#[tokio::test]
async fn what_is_no_hash_reaches_nobody_and_what_is_missing_is_kept_by_nobody() {
    let stage = Stage::set().await;
    for name in ["x", &"A".repeat(64), &"a".repeat(65), "..%2fproducts", ID] {
        let answer = stage.browser().get(&format!("/images/{name}")).await;
        assert_eq!(answer.problem(), "not-found", "{name}");
    }
    assert_eq!(asked(&stage).await, 0);
    let missing = json!({"type": "urn:problem-type:crema:not-found", "title": "x", "status": 404});
    let missing =
        ResponseTemplate::new(404).set_body_raw(missing.to_string(), "application/problem+json");
    let upstream = format!("/v1/images/{HASH}");
    let upstream = stage.sidecar.invoke("catalog", Method::GET, &upstream);
    upstream.respond_with(missing).await;
    let answer = stage.browser().get(&format!("/images/{HASH}")).await;
    assert_eq!(
        (answer.status, answer.header("cache-control")),
        (StatusCode::NOT_FOUND, "no-store")
    );
}
