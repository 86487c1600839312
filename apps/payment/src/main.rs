//! The payment service: configuration, telemetry, database, migrations, serving, draining.
//!
//! Invariant: the relay ends after the last request, so that the events of every command are drained too.

use std::sync::Arc;

use anyhow::Context as _;
use dapr_kit::{Dapr, Secrets};
use outbox::Relay;
use payment::config::{APP, Config, DATABASE, IDENTITY, JWKS, PUBSUB, SECRET_STORE, TOPIC};
use payment::provider::Provider;
use payment::reconcile;
use payment::state::App;
use payment::{MIGRATOR, config, resolver, routes, upkeep};
use service::clock::Clock;
use service::database;
use service::ids::Ids;
use service::server::{Process, beside};
use tokio::sync::Notify;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Config { common, provider } = config::read()?;
    let process = Process::start(APP, common)?;
    let Some((app, relay)) = process.prepare(prepare(&process.dapr, provider)).await? else {
        return Ok(());
    };
    let resolver = tokio::spawn(resolver::run(app.clone(), process.shutdown.clone()));
    let reconciling = tokio::spawn(reconcile::run::run(app.clone(), process.shutdown.clone()));
    tokio::spawn(upkeep::run(app.clone(), process.shutdown.clone()));

    let readiness = process.readiness().database(&app.db);
    let guard = process.guard(IDENTITY, JWKS, &app.clock);
    let serving = async {
        let served = routes::table().served(app, guard);
        let outcome = process.serve(served, readiness).await;
        // What they leave halfway is taken up by the next ones, as after a crash.
        resolver.abort();
        reconciling.abort();
        outcome
    };
    // Payments that nobody is told of are worse than a restart.
    let outcome = beside("the relay", |end| relay.run(end), serving).await;
    process.telemetry.flush();
    Ok(outcome?)
}

/// What is needed before the first request: secrets, and a database with our tables.
async fn prepare(dapr: &Dapr, provider: Provider) -> anyhow::Result<(App, Relay)> {
    let database = Secrets::watch(dapr.clone(), SECRET_STORE, DATABASE).await?;
    let webhook = Secrets::watch(dapr.clone(), SECRET_STORE, provider.webhook_secret()).await?;
    let db = database::connect(database).await?;
    MIGRATOR.run(&db).await.context("our migrations")?;
    outbox::MIGRATOR
        .run(&db)
        .await
        .context("the outbox's migrations")?;
    let relay = Relay::new(db.clone(), dapr.clone(), PUBSUB, TOPIC);
    let clock = Clock::system();
    let app = App {
        db,
        dapr: dapr.clone(),
        ids: Ids::new(clock.clone()),
        clock,
        outbox: relay.waker(),
        undecided: Arc::new(Notify::new()),
        reconcile: Arc::new(Notify::new()),
        provider,
        webhook,
    };
    Ok((app, relay))
}
