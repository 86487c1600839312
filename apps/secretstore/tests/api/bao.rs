//! One OpenBao server with raft storage in a folder of its own, and the tool run against it.
//!
//! The server and its folder go when the value is dropped; a failed test leaves the folder to be looked at.

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::patience::until;

pub const APPS: [&str; 6] = ["bff", "identity", "catalog", "order", "payment", "acquirer"];

pub struct Bao {
    server: Child,
    folder: PathBuf,
    pub port: u16,
    http: reqwest::Client,
}

impl Bao {
    /// A fresh server configured as it must be, not yet initialised.
    pub async fn start() -> Self {
        Self::start_with(true, true).await
    }

    /// A fresh server that may lack an audit device, or keep root generation closed.
    pub async fn start_with(audit: bool, root_generation: bool) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "bao-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(folder.join("data")).unwrap();
        let port = write_configuration(&folder, audit, root_generation);
        // The provider of the process; a second test finds it installed.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let bao = Self {
            server: serve(&folder),
            folder,
            port,
            http,
        };
        bao.answers().await;
        bao
    }

    /// Ends the server as a crash would, and starts it again on the same data: sealed.
    pub async fn restart(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
        self.server = serve(&self.folder);
        self.answers().await;
    }

    /// Loses all that the server has: it is as it was before its first start.
    pub async fn lose(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
        let data = self.folder.join("data");
        fs::remove_dir_all(&data).unwrap();
        fs::create_dir(&data).unwrap();
        self.server = serve(&self.folder);
        self.answers().await;
    }

    async fn answers(&self) {
        let address = self.address("sys/seal-status");
        let what = format!("an answer of bao (see {})", self.folder.display());
        until(&what, async || self.http.get(&address).send().await.is_ok()).await;
    }

    fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/v1/{path}", self.port)
    }

    pub fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// What the server has written so far: its log and its audit log.
    pub fn logs(&self) -> String {
        let audit = fs::read_to_string(self.folder.join("audit.log")).unwrap_or_default();
        fs::read_to_string(self.folder.join("server.log")).unwrap() + &audit
    }

    /// The lines of its audit log.
    pub fn audit(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.join("audit.log")).unwrap();
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }

    /// The tool's command line for this server, ready to run; for all apps, unless it names some.
    pub fn tool(&self, command: &str, port: u16) -> Command {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_secretstore"));
        tool.args(command.split(' '))
            .arg("--state")
            .arg(self.state());
        tool.args(["--vault", &format!("http://127.0.0.1:{port}")]);
        if !command.contains("--apps") {
            tool.args(["--apps", &APPS.join(",")]);
        }
        tool.args(["--postgres", "127.0.0.1:20032", "--demo"]);
        tool
    }

    /// Runs the tool to its end.
    pub fn run(&self, command: &str) -> Output {
        self.tool(command, self.port).output().unwrap()
    }

    /// Runs the tool, which must succeed, and returns what it printed.
    pub fn succeed(&self, command: &str) -> String {
        let output = self.run(command);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs the tool, which must fail, and returns its one line.
    pub fn fail(&self, command: &str) -> String {
        let output = self.run(command);
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
        said
    }

    /// Calls the vault's API; returns the status and the body.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self
            .http
            .request(method, self.address(path))
            .header("X-Vault-Token", token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let body = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    pub fn token(&self, app: &str) -> String {
        fs::read_to_string(self.state().join("secrets").join(app).join("vault-token")).unwrap()
    }

    /// One secret as its app sees it: version and values.
    pub async fn secret(&self, app: &str, name: &str) -> Option<(u64, BTreeMap<String, String>)> {
        let path = format!("crema/data/{app}/{name}");
        let (status, body) = self.call("GET", &path, &self.token(app), None).await;
        (status == StatusCode::OK).then(|| {
            let data = &body["data"];
            let version = data["metadata"]["version"].as_u64().unwrap();
            (
                version,
                serde_json::from_value(data["data"].clone()).unwrap(),
            )
        })
    }

    /// Every secret of every app.
    pub async fn secrets(&self) -> BTreeMap<String, (u64, BTreeMap<String, String>)> {
        let names = [
            "client",
            "clients",
            "dapr",
            "database",
            "demo",
            "federation",
            "merchant",
            "provider",
            "quotes",
            "redis",
            "session",
            "signing",
            "state",
            "tls",
            "totp",
            "webhook",
        ];
        let mut all = BTreeMap::new();
        for app in APPS {
            for name in names {
                if let Some(secret) = self.secret(app, name).await {
                    all.insert(format!("{app}/{name}"), secret);
                }
            }
        }
        all
    }

    /// Every file of the state folder but the lock: mode and content.
    pub fn files(&self) -> BTreeMap<PathBuf, (u32, String)> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.state()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
                if entry.file_type().unwrap().is_dir() {
                    assert_eq!(mode, 0o700, "{}", entry.path().display());
                    folders.push(entry.path());
                } else if entry.file_name() != "secretstore.lock" {
                    let text = fs::read_to_string(entry.path()).unwrap();
                    files.insert(entry.path(), (mode, text));
                }
            }
        }
        files
    }

    /// Initialises and opens the vault by hand, as a run would that then crashed; returns the root token it left alive.
    pub async fn crashed_run(&self) -> String {
        let wanted = json!({ "secret_shares": 5, "secret_threshold": 3 });
        let (status, born) = self.call("POST", "sys/init", "", Some(wanted)).await;
        assert_eq!(status, StatusCode::OK);
        let shares = born["keys_base64"].as_array().unwrap();
        for share in &shares[..3] {
            self.call("POST", "sys/unseal", "", Some(json!({ "key": share })))
                .await;
        }
        fs::create_dir_all(self.state().join("vault")).unwrap();
        let kept = json!({ "threshold": 3, "shares": shares }).to_string();
        fs::write(self.state().join("vault/shares.json"), kept).unwrap();
        let what = format!("an open bao (see {})", self.folder.display());
        let opened = async || self.call("GET", "sys/health", "", None).await.0 == StatusCode::OK;
        until(&what, opened).await;
        born["root_token"].as_str().unwrap().to_owned()
    }

    /// A token that may do what the rules say and nothing else, made by a root token.
    pub async fn grant(&self, root: &str, name: &str, rules: &str) -> String {
        let path = format!("sys/policies/acl/{name}");
        self.call("PUT", &path, root, Some(json!({ "policy": rules })))
            .await;
        let wanted = json!({ "policies": [name], "no_default_policy": true });
        let (_, made) = self
            .call("POST", "auth/token/create-orphan", root, Some(wanted))
            .await;
        made["auth"]["client_token"].as_str().unwrap().to_owned()
    }

    /// A token that can do nothing but look at others.
    pub async fn inspector(&self, root: &str) -> String {
        let rules = "path \"auth/token/accessors\" { capabilities = [\"list\", \"sudo\"] }\n\
            path \"auth/token/lookup-accessor\" { capabilities = [\"update\"] }";
        self.grant(root, "inspector", rules).await
    }

    /// The policies of every living token.
    pub async fn living_tokens(&self, inspector: &str) -> Vec<Vec<String>> {
        let (status, list) = self
            .call("LIST", "auth/token/accessors", inspector, None)
            .await;
        assert_eq!(status, StatusCode::OK, "{list}");
        let mut policies = Vec::new();
        for accessor in list["data"]["keys"].as_array().unwrap() {
            let look = Some(json!({ "accessor": accessor }));
            let (_, found) = self
                .call("POST", "auth/token/lookup-accessor", inspector, look)
                .await;
            policies.push(serde_json::from_value(found["data"]["policies"].clone()).unwrap());
        }
        policies.sort();
        policies
    }
}

