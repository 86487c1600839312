//! A stand-in for the Dapr sidecar: its HTTP invocation, binding and health paths, answered by the test.
//!
//! Invariant: it refuses what the real one refuses: a call without `dapr-api-token` gets 401, and an upstream that the
//! test gave no answer for behaves as an app that does not exist.

use dapr_kit::{Dapr, DaprConfig};
use serde::Serialize;
use serde_json::json;
use wiremock::matchers::{any, header, method, path_regex};
use wiremock::{Match, Mock, MockServer, Request, Respond, ResponseTemplate};

const API_TOKEN: &str = "testkit-sidecar";
const TOKEN_HEADER: &str = "dapr-api-token";

/// One sidecar on a port of its own, stopped when dropped.
pub struct Sidecar {
    server: MockServer,
}

impl Sidecar {
    /// Starts it, healthy, with no upstream behind it.
    pub async fn start() -> Self {
        let server = MockServer::start().await;
        Mock::given(method("GET"))
            .and(path_regex("^/v1\\.0/healthz(/outbound)?$"))
            .respond_with(ResponseTemplate::new(204))
            .with_priority(1)
            .mount(&server)
            .await;
        Mock::given(NoToken)
            .respond_with(ResponseTemplate::new(401))
            .with_priority(2)
            .mount(&server)
            .await;
        Mock::given(any())
            .respond_with(ResponseTemplate::new(500).set_body_json(json!({
                "errorCode": "ERR_DIRECT_INVOKE",
                "message": "failed to invoke: no answer prepared",
            })))
            .with_priority(u8::MAX)
            .mount(&server)
            .await;
        Self { server }
    }

    /// How a service is told to reach it.
    ///
    /// # Panics
    /// Never: both addresses are well formed.
    #[must_use]
    pub fn config(&self) -> DaprConfig {
        let http: url::Url = self.server.uri().parse().expect("a mock server's address");
        DaprConfig {
            // Nothing here speaks gRPC; the channel is lazy, so only a call that needs it fails.
            grpc: http.clone(),
            http,
            api_token: Some(API_TOKEN.into()),
        }
    }

    /// A client of this sidecar.
    ///
    /// # Panics
    /// When the client cannot be built.
    #[must_use]
    pub fn dapr(&self) -> Dapr {
        Dapr::connect(&self.config())
            .unwrap_or_else(|error| panic!("cannot make a Dapr client: {error}"))
    }

    /// The invocation of `method_path` (`/v1/quotes`) of an app, to be given an answer. `{id}` stands for any segment.
    #[must_use]
    pub fn invoke(&self, app: &str, method: http::Method, method_path: &str) -> Upstream<'_> {
        Upstream {
            server: &self.server,
            method,
            path: pattern(&format!("/v1.0/invoke/{app}/method{method_path}")),
            times: None,
        }
    }

    /// The output binding of this name, to be given an answer.
    #[must_use]
    pub fn binding(&self, name: &str) -> Upstream<'_> {
        Upstream {
            server: &self.server,
            method: http::Method::POST,
            path: pattern(&format!("/v1.0/bindings/{name}")),
            times: None,
        }
    }

    /// What a binding was handed so far, oldest first.
    pub async fn handed_to(&self, binding: &str) -> Vec<Received> {
        self.received_below(&format!("/v1.0/bindings/{binding}"))
            .await
    }

    /// What an app was asked so far, oldest first.
    pub async fn received(&self, app: &str) -> Vec<Received> {
        self.received_below(&format!("/v1.0/invoke/{app}/method"))
            .await
    }

    async fn received_below(&self, prefix: &str) -> Vec<Received> {
        self.server
            .received_requests()
            .await
            .unwrap_or_default()
            .into_iter()
            .filter_map(|request| Received::new(prefix, request))
            .collect()
    }
}

/// One upstream operation, waiting for its answer.
pub struct Upstream<'a> {
    server: &'a MockServer,
    method: http::Method,
    path: String,
    times: Option<u64>,
}

