//! The system on this machine, as `./run.sh` lays it out.
//!
//! Invariant: it signals only processes that this very stack has noted, and none whose note is older than the process.

mod harm;
mod kafka;
mod records;
mod sidecar;
mod sockets;
mod stores;

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use url::Url;

use super::{Listener, Part, Provider, Record, Role, Sidecar, SignIn};
use crate::patience::until;

pub use harm::Twin;
pub(super) use records::topics;
pub use sidecar::{SecondSidecar, Started};

const NO_STACK: &str =
    "no running stack is named (CREMA_STATE): ./run.sh test starts one and runs this suite on it";
/// The first port of a stack that was not moved.
const BASE: u16 = 20_000;
/// Ticks of a second in what the kernel tells of processes, on every machine that we run on.
const TICKS: i64 = 100;
/// How long a backing part may take to start.
const START: Duration = Duration::from_mins(1);

/// A stack of `./run.sh`.
pub struct Local {
    state: PathBuf,
    history: PathBuf,
    base: u16,
    public: Url,
    ca: Vec<u8>,
    people: Vec<Person>,
    apps: Vec<App>,
}

#[derive(Deserialize)]
struct People {
    people: Vec<Person>,
}

#[derive(Deserialize)]
struct Person {
    role: Role,
    #[serde(flatten)]
    sign_in: SignIn,
}

#[derive(Deserialize)]
struct Template {
    apps: Vec<App>,
}

#[derive(Deserialize)]
struct App {
    #[serde(rename = "appID")]
    id: String,
    #[serde(rename = "appPort")]
    listens: u16,
    #[serde(rename = "daprHTTPPort")]
    sidecar: u16,
    #[serde(rename = "daprGRPCPort")]
    grpc: u16,
    #[serde(rename = "daprInternalGRPCPort")]
    internal: u16,
    #[serde(rename = "metricsPort")]
    metrics: u16,
    #[serde(default)]
    env: HashMap<String, String>,
}

/// The clone that this was built in.
#[must_use]
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

impl Local {
    /// The stack that `CREMA_STATE` and `CREMA_PORT_BASE` name.
    pub fn from_environment() -> Result<Self> {
        let state = PathBuf::from(variable("CREMA_STATE").context(NO_STACK)?);
        let base = match variable("CREMA_PORT_BASE") {
            None => BASE,
            Some(base) => base
                .to_str()
                .and_then(|base| base.parse().ok())
                .context("CREMA_PORT_BASE is no port")?,
        };
        let read = |name: &str| {
            let file = state.join(name);
            fs::read(&file).with_context(|| format!("{} can't be read; {NO_STACK}", file.display()))
        };
        let people: People = serde_json::from_slice(&read("demo-sign-ins.json")?)?;
        let template = fs::read_to_string(root().join("dapr/dapr.yaml"))?;
        let template: Template =
            serde_saphyr::from_str(&template).map_err(|error| anyhow!("dapr.yaml: {error}"))?;
        let public = 8443
            + base
                .checked_sub(BASE)
                .context("CREMA_PORT_BASE is below 20000")?;
        Ok(Self {
            public: format!("https://localhost:{public}").parse()?,
            ca: read("ca.pem")?,
            people: people.people,
            apps: template.apps,
            history: state.join("history"),
            state,
            base,
        })
    }

    pub(super) fn public(&self) -> &Url {
        &self.public
    }

    pub(super) fn ca(&self) -> &[u8] {
        &self.ca
    }

    pub(super) fn sign_in(&self, role: Role) -> Result<&SignIn> {
        let person = self.people.iter().find(|person| person.role == role);
        let person = person.with_context(|| format!("there is no demo {role:?}"))?;
        Ok(&person.sign_in)
    }

    pub(super) fn apps(&self) -> Vec<&str> {
        self.apps.iter().map(|app| app.id.as_str()).collect()
    }

    pub(super) fn ops(&self, app: &str) -> Result<Url> {
        self.at(self.app(app)?.listens + 1)
    }

    pub(super) fn listener(&self, app: &str) -> Result<Listener> {
        let url = self.at(self.app(app)?.listens)?;
        let token = self.token(app, "app-api-token")?;
        Ok(Listener { url, token })
    }

    pub(super) fn sidecar(&self, app: &str) -> Result<Sidecar> {
        let ports = self.app(app)?;
        let url = self.at(ports.sidecar)?;
        let grpc = self.at(ports.grpc)?;
        let internal = self.at(ports.internal)?;
        let metrics = self.at(ports.metrics)?.join("/metrics")?;
        let token = self.token(app, "dapr-api-token")?;
        Ok(Sidecar {
            url,
            token,
            grpc,
            internal,
            metrics,
        })
    }

    pub(super) fn provider(&self) -> Result<Provider> {
        // It has an entry of its own, which its row of dapr.yaml names.
        let entry = self
            .app("acquirer")?
            .env
            .get("CREMA_PROVIDER_LISTEN")
            .context("dapr.yaml gives the acquirer no CREMA_PROVIDER_LISTEN")?;
        let port = entry.rsplit_once(':').context("an entry has a port")?.1;
        let url = self.at(port.parse()?)?;
        Ok(Provider { url })
    }

    pub(super) async fn mail(&self, address: &str) -> Result<Vec<Value>> {
        let inbox = self.at(BASE + 26)?.join("/email")?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        let all: Vec<Value> = client.get(inbox).send().await?.json().await?;
        let is_for = |mail: &Value| mail["to"][0]["address"] == address;
        Ok(all.into_iter().filter(is_for).collect())
    }

