//! Frames, statuses, and how long a caller waits.

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::post;
use proptest::prelude::*;
use tower::ServiceExt as _;

use super::*;

#[derive(Clone, PartialEq, prost::Message)]
struct Note {
    #[prost(string, tag = "1")]
    text: String,
}

/// Echoes a note, refuses one without words, and never answers one that says so.
async fn echo(Message(note): Message<Note>) -> Result<Reply<Note>, Problem> {
    match note.text.as_str() {
        "" => {
            let (slug, title) = ("no-words", "There are 100% no words — none");
            Err(Problem::new(StatusCode::NOT_FOUND, slug, title).retry_after(7))
        }
        "wait" => std::future::pending().await,
        _ => Ok(Reply(note)),
    }
}

fn router() -> Router {
    Router::new()
        .route("/crema.test.v1.Notes/Echo", post(echo))
        .route("/v1/notes", post(async || "by HTTP"))
        .fallback(async || crate::extract::not_found())
        .layer(from_fn(speak))
}

fn framed(note: &str) -> Vec<u8> {
    let message = prost::Message::encode_to_vec(&Note {
        text: note.to_owned(),
    });
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).expect("short").to_be_bytes());
    frame.extend(message);
    frame
}

/// Calls a path; the status, wherever it stands, with the headers and the message.
async fn call(path: &str, body: Vec<u8>, waits: Option<&str>) -> (String, HeaderMap, Vec<u8>) {
    let mut request = Request::post(path).header(CONTENT_TYPE, "application/grpc+proto");
    if let Some(waits) = waits {
        request = request.header(TIMEOUT, waits);
    }
    let request = request.body(Body::from(body)).expect("a request");
    let answer = router().oneshot(request).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[CONTENT_TYPE], MEDIA_TYPE);
    let (head, body) = answer.into_parts();
    let body = body.collect().await.expect("a body");
    let trailers = body.trailers().cloned().unwrap_or_default();
    let status = head.headers.get(STATUS).or_else(|| trailers.get(STATUS));
    let status = status.expect("a status").to_str().expect("a number");
    (status.to_owned(), head.headers, body.to_bytes().to_vec())
}

const ECHO: &str = "/crema.test.v1.Notes/Echo";

#[tokio::test]
async fn what_is_sent_is_answered_and_the_status_comes_last() {
    let (status, headers, body) = call(ECHO, framed("hello"), None).await;
    assert_eq!((status.as_str(), body), ("0", framed("hello")));
    assert!(!headers.contains_key(STATUS));
}

#[tokio::test]
async fn a_problem_is_told_by_status_and_metadata() {
    let (status, headers, body) = call(ECHO, framed(""), None).await;
    assert_eq!((status.as_str(), body), ("5", Vec::new()));
    assert_eq!(headers[MESSAGE], "There are 100%25 no words %E2%80%94 none");
    assert_eq!(headers[PROBLEM], "no-words");
    assert_eq!(headers[RETRY_AFTER], "7");
    let details = STANDARD_NO_PAD.decode(&headers[DETAILS]).expect("Base64");
    let details: serde_json::Value = serde_json::from_slice(&details).expect("JSON");
    assert_eq!(details["type"], "urn:problem-type:crema:no-words");
}

#[tokio::test]
async fn only_methods_are_reached() {
    for path in [
        "/v1/notes",
        "/crema.test.v1.Notes/Other",
        "/crema.test.v1.Others/Echo",
        "/",
    ] {
        assert_eq!(call(path, framed("hello"), None).await.0, "12", "{path}");
    }
    let request = Request::post(ECHO).header(CONTENT_TYPE, "application/json");
    let request = request.body(Body::from("{}")).expect("a request");
    let answer = router().oneshot(request).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_wait_any_more_is_told_so() {
    assert_eq!(call(ECHO, framed("wait"), Some("20m")).await.0, "4");
    assert_eq!(call(ECHO, framed("hello"), Some("20m")).await.0, "0");
}

#[test]
fn a_wait_has_a_unit() {
    let of = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(TIMEOUT, text.parse().expect("a header value"));
        timeout(&headers)
    };
    for (text, millis) in [
        ("2H", 7_200_000),
        ("1M", 60_000),
        ("3S", 3000),
        ("250m", 250),
        ("9000u", 9),
    ] {
        assert_eq!(of(text), Some(Duration::from_millis(millis)), "{text}");
    }
    assert_eq!(of("5n"), Some(Duration::from_nanos(5)));
    for text in ["", "S", "5", "5s", "-5S", "123456789S", "5 S"] {
        assert_eq!(of(text), None, "{text}");
    }
}

#[test]
fn a_frame_holds_one_message_whole_and_plain() {
    let one = framed("one");
    assert!(unframed(&one).is_some());
    assert!(unframed(&one[..one.len() - 1]).is_none());
    assert!(unframed(&[one.clone(), one.clone()].concat()).is_none());
    let mut compressed = one;
    compressed[0] = 1;
    assert!(unframed(&compressed).is_none());
}

proptest! {
    #[test]
    fn a_body_that_is_no_frame_is_refused_and_never_panics(body: Vec<u8>) {
        let whole = body.len() >= HEAD && body[0] == 0
            && u32::from_be_bytes([body[1], body[2], body[3], body[4]]) as usize == body.len() - HEAD;
        prop_assert_eq!(unframed(&body).is_some(), whole);
    }

    #[test]
    fn a_frame_holds_what_was_put_in(text: String) {
        let frame = framed(&text);
        let note = <Note as prost::Message>::decode(unframed(&frame).expect("a frame")).expect("a note");
        prop_assert_eq!(note.text, text);
    }
}
