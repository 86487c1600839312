//! Signals, and a second process where one should be: what a test does to the processes of this machine.
//!
//! Invariant: a signal reaches only a process that this stack has noted, and every process started here ends with its handle.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::process::{Child, Command};
use url::Url;

use super::{Local, Part};
use crate::patience::until;

/// How far a twin's first port is above its original's; an app's row has nothing there.
const ABOVE: u16 = 6;
/// How soon the kernel must have stopped or continued a process.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How long a second process may take until it is ready.
const START: Duration = Duration::from_secs(20);

/// How far a twin's public entry is above its original's.
const PUBLIC_ABOVE: u16 = 1;

/// A second process of a service.
pub struct Twin {
    process: Child,
    listener: Url,
    public: Url,
    ops: Url,
}

impl Twin {
    /// Where it listens to the sidecar.
    #[must_use]
    pub fn listener(&self) -> &Url {
        &self.listener
    }

    /// Where the BFF's listens to browsers.
    #[must_use]
    pub fn public(&self) -> &Url {
        &self.public
    }

    /// Where it tells of itself.
    #[must_use]
    pub fn ops(&self) -> &Url {
        &self.ops
    }

    /// Ends it as a crash does.
    pub async fn kill(mut self) -> Result<()> {
        self.process.kill().await.context("a twin can't be killed")
    }
}

impl Local {
    /// Sends a signal to a part; says to which process.
    pub(super) async fn signal(&self, part: &Part, signal: &str) -> Result<u32> {
        let pid = self
            .pid(part)
            .with_context(|| format!("{part} does not run"))?;
        send(signal, pid).await.with_context(|| part.to_string())?;
        Ok(pid)
    }

    pub(in crate::target) async fn pause(&self, part: &Part) -> Result<()> {
        let pid = self.signal(part, "STOP").await?;
        let stopped = || async { (state(pid)? == "T").then_some(()) };
        until(&format!("the pause of {part}"), AT_ONCE, stopped).await
    }

    pub(in crate::target) async fn resume(&self, part: &Part) -> Result<()> {
        let pid = self.signal(part, "CONT").await?;
        let goes_on = || async { (state(pid)? != "T").then_some(()) };
        until(&format!("{part} going on"), AT_ONCE, goes_on).await
    }

    pub(in crate::target) async fn put_away(&self, app: &str) -> Result<()> {
        // Who brings it back is stopped first.
        send("STOP", self.keeper(app)?).await?;
        self.kill(&Part::App(app.to_owned())).await
    }

    pub(in crate::target) async fn bring_back(&self, app: &str) -> Result<()> {
        send("CONT", self.keeper(app)?).await
    }

    fn keeper(&self, app: &str) -> Result<u32> {
        self.noted(&format!("{app}.keep"))
            .with_context(|| format!("nobody keeps {app}"))
    }

    pub(in crate::target) async fn twin(&self, app: &str, collector: Option<&Url>) -> Result<Twin> {
        let first = Part::App(app.to_owned());
        let pid = self
            .pid(&first)
            .with_context(|| format!("{first} does not run"))?;
        let place = format!("/proc/{pid}");
        let port = self.app(app)?.listens + ABOVE;
        let log = self.state.join("logs").join(format!("{app}.twin.log"));
        let log = fs::File::options().create(true).append(true).open(log)?;
        let mut public = self.public.clone();
        let entry = public.port().context("a public port")? + PUBLIC_ABOVE;
        public.set_port(Some(entry)).ok().context("a public port")?;
        let mut process = Command::new(fs::read_link(format!("{place}/exe"))?);
        process
            .current_dir(fs::read_link(format!("{place}/cwd"))?)
            .env_clear()
            .envs(environment(pid)?)
            .env("APP_PORT", self.moved(port).to_string())
            .env("CREMA_OPS_PORT", self.moved(port + 1).to_string());
        if app == "bff" {
            // Its limits are those that everybody has, even where the first one is measured.
            process
                .env("CREMA_PUBLIC_LISTEN", format!("127.0.0.1:{entry}"))
                .env_remove("CREMA_RATE_FACTOR");
        }
        if let Some(collector) = collector {
            process
                .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.as_str())
                .env("OTEL_BSP_SCHEDULE_DELAY", "100");
        }
        let mut process = process
            .stdin(Stdio::null())
            .stderr(log.try_clone()?)
            .stdout(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("a second {app}"))?;
        let ops = self.at(port + 1)?;
        let ready = ops.join("/readyz")?;
        let http = reqwest::Client::builder().timeout(AT_ONCE).build()?;
        until(
            &format!("the readiness of a second {app}"),
            START,
            || async {
                let answer = http.get(ready.clone()).send().await.ok()?;
                answer.status().is_success().then_some(())
            },
        )
        .await?;
        // Something else may have been listening there, and have answered in its place.
        if let Some(status) = process.try_wait()? {
            bail!("the second {app} ended with {status}; its log is {app}.twin.log");
        }
        Ok(Twin {
            process,
            listener: self.at(port)?,
            public,
            ops,
        })
    }
}

async fn send(signal: &str, pid: u32) -> Result<()> {
    let sent = Command::new("bash")
        .args(["-c", r#"kill "-$1" "$2""#, "kill", signal, &pid.to_string()])
        .status()
        .await?;
    if !sent.success() {
        bail!("the process {pid} did not get the signal {signal}");
    }
    Ok(())
}

/// The variables that a process was started with.
pub(super) fn environment(pid: u32) -> Result<Vec<(OsString, OsString)>> {
    let environment = fs::read(format!("/proc/{pid}/environ"))?;
    let variables = environment.split(|byte| *byte == 0).filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        Some((text(&pair[..equals]), text(&pair[equals + 1..])))
    });
    Ok(variables.collect())
}

/// The letter of a process's state.
fn state(pid: u32) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let state = status.rsplit_once(") ")?.1.split(' ').next()?;
    Some(state.to_owned())
}
