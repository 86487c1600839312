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
use service::clock::Clock;
use service::server::Process;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::read()?;
    let process = Process::start(APP, config.common)?;
    let web = Web::open(&config.web_root)?;
    let dapr = &process.dapr;
    let Some(secrets) = process.prepare(OurSecrets::wait(dapr)).await? else {
        return Ok(());
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
        address: process.common.issuer.clone(),
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
        process.shutdown.clone(),
    );
    let public = tokio::spawn(public);
    let watching = tokio::spawn(live::watch_sidecar(dapr.clone(), app.hub.clone()));

    let readiness = process.readiness().noting("upstreams", {
        let dapr = dapr.clone();
        move || upstreams::health(&dapr)
    });
    let guard = process.guard(IDENTITY, JWKS, &app.clock);
    let (mut table, router) = routes::table().served(app, guard);
    table.extend(browsers);
    let outcome = process.serve((table, router), readiness).await;
    public.await.context("the public listener")??;
    watching.abort();
    process.telemetry.flush();
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