impl Upstream<'_> {
    /// Answers only the next `times` calls; a later answer for the same operation takes over.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Answers with a status and a JSON body.
    pub async fn respond(self, status: u16, body: impl Serialize) {
        self.respond_with(ResponseTemplate::new(status).set_body_json(body))
            .await;
    }

    /// Answers with headers, delays or a computed body.
    pub async fn respond_with(self, answer: impl Respond + 'static) {
        let mut mock = Mock::given(method(self.method.as_str()))
            .and(path_regex(self.path))
            .and(header(TOKEN_HEADER, API_TOKEN))
            .respond_with(answer);
        if let Some(times) = self.times {
            mock = mock.up_to_n_times(times);
        }
        mock.mount(self.server).await;
    }
}

/// The regular expression of a path with `{…}` for any segment.
fn pattern(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        if segment.starts_with('{') {
            "[^/]+".to_owned()
        } else {
            segment.replace('.', "\\.")
        }
    });
    format!("^{}$", segments.collect::<Vec<_>>().join("/"))
}

/// A call as the upstream saw it.
#[derive(Debug)]
pub struct Received {
    /// The HTTP method.
    pub method: http::Method,
    /// Path and query below the app, such as `/v1/orders?limit=2`.
    pub path_and_query: String,
    /// All headers.
    pub headers: http::HeaderMap,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl Received {
    fn new(prefix: &str, request: Request) -> Option<Self> {
        let mut path_and_query = request.url.path().strip_prefix(prefix)?.to_owned();
        if let Some(query) = request.url.query() {
            path_and_query.push('?');
            path_and_query.push_str(query);
        }
        Some(Self {
            method: request.method,
            path_and_query,
            headers: request.headers,
            body: request.body,
        })
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

/// Matches a call that a sidecar with an API token refuses.
struct NoToken;

impl Match for NoToken {
    fn matches(&self, request: &Request) -> bool {
        request
            .headers
            .get(TOKEN_HEADER)
            .is_none_or(|token| token != API_TOKEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use http::Method;

    #[tokio::test]
    async fn an_upstream_answers_as_told_and_what_it_was_asked_is_kept() {
        let sidecar = Sidecar::start().await;
        let dapr = sidecar.dapr();
        assert!(dapr.ready().await);
        let upstream = || sidecar.invoke("catalog", Method::POST, "/v1/quotes");
        upstream().times(1).respond(503, json!({})).await;
        upstream().respond(200, json!({"total": 1})).await;

        let call = async || {
            let call = dapr.invoke("catalog", Method::POST, "/v1/quotes?x=1");
            call.json(&json!({"lines": []}))
                .send()
                .await
                .expect("an answer")
        };
        assert_eq!(call().await.status, 503);
        assert_eq!(call().await.status, 200);
        let received = sidecar.received("catalog").await;
        assert_eq!(received.len(), 2);
        assert_eq!(received[1].path_and_query, "/v1/quotes?x=1");
        assert_eq!(received[1].json(), json!({"lines": []}));
    }

    #[tokio::test]
    async fn a_binding_is_handed_data_and_metadata_and_its_refusal_is_an_error() {
        let sidecar = Sidecar::start().await;
        let dapr = sidecar.dapr();
        sidecar
            .binding("email")
            .times(1)
            .respond(500, json!({}))
            .await;
        sidecar.binding("email").respond(204, json!(null)).await;
        let metadata = BTreeMap::from([("emailTo", "ada@example.com"), ("subject", "Hello")]);

        let refused = dapr.bind("email", &metadata, "<p>\"hi\"</p>").await;
        let refused = refused.expect_err("a refusal").to_string();
        assert_eq!(
            refused,
            "the binding email answered 500 Internal Server Error"
        );
        let handed = dapr.bind("email", &metadata, "<p>\"hi\"</p>").await;
        assert!(handed.is_ok(), "{handed:?}");
        let received = sidecar.handed_to("email").await;
        assert_eq!(received.len(), 2);
        let expected = json!({
            "operation": "create",
            "metadata": { "emailTo": "ada@example.com", "subject": "Hello" },
            "data": "<p>\"hi\"</p>",
        });
        assert_eq!(received[1].json(), expected);
        assert_eq!(received[1].headers[TOKEN_HEADER], API_TOKEN);
        let elsewhere = dapr.bind("pager", &metadata, "").await;
        assert!(elsewhere.is_err(), "a binding without an answer");
    }

    #[test]
    fn a_segment_in_braces_is_any_one_segment() {
        assert_eq!(
            pattern("/v1.0/orders/{id}/void"),
            r"^/v1\.0/orders/[^/]+/void$"
        );
    }
}
