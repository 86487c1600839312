//! Starts identity: configuration, telemetry, secrets, database, seed, listeners; then serves until it is asked to end.
//!
//! Invariant: it is ready only when its database answers, and its schema is this version's or newer.

use std::sync::Arc;

use anyhow::Context as _;
use dapr_kit::Dapr;
use identity::client_auth::ClientAuth;
use identity::config::{self, Config, LiveSecrets};
use identity::issuer::Issuer;
use identity::keys::Keys;
use identity::password::Passwords;
use identity::standing::StateStore;
use identity::state::App;
use identity::token::Mint;
use identity::{MIGRATOR, routes, seed, sweep};
use jsonwebtoken::jwk::JwkSet;
use service::auth::Verifier;
use service::clock::Clock;
use service::ids::Ids;
use service::routes::Guard;
use service::server::{Readiness, Server, Shutdown};
use service::{database, telemetry};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Config { common, demo } = Config::read()?;
    let telemetry = telemetry::init("identity", &common)?;
    let shutdown = Shutdown::on_signals()?;
    let dapr = Dapr::connect(&common.dapr)?;
    let secrets = LiveSecrets::watch(&dapr).await?;
    let db = database::connect(secrets.database).await?;
    MIGRATOR.run(&db).await.context("migrating the database")?;

    let clock = Clock::system();
    let issuer = Issuer::new(&common.issuer);
    let app = App {
        db: db.clone(),
        cache: Arc::new(StateStore(dapr.clone())),
        ids: Ids::new(clock.clone()),
        mint: Mint::new(issuer.clone(), Keys::new(secrets.signing)?),
        clients: ClientAuth::new(secrets.clients),
        passwords: Passwords::default(),
        clock: clock.clone(),
    };
    if demo && seed::wanted(&app).await? {
        seed::run(&app, &config::demo_passwords(&dapr).await?).await?;
    }
    tokio::spawn(sweep::run(app.clone()));

    // No route is guarded by a scope, so no key is needed to verify one.
    let no_keys = JwkSet { keys: Vec::new() };
    let verifier = Verifier::local(&no_keys, issuer.as_str(), "identity", clock);
    let routes = routes::routes();
    let server = Server {
        table: routes.table().to_vec(),
        router: routes.into_router(app, Guard::new(verifier, common.app_api_token.clone())),
        readiness: Readiness::default().with("database", move || {
            let db = db.clone();
            async move { database::ready(&db).await }
        }),
        common,
        shutdown,
    };
    let outcome = server.run(&telemetry).await;
    telemetry.flush();
    Ok(outcome?)
}
