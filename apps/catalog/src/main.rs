//! The catalog service: configuration, telemetry, database, migrations, seed, serving, draining.
//!
//! Invariant: nothing is served before the schema and the seed are in place, and the relay ends after the last request,
//! so that the events of every edit are drained too.

use anyhow::Context as _;
use catalog::config::{
    self, APP, Config, DATABASE, IDENTITY, JWKS, PUBSUB, QUOTES, SECRET_STORE, TOPIC,
};
use catalog::signer::Signer;
use catalog::state::App;
use catalog::{MIGRATOR, routes, seed, settling};
use dapr_kit::{Dapr, Secrets};
use outbox::Relay;
use service::clock::Clock;
use service::database;
use service::server::{Process, beside};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Config { common, seed_demo } = config::read()?;
    let process = Process::start(APP, common)?;
    let Some((app, relay)) = process.prepare(prepare(&process.dapr, seed_demo)).await? else {
        return Ok(());
    };
    tokio::spawn(settling::run(app.clone(), process.shutdown.clone()));

    let readiness = process.readiness().database(&app.db);
    let guard = process.guard(IDENTITY, JWKS, &app.clock);
    let serving = process.serve(routes::table().served(app, guard), readiness);
    // Changes that nobody is told of are worse than a restart.
    let outcome = beside("the relay", |end| relay.run(end), serving).await;
    process.telemetry.flush();
    Ok(outcome?)
}

/// What is needed before the first request: secrets, and a database with our tables and a menu.
async fn prepare(dapr: &Dapr, seed_demo: bool) -> anyhow::Result<(App, Relay)> {
    let secret = Secrets::watch(dapr.clone(), SECRET_STORE, DATABASE).await?;
    let signer = Signer::new(Secrets::watch(dapr.clone(), SECRET_STORE, QUOTES).await?);
    signer.check().context("the secret `quotes`")?;
    let db = database::connect(secret).await?;
    MIGRATOR.run(&db).await.context("the migrations")?;
    outbox::MIGRATOR
        .run(&db)
        .await
        .context("the outbox's migrations")?;
    if seed_demo && seed::demo(&db).await.context("the seed")? {
        tracing::info!("filled an empty catalogue with the demonstration's");
    }
    let relay = Relay::new(db.clone(), dapr.clone(), PUBSUB, TOPIC);
    let app = App::new(db, Clock::system(), relay.waker(), signer);
    Ok((app, relay))
}
