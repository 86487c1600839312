//! The order service: configuration, telemetry, database, migrations, serving, draining.
//!
//! Invariant: the runner of sagas ends after the last request, and the relay after the runner, so that what was begun is
//! recorded and every event of it is drained.

use anyhow::Context as _;
use dapr_kit::{Dapr, Secrets, Tokens};
use order::checkout::handle::Checkouts;
use order::checkout::runner::Runner;
use order::config::{APP, CLIENT, Config, DATABASE, IDENTITY, JWKS, PUBSUB, SECRET_STORE, TOPIC};
use order::in_flight::InFlight;
use order::numbers::Numbers;
use order::returns::handle::Returns;
use order::state::App;
use order::waits::Waits;
use order::{MIGRATOR, config, routes, upkeep};
use outbox::Relay;
use service::clock::Clock;
use service::database;
use service::ids::Ids;
use service::server::{Process, beside};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Config {
        common,
        return_limit,
    } = config::read()?;
    let process = Process::start(APP, common)?;
    let preparing = prepare(&process.dapr, Returns::new(return_limit));
    let Some((app, runner, relay)) = process.prepare(preparing).await? else {
        return Ok(());
    };
    tokio::spawn(upkeep::run(app.clone(), process.shutdown.clone()));

    let readiness = process.readiness().database(&app.db);
    let guard = process.guard(IDENTITY, JWKS, &app.clock);
    let serving = process.serve(routes::table().served(app, guard), readiness);
    let serving = beside("the runner", |end| runner.run(end), serving);
    // Orders that nobody is told of are worse than a restart.
    let outcome = beside("the relay", |end| relay.run(end), serving).await;
    process.telemetry.flush();
    Ok(outcome?)
}

/// What is needed before the first request: secrets, and a database with our tables.
async fn prepare(dapr: &Dapr, returns: Returns) -> anyhow::Result<(App, Runner, Relay)> {
    let database = Secrets::watch(dapr.clone(), SECRET_STORE, DATABASE).await?;
    let client = Secrets::watch(dapr.clone(), SECRET_STORE, CLIENT).await?;
    let db = database::connect(database).await?;
    MIGRATOR.run(&db).await.context("our migrations")?;
    outbox::MIGRATOR
        .run(&db)
        .await
        .context("the outbox's migrations")?;
    let relay = Relay::new(db.clone(), dapr.clone(), PUBSUB, TOPIC);
    let clock = Clock::system();
    let ids = Ids::new(clock.clone());
    let (checkouts, inbox) = Checkouts::new(ids.next());
    let app = App {
        db,
        dapr: dapr.clone(),
        tokens: Tokens::new(dapr.clone(), IDENTITY, client),
        ids,
        clock,
        outbox: relay.waker(),
        in_flight: InFlight::default(),
        numbers: Numbers::default(),
        waits: Waits::default(),
        checkouts,
        returns,
    };
    let runner = Runner::new(app.clone(), inbox);
    Ok((app, runner, relay))
}
