//! The catalog service: configuration, telemetry, database, migrations, seed, serving, draining.
//!
//! Invariant: nothing is served before the schema and the seed are in place.

use anyhow::Context as _;
use catalog::config::{self, APP, DATABASE, IDENTITY, JWKS, SECRET_STORE};
use catalog::state::App;
use catalog::{MIGRATOR, routes, seed};
use dapr_kit::{Dapr, Secrets};
use service::auth::Verifier;
use service::clock::Clock;
use service::database;
use service::routes::Guard;
use service::server::{Readiness, Server, Shutdown};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::read()?;
    let common = config.common;
    let telemetry = service::telemetry::init(APP, &common)?;
    let dapr = Dapr::connect(&common.dapr)?;

    let secret = Secrets::watch(dapr.clone(), SECRET_STORE, DATABASE).await?;
    let db = database::connect(secret).await?;
    MIGRATOR.run(&db).await.context("the migrations")?;
    if config.seed_demo && seed::demo(&db).await.context("the seed")? {
        tracing::info!("filled an empty catalogue with the demonstration's");
    }

    // Only now: until here a signal ends the process at once, also while it waits for a vault or a database.
    let shutdown = Shutdown::on_signals()?;
    let clock = Clock::system();
    let issuer = common.issuer.as_str();
    let verifier = Verifier::remote(dapr.clone(), IDENTITY, JWKS, issuer, APP, clock.clone());
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

    let offered = routes::table();
    let table = offered.table().to_vec();
    let guard = Guard::new(verifier, common.app_api_token.clone());
    let router = offered.into_router(App::new(db.clone(), clock), guard);
    let served = Server {
        common,
        table,
        router,
        readiness,
        shutdown,
    }
    .run(&telemetry)
    .await;
    db.close().await;
    telemetry.flush();
    Ok(served?)
}
