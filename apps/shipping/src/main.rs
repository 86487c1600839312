//! The shipping service: configuration, telemetry, database, migrations, seed, serving, draining.
//!
//! Invariant: the relay ends after the last request, so that the events of every command are drained too.

use std::sync::Arc;

use anyhow::Context as _;
use dapr_kit::{Dapr, Secrets};
use outbox::Relay;
use service::clock::Clock;
use service::database;
use service::ids::Ids;
use service::server::{Process, beside};
use shipping::config::{APP, Config, DATABASE, IDENTITY, JWKS, PUBSUB, SECRET_STORE, TOPIC};
use shipping::state::App;
use shipping::{MIGRATOR, config, driver, feed, routes, seed, upkeep};
use tokio::sync::Notify;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::read()?;
    let process = Process::start(APP, config.common.clone())?;
    let Some((app, relay)) = process.prepare(prepare(&process.dapr, &config)).await? else {
        return Ok(());
    };
    let driver = tokio::spawn(driver::run(app.clone(), process.shutdown.clone()));
    let feed = tokio::spawn(feed::run(app.clone(), process.shutdown.clone()));
    tokio::spawn(upkeep::run(app.clone(), process.shutdown.clone()));

    let readiness = process.readiness().database(&app.db);
    let guard = process.guard(IDENTITY, JWKS, &app.clock);
    let serving = async {
        let served = routes::table().served(app, guard);
        let outcome = process.serve(served, readiness).await;
        // What they leave halfway is taken up by the next ones, as after a crash.
        driver.abort();
        feed.abort();
        outcome
    };
    // Shipments that nobody is told of are worse than a restart.
    let outcome = beside("the relay", |end| relay.run(end), serving).await;
    process.telemetry.flush();
    Ok(outcome?)
}

/// What is needed before the first request: secrets, a database with our tables, and zones.
async fn prepare(dapr: &Dapr, config: &Config) -> anyhow::Result<(App, Relay)> {
    let database = Secrets::watch(dapr.clone(), SECRET_STORE, DATABASE).await?;
    let db = database::connect(database).await?;
    MIGRATOR.run(&db).await.context("our migrations")?;
    outbox::MIGRATOR
        .run(&db)
        .await
        .context("the outbox's migrations")?;
    if config.seed_demo && seed::demo(&db).await.context("the seed")? {
        tracing::info!("filled a database without zones with the demonstration's");
    }
    let relay = Relay::new(db.clone(), dapr.clone(), PUBSUB, TOPIC);
    let clock = Clock::system();
    let app = App {
        db,
        dapr: dapr.clone(),
        ids: Ids::new(clock.clone()),
        clock,
        outbox: relay.waker(),
        undone: Arc::new(Notify::new()),
        search: config.search,
    };
    Ok((app, relay))
}
