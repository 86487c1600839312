//! The inventory service: configuration, telemetry, database, migrations, seed, serving, draining.
//!
//! Invariant: the relay ends after the last request, so that the events of every command are drained too.

use std::sync::Arc;

use anyhow::Context as _;
use dapr_kit::{Dapr, Secrets};
use inventory::config::{self, APP, Config, DATABASE, IDENTITY, JWKS, PUBSUB, SECRET_STORE, TOPIC};
use inventory::state::App;
use inventory::store::recipes;
use inventory::{MIGRATOR, routes, seed, sweeper, upkeep};
use outbox::Relay;
use service::clock::Clock;
use service::database;
use service::ids::Ids;
use service::server::{Process, beside};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Config { common, seed_demo } = config::read()?;
    let process = Process::start(APP, common)?;
    let Some((app, relay)) = process.prepare(prepare(&process.dapr, seed_demo)).await? else {
        return Ok(());
    };
    tokio::spawn(upkeep::run(app.clone(), process.shutdown.clone()));
    tokio::spawn(sweeper::run(app.clone(), process.shutdown.clone()));

    let readiness = process.readiness().database(&app.db);
    let guard = process.guard(IDENTITY, JWKS, &app.clock);
    let serving = process.serve(routes::table().served(app, guard), readiness);
    // Changes that nobody is told of are worse than a restart.
    let outcome = beside("the relay", |end| relay.run(end), serving).await;
    process.telemetry.flush();
    Ok(outcome?)
}

/// What is needed before the first request: secrets, a database with our tables, and the recipes.
async fn prepare(dapr: &Dapr, seed_demo: bool) -> anyhow::Result<(App, Relay)> {
    let database = Secrets::watch(dapr.clone(), SECRET_STORE, DATABASE).await?;
    let db = database::connect(database).await?;
    MIGRATOR.run(&db).await.context("our migrations")?;
    outbox::MIGRATOR
        .run(&db)
        .await
        .context("the outbox's migrations")?;
    let clock = Clock::system();
    let ids = Ids::new(clock.clone());
    if seed_demo
        && seed::demo(&db, &ids, clock.now())
            .await
            .context("the seed")?
    {
        tracing::info!("filled an empty inventory with the demonstration's");
    }
    let recipes = recipes::book(&mut *db.acquire().await?).await?;
    let relay = Relay::new(db.clone(), dapr.clone(), PUBSUB, TOPIC);
    let app = App {
        db,
        recipes: Arc::new(recipes),
        clock,
        ids,
        outbox: relay.waker(),
    };
    Ok((app, relay))
}
