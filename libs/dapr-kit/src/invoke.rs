//! Service invocation: an HTTP request to another application through both sidecars.
//!
//! An answer of the application, whatever its status, is a [`Reply`]; only a call that brought no
//! answer of the application is an [`InvokeError`]. The trace of the current span goes along.

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::breaker::{self, Breaker};
use crate::deadline;
use crate::sidecar::Dapr;
use crate::tokens::Token;
use crate::trace;

/// The outer deadline of one invocation, retries of the sidecar included, unless the call has its own.
const DEADLINE: Duration = Duration::from_secs(10);

/// A call that brought no answer of the application.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// Too many calls in a row failed: none is tried for `retry_after`.
    #[error("{app} is cut off after repeated failures")]
    Open {
        /// The application that was to be called.
        app: String,
        /// How long to wait before another try.
        retry_after: Duration,
    },
    /// Whoever asked does not wait any more: nothing was sent.
    #[error("nobody waits for {app} any more")]
    Late {
        /// The application that was to be called.
        app: String,
    },
    /// The sidecar found no way to the application.
    #[error("the sidecar could not reach {app}: {code}")]
    Sidecar {
        /// The application that was to be called.
        app: String,
        /// Dapr's error code, such as `ERR_DIRECT_INVOKE`.
        code: String,
    },
    /// Our own sidecar did not answer, or not in time.
    #[error("no answer from {app}")]
    Unreachable {
        /// The application that was to be called.
        app: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The request can't be sent as it was built, or the answer was not of the agreed form.
    #[error("the exchange with {app} is malformed: {reason}")]
    Malformed {
        /// The application that was to be called.
        app: String,
        /// What was wrong.
        reason: String,
    },
}

/// An invocation being prepared by [`Dapr::invoke`].
#[must_use = "nothing is sent before `send`"]
pub struct InvokeRequest {
    app: String,
    breaker: Breaker,
    deadline: Duration,
    request: Result<reqwest::RequestBuilder, String>,
}

impl Dapr {
    /// Prepares a call of `method` on `path_and_query` (such as `/v1/orders?limit=5`) of application `app`.
    ///
    /// Dapr decodes and normalises paths, so put only ids of a safe alphabet into them and free text into the query.
    pub fn invoke(&self, app: &str, method: Method, path_and_query: &str) -> InvokeRequest {
        let path = path_and_query.trim_start_matches('/');
        let request = self
            .base
            .join(&format!("/v1.0/invoke/{app}/method/{path}"))
            .map_err(|error| error.to_string())
            .map(|url| {
                let mut request = self.http.request(method, url);
                if let Some(token) = &self.api_token {
                    request = request.header("dapr-api-token", token.expose_secret());
                }
                if let Some(traceparent) = trace::current() {
                    request = request.header("traceparent", traceparent);
                }
                request
            });
        InvokeRequest {
            app: app.to_owned(),
            breaker: self.breakers.of(app),
            deadline: DEADLINE,
            request,
        }
    }
}

impl Dapr {
    /// Whether calls to `app` are let through: not while repeated failures have cut it off.
    #[must_use]
    pub fn reaches(&self, app: &str) -> bool {
        self.breakers.is_closed(app)
    }
}

impl InvokeRequest {
    fn map(mut self, f: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder) -> Self {
        self.request = self.request.map(f);
        self
    }

    /// Gives the call up after this time instead of ten seconds; what became of it is then unknown.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Authorises the call.
    pub fn bearer(self, token: &Token) -> Self {
        let value = format!("Bearer {}", token.expose());
        self.map(|request| match HeaderValue::from_str(&value) {
            Ok(mut value) => {
                value.set_sensitive(true);
                request.header(AUTHORIZATION, value)
            }
            // A token that is no header value is sent as none: the application answers 401.
            Err(_) => request,
        })
    }

    /// Authenticates by HTTP Basic (RFC 7617).
    pub fn basic_auth(self, user: &str, password: &str) -> Self {
        self.map(|request| request.basic_auth(user, Some(password)))
    }

    /// Adds one header.
    pub fn header(self, name: HeaderName, value: HeaderValue) -> Self {
        self.map(|request| request.header(name, value))
    }

