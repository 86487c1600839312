//! The carrier: configuration, telemetry, secrets, journal, serving, draining.
//!
//! Invariant: the shipper's listener opens after the whole journal was read back.

use anyhow::Context as _;
use axum::Router;
use carrier::book::Book;
use carrier::config::{self, APP, SECRET_STORE, SHIPPER};
use carrier::routes;
use carrier::state::App;
use dapr_kit::Secrets;
use service::clock::Clock;
use service::server::{Process, Shutdown};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::read()?;
    let process = Process::start(APP, config.common)?;
    let secrets = Secrets::watch(process.dapr.clone(), SECRET_STORE, SHIPPER);
    let Some(secrets) = process.prepare(secrets).await? else {
        return Ok(());
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
        process.shutdown.clone(),
    ));

    let readiness = process.readiness().with("journal", move || {
        let app = app.clone();
        async move { app.book().is_sound() }
    });
    let outcome = process.stand_by(readiness).await;
    shipper.await.context("the shipper's listener")??;
    process.telemetry.flush();
    Ok(outcome?)
}

/// Serves until the end is requested and what was under way is done, or may take no longer.
async fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) -> std::io::Result<()> {
    let stop = shutdown.clone();
    let serving =
        axum::serve(listener, router).with_graceful_shutdown(async move { stop.requested().await });
    tokio::select! {
        outcome = serving.into_future() => outcome,
        () = shutdown.overdue() => Ok(()),
    }
}
