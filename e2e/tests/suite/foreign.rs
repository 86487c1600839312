//! Clients that nobody here wrote, as relying parties of the identity provider.
//!
//! Invariant: they are told an address, a client's credentials and an authority, and find everything else by discovery;
//! what their libraries don't accept fails.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::{Client, Role, Target};
use reqwest::StatusCode;
use reqwest::header::LOCATION;
use serde_json::{Value, json};
use tokio::fs;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use crate::stack::{self, newcomer, word};
use crate::tokens::secret;

/// How long all flows of one client may take.
const DEADLINE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn openid_client_of_npm_is_content_with_every_flow() -> Result<()> {
    let stack = stack::shared().await?;
    walk(&stack, "node", "openid-client.mjs").await
}

#[tokio::test]
async fn authlib_of_pypi_is_content_with_every_flow() -> Result<()> {
    let stack = stack::shared().await?;
    walk(&stack, "python3", "authlib_client.py").await
}

/// Runs one of them, and sends somebody who is signed in wherever it wants her to go.
async fn walk(target: &Target, program: &str, script: &str) -> Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let person = newcomer(target).await?;
    let credentials = secret(target, "bff", "client").await?;
    let authority = here.join("../target/e2e/ca.pem");
    fs::create_dir_all(here.join("../target/e2e")).await?;
    fs::write(&authority, target.ca()).await?;
    let issuer = target.public().as_str().trim_end_matches('/');
    let brief = json!({
        "issuer": issuer,
        "id": word(&credentials, "client_id"),
        "secret": word(&credentials, "client_secret"),
        "callback": format!("{issuer}/api/session/callback"),
        "goodbye": format!("{issuer}/"),
        "audience": "catalog",
        "server": registered(target, "confidential", "https://beans.example/callback").await?,
        "device": registered(target, "public", "http://127.0.0.1/callback").await?,
    });
    let mut client = Command::new(program)
        .arg(here.join("foreign").join(script))
        .env("NODE_EXTRA_CA_CERTS", &authority)
        .env("REQUESTS_CA_BUNDLE", &authority)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context(program.to_owned())?;
    // By its input: arguments and environment can be read by others.
    let mut input = client.stdin.take().context("its input")?;
    let output = client.stdout.take().context("its output")?;
    let talk = async {
        input.write_all(format!("{brief}\n").as_bytes()).await?;
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await? {
            let asked: Value = serde_json::from_str(&line).with_context(|| line.clone())?;
            let back = send(&person, word(&asked, "go")).await?;
            input.write_all(format!("{back}\n").as_bytes()).await?;
        }
        anyhow::Ok(())
    };
    let talked = timeout(DEADLINE, talk).await;
    let done = client.wait_with_output().await?;
    ensure!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    talked.context("it did not end in time")?
}

/// Where a page of ours sends a person on to; whoever asks for her consent gets it.
pub async fn send(person: &Client, address: &str) -> Result<String> {
    let mut answer = person.get(address).await?;
    if answer.status == StatusCode::OK {
        let page = address.parse()?;
        let allow = [("answer", "allow")];
        (_, answer) = person
            .fill(&page, answer, &["request", "mark"], &allow)
            .await?;
    }
    let answer = answer.expect(StatusCode::SEE_OTHER)?;
    Ok(answer.header(LOCATION).to_owned())
}

/// A client of another company, registered by an operator as this kind with this address: its id, and its secret if it
/// has one.
async fn registered(target: &Target, kind: &str, callback: &str) -> Result<Value> {
    let operator = stack::browser(target, Role::Admin).await?;
    let said = json!({
        "name": format!("Foreign {kind}"),
        "kind": kind,
        "redirect_uris": [callback],
        "post_logout_redirect_uris": [],
        "scopes": ["openid", "email"],
        "grant_types": ["authorization_code", "refresh_token"],
    });
    let answer = operator.post("/api/clients", &said, &[]).await?;
    let mut client = answer.expect(StatusCode::CREATED)?.json()?;
    client["callback"] = callback.into();
    Ok(client)
}