impl Drop for Bao {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn write_configuration(folder: &Path, audit: bool, root_generation: bool) -> u16 {
    let place = folder.display();
    let audit = if audit {
        format!(
            "audit \"file\" \"file\" {{\n  options {{\n    file_path = \"{place}/audit.log\"\n  }}\n}}"
        )
    } else {
        String::new()
    };
    // Both are held until both are known, so that they differ.
    let (one, two) = (
        TcpListener::bind("127.0.0.1:0").unwrap(),
        TcpListener::bind("127.0.0.1:0").unwrap(),
    );
    let (port, cluster) = (
        one.local_addr().unwrap().port(),
        two.local_addr().unwrap().port(),
    );
    let text = format!(
        r#"
cluster_addr = "http://127.0.0.1:{cluster}"
api_addr     = "http://127.0.0.1:{port}"
storage "raft" {{
  path                   = "{place}/data"
  node_id                = "test"
  performance_multiplier = 1
}}
listener "tcp" {{
  address                                  = "127.0.0.1:{port}"
  cluster_address                          = "127.0.0.1:{cluster}"
  tls_disable                              = true
  disable_unauthed_generate_root_endpoints = {}
}}
{audit}
"#,
        !root_generation
    );
    fs::write(folder.join("server.hcl"), text).unwrap();
    port
}

fn serve(folder: &Path) -> Child {
    let binary = std::env::var_os("OPENBAO_BIN")
        .expect("OPENBAO_BIN must name OpenBao's server binary `bao`; ./run.sh test sets it");
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("server.log"))
        .unwrap();
    Command::new(binary)
        .arg("server")
        .arg(format!("-config={}", folder.join("server.hcl").display()))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}
