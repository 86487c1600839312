//! A service's routes as a table: method, path, who may call it, and the function that answers.
//!
//! A route can't be added without saying who may call it, and the table that is served is the table
//! that the access tests read. Every request must come from our own sidecar, but for those at a public
//! listener, which makes its own table of the same rows.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::handler::Handler;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, get, on};
use dapr_kit::deadline;
use http::{HeaderMap, Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use subtle::ConstantTimeEq as _;

use crate::auth::{self, Verifier};
use crate::extract;
use crate::grpc;
use crate::openapi::{self, Arguments};
use crate::problem::Problem;
use crate::server::observe;

/// The most bytes a request body may have, where the row says nothing else.
pub const MOST_BODY: usize = 256 * 1024;

/// What a row reads as bytes: something else than JSON, or more of it than a request may usually have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The media types that its body may have.
    pub kinds: &'static [&'static str],
    /// The most bytes that its body may have.
    pub most: usize,
}

impl Upload {
    /// Whether the body is said to be of one of the types.
    #[must_use]
    pub fn takes(self, headers: &HeaderMap) -> bool {
        self.kinds.contains(&&*extract::media_type(headers))
    }
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Anyone whose request reaches the listener; the handler itself checks what it must.
    Public,
    /// A bearer of a token with this scope.
    Scope(&'static str),
    /// A browser that is signed in, by its session cookie: at a public listener alone.
    Session,
    /// A bearer of a token for the service behind, which decides by its scopes: at a public listener alone.
    Bearer,
    /// Our sidecar itself: deliveries of events.
    Sidecar,
}

/// Whose requests reach a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Listener {
    /// Our sidecar's: other services', and events.
    Sidecar,
    /// The world's.
    Public,
}

/// One row of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Route {
    /// The method.
    #[serde(serialize_with = "method_name")]
    pub method: Method,
    /// The path, with `{parameters}`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Where it is served.
    pub listener: Listener,
    /// What it reads, if its handler takes bytes.
    #[serde(skip)]
    pub upload: Option<Upload>,
    /// What the handler's arguments say of its requests.
    #[serde(skip)]
    pub(crate) arguments: fn(&mut openapi::Request<'_>),
}

impl Route {
    /// A row of a public listener's table; the listener itself sees to its `access`.
    #[must_use]
    pub fn public(method: Method, path: &'static str, access: Access) -> Self {
        Self {
            method,
            path,
            access,
            listener: Listener::Public,
            upload: None,
            arguments: |_| {},
        }
    }
}

fn method_name<S: serde::Serializer>(method: &Method, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(method.as_str())
}

/// What guards the routes of one service.
#[derive(Clone)]
pub struct Guard {
    verifier: Verifier,
    app_api_token: Arc<SecretString>,
}

impl Guard {
    /// Requires `app_api_token` of every request, and of most a token that `verifier` accepts.
    #[must_use]
    pub fn new(verifier: Verifier, app_api_token: SecretString) -> Self {
        Self {
            verifier,
            app_api_token: Arc::new(app_api_token),
        }
    }

    /// Who verifies the tokens here.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    fn comes_from_our_sidecar(&self, headers: &HeaderMap) -> bool {
        let expected = self.app_api_token.expose_secret().as_bytes();
        headers
            .get("dapr-api-token")
            .is_some_and(|sent| bool::from(sent.as_bytes().ct_eq(expected)))
    }
}

