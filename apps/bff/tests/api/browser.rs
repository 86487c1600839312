//! A browser: it keeps cookies, says where its requests come from, and remembers every byte it was shown.

use std::collections::BTreeMap;

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, COOKIE, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::response::Response;
use bff::perimeter::entrance::Entrance;
use serde_json::Value;
use tower::ServiceExt as _;

/// Where our own pages are.
pub const HERE: &str = "https://localhost:8443";

/// One browser profile.
#[derive(Clone)]
pub struct Browser {
    entrance: Entrance,
    /// Name to value.
    pub cookies: BTreeMap<String, String>,
    /// All `Set-Cookie` values, as they came.
    pub set_cookies: Vec<String>,
    /// Everything it was shown.
    pub seen: Vec<u8>,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("text"))
    }

    /// The body.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The last part of a problem's type.
    pub fn problem(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{self:?}"
        );
        let kind = self.json()["type"].as_str().unwrap_or_default().to_owned();
        kind.strip_prefix("urn:problem-type:crema:")
            .unwrap_or(&kind)
            .to_owned()
    }
}

impl Browser {
    pub fn new(entrance: Entrance) -> Self {
        Self {
            entrance,
            cookies: BTreeMap::new(),
            set_cookies: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// What a page of ours, or a link on it, asks for.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.ask(
            Method::GET,
            path,
            &[("sec-fetch-site", "same-origin")],
            Body::empty(),
        )
        .await
    }

    /// What our client sends to change something.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        more: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut headers = vec![
            ("sec-fetch-site", "same-origin"),
            (ORIGIN.as_str(), HERE),
            ("x-crema-request", "1"),
        ];
        if !body.is_empty() {
            headers.push((CONTENT_TYPE.as_str(), "application/json"));
        }
        headers.extend_from_slice(more);
        self.ask(method, path, &headers, body.to_owned().into())
            .await
    }

    /// What our client sends that is no JSON.
    pub async fn upload(
        &mut self,
        method: Method,
        path: &str,
        more: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let ours = [
            ("sec-fetch-site", "same-origin"),
            (ORIGIN.as_str(), HERE),
            ("x-crema-request", "1"),
        ];
        let headers = [&ours[..], more].concat();
        self.ask(method, path, &headers, body.into()).await
    }

    /// Any request, with the cookies.
    pub async fn ask(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        let response = self.open(method, path, headers, body).await;
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
        self.seen.extend_from_slice(&body);
        Answer {
            status: head.status,
            headers: head.headers,
            body,
        }
    }

    /// The same, with the body still to be read.
    pub async fn open(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Response {
        let path = path.strip_prefix(HERE).unwrap_or(path);
        let mut request = Request::builder().method(method).uri(path);
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header(COOKIE, pairs.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).expect("a request");
        let response = self
            .entrance
            .clone()
            .oneshot(request)
            .await
            .expect("infallible");
        self.seen
            .extend_from_slice(format!("{:?}\n", response.headers()).as_bytes());
        for cookie in response.headers().get_all(SET_COOKIE) {
            self.keep(cookie.to_str().expect("text"));
        }
        response
    }

    fn keep(&mut self, set_cookie: &str) {
        self.set_cookies.push(set_cookie.to_owned());
        let (pair, attributes) = set_cookie.split_once(';').expect("attributes");
        let (name, value) = pair.split_once('=').expect("a pair");
        if attributes.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}
