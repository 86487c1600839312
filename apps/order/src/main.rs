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
use service::auth::Verifier;
use service::clock::Clock;
use service::database;
use service::ids::Ids;
use service::routes::Guard;
use service::server::{Readiness, Server, Shutdown};
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Config {
        common,
        return_limit,
    } = config::read()?;
    let telemetry = service::telemetry::init(APP, &common)?;
    let shutdown = Shutdown::on_signals()?;
    let dapr = Dapr::connect(&common.dapr)?;
    let (app, runner, relay) = tokio::select! {
        prepared = prepare(&dapr, Returns::new(return_limit)) => prepared?,
        // Asked to end while vault or database is still waited for.
        () = shutdown.requested() => return Ok(()),
    };

    let verifier = Verifier::remote(
        dapr.clone(),
        IDENTITY,
        JWKS,
        common.issuer.as_str(),
        APP,
        app.clock.clone(),
    );
    let db = app.db.clone();
    let readiness = Readiness::default()
        .with("database", move || {
            let db = db.clone();
            async move { database::ready(&db).await }
        })
        .with("sidecar", move || {
            let dapr = dapr.clone();
            async move { dapr.ready().await }
        });
    let (last_request_done, runner_may_end) = oneshot::channel::<()>();
    let mut runner = tokio::spawn(runner.run(async {
        // Either outcome means that nothing is served any more.
        let _ = runner_may_end.await;
    }));
    let (last_checkout_done, relay_may_end) = oneshot::channel::<()>();
    let mut relay = tokio::spawn(relay.run(async {
        let _ = relay_may_end.await;
    }));
    let upkeep = tokio::spawn(upkeep::run(app.clone(), shutdown.clone()));

    let routes = routes::table();
    let server = Server {
        table: routes.table().to_vec(),
        router: routes.into_router(app, Guard::new(verifier, common.app_api_token.clone())),
        common,
        readiness,
        shutdown,
    };
    let outcome = tokio::select! {
        outcome = server.run(&telemetry) => outcome,
        // Orders that nobody is told of are worse than a restart.
        ended = &mut relay => anyhow::bail!("the relay ended early: {ended:?}"),
        ended = &mut runner => anyhow::bail!("the runner ended early: {ended:?}"),
    };
    drop(last_request_done);
    runner.await.context("the runner")?;
    drop(last_checkout_done);
    relay.await.context("the relay")?;
    upkeep.abort();
    telemetry.flush();
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
