//! How long a caller waits is passed on and respected.

use std::future::pending;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use dapr_kit::deadline;
use http::{Method, Request, StatusCode};
use service::routes::{Access, Guard, Routes};
use testkit::{APP_TOKEN, Issuer};

use crate::stand_in::{send, verifier};

async fn left() -> String {
    deadline::left().map_or("for ever".to_owned(), |left| left.as_millis().to_string())
}

fn router() -> Router {
    let slow = async || {
        tokio::time::sleep(Duration::from_secs(9)).await;
        format!("done, with {} left", left().await)
    };
    Routes::new()
        .route(Method::GET, "/left", Access::Public, left)
        .route(
            Method::GET,
            "/hang",
            Access::Public,
            async || -> &'static str { pending().await },
        )
        .route(Method::POST, "/command", Access::Public, slow)
        .into_router((), Guard::new(verifier(&Issuer::new()), APP_TOKEN.into()))
}

async fn ask(method: Method, path: &str, wait: Option<&str>) -> (StatusCode, String) {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("dapr-api-token", APP_TOKEN);
    if let Some(wait) = wait {
        request = request.header(deadline::TIMEOUT, wait);
    }
    let request = request.body(Body::empty()).expect("a request");
    send(&router(), request).await
}

#[tokio::test(start_paused = true)]
async fn what_a_caller_waits_is_known_to_the_handler() {
    for (said, left) in [
        (Some("3000"), "3000"),
        (None, "for ever"),
        (Some("soon"), "for ever"),
        (Some("-1"), "for ever"),
    ] {
        let answer = ask(Method::GET, "/left", said).await;
        assert_eq!(answer, (StatusCode::OK, left.to_owned()), "{said:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn reading_is_given_up_in_time_and_a_command_is_finished() {
    let (status, body) = ask(Method::GET, "/hang", Some("200")).await;
    assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
    assert!(body.contains("urn:problem-type:crema:too-late"), "{body}");
    let done = ask(Method::POST, "/command", Some("200")).await;
    assert_eq!(done, (StatusCode::OK, "done, with 0 left".to_owned()));
}
