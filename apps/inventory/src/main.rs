//! The inventory service: configuration, telemetry, database, migrations, seed, serving, draining.
//!
//! Invariant: the relay ends after the last request, so that the events of every command are drained too.

use std::sync::Arc;

use anyhow::Context as _;
use dapr_kit::{Dapr, Secrets};
use inventory::config::{self, APP, DATABASE, IDENTITY, JWKS, PUBSUB, SECRET_STORE, TOPIC};
use inventory::state::App;
use inventory::store::recipes;
use inventory::{MIGRATOR, routes, seed, sweeper, upkeep};
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
    let config = config::read()?;
    let common = config.common;
    let telemetry = service::telemetry::init(APP, &common)?;
    let shutdown = Shutdown::on_signals()?;
    let dapr = Dapr::connect(&common.dapr)?;
    let (app, relay) = tokio::select! {
        prepared = prepare(&dapr, config.seed_demo) => prepared?,
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
    let upkeep = tokio::spawn(upkeep::run(app.clone(), shutdown.clone()));
    let sweeper = tokio::spawn(sweeper::run(app.clone(), shutdown.clone()));

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
        // Changes that nobody is told of are worse than a restart.
        ended = &mut relay => anyhow::bail!("the relay ended early: {ended:?}"),
    };
    drop(last_request_done);
    relay.await.context("the relay")?;
    upkeep.abort();
    sweeper.abort();
    telemetry.flush();
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
