//! Starts identity: configuration, telemetry, secrets, database, seed, listeners; then serves until it is asked to end.
//!
//! Invariant: it is ready only when its database answers, and its schema is this version's or newer; the relay ends after
//! the last request, so that the events of every one are drained too.

use std::sync::Arc;

use anyhow::Context as _;
use dapr_kit::Dapr;
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
use service::ids::Ids;
use service::routes::Guard;
use service::server::{Readiness, Server, Shutdown};
use service::{database, telemetry};
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Config {
        common,
        providers,
        demo,
        second_factor,
    } = Config::read()?;
    let telemetry = telemetry::init("identity", &common)?;
    let shutdown = Shutdown::on_signals()?;
    let dapr = Dapr::connect(&common.dapr)?;
    let secrets = LiveSecrets::watch(&dapr).await?;
    let db = database::connect(secrets.database).await?;
    MIGRATOR.run(&db).await.context("our migrations")?;
    outbox::MIGRATOR
        .run(&db)
        .await
        .context("the outbox's migrations")?;
    let relay = Relay::new(db.clone(), dapr.clone(), PUBSUB, TOPIC);

    let clock = Clock::system();
    let issuer = Issuer::new(&common.issuer);
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
        seed::run(&app, &config::demo_passwords(&dapr).await?).await?;
    }
    tokio::spawn(sweep::run(app.clone()));
    tokio::spawn(postman::run(app.clone(), Smtp(dapr)));
    let (last_request_done, relay_may_end) = oneshot::channel::<()>();
    let mut relay = tokio::spawn(relay.run(async {
        // Either outcome means that nothing is served any more.
        let _ = relay_may_end.await;
    }));

    let verifier = app.verifier();
    let routes = routes::routes();
    let server = Server {
        table: routes.table().to_vec(),
        router: routes::router(
            routes,
            &app,
            Guard::new(verifier, common.app_api_token.clone()),
        ),
        readiness: Readiness::default().with("database", move || {
            let db = db.clone();
            async move { database::ready(&db).await }
        }),
        common,
        shutdown,
    };
    let outcome = tokio::select! {
        outcome = server.run(&telemetry) => outcome,
        // Sessions whose end nobody is told of are worse than a restart.
        ended = &mut relay => anyhow::bail!("the relay ended early: {ended:?}"),
    };
    drop(last_request_done);
    relay.await.context("the relay")?;
    telemetry.flush();
    Ok(outcome?)
}
