//! The bare handlers beside the stack, two of them with sidecars of their own.
//!
//! Invariant: their sidecars have the flags and the configuration of the catalog's, but for who they are and who may call
//! them; everything ends with this handle.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::patience::insist;
use e2e::{Part, Target};
use reqwest::StatusCode;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};
use url::Url;

use crate::stack::{Root, pid};
use crate::twin::Twin;

/// The app id of the bare handler that others relay through.
pub const BARE: &str = "bench-bare";
/// The app id of the one at the end of the way.
const LEAF: &str = "bench-leaf";
/// The variable that has the access token which a bare handler passes on.
pub const BEARER: &str = "RELAY_BEARER";
/// How long a bare handler and its sidecar may take to be reached.
const START: Duration = Duration::from_secs(20);

/// The running controls.
pub struct Controls {
    /// The bare public entry.
    pub front: Url,
    /// Whose time counts for the entry alone.
    pub front_root: Root,
    /// Whose time counts for what is behind one hop: the caller's sidecar, the handler's, the handler.
    pub hop_roots: Vec<Root>,
    /// Whose time counts for the entry and two hops behind it.
    pub way_roots: Vec<Root>,
    running: Vec<Child>,
}

impl Controls {
    /// Starts them on ports from `first`, which nobody else uses, and waits until all can be reached.
    pub async fn start(target: &Target, first: u16, menu: &str) -> Result<Self> {
        let caller = target.sidecar("bff")?;
        let mut controls = Self {
            front: format!("https://localhost:{}", first + 6).parse()?,
            front_root: Root {
                kind: "front".to_owned(),
                pid: 0,
            },
            hop_roots: Vec::new(),
            way_roots: Vec::new(),
            running: Vec::new(),
        };
        let leaf = first + 10;
        let leaf_roots = controls.app(target, LEAF, leaf, None, menu).await?;
        let relay = format!(
            "http://127.0.0.1:{}/v1.0/invoke/{LEAF}/method/hello",
            first + 2
        );
        let relay = (relay, target.sidecar("catalog")?.token);
        let mut hop = controls.app(target, BARE, first, Some(relay), menu).await?;
        hop.push(Root::of(target, "sidecars", &Part::Sidecar("bff".into()))?);
        let invoke = |method: &str| {
            caller
                .url
                .join(&format!("/v1.0/invoke/{BARE}/method/{method}"))
        };
        let relay = (invoke("relay")?.into(), caller.token.clone());
        let front = controls.bare(first + 6, true, Some(relay), menu).await?;
        controls.front_root.pid = front;
        controls.hop_roots.clone_from(&hop);
        controls.way_roots = hop.into_iter().chain(leaf_roots).collect();
        controls.way_roots.push(controls.front_root.clone());
        let entry = e2e::client::plain(target)?;
        let relay = controls.front.join("relay")?;
        insist("the way over all bare handlers", START, || async {
            let answer = entry.post(relay.clone()).send().await?;
            ensure!(answer.status() == StatusCode::OK, "{}", answer.status());
            Ok(())
        })
        .await?;
        Ok(controls)
    }

    /// A bare handler with its sidecar: +0 the app, then the sidecar's ports, as dapr.yaml has them.
    async fn app(
        &mut self,
        target: &Target,
        id: &str,
        first: u16,
        relay: Option<(String, String)>,
        menu: &str,
    ) -> Result<Vec<Root>> {
        let port = |offset: u16| (first + offset).to_string();
        let sidecar = Twin::of(pid(target, &Part::Sidecar("catalog".into()))?)?
            .flag("--app-id", id)?
            .ending("catalog/sentry-token", &format!("{id}/sentry-token"))?
            .ending("dapr/access/catalog.yaml", "bench/access.yaml")?
            .flag("--app-port", &port(0))?
            .flag("--dapr-http-port", &port(2))?
            .flag("--dapr-grpc-port", &port(3))?
            .flag("--dapr-internal-grpc-port", &port(4))?
            .flag("--metrics-port", &port(5))?;
        let handler = self.bare(first, false, relay, menu).await?;
        let sidecar = sidecar
            .command()?
            .spawn()
            .context("a bare handler's sidecar")?;
        let sidecar = self.keep(sidecar)?;
        Ok(vec![
            Root {
                kind: "handlers".to_owned(),
                pid: handler,
            },
            Root {
                kind: "sidecars".to_owned(),
                pid: sidecar,
            },
        ])
    }

    async fn bare(
        &mut self,
        port: u16,
        tls: bool,
        relay: Option<(String, String)>,
        menu: &str,
    ) -> Result<u32> {
        let child = spawn(
            port,
            tls,
            relay.map(|(url, token)| (url, token, None)),
            menu,
        )
        .await?;
        self.keep(child)
    }

    fn keep(&mut self, child: Child) -> Result<u32> {
        let pid = child.id().context("a control ended at once")?;
        self.running.push(child);
        Ok(pid)
    }

    /// Fails if one of them has ended, because then something else was measured.
    pub fn check(&mut self) -> Result<()> {
        for child in &mut self.running {
            let ended = child.try_wait()?;
            ensure!(ended.is_none(), "a control ended meanwhile: {ended:?}");
        }
        Ok(())
    }
}

/// A bare handler's process, which ends with its handle. It relays to an address, through a sidecar that a token opens,
/// with another token if there is one.
pub async fn spawn(
    port: u16,
    tls: bool,
    relay: Option<(String, String, Option<String>)>,
    menu: &str,
) -> Result<Child> {
    let program = std::env::current_exe()?.with_file_name("bare");
    let mut command = Command::new(&program);
    command.arg("--port").arg(port.to_string());
    if tls {
        command.arg("--tls");
    }
    if let Some((url, token, bearer)) = relay {
        command.arg("--relay").arg(url).env("DAPR_API_TOKEN", token);
        if let Some(bearer) = bearer {
            command.env(BEARER, bearer);
        }
    }
    let mut child = command
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| program.display().to_string())?;
    let mut input = child.stdin.take().context("no standard input")?;
    input.write_all(menu.as_bytes()).await?;
    Ok(child)
}
