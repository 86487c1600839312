//! The acquirer: configuration, telemetry, secrets, ledger, serving, draining.
//!
//! Invariant: the provider's listener opens after the whole ledger was read back.

use std::sync::Arc;

use acquirer::bank::Bank;
use acquirer::config::{self, APP, MERCHANT, SECRET_STORE};
use acquirer::pace::Pace;
use acquirer::state::App;
use acquirer::trouble::Trouble;
use acquirer::webhooks::Courier;
use acquirer::{listener, routes};
use anyhow::Context as _;
use dapr_kit::Secrets;
use service::clock::Clock;
use service::ids::Ids;
use service::server::Process;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = config::read()?;
    let process = Process::start(APP, config.common)?;
    let secrets = Secrets::watch(process.dapr.clone(), SECRET_STORE, MERCHANT);
    let Some(secrets) = process.prepare(secrets).await? else {
        return Ok(());
    };
    let clock = Clock::system();
    let (bank, owed) = Bank::open(&config.ledger, clock.clone(), Ids::new(clock.clone()))?;
    let app = App {
        bank: Arc::new(bank),
        trouble: Arc::new(Trouble::default()),
        pace: Pace::real(),
        secrets,
        shutdown: process.shutdown.clone(),
    };
    let courier = Courier::new(
        config.webhooks,
        app.secrets.clone(),
        app.bank.clone(),
        clock,
        app.pace.clone(),
    )?;

    let listener = TcpListener::bind(config.provider_listen)
        .await
        .with_context(|| format!("can't listen at {}", config.provider_listen))?;
    tracing::info!(address = %listener.local_addr()?, "serving the merchant");
    let merchant = routes::provider(app.clone());
    let merchant = tokio::spawn(listener::serve(listener, merchant, app.shutdown.clone()));
    let telling = tokio::spawn(courier.run(owed));

    let bank = app.bank.clone();
    let readiness = process.readiness().with("ledger", move || {
        let bank = bank.clone();
        async move { bank.is_sound() }
    });
    let outcome = tokio::select! {
        outcome = process.stand_by(readiness) => outcome,
        // What is in memory is not on disk: only a new start is true again.
        () = app.bank.lost() => anyhow::bail!("the ledger takes no more lines"),
    };
    merchant.await.context("the provider's listener")??;
    telling.abort();
    process.telemetry.flush();
    Ok(outcome?)
}
