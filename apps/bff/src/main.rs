//! The BFF: configuration, telemetry, secrets, serving, draining.
//!
//! Invariant: the public listener opens last, when all that it needs is there.

use std::sync::Arc;

use anyhow::Context as _;
use bff::config::{self, APP, DURABLE_STORE, IDENTITY, JWKS, SECRET_STORE, STATE_STORE};
use bff::limits::DaprCounter;
use bff::live;
use bff::pages::Web;
use bff::seal::Sealer;
use bff::session::DaprState;
use bff::shelf::DaprShelf;
use bff::state::{App, Parts};
use bff::{public, routes, tls, upstreams};
use dapr_kit::{Dapr, DaprError, Secrets};
use service::auth::Verifier;
use service::clock::Clock;
use service::routes::Guard;
use service::server::{Readiness, Server, Shutdown};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::read()?;
    let common = config.common;
    let telemetry = service::telemetry::init(APP, &common)?;
    let shutdown = Shutdown::on_signals()?;
    let web = Web::open(&config.web_root)?;
    let dapr = Dapr::connect(&common.dapr)?;
    let secrets = tokio::select! {
        secrets = OurSecrets::wait(&dapr) => secrets?,
        // Asked to end while the vault is still waited for.
        () = shutdown.requested() => return Ok(()),
    };
    let certificate = tls::follow(secrets.tls)?;
    let sealer = Sealer::new(secrets.session);
    sealer.check()?;
    let app = App::new(Parts {
        dapr: dapr.clone(),
        client: secrets.client,
        sealer,
        store: Arc::new(DaprState::new(dapr.clone(), STATE_STORE)),
        counter: Arc::new(DaprCounter::new(dapr.clone(), STATE_STORE)),
        shelf: Arc::new(DaprShelf::new(dapr.clone(), DURABLE_STORE)),
        rate_factor: config.rate_factor,
        clock: Clock::system(),
        address: common.issuer.clone(),
    });

    let listener = TcpListener::bind(config.public_listen)
        .await
        .with_context(|| format!("can't listen at {}", config.public_listen))?;
    tracing::info!(address = %config.public_listen, "serving browsers");
    let (entrance, browsers) = routes::public(&app, &web);
    let public = public::serve(
        listener,
        certificate,
        entrance,
        app.hub.clone(),
        shutdown.clone(),
    );
    let public = tokio::spawn(public);
    let watching = tokio::spawn(live::watch_sidecar(dapr.clone(), app.hub.clone()));

    let issuer = app.public.issuer.clone();
    let verifier = Verifier::remote(
        dapr.clone(),
        IDENTITY,
        JWKS,
        &issuer,
        APP,
        app.clock.clone(),
    );
    let readiness = Readiness::default()
        .noting("upstreams", {
            let dapr = dapr.clone();
            move || upstreams::health(&dapr)
        })
        .with("sidecar", move || {
            let dapr = dapr.clone();
            async move { dapr.ready().await }
        });
    let table = routes::table();
    let server = Server {
        table: [table.table(), &browsers].concat(),
        router: table.into_router(app, Guard::new(verifier, common.app_api_token.clone())),
        common,
        readiness,
        shutdown,
    };
    let outcome = server.run(&telemetry).await;
    public.await.context("the public listener")??;
    watching.abort();
    telemetry.flush();
    Ok(outcome?)
}

struct OurSecrets {
    tls: Secrets,
    session: Secrets,
    client: Secrets,
}

impl OurSecrets {
    async fn wait(dapr: &Dapr) -> Result<Self, DaprError> {
        let watch = |key| Secrets::watch(dapr.clone(), SECRET_STORE, key);
        let (tls, session, client) =
            tokio::try_join!(watch("tls"), watch("session"), watch("client"))?;
        Ok(Self {
            tls,
            session,
            client,
        })
    }
}