    fn app(&self, id: &str) -> Result<&App> {
        let app = self.apps.iter().find(|app| app.id == id);
        app.with_context(|| format!("dapr.yaml has no app {id}"))
    }

    /// The address of a port as dapr.yaml gives it.
    fn at(&self, port: u16) -> Result<Url> {
        let port = self.moved(port);
        Ok(format!("http://127.0.0.1:{port}").parse()?)
    }

    /// A port as dapr.yaml gives it, moved as this stack is.
    fn moved(&self, port: u16) -> u16 {
        port - BASE + self.base
    }

    fn token(&self, app: &str, name: &str) -> Result<String> {
        let file = self.state.join("secrets").join(app).join(name);
        let token = fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
        Ok(token.trim().to_owned())
    }

    fn pid(&self, part: &Part) -> Option<u32> {
        self.noted(&name(part))
    }

    /// The process that is noted under this name, if it still runs.
    fn noted(&self, name: &str) -> Option<u32> {
        let note = self.state.join("run").join(format!("{name}.pid"));
        let pid = fs::read_to_string(&note).ok()?.trim().parse().ok()?;
        // A process that began after its note was written has inherited the number.
        let noted = fs::metadata(&note).ok()?.mtime();
        (began(pid)? <= noted + 2).then_some(pid)
    }

    pub(super) fn instance(&self, part: &Part) -> Option<String> {
        self.pid(part).map(|pid| pid.to_string())
    }

    pub(super) async fn kill(&self, part: &Part) -> Result<()> {
        let pid = self.signal(part, "KILL").await?;
        let gone = || async { (self.pid(part) != Some(pid)).then_some(()) };
        until(&format!("the end of {part}"), Duration::from_secs(5), gone).await
    }

    pub(super) async fn lose(&self, part: &Part) -> Result<()> {
        self.kill(part).await?;
        let kept = self.state.join("data").join(name(part));
        fs::remove_dir_all(&kept).with_context(|| format!("{}", kept.display()))
    }

    pub(super) async fn unseal(&self) -> Result<()> {
        let state = self.state.to_str().context("a state folder in UTF-8")?;
        let vault = self.at(BASE + 82)?;
        let arguments = ["unseal", "--state", state, "--vault", vault.as_str()];
        self.script("target/debug/secretstore", &arguments).await
    }

    pub(super) async fn rotate(&self, what: &[&str]) -> Result<()> {
        let mut arguments = vec!["rotate"];
        arguments.extend(what);
        self.script("run.sh", &arguments).await
    }

    pub(super) async fn start(&self, part: &Part) -> Result<()> {
        let Part::Backing(name) = part else {
            bail!("{part} comes back by itself");
        };
        // PostgreSQL gives up at once while what is left of the killed one still holds its memory: then once more.
        until(&format!("the start of {name}"), START, || async {
            self.stack(name, "start").await.ok()?;
            self.stack(name, "ready").await.ok()
        })
        .await
    }

    async fn stack(&self, part: &str, verb: &str) -> Result<()> {
        self.script(&format!("tools/stack/{part}.sh"), &[verb])
            .await
    }

    pub(super) async fn replay(&self, app: &str, topic: &str) -> Result<()> {
        let arguments = ["replay", app, "--topic", topic];
        self.script("run.sh", &arguments).await
    }

    pub(super) async fn name_provider(&self, name: &str, description: &Value) -> Result<()> {
        let mut naming = Command::new(root().join("run.sh"))
            .args(["provider", "add", name])
            .env("CREMA_STATE", &self.state)
            .env("CREMA_PORT_BASE", self.base.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("run.sh")?;
        let mut input = naming.stdin.take().context("its input")?;
        input.write_all(description.to_string().as_bytes()).await?;
        drop(input);
        let done = naming.wait().await?;
        ensure!(
            done.success(),
            "naming the provider {name} ended with {done}"
        );
        Ok(())
    }

    pub(super) async fn forget_provider(&self, name: &str) -> Result<()> {
        self.script("run.sh", &["provider", "remove", name]).await
    }

    async fn script(&self, path: &str, arguments: &[&str]) -> Result<()> {
        let done = Command::new(root().join(path))
            .args(arguments)
            .env("CREMA_STATE", &self.state)
            .env("CREMA_PORT_BASE", self.base.to_string())
            // What it starts would hold a pipe open for as long as it lives.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await
            .with_context(|| path.to_owned())?;
        if !done.success() {
            bail!("{path} {} ended with {done}", arguments.join(" "));
        }
        Ok(())
    }

    pub(super) fn logs(&self, part: &Part) -> Result<String> {
        let file = self.state.join("logs").join(format!("{}.log", name(part)));
        let bytes = fs::read(&file).with_context(|| format!("{}", file.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The second of the epoch at which a process began; nothing, if it has ended.
fn began(pid: u32) -> Option<i64> {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may hold anything; what follows it are words, the first being the state.
    let mut words = status.rsplit_once(") ")?.1.split(' ');
    let state = words.next()?;
    let ticks: i64 = words.nth(18)?.parse().ok()?;
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let boot = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    let boot: i64 = boot.trim().parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(boot + ticks / TICKS)
}

fn name(part: &Part) -> String {
    match part {
        Part::App(app) => app.clone(),
        Part::Sidecar(app) => format!("{app}.daprd"),
        Part::Backing(part) => (*part).to_owned(),
    }
}
