//! What tests ask of a service's process over its ops listener: to die at a named place, to leave out a rule.
//!
//! Invariant: it is forgotten when the process ends, so nothing that was asked here outlives a restart.

use anyhow::{Result, ensure};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use url::Url;

use crate::client::plain;
use crate::target::Target;

/// Has a service end, as by `kill -9`, at the next hit of a place after `skip` more.
pub async fn arm(target: &Target, app: &str, name: &str, skip: u64) -> Result<()> {
    let wish = json!({ "name": name, "skip": skip });
    let request = ask(target, app, &Method::POST, "/failpoints")?;
    done(app, request.json(&wish)).await
}

/// Takes back every wish of a service to die.
pub async fn disarm(target: &Target, app: &str) -> Result<()> {
    done(app, ask(target, app, &Method::DELETE, "/failpoints")?).await
}

/// Has a service leave out these rules, and no others.
pub async fn mutate(target: &Target, app: &str, rules: &[&str]) -> Result<()> {
    let request = ask(target, app, &Method::PUT, "/mutations")?;
    done(app, request.json(&json!({ "on": rules }))).await
}

/// How often a process has passed a place, asked at its ops listener.
pub async fn passed(target: &Target, ops: &Url, name: &str) -> Result<u64> {
    let answer = plain(target)?.get(ops.join("/failpoints")?).send().await?;
    let wishes: Value = serde_json::from_slice(&answer.error_for_status()?.bytes().await?)?;
    Ok(wishes["reached"][name].as_u64().unwrap_or_default())
}

fn ask(target: &Target, app: &str, method: &Method, path: &str) -> Result<RequestBuilder> {
    let address = target.ops(app)?.join(path)?;
    Ok(plain(target)?.request(method.clone(), address))
}

async fn done(app: &str, request: RequestBuilder) -> Result<()> {
    let status = request.send().await?.status();
    ensure!(
        status.is_success(),
        "{app} answers {status}: was it built with the feature `failpoints`?"
    );
    Ok(())
}
