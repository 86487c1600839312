//! The carrier: configuration, telemetry, secrets, journal, serving, draining.
//!
//! Invariant: the shipper's listener opens after the whole journal was read back.

use anyhow::Context as _;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use carrier::book::Book;
use carrier::config::{self, APP, SECRET_STORE, SHIPPER};
use carrier::routes;
use carrier::state::App;
use dapr_kit::{Dapr, Secrets};
use service::clock::Clock;
use service::server::{DRAIN, Readiness, Server, Shutdown};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::read()?;
    let common = config.common;
    let telemetry = service::telemetry::init(APP, &common)?;
    let shutdown = Shutdown::on_signals()?;
    let dapr = Dapr::connect(&common.dapr)?;
    let secrets = tokio::select! {
        secrets = Secrets::watch(dapr.clone(), SECRET_STORE, SHIPPER) => secrets?,
        // Asked to end while the vault is still waited for.
        () = shutdown.requested() => return Ok(()),
    };
    let book = Book::open(&config.journal, config.step)?;
    let app = App::new(book, Clock::system(), secrets);

    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("can't listen at {}", config.listen))?;
    tracing::info!(address = %listener.local_addr()?, "serving the shipper");
    let shipper = tokio::spawn(serve(
        listener,
        routes::carrier(app.clone()),
        shutdown.clone(),
    ));

    let readiness = Readiness::default()
        .with("journal", move || {
            let app = app.clone();
            async move { app.book().is_sound() }
        })
        .with("sidecar", move || {
            let dapr = dapr.clone();
            async move { dapr.ready().await }
        });
    let server = Server {
        common,
        table: Vec::new(),
        // Nobody calls us through our sidecar but the sidecar itself, for its probe.
        router: Router::new().route("/healthz", get(async || StatusCode::NO_CONTENT)),
        readiness,
        shutdown,
    };
    let outcome = server.run(&telemetry).await;
    shipper.await.context("the shipper's listener")??;
    telemetry.flush();
    Ok(outcome?)
}

/// Serves until the end is requested and what was under way is done, or [`DRAIN`] has passed.
async fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) -> std::io::Result<()> {
    let stop = shutdown.clone();
    let serving =
        axum::serve(listener, router).with_graceful_shutdown(async move { stop.requested().await });
    let deadline = async {
        shutdown.requested().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        outcome = serving.into_future() => outcome,
        () = deadline => Ok(()),
    }
}
