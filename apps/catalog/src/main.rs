//! The catalog service: configuration, telemetry, database, migrations, seed, serving, draining.
//!
//! Invariant: nothing is served before the schema and the seed are in place, and the relay ends after the last request,
//! so that the events of every edit are drained too.

use anyhow::Context as _;
use catalog::config::{self, APP, DATABASE, IDENTITY, JWKS, PUBSUB, QUOTES, SECRET_STORE, TOPIC};
use catalog::signer::Signer;
use catalog::state::App;
use catalog::{MIGRATOR, routes, seed, settling};
use dapr_kit::{Dapr, Secrets};
use outbox::Relay;
use service::auth::Verifier;
use service::clock::Clock;
use service::database;
use service::routes::Guard;
use service::server::{Readiness, Server, Shutdown};
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::read()?;
    let common = config.common;
    let telemetry = service::telemetry::init(APP, &common)?;
    let dapr = Dapr::connect(&common.dapr)?;

    let secret = Secrets::watch(dapr.clone(), SECRET_STORE, DATABASE).await?;
    let signer = Signer::new(Secrets::watch(dapr.clone(), SECRET_STORE, QUOTES).await?);
    signer.check().context("the secret `quotes`")?;
    let db = database::connect(secret).await?;
    MIGRATOR.run(&db).await.context("the migrations")?;
    outbox::MIGRATOR
        .run(&db)
        .await
        .context("the outbox's migrations")?;
    if config.seed_demo && seed::demo(&db).await.context("the seed")? {
        tracing::info!("filled an empty catalogue with the demonstration's");
    }

    // Only now: until here a signal ends the process at once, also while it waits for a vault or a database.
    let shutdown = Shutdown::on_signals()?;
    let clock = Clock::system();
    let issuer = common.issuer.as_str();
    let verifier = Verifier::remote(dapr.clone(), IDENTITY, JWKS, issuer, APP, clock.clone());
    let relay = Relay::new(db.clone(), dapr.clone(), PUBSUB, TOPIC);
    let app = App::new(db.clone(), clock, relay.waker(), signer);
    let readiness = Readiness::default()
        .with("database", {
            let db = db.clone();
            move || {
                let db = db.clone();
                async move { database::ready(&db).await }
            }
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
    let settling = tokio::spawn(settling::run(app.clone(), shutdown.clone()));
    let offered = routes::table();
    let table = offered.table().to_vec();
    let guard = Guard::new(verifier, common.app_api_token.clone());
    let router = offered.into_router(app, guard);
    let server = Server {
        common,
        table,
        router,
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
    settling.abort();
    db.close().await;
    telemetry.flush();
    Ok(outcome?)
}
