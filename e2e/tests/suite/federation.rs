//! Signing in by another OpenID provider that nobody here wrote: oidc-provider of npm.
//!
//! Invariant: the operator's own command names the provider, and takes it back however the test ends; the browser goes
//! the whole way, over there and back.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::client::fresh;
use e2e::patience::until;
use e2e::{Client, Target};
use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use url::Url;

use crate::stack::{self, GENEROUS, word};

/// How long the provider may take to start.
const START: Duration = Duration::from_secs(30);
/// It has three redirects; more are a loop.
const MOST_HOPS: usize = 10;

/// The provider, for as long as this is held.
struct Elsewhere {
    _process: Child,
    /// It ends when it can't say what it has to say.
    _output: Lines<BufReader<ChildStdout>>,
    issuer: String,
}

impl Elsewhere {
    /// Starts it with one person and us as its client.
    async fn start(brief: &Value) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign/oidc-provider.mjs");
        let mut process = Command::new("node")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("node")?;
        let input = process.stdin.as_mut().context("its input")?;
        input.write_all(format!("{brief}\n").as_bytes()).await?;
        let output = process.stdout.take().context("its output")?;
        let mut lines = BufReader::new(output).lines();
        let line = timeout(START, lines.next_line()).await??;
        let said: Value = serde_json::from_str(&line.context("it ended")?)?;
        Ok(Self {
            _process: process,
            _output: lines,
            issuer: word(&said, "issuer").to_owned(),
        })
    }
}

#[tokio::test]
async fn oidc_provider_of_npm_signs_people_in() -> Result<()> {
    let stack = stack::shared().await?;
    let name = format!("p{}", &fresh()[20..]);
    let (secret, person) = (fresh(), format!("{}@crema.example", fresh()));
    let callback = stack
        .public()
        .join(&format!("/sign-in/with/{name}/callback"))?;
    let elsewhere = Elsewhere::start(&json!({
        "client_id": "crema",
        "client_secret": secret,
        "redirect_uri": callback,
        "person": {"sub": fresh(), "email": person, "email_verified": true, "name": "Nova Elsewhere"},
    }))
    .await?;
    let description = json!({
        "issuer": elsewhere.issuer,
        "client_id": "crema",
        "client_secret": secret,
        "label": name,
    });
    stack.name_provider(&name, &description).await?;
    let signed_in = sign_in_twice(&stack, &name, &person).await;
    stack.forget_provider(&name).await?;
    signed_in
}

/// Once as a stranger and once as somebody who is known, in two browsers.
async fn sign_in_twice(target: &Target, name: &str, person: &str) -> Result<()> {
    let visitor = Client::new(target)?;
    let action = format!(r#"action="/sign-in/with/{name}""#);
    until("the provider's button", GENEROUS, || async {
        let page = visitor.get("/sign-in").await.ok()?;
        page.body.contains(&action).then_some(())
    })
    .await?;
    let mut accounts = Vec::new();
    for browser in [visitor, Client::new(target)?] {
        sign_in(target, &browser, name).await?;
        let session = browser.session().await?;
        ensure!(session["signed_in"] == true, "no session: {session}");
        let export = browser.get("/account/export").await?;
        let export = export.expect(StatusCode::OK)?.json()?;
        ensure!(word(&export, "email") == person, "somebody else: {export}");
        ensure!(export["has_password"] == false, "a password: {export}");
        accounts.push(word(&export, "id").to_owned());
    }
    ensure!(accounts[0] == accounts[1], "two accounts: {accounts:?}");
    Ok(())
}

/// From the shop to the provider and back, signed in.
async fn sign_in(target: &Target, browser: &Client, name: &str) -> Result<()> {
    let (page, _) = follow(target, browser, "/api/session/start?return=/").await?;
    let back = page.query_pairs().find(|(key, _)| key == "return");
    let (_, back) = back.with_context(|| format!("{page} leads nowhere"))?;
    let (request, trace) = browser.request(&Method::POST, &format!("/sign-in/with/{name}"))?;
    let form = [("return", &*back)];
    let onward = browser.send((request.form(&form), trace)).await?;
    let onward = onward.expect(StatusCode::OK)?;
    let address = onward.body.split_once("0; url=").context("no way on")?.1;
    let address = address.split('"').next().context("no way on")?;
    let returned = over_there(target, address.replace("&amp;", "&").parse()?).await?;
    let (_, shop) = follow(target, browser, returned.as_str()).await?;
    shop.expect(StatusCode::OK)?;
    Ok(())
}

/// The same browser's way at the provider, until that sends it back to us.
async fn over_there(target: &Target, mut address: Url) -> Result<Url> {
    let http = reqwest::Client::builder()
        .cookie_store(true)
        .redirect(Policy::none())
        .no_proxy()
        .timeout(GENEROUS)
        .build()?;
    for _ in 0..MOST_HOPS {
        let answer = http.get(address.clone()).send().await?;
        let next = answer.headers().get(LOCATION);
        let next = next.with_context(|| format!("{address} leads nowhere"))?;
        address = address.join(next.to_str()?)?;
        if address.origin() == target.public().origin() {
            return Ok(address);
        }
    }
    anyhow::bail!("too many redirects, the last to {address}")
}

/// Follows redirects on our own site: where they end, and what is there.
async fn follow(target: &Target, browser: &Client, path: &str) -> Result<(Url, e2e::Answer)> {
    let mut address = target.public().join(path)?;
    for _ in 0..MOST_HOPS {
        let answer = browser.get(address.as_str()).await?;
        if !answer.status.is_redirection() {
            return Ok((address, answer));
        }
        address = address.join(answer.header(LOCATION))?;
    }
    anyhow::bail!("too many redirects, the last to {address}")
}
