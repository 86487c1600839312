//! The shipping service: configuration, telemetry, database, migrations, seed, serving, draining.
//!
//! Invariant: the relay ends after the last request, so that the events of every command are drained too.

use std::sync::Arc;

use anyhow::Context as _;
use dapr_kit::{Dapr, Secrets};
use outbox::Relay;
use service::auth::Verifier;
use service::clock::Clock;
use service::database;
use service::ids::Ids;
use service::routes::Guard;
use service::server::{Readiness, Server, Shutdown};
use shipping::config::{APP, Config, DATABASE, IDENTITY, JWKS, PUBSUB, SECRET_STORE, TOPIC};
use shipping::state::App;
use shipping::{MIGRATOR, config, driver, feed, routes, seed, upkeep};
use tokio::sync::{Notify, oneshot};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::read()?;
    let common = config.common.clone();
    let telemetry = service::telemetry::init(APP, &common)?;
    let shutdown = Shutdown::on_signals()?;
    let dapr = Dapr::connect(&common.dapr)?;
    let (app, relay) = tokio::select! {
        prepared = prepare(&dapr, &config) => prepared?,
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
    let (last_request_done, relay_may_end) = oneshot::channel::<()>();
    let mut relay = tokio::spawn(relay.run(async {
        // Either outcome means that nothing is served any more.
        let _ = relay_may_end.await;
    }));
    let driver = tokio::spawn(driver::run(app.clone(), shutdown.clone()));
    let feed = tokio::spawn(feed::run(app.clone(), shutdown.clone()));
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
        // Shipments that nobody is told of are worse than a restart.
        ended = &mut relay => anyhow::bail!("the relay ended early: {ended:?}"),
    };
    // What they leave halfway is taken up by the next ones, as after a crash.
    driver.abort();
    feed.abort();
    drop(last_request_done);
    relay.await.context("the relay")?;
    upkeep.abort();
    telemetry.flush();
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