    /// Adds these headers.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.map(|request| request.headers(headers))
    }

    /// Sends `value` as JSON.
    pub fn json(self, value: &impl Serialize) -> Self {
        self.map(|request| request.json(value))
    }

    /// Sends `value` as an HTML form.
    pub fn form(self, value: &impl Serialize) -> Self {
        self.map(|request| request.form(value))
    }

    /// Sends these bytes; set their `Content-Type` by [`Self::header`].
    pub fn body(self, bytes: impl Into<reqwest::Body>) -> Self {
        self.map(|request| request.body(bytes))
    }

    /// Sends it, and says how long its answer is waited for: not longer than [`deadline::left`].
    pub async fn send(self) -> Result<Reply, InvokeError> {
        let Self {
            app,
            breaker,
            deadline,
            request,
        } = self;
        let request = match request {
            Ok(request) => request,
            Err(reason) => return Err(InvokeError::Malformed { app, reason }),
        };
        let wait = deadline::left().map_or(deadline, |left| left.min(deadline));
        let millis = wait.as_millis();
        if millis == 0 {
            return Err(InvokeError::Late { app });
        }
        let Some(permit) = breaker.permit() else {
            return Err(InvokeError::Open {
                app,
                retry_after: breaker::OPEN,
            });
        };
        let request = request
            .timeout(wait)
            .header(deadline::TIMEOUT, millis.to_string());
        let outcome = exchange(app, request).await;
        match &outcome {
            Ok(reply) if reply.status.is_server_error() => permit.failed(),
            // Given up early, because others had used the time up: no fault of this application.
            Err(InvokeError::Unreachable { source, .. })
                if wait < deadline && source.is_timeout() => {}
            Err(InvokeError::Sidecar { .. } | InvokeError::Unreachable { .. }) => permit.failed(),
            Ok(_) | Err(_) => permit.succeeded(),
        }
        outcome
    }
}

async fn exchange(app: String, request: reqwest::RequestBuilder) -> Result<Reply, InvokeError> {
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) if error.is_builder() => {
            return Err(InvokeError::Malformed {
                app,
                reason: error.without_url().to_string(),
            });
        }
        Err(source) => return Err(unreachable(app, source)),
    };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = match answer.bytes().await {
        Ok(body) => body,
        Err(source) => return Err(unreachable(app, source)),
    };
    // The sidecar reports its own failures as a 500 with an error code of its own, or an open breaker in words.
    if status == StatusCode::INTERNAL_SERVER_ERROR
        && let Some(code) = sidecar_error(&headers, &body)
    {
        return Err(InvokeError::Sidecar { app, code });
    }
    Ok(Reply {
        app,
        status,
        headers,
        body,
    })
}

/// The error goes to logs, and a link's token is in the query of the address.
fn unreachable(app: String, source: reqwest::Error) -> InvokeError {
    InvokeError::Unreachable {
        app,
        source: source.without_url(),
    }
}

fn sidecar_error(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct SidecarError {
        #[serde(rename = "errorCode")]
        code: String,
    }
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    if !kind.starts_with("application/json") {
        return None;
    }
    let error: SidecarError = serde_json::from_slice(body).ok()?;
    error.code.starts_with("ERR_").then_some(error.code)
}

/// An answer of the application, of whatever status.
#[derive(Debug)]
pub struct Reply {
    app: String,
    /// The application's status.
    pub status: StatusCode,
    /// The application's headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: axum::body::Bytes,
}

