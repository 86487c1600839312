//! Starts identity: configuration, telemetry, secrets, database, seed, listeners; then serves until it is asked to end.
//!
//! Invariant: it is ready only when its database answers, and its schema is this version's or newer; the relay ends after
//! the last request, so that the events of every one are drained too.

use std::sync::Arc;

use anyhow::Context as _;
use identity::client_auth::ClientAuth;
use identity::config::{self, Config, LiveSecrets, PUBSUB, TOPIC};
use identity::federation::Federation;
use identity::federation::http::Http;
use identity::issuer::Issuer;
use identity::keys::Keys;
use identity::password::Passwords;
use identity::postman::{self, Smtp};
use identity::sealed::Sealer;
use identity::standing::StateStore;
use identity::state::App;
use identity::token::Mint;
use identity::{MIGRATOR, routes, seed, sweep};
use outbox::Relay;
use service::clock::Clock;
use service::database;
use service::ids::Ids;
use service::routes::Guard;
use service::server::{Process, Readiness, beside};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Config {
        common,
        providers,
        demo,
        second_factor,
    } = Config::read()?;
    let process = Process::start("identity", common)?;
    let dapr = &process.dapr;
    let secrets = LiveSecrets::watch(dapr).await?;
    let db = database::connect(secrets.database).await?;
    MIGRATOR.run(&db).await.context("our migrations")?;
    outbox::MIGRATOR
        .run(&db)
        .await
        .context("the outbox's migrations")?;
    let relay = Relay::new(db.clone(), dapr.clone(), PUBSUB, TOPIC);

    let clock = Clock::system();
    let issuer = Issuer::new(&process.common.issuer);
    let app = App {
        db: db.clone(),
        cache: Arc::new(StateStore(dapr.clone())),
        ids: Ids::new(clock.clone()),
        mint: Mint::new(issuer, Keys::new(secrets.signing)?),
        clients: ClientAuth::new(secrets.clients),
        passwords: Passwords::default(),
        sealer: Sealer::new(secrets.totp)?,
        second_factor,
        federation: Federation::new(secrets.federation, Http::new(providers)?, clock.clone()),
        clock,
        outbox: relay.waker(),
    };
    if demo && seed::wanted(&app).await? {
        seed::run(&app, &config::demo_passwords(dapr).await?).await?;
    }
    tokio::spawn(sweep::run(app.clone()));
    tokio::spawn(postman::run(app.clone(), Smtp(dapr.clone())));

    let guard = Guard::new(app.verifier(), process.common.app_api_token.clone());
    let table = routes::routes();
    let served = (table.table().to_vec(), routes::router(table, &app, guard));
    let serving = process.serve(served, Readiness::default().database(&db));
    // Sessions whose end nobody is told of are worse than a restart.
    let outcome = beside("the relay", |end| relay.run(end), serving).await;
    process.telemetry.flush();
    Ok(outcome?)
}
