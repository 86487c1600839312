//! The listeners of a service and its orderly end.
//!
//! On SIGTERM or Ctrl-C it stops being ready, takes no new connection, finishes what is under way and
//! ends; what is not finished after ten seconds is given up, with a warning.

pub(crate) mod observe;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

pub use observe::request as observe_request;

use crate::config::Common;
use crate::failpoint;
use crate::routes::Route;
use crate::telemetry::Telemetry;

/// How long requests under way may take to finish.
pub const DRAIN: Duration = Duration::from_secs(10);

/// A listener that can't be had or broke.
#[derive(Debug, thiserror::Error)]
#[error("can't listen at {address}: {source}")]
pub struct ServerError {
    address: SocketAddr,
    source: std::io::Error,
}

/// Tells every part of the process that it is to end. Cheap to clone.
#[derive(Clone)]
pub struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// Requested by SIGTERM or Ctrl-C.
    pub fn on_signals() -> std::io::Result<Self> {
        let (sender, receiver) = watch::channel(false);
        let mut term = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::spawn(async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("asked to end");
            sender.send_replace(true);
            // Keeps the channel open: receivers read its last value.
            sender.closed().await;
        });
        Ok(Self(receiver))
    }

    /// Requested when `trigger` is set to true.
    #[must_use]
    pub fn on(trigger: watch::Receiver<bool>) -> Self {
        Self(trigger)
    }

    /// Whether the end was requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when the end is requested.
    pub async fn requested(&self) {
        let mut receiver = self.0.clone();
        // An error means that the requesting side is gone, which is an end too.
        let _ = receiver.wait_for(|requested| *requested).await;
    }
}

type Check = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

type Note = Arc<dyn Fn() -> Value + Send + Sync>;

/// What must be true before the service takes requests, by name, and what else whoever asks is told.
#[derive(Clone, Default)]
pub struct Readiness {
    checks: Vec<(&'static str, Check)>,
    notes: Vec<(&'static str, Note)>,
}

impl Readiness {
    /// Adds a check.
    #[must_use]
    pub fn with<F, Fut>(mut self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        let check: Check = Arc::new(move || Box::pin(check()));
        self.checks.push((name, check));
        self
    }

    /// Adds something that is told and decides nothing.
    #[must_use]
    pub fn noting(
        mut self,
        name: &'static str,
        note: impl Fn() -> Value + Send + Sync + 'static,
    ) -> Self {
        self.notes.push((name, Arc::new(note)));
        self
    }
}

/// A service, ready to run.
pub struct Server {
    /// Where it listens.
    pub common: Common,
    /// Its table of routes, those of a public listener of its own included, shown at the ops listener.
    pub table: Vec<Route>,
    /// What it answers its sidecar.
    pub router: Router,
    /// When it is ready.
    pub readiness: Readiness,
    /// Ends it.
    pub shutdown: Shutdown,
}

impl Server {
    /// Serves until the end is requested and what was under way is done.
    pub async fn run(self, telemetry: &Telemetry) -> Result<(), ServerError> {
        let Self {
            common,
            table,
            router,
            readiness,
            shutdown,
        } = self;
        let ops = bind(common.ops_listen).await?;
        let app = bind(common.app_listen).await?;
        let ops_router = ops_router(&table, readiness, shutdown.clone(), telemetry.metrics());
        // The ops listener outlives the other, so that probes see a draining service as alive and not ready.
        let ops = tokio::spawn(async move { axum::serve(ops, ops_router).await });
        tracing::info!(address = %common.app_listen, "serving");
        let stop = shutdown.clone();
        let serving =
            axum::serve(app, router).with_graceful_shutdown(async move { stop.requested().await });
        let deadline = async {
            shutdown.requested().await;
            tokio::time::sleep(DRAIN).await;
        };
        let outcome = tokio::select! {
            outcome = serving.into_future() => outcome,
            () = deadline => {
                tracing::warn!("requests were still under way at the end");
                Ok(())
            }
        };
        ops.abort();
        outcome.map_err(|source| ServerError {
            address: common.app_listen,
            source,
        })
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServerError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| ServerError { address, source })
}

fn ops_router(
    table: &[Route],
    readiness: Readiness,
    shutdown: Shutdown,
    metrics: PrometheusHandle,
) -> Router {
    let table = json!(table);
    let router = Router::new()
        .route("/healthz", get(async || Json(json!({ "status": "alive" }))))
        .route(
            "/readyz",
            get(move || ready(readiness.clone(), shutdown.clone())),
        )
        .route("/metrics", get(async move || metrics.render()))
        .route("/routes", get(async move || Json(table)));
    failpoint::add_routes(router)
}

async fn ready(readiness: Readiness, shutdown: Shutdown) -> (StatusCode, Json<Value>) {
    let mut checks = Map::new();
    for (name, check) in &readiness.checks {
        checks.insert((*name).to_owned(), check().await.into());
    }
    let draining = shutdown.is_requested();
    let ready = !draining && checks.values().all(|ok| *ok == true);
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let mut answer = json!({ "ready": ready, "draining": draining, "checks": checks });
    for (name, note) in &readiness.notes {
        answer[*name] = note();
    }
    (status, Json(answer))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use metrics_exporter_prometheus::PrometheusBuilder;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn a_check_decides_whether_it_is_ready_and_a_note_does_not() {
        let (_trigger, ended) = watch::channel(false);
        for good in [true, false] {
            let readiness = Readiness::default()
                .with("database", move || async move { good })
                .noting("upstreams", || json!({ "order": false }));
            let (status, Json(answer)) = ready(readiness, Shutdown::on(ended.clone())).await;
            assert_eq!(status.is_success(), good);
            let expected = json!({
                "ready": good, "draining": false, "checks": { "database": good }, "upstreams": { "order": false },
            });
            assert_eq!(answer, expected);
        }
    }

    #[tokio::test]
    async fn kill_points_are_served_where_they_are_compiled_in_and_nowhere_else() {
        let (_trigger, ended) = watch::channel(false);
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let router = ops_router(&[], Readiness::default(), Shutdown::on(ended), metrics);
        let expected = if cfg!(feature = "failpoints") {
            [StatusCode::OK, StatusCode::METHOD_NOT_ALLOWED]
        } else {
            [StatusCode::NOT_FOUND; 2]
        };
        for (path, expected) in ["/failpoints", "/mutations"].into_iter().zip(expected) {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            let answer = router.clone().oneshot(request).await.expect("an answer");
            assert_eq!(answer.status(), expected, "{path}");
        }
    }
}