impl Reply {
    /// Reads the body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, InvokeError> {
        serde_json::from_slice(&self.body).map_err(|error| InvokeError::Malformed {
            app: self.app.clone(),
            reason: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::sidecar::DaprConfig;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use wiremock::matchers::{header, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    fn dapr(base: &str) -> Dapr {
        Dapr::connect(&DaprConfig {
            http: base.parse().expect("an address"),
            grpc: base.parse().expect("an address"),
            api_token: Some("sidecar-token".into()),
        })
        .expect("a usable configuration")
    }

    #[tokio::test]
    async fn carries_the_sidecars_token_and_passes_a_problem_through() {
        let sidecar = MockServer::start().await;
        Mock::given(method("GET"))
            .and(path("/v1.0/invoke/order/method/v1/orders/1"))
            .and(header("dapr-api-token", "sidecar-token"))
            .respond_with(ResponseTemplate::new(404).set_body_raw("{}", "application/problem+json"))
            .mount(&sidecar)
            .await;
        let reply = dapr(&sidecar.uri())
            .invoke("order", Method::GET, "/v1/orders/1")
            .send()
            .await;
        assert_eq!(reply.expect("an answer of the application").status, 404);
    }

    #[tokio::test]
    async fn tells_the_sidecars_failure_from_the_applications() {
        let sidecar = MockServer::start().await;
        let down = r#"{"errorCode":"ERR_DIRECT_INVOKE","message":"failed to invoke"}"#;
        Mock::given(path("/v1.0/invoke/order/method/v1/orders"))
            .respond_with(ResponseTemplate::new(500).set_body_raw(down, "application/json"))
            .mount(&sidecar)
            .await;
        let dapr = dapr(&sidecar.uri());
        for _ in 0..5 {
            let error = dapr
                .invoke("order", Method::GET, "/v1/orders")
                .send()
                .await
                .expect_err("down");
            assert!(matches!(error, InvokeError::Sidecar { .. }), "{error:?}");
        }
        let error = dapr
            .invoke("order", Method::GET, "/v1/orders")
            .send()
            .await
            .expect_err("open");
        assert!(matches!(error, InvokeError::Open { .. }), "{error:?}");
        assert_eq!(
            sidecar.received_requests().await.map(|seen| seen.len()),
            Some(5)
        );
    }

    #[tokio::test]
    async fn a_call_is_given_up_at_its_own_deadline() {
        let sidecar = MockServer::start().await;
        // An answer that comes after the default deadline, and long after that of this call.
        let late = ResponseTemplate::new(200).set_delay(DEADLINE * 6);
        Mock::given(path("/v1.0/invoke/payment/method/v1/payments"))
            .respond_with(late)
            .mount(&sidecar)
            .await;
        let call = dapr(&sidecar.uri())
            .invoke("payment", Method::POST, "/v1/payments?token=canary")
            .deadline(Duration::from_millis(50))
            .send();
        let outcome = tokio::time::timeout(DEADLINE / 2, call)
            .await
            .expect("given up before the default deadline");
        assert!(
            matches!(&outcome, Err(InvokeError::Unreachable { source, .. }) if source.is_timeout()),
            "{outcome:?}"
        );
        // It goes to logs with all its causes.
        assert!(!format!("{outcome:?}").contains("canary"), "{outcome:?}");
    }

    #[tokio::test]
    async fn a_call_says_how_long_it_is_waited_for_and_is_not_made_for_nobody() {
        let sidecar = MockServer::start().await;
        Mock::given(path("/v1.0/invoke/order/method/v1/orders"))
            .respond_with(ResponseTemplate::new(200))
            .mount(&sidecar)
            .await;
        let dapr = dapr(&sidecar.uri());
        let call = || dapr.invoke("order", Method::GET, "/v1/orders").send();
        call().await.expect("an answer");
        deadline::within(Duration::from_secs(3), call())
            .await
            .expect("an answer");
        let late = deadline::within(Duration::ZERO, call()).await;
        assert!(matches!(late, Err(InvokeError::Late { .. })), "{late:?}");
        let seen = sidecar.received_requests().await.expect("recorded");
        let told: Vec<_> = seen
            .iter()
            .filter_map(|request| deadline::of(&request.headers))
            .collect();
        assert_eq!(told.len(), 2);
        assert_eq!(told[0], DEADLINE);
        assert!(told[1] <= Duration::from_secs(3) && told[1] > Duration::from_secs(1));
    }

    #[tokio::test]
    async fn a_wait_that_others_shortened_is_not_held_against_the_upstream() {
        let sidecar = MockServer::start().await;
        Mock::given(path("/v1.0/invoke/order/method/v1/orders"))
            .respond_with(ResponseTemplate::new(200).set_delay(DEADLINE * 6))
            .mount(&sidecar)
            .await;
        let dapr = dapr(&sidecar.uri());
        for _ in 0..8 {
            let call = dapr.invoke("order", Method::GET, "/v1/orders").send();
            let outcome = deadline::within(Duration::from_millis(20), call).await;
            let given_up = matches!(outcome, Err(InvokeError::Unreachable { .. }));
            assert!(given_up, "{outcome:?}");
        }
        assert!(dapr.reaches("order"));
    }

    /// A command that was taken and whose answer was lost on the way: whoever sent it must not believe it failed.
    #[tokio::test]
    async fn an_answer_that_breaks_off_is_no_answer_and_nothing_is_sent_twice() {
        for part in [
            "",
            "HTTP/1.1 201 Created\r\ncontent-length: 40\r\n\r\n{\"status\":",
        ] {
            let sidecar = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .await
                .expect("a port");
            let address = sidecar.local_addr().expect("an address");
            let call = tokio::spawn(
                dapr(&format!("http://{address}"))
                    .invoke("payment", Method::POST, "/v1/payments")
                    .send(),
            );
            let (mut connection, _) = sidecar.accept().await.expect("a call");
            let mut request = [0; 4096];
            let read = connection.read(&mut request).await.expect("a request");
            assert!(request[..read].starts_with(b"POST /v1.0/invoke/payment/"));
            connection
                .write_all(part.as_bytes())
                .await
                .expect("a part of an answer");
            drop(connection);
            let outcome = tokio::select! {
                outcome = call => outcome.expect("an outcome"),
                _ = sidecar.accept() => panic!("it was sent again"),
            };
            let unknown = matches!(outcome, Err(InvokeError::Unreachable { .. }));
            assert!(unknown, "{part:?}: {outcome:?}");
        }
    }

    #[tokio::test]
    async fn a_clients_mistakes_never_open_the_breaker() {
        let sidecar = MockServer::start().await;
        Mock::given(path("/v1.0/invoke/order/method/v1/orders"))
            .respond_with(ResponseTemplate::new(422))
            .mount(&sidecar)
            .await;
        let dapr = dapr(&sidecar.uri());
        for _ in 0..20 {
            let reply = dapr
                .invoke("order", Method::POST, "/v1/orders")
                .send()
                .await;
            assert_eq!(reply.expect("an answer").status, 422);
        }
    }
}
