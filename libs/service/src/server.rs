//! A service's process: what each begins with, its listeners and its orderly end.
//!
//! On SIGTERM or Ctrl-C it stops being ready, takes no new connection, finishes what is under way and
//! ends; what is not finished after ten seconds is given up, with a warning.

pub(crate) mod observe;
mod readiness;

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::routing::get;
use axum::{Json, Router};
use dapr_kit::{Dapr, DaprError};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::StatusCode;
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinError;

pub use observe::request as observe_request;
pub use readiness::Readiness;

use crate::auth::Verifier;
use crate::clock::Clock;
use crate::config::Common;
use crate::failpoint;
use crate::routes::{Guard, Route};
use crate::telemetry::{self, Telemetry, TelemetryError};

/// How long requests under way may take to finish.
pub const DRAIN: Duration = Duration::from_secs(10);

/// A process that can't begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its logs, traces or metrics can't be set up.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// It can't be asked to end.
    #[error("signals can't be heard: {0}")]
    Signals(#[from] std::io::Error),
    /// Its sidecar can't be called.
    #[error(transparent)]
    Sidecar(#[from] DaprError),
}

/// What ends a process before it is asked to end.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A listener can't be had or broke.
    #[error("can't listen at {address}: {source}")]
    Listener {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// What runs [`beside`] did not wait to be told: a restart is better than to go on without it.
    #[error("{task} ended early: {outcome:?}")]
    EndedEarly {
        /// Its name.
        task: &'static str,
        /// How it ended.
        outcome: Result<(), JoinError>,
    },
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

    /// Returns when what is under way may take no longer: [`DRAIN`] after the end is requested.
    pub async fn overdue(&self) {
        self.requested().await;
        tokio::time::sleep(DRAIN).await;
    }
}

/// A process that has begun: it logs, hears signals, and has a sidecar to call.
pub struct Process {
    /// The name of its application.
    app: &'static str,
    /// What it was told.
    pub common: Common,
    /// Its sidecar.
    pub dapr: Dapr,
    /// Ends it.
    pub shutdown: Shutdown,
    /// Its logs, traces and metrics.
    pub telemetry: Telemetry,
}

impl Process {
    /// Begins the application `app`.
    pub fn start(app: &'static str, common: Common) -> Result<Self, StartError> {
        let telemetry = telemetry::init(app, &common)?;
        Ok(Self {
            app,
            shutdown: Shutdown::on_signals()?,
            dapr: Dapr::connect(&common.dapr)?,
            common,
            telemetry,
        })
    }

    /// What comes of `preparing`; nothing if the end is requested while a vault or a database is still waited for.
    pub async fn prepare<T, E>(
        &self,
        preparing: impl Future<Output = Result<T, E>>,
    ) -> Result<Option<T>, E> {
        tokio::select! {
            // Boxed: it is large, and would be held twice here.
            prepared = Box::pin(preparing) => prepared.map(Some),
            () = self.shutdown.requested() => Ok(None),
        }
    }

    /// Ready when the sidecar answers.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let dapr = self.dapr.clone();
        Readiness::default().with("sidecar", move || {
            let dapr = dapr.clone();
            async move { dapr.ready().await }
        })
    }

    /// Lets in who has a token for this application, signed by keys that the application `identity` publishes at `path`.
    #[must_use]
    pub fn guard(&self, identity: &str, path: &str, clock: &Clock) -> Guard {
        let (dapr, issuer) = (self.dapr.clone(), self.common.issuer.as_str());
        let verifier = Verifier::remote(dapr, identity, path, issuer, self.app, clock.clone());
        Guard::new(verifier, self.common.app_api_token.clone())
    }

    /// [Serves](Self::serve) a sidecar that passes on no call of anybody, and asks only whether it is alive.
    pub async fn stand_by(&self, readiness: Readiness) -> Result<(), ServerError> {
        let probed = Router::new().route("/healthz", get(async || StatusCode::NO_CONTENT));
        self.serve((Vec::new(), probed), readiness).await
    }

    /// Serves until the end is requested and what was under way is done: `router` to the sidecar; `table`, the rows of a public
    /// listener included, at the ops listener.
    pub async fn serve(
        &self,
        (table, router): (Vec<Route>, Router),
        readiness: Readiness,
    ) -> Result<(), ServerError> {
        let Self {
            common, shutdown, ..
        } = self;
        let ops = bind(common.ops_listen).await?;
        let app = bind(common.app_listen).await?;
        let metrics = self.telemetry.metrics();
        let ops_router = ops_router(&table, readiness, shutdown.clone(), metrics);
        // The ops listener outlives the other, so that probes see a draining service as alive and not ready.
        let ops = tokio::spawn(async move { axum::serve(ops, ops_router).await });
        tracing::info!(address = %common.app_listen, "serving");
        let stop = shutdown.clone();
        let serving =
            axum::serve(app, router).with_graceful_shutdown(async move { stop.requested().await });
        let outcome = tokio::select! {
            outcome = serving.into_future() => outcome,
            () = shutdown.overdue() => {
                tracing::warn!("requests were still under way at the end");
                Ok(())
            }
        };
        ops.abort();
        outcome.map_err(|source| ServerError::Listener {
            address: common.app_listen,
            source,
        })
    }
}

/// Is ready when a task is to end.
pub type End = BoxFuture<'static, ()>;

/// Does `work`, which is serving, while `task` runs beside it: that is told to end after the last request, and waited for.
/// If it ends before, `work` is given up.
pub async fn beside<F>(
    task: &'static str,
    run: impl FnOnce(End) -> F,
    work: impl Future<Output = Result<(), ServerError>>,
) -> Result<(), ServerError>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (work_done, may_end) = oneshot::channel::<()>();
    // Either outcome means that nothing is served any more.
    let mut running = tokio::spawn(run(Box::pin(may_end.map(drop))));
    let outcome = tokio::select! {
        outcome = work => outcome,
        outcome = &mut running => return Err(ServerError::EndedEarly { task, outcome }),
    };
    drop(work_done);
    match running.await {
        Ok(()) => outcome,
        outcome => Err(ServerError::EndedEarly { task, outcome }),
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServerError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| ServerError::Listener { address, source })
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
            get(move || readiness::ready(readiness.clone(), shutdown.clone())),
        )
        .route("/metrics", get(async move || metrics.render()))
        .route("/routes", get(async move || Json(table)));
    failpoint::add_routes(router)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use metrics_exporter_prometheus::PrometheusBuilder;
    use tower::ServiceExt as _;

    use super::*;

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

    #[tokio::test]
    async fn what_runs_beside_ends_after_the_work_and_the_outer_one_last() {
        let (sender, mut ended) = tokio::sync::mpsc::unbounded_channel();
        let run = |name: &'static str| {
            let sender = sender.clone();
            move |end: End| async move {
                end.await;
                sender.send(name).expect("somebody listens");
            }
        };
        let serving = async {
            sender.send("serving").expect("somebody listens");
            Ok(())
        };
        let runner = beside("the runner", run("runner"), serving);
        beside("the relay", run("relay"), runner)
            .await
            .expect("all in order");
        for name in ["serving", "runner", "relay"] {
            assert_eq!(ended.recv().await, Some(name));
        }
    }

    #[tokio::test]
    async fn work_is_given_up_when_what_runs_beside_ends_early() {
        let outcome = beside("the relay", |_| async {}, std::future::pending()).await;
        let error = outcome.expect_err("it ended early").to_string();
        assert_eq!(error, "the relay ended early: Ok(())");
    }
}
