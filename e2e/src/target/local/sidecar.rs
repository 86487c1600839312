//! A second sidecar beside those of the stack, which says that it is an app's.
//!
//! Invariant: it loads no component and takes nobody's ports, and ends with its handle.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use tokio::process::{Child, Command};
use url::Url;

use super::harm::environment;
use super::{BASE, Local, Part, root};
use crate::patience::until;
use crate::target::Proof;

/// How far its ports are above the first of the app whose environment it has; that row has nothing there.
const ABOVE: u16 = 12;
/// How long it may take until it serves or gives up.
const START: std::time::Duration = std::time::Duration::from_secs(30);

/// A sidecar of nobody's.
pub struct SecondSidecar {
    process: Child,
    url: Url,
    token: String,
    log: PathBuf,
}

/// What became of a sidecar that was started.
#[derive(Debug, PartialEq, Eq)]
pub enum Started {
    /// It serves.
    Serves,
    /// It gave up, with these words.
    Ended(String),
}

impl SecondSidecar {
    /// Where it serves, and what opens it.
    #[must_use]
    pub fn door(&self) -> (&Url, &str) {
        (&self.url, &self.token)
    }

    /// Waits until it serves or has ended.
    pub async fn started(&mut self) -> Result<Started> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let ready = self.url.join("/v1.0/healthz/outbound")?;
        let (process, log) = (std::cell::RefCell::new(&mut self.process), &self.log);
        until("the start of a second sidecar", START, || async {
            if let Ok(Some(_)) = process.borrow_mut().try_wait() {
                return Some(Started::Ended(fs::read_to_string(log).ok()?));
            }
            let answer = http.get(ready.clone()).send().await.ok()?;
            answer.status().is_success().then_some(Started::Serves)
        })
        .await
    }
}

impl Local {
    pub(in crate::target) fn second_sidecar(
        &self,
        claims: &str,
        proof: Proof<'_>,
        collector: Option<&Url>,
    ) -> Result<SecondSidecar> {
        // The acquirer's has no place in any consumer group and is called by nobody.
        let lender = "acquirer";
        let sidecar = Part::Sidecar(lender.to_owned());
        let pid = self
            .pid(&sidecar)
            .with_context(|| format!("{sidecar} does not run"))?;
        let first = self.moved(self.app(lender)?.listens) + ABOVE;
        let place = self.state.join("run");
        let (shown, log) = (place.join("second.token"), place.join("second.log"));
        let mut command = Command::new(fs::read_link(format!("/proc/{pid}/exe"))?);
        command
            .env_clear()
            .envs(environment(pid)?)
            .env_remove("DAPR_SENTRY_TOKEN_FILE")
            .args(["--app-id", claims, "--log-as-json"])
            .args(["--dapr-listen-addresses", "127.0.0.1"])
            .args(["--dapr-internal-grpc-listen-address", "127.0.0.1"])
            .args(["--metrics-listen-address", "127.0.0.1"])
            .arg("--config")
            .arg(root().join("dapr/config.yaml"));
        for (offset, flag) in (0..).zip(["http", "grpc", "internal-grpc"]) {
            let port: u16 = first + offset;
            command.args([&format!("--dapr-{flag}-port"), &port.to_string()]);
        }
        command.args(["--metrics-port", &(first + 3).to_string()]);
        if !matches!(proof, Proof::WithoutTls) {
            let sentry = format!("127.0.0.1:{}", self.moved(BASE + 50));
            command.args(["--enable-mtls", "--sentry-address", &sentry]);
        }
        if let Proof::Token(token) = proof {
            fs::write(&shown, token)?;
            command.env("DAPR_SENTRY_TOKEN_FILE", &shown);
        }
        if let Some(collector) = collector {
            // What dapr/config.yaml puts in for its tracing: no scheme.
            command.env("STACK_OTLP", collector.authority());
            command.env("STACK_TRACE_SAMPLING", "1");
        }
        let output = fs::File::create(&log)?;
        let process = command
            .stdin(Stdio::null())
            .stderr(output.try_clone()?)
            .stdout(output)
            .kill_on_drop(true)
            .spawn()
            .context("a second sidecar")?;
        Ok(SecondSidecar {
            process,
            url: format!("http://127.0.0.1:{first}").parse()?,
            token: self.token(lender, "dapr-api-token")?,
            log,
        })
    }

    pub(in crate::target) fn sentry_token(&self, app: &str) -> Result<String> {
        self.token(app, "sentry-token")
    }
}
