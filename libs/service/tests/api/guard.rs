//! Nobody but the own sidecar is served, and every refusal is a problem.

use std::net::Ipv4Addr;

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use serde_json::json;
use service::routes::{Access, Guard, Route, Routes};
use testkit::{APP_TOKEN, Issuer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::stand_in::{FILE, get, router, send, verifier};

#[tokio::test]
async fn a_request_that_did_not_come_through_the_sidecar_is_refused_on_every_route() {
    let router = router(verifier(&Issuer::new()));
    for path in ["/public", "/mine", "/events", "/nowhere"] {
        for token in [None, Some("another"), Some("")] {
            let mut request = Request::get(path);
            if let Some(token) = token {
                request = request.header("dapr-api-token", token);
            }
            let (status, body) =
                send(&router, request.body(Body::empty()).expect("a request")).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{path} {token:?}");
            assert!(
                body.contains("urn:problem-type:crema:not-our-sidecar"),
                "{body}"
            );
        }
    }
}

#[tokio::test]
async fn another_service_can_not_deliver_an_event_by_invocation() {
    let router = router(verifier(&Issuer::new()));
    for (caller, expected) in [
        (None, StatusCode::OK),
        (Some("order"), StatusCode::UNAUTHORIZED),
    ] {
        let mut request = Request::post("/events")
            .header("dapr-api-token", APP_TOKEN)
            .header(header::CONTENT_TYPE, "application/json");
        // The caller's sidecar adds it, whatever the caller sends.
        if let Some(caller) = caller {
            request = request.header("dapr-caller-app-id", caller);
        }
        let (status, _) = send(&router, request.body(Body::from("{}")).expect("a request")).await;
        assert_eq!(status, expected, "{caller:?}");
    }
}

#[tokio::test]
async fn the_sidecars_probe_needs_no_token() {
    let router = router(verifier(&Issuer::new()));
    let probe = Request::get("/healthz")
        .body(Body::empty())
        .expect("a request");
    assert_eq!(send(&router, probe).await.0, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_are_problems() {
    let router = router(verifier(&Issuer::new()));
    let (status, body) = get(&router, "/nowhere", None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(body.contains("urn:problem-type:crema:not-found"), "{body}");
    let (status, body) = get(&router, "/events", None).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(
        body.contains("urn:problem-type:crema:method-not-allowed"),
        "{body}"
    );
}

#[tokio::test]
async fn a_body_beyond_the_limit_or_of_another_type_is_refused() {
    let router = router(verifier(&Issuer::new()));
    let post = |kind: &str, body: String| {
        Request::post("/events")
            .header("dapr-api-token", APP_TOKEN)
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(body))
            .expect("a request")
    };
    let large = format!("\"{}\"", "a".repeat(service::routes::MOST_BODY));
    let (status, body) = send(&router, post("application/json", large)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{body}");
    let (status, body) = send(&router, post("text/plain", "{}".into())).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{body}");
}

#[tokio::test]
async fn a_row_may_read_more_and_other_types_and_no_row_beside_it_does() {
    let router = router(verifier(&Issuer::new()));
    let put = |method: Method, path: &str, kind: &str, length: usize| {
        Request::builder()
            .method(method)
            .uri(path)
            .header("dapr-api-token", APP_TOKEN)
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(vec![b'a'; length]))
            .expect("a request")
    };
    let (most, usual) = (FILE.most, service::routes::MOST_BODY);
    for (method, path, kind, length, expected) in [
        (Method::PUT, "/file", "image/png", most, 200),
        (Method::PUT, "/file", "Image/PNG; q=1", 1, 200),
        (Method::PUT, "/file", "image/png", most + 1, 413),
        (Method::PUT, "/file", "application/json", 1, 415),
        (Method::PUT, "/file", "", 1, 415),
        // Who it is comes first.
        (Method::PUT, "/my-file", "application/json", 1, 401),
        (Method::POST, "/file", "image/png", usual, 200),
        (Method::POST, "/file", "image/png", usual + 1, 413),
        (Method::DELETE, "/file", "image/png", usual + 1, 413),
        (Method::PUT, "/file/", "image/png", usual + 1, 413),
    ] {
        let request = put(method.clone(), path, kind, length);
        let (status, body) = send(&router, request).await;
        assert_eq!(
            status.as_u16(),
            expected,
            "{method} {path} {kind} {length}: {body}"
        );
        if expected == 200 && method == Method::PUT {
            assert_eq!(body, length.to_string(), "all of it");
        }
    }
}

#[tokio::test]
async fn a_refused_command_does_not_cost_the_sidecar_its_connection() {
    let router = router(verifier(&Issuer::new()));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut sidecar = TcpStream::connect(address).await.expect("a connection");
    // More than the server reads ahead of a handler that does not ask for it.
    let body = "a".repeat(service::routes::MOST_BODY);
    for _ in 0..3 {
        let request = format!(
            "POST /events HTTP/1.1\r\nhost: app\r\ndapr-api-token: {APP_TOKEN}\r\n\
             dapr-caller-app-id: another\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        sidecar
            .write_all(request.as_bytes())
            .await
            .expect("an open connection");
        let mut answer = vec![0; 16 * 1024];
        let read = sidecar.read(&mut answer).await.expect("an answer");
        let answer = String::from_utf8_lossy(&answer[..read]);
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
}

#[test]
#[should_panic(expected = "no browser here")]
fn a_route_of_the_sidecars_can_not_ask_for_a_browsers_session() {
    let _ = Routes::<()>::new().route(Method::GET, "/mine", Access::Session, async || "mine");
}

/// What the access tests read at the ops listener.
#[test]
fn a_row_says_who_may_call_it_and_where() {
    let routes = Routes::<()>::new().route(
        Method::GET,
        "/v1/orders",
        Access::Scope("order:read"),
        async || "orders",
    );
    let mut table = routes.table().to_vec();
    table.push(Route::public(Method::POST, "/api/orders", Access::Session));
    assert_eq!(
        json!(table),
        json!([
            {"method": "GET", "path": "/v1/orders", "access": {"scope": "order:read"}, "listener": "sidecar"},
            {"method": "POST", "path": "/api/orders", "access": "session", "listener": "public"},
        ])
    );
}

async fn breaks() -> String {
    let number: u8 = "no number".parse().expect("a handler's mistake");
    number.to_string()
}

#[tokio::test]
async fn a_handler_that_panics_is_answered_as_a_failure_of_ours() {
    let router = Routes::new()
        .route(Method::GET, "/breaks", Access::Public, breaks)
        .into_router((), Guard::new(verifier(&Issuer::new()), APP_TOKEN.into()));
    let (status, body) = get(&router, "/breaks", None).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(body.contains("urn:problem-type:crema:internal"), "{body}");
    assert!(!body.contains("mistake"), "{body}");
}
