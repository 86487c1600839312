//! A bare handler alone: the control of what a service answers at its own listener, with no sidecar before it.
//!
//! Invariant: it ends with this handle.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::Target;
use e2e::patience::insist;
use reqwest::StatusCode;
use tokio::process::Child;
use url::Url;

use crate::controls::spawn;
use crate::stack::Root;

/// How long it may take to be reached.
const START: Duration = Duration::from_secs(20);

/// The running handler.
pub struct Lone {
    /// Where it answers hello.
    pub hello: Url,
    /// Where it passes questions on, if it does.
    pub relay: Url,
    /// Whose time counts.
    pub root: Root,
    running: Child,
}

impl Lone {
    /// Starts it on a port that nobody else uses, and waits until it can be reached.
    pub async fn start(port: u16) -> Result<Self> {
        let base: Url = format!("http://127.0.0.1:{port}").parse()?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        Self::reached(spawn(port, false, None, "").await?, &base, &http).await
    }

    /// One that is over TLS and asks an address through a sidecar, with these two tokens.
    pub async fn before(
        target: &Target,
        port: u16,
        url: &Url,
        sidecar: String,
        bearer: String,
    ) -> Result<Self> {
        let base: Url = format!("https://localhost:{port}").parse()?;
        let relay = (url.to_string(), sidecar, Some(bearer));
        let running = spawn(port, true, Some(relay), "").await?;
        Self::reached(running, &base, &e2e::client::plain(target)?).await
    }

    async fn reached(running: Child, base: &Url, http: &reqwest::Client) -> Result<Self> {
        let pid = running.id().context("the control ended at once")?;
        let hello = base.join("hello")?;
        insist("the bare handler", START, || async {
            let answer = http.get(hello.clone()).send().await?;
            ensure!(answer.status() == StatusCode::OK, "{}", answer.status());
            Ok(())
        })
        .await?;
        Ok(Self {
            hello,
            relay: base.join("relay")?,
            root: Root {
                kind: "handler".to_owned(),
                pid,
            },
            running,
        })
    }

    /// Fails if it has ended, because then something else was measured.
    pub fn check(&mut self) -> Result<()> {
        let ended = self.running.try_wait()?;
        ensure!(ended.is_none(), "the control ended meanwhile: {ended:?}");
        Ok(())
    }
}