/// The table, being built.
pub struct Routes<S> {
    router: Router<S>,
    table: Vec<Route>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self {
            router: Router::new(),
            table: Vec::new(),
        }
    }

    /// Adds a row.
    ///
    /// # Panics
    /// At start-up, if two rows share method and path, a method is no standard one, or a row asks for a browser's
    /// session or for another service's token, which no sidecar brings: a mistake in the table.
    #[must_use]
    pub fn route<H, T>(self, method: Method, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: Arguments + 'static,
    {
        self.add(method, path, access, None, handler)
    }

    /// Adds a row that reads bytes: something else than JSON, or more of it than [`MOST_BODY`].
    ///
    /// # Panics
    /// As [`Self::route`].
    #[must_use]
    pub fn upload<H, T>(
        self,
        method: Method,
        path: &'static str,
        access: Access,
        upload: Upload,
        handler: H,
    ) -> Self
    where
        H: Handler<T, S>,
        T: Arguments + 'static,
    {
        self.add(method, path, access, Some(upload), handler)
    }

    fn add<H, T>(
        mut self,
        method: Method,
        path: &'static str,
        access: Access,
        upload: Option<Upload>,
        handler: H,
    ) -> Self
    where
        H: Handler<T, S>,
        T: Arguments + 'static,
    {
        assert_ne!(access, Access::Session, "{method} {path}: no browser here");
        assert_ne!(access, Access::Bearer, "{method} {path}: say which scope");
        #[expect(
            clippy::expect_used,
            reason = "the table is a constant: a wrong row must stop the start"
        )]
        let filter = MethodFilter::try_from(method.clone()).expect("a standard method");
        let guarded = on(filter, handler).layer(from_fn(move |request: Request, next: Next| {
            admit(access, upload, request, next)
        }));
        self.router = self.router.route(path, guarded);
        self.table.push(Route {
            method,
            path,
            access,
            listener: Listener::Sidecar,
            upload,
            arguments: T::describe,
        });
        self
    }

    /// The rows.
    #[must_use]
    pub fn table(&self) -> &[Route] {
        &self.table
    }

    /// The rows, and the router that serves them behind `guard`.
    pub fn served(self, state: S, guard: Guard) -> (Vec<Route>, Router) {
        (self.table.clone(), self.into_router(state, guard))
    }

    /// The router that serves the table behind `guard`.
    pub fn into_router(self, state: S, guard: Guard) -> Router {
        let uploads = self.table.into_iter().filter(|row| row.upload.is_some());
        let uploads: Arc<[Route]> = uploads.collect();
        self.router
            .fallback(async || extract::not_found())
            .method_not_allowed_fallback(async || {
                Problem::new(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "method-not-allowed",
                    "This can't be done here",
                )
            })
            // The next layer reads no more than a row may have; axum's own limit would be a second one.
            .layer(DefaultBodyLimit::disable())
            .layer(from_fn(move |request: Request, next: Next| {
                whole_body(uploads.clone(), request, next)
            }))
            .layer(from_fn(in_time))
            .layer(from_fn(move |request: Request, next: Next| {
                sidecar_only(guard.clone(), request, next)
            }))
            .layer(from_fn(observe::request))
            .layer(from_fn(grpc::speak))
            // The sidecar's own probe of its application carries no token.
            .route("/healthz", get(async || StatusCode::NO_CONTENT))
            .with_state(state)
    }
}

/// What a caller's sidecar adds to an invocation, and what a delivery of our own sidecar lacks.
const CALLER: &str = "dapr-caller-app-id";

fn not_our_sidecar() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "not-our-sidecar",
        "Only this service's sidecar may call it",
    )
}

async fn sidecar_only(guard: Guard, mut request: Request, next: Next) -> Response {
    if !guard.comes_from_our_sidecar(request.headers()) {
        return not_our_sidecar().into_response();
    }
    request.extensions_mut().insert(guard);
    next.run(request).await
}

/// Passes on how long the caller waits. What only reads is given up when that time is over; what changes something is
/// finished, for its caller will ask what became of it.
async fn in_time(request: Request, next: Next) -> Response {
    let Some(span) = deadline::of(request.headers()) else {
        return next.run(request).await;
    };
    let reads = request.method().is_safe();
    let answer = deadline::within(span, next.run(request));
    if !reads {
        return answer.await;
    }
    let answer = tokio::time::timeout(span, answer).await;
    answer.unwrap_or_else(|_| too_late().into_response())
}

/// No 5xx, which the sidecar would repeat and the caller's breaker count.
fn too_late() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "too-late",
        "Nobody waits for this answer any more",
    )
}

/// Reads the body before anything may refuse the request: a connection with an unread body is closed, and the
/// sidecar's next command on it would fail for no fault of its caller.
async fn whole_body(uploads: Arc<[Route]>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let row = path.and_then(|path| {
        let mut rows = uploads.iter();
        rows.find(|row| row.path == path.as_str() && row.method == request.method())
    });
    let most = row
        .and_then(|row| row.upload)
        .map_or(MOST_BODY, |it| it.most);
    let (head, body) = request.into_parts();
    match to_bytes(body, most).await {
        Ok(body) => next.run(Request::from_parts(head, Body::from(body))).await,
        // A sidecar that broke off gets no answer anyway, so what is left is a body beyond the limit.
        Err(_) => extract::body_too_large().into_response(),
    }
}

async fn admit(
    access: Access,
    upload: Option<Upload>,
    mut request: Request,
    next: Next,
) -> Response {
    // An invocation comes through our sidecar too, but from another service.
    if access == Access::Sidecar && request.headers().contains_key(CALLER) {
        return not_our_sidecar().into_response();
    }
    if let Access::Scope(scope) = access {
        let Some(guard) = request.extensions().get::<Guard>() else {
            return auth::unauthenticated().into_response();
        };
        match guard.verifier.clone().authenticate(request.headers()).await {
            Ok(principal) if principal.has_scope(scope) => {
                request.extensions_mut().insert(principal);
            }
            Ok(_) => return auth::forbidden().into_response(),
            Err(problem) => return problem.into_response(),
        }
    }
    if let Some(upload) = upload
        && !upload.takes(request.headers())
    {
        return extract::unsupported(upload.kinds).into_response();
    }
    next.run(request).await
}
