//! The web client's page and files.

use axum::body::Body;
use axum::http::{Method, StatusCode};

use crate::stage::Stage;

#[tokio::test]
async fn the_page_is_served_where_the_client_has_routes_and_is_always_asked_for() {
    let stage = Stage::set().await;
    for path in [
        "/",
        "/stores/1",
        "/orders",
        "/orders/1",
        "/board",
        "/board/1",
    ] {
        let answer = stage.browser().get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("content-type"), "text/html", "{path}");
        assert_eq!(answer.header("cache-control"), "no-cache", "{path}");
    }
}

#[tokio::test]
async fn files_come_compressed_typed_and_for_ever() {
    let stage = Stage::set().await;
    let wasm = "/assets/app-0a1b.wasm";
    let brotli = stage
        .browser()
        .ask(
            Method::GET,
            wasm,
            &[("accept-encoding", "gzip, br")],
            Body::empty(),
        )
        .await;
    assert_eq!(brotli.body, b"compressed");
    assert_eq!(brotli.header("content-encoding"), "br");
    assert_eq!(brotli.header("content-type"), "application/wasm");
    assert_eq!(
        brotli.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    let plain = stage.browser().get(wasm).await;
    assert_eq!(
        (plain.body.as_slice(), plain.header("content-encoding")),
        (b"\0asm plain".as_slice(), "")
    );
}

#[tokio::test]
async fn nothing_beside_the_files_is_served() {
    let stage = Stage::set().await;
    for path in [
        "/assets/",
        "/assets/none.js",
        "/assets/../secret.txt",
        "/assets/%2e%2e/secret.txt",
        "/assets/..%2fsecret.txt",
    ] {
        let answer = stage.browser().get(path).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (StatusCode::NOT_FOUND, "not-found".into()),
            "{path}"
        );
        assert!(
            !answer.header("cache-control").contains("immutable"),
            "{path}"
        );
    }
}
