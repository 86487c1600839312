//! The rules of resiliency, as they are in force: Dapr's are loaded and act, and our own breakers open and close.
//!
//! Invariant: which rules there are is read from dapr/resiliency, so a new one is asked for without being named here.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use e2e::client::plain;
use e2e::order::list;
use e2e::patience::until;
use e2e::target::root;
use e2e::{Client, Part, Role, Target};
use reqwest::StatusCode;
use serde_json::Value;

use crate::stack::{self, GENEROUS, browser, newcomer, order_one, whole, word};

/// Failures in a row that open a breaker.
const FAILURES: usize = 5;

/// The rules: their names, and whose sidecars keep them.
fn rules() -> Result<Vec<(String, Vec<String>)>> {
    let mut rules = Vec::new();
    for file in fs::read_dir(root().join("dapr/resiliency"))? {
        let text = fs::read_to_string(file?.path())?;
        let rule: Value = serde_saphyr::from_str(&text)
            .map_err(|error| anyhow::anyhow!("a rule of resiliency: {error}"))?;
        let scopes = list(&rule["scopes"]).iter();
        let scopes = scopes.filter_map(Value::as_str).map(str::to_owned);
        rules.push((word(&rule["metadata"], "name").to_owned(), scopes.collect()));
    }
    Ok(rules)
}

/// What a sidecar counts under a name, with all of these labels.
async fn counted(target: &Target, app: &str, name: &str, labels: &[String]) -> Result<u64> {
    let address = target.sidecar(app)?.metrics;
    let text = plain(target)?.get(address).send().await?.text().await?;
    let rows = text.lines().filter(|line| line.starts_with(name));
    let rows = rows.filter(|line| labels.iter().all(|label| line.contains(label)));
    let values = rows.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok());
    Ok(values.sum())
}

#[tokio::test]
async fn every_rule_is_loaded_by_those_who_keep_it() -> Result<()> {
    let stack = stack::shared().await?;
    let rules = rules()?;
    ensure!(rules.len() >= 2, "{rules:?}");
    for (rule, apps) in rules {
        ensure!(!apps.is_empty(), "{rule} is kept by nobody");
        for app in apps {
            let label = format!("name=\"{rule}\"");
            let loaded = counted(&stack, &app, "dapr_resiliency_loaded", &[label]).await?;
            ensure!(loaded > 0, "{app}'s sidecar has not loaded {rule}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_call_to_a_service_that_has_just_died_is_tried_again() -> Result<()> {
    let stack = stack::alone().await?;
    let sidecar = stack.sidecar("bff")?;
    let address = sidecar.url.join("/v1.0/invoke/catalog/method/v1/stores")?;
    let labels = ["name=\"invocation\"", "policy=\"retry\""].map(str::to_owned);
    let tries = || counted(&stack, "bff", "dapr_resiliency_activations_total", &labels);
    let before = tries().await?;
    stack.kill(&Part::App("catalog".to_owned())).await?;
    let call = plain(&stack)?
        .get(address)
        .header("dapr-api-token", &sidecar.token);
    call.send().await?;
    let after = tries().await?;
    ensure!(after > before, "{before} retries before, {after} after");
    whole(&stack).await
}

/// An upstream of the BFF: the service, a table without which it fails, and whose page needs it.
const UPSTREAMS: [(&str, &str, Role); 3] = [
    ("order", "orders", Role::Customer),
    ("inventory", "levels", Role::Manager),
    ("payment", "payments", Role::Manager),
];

#[tokio::test]
async fn a_breaker_opens_for_the_upstream_that_fails_and_for_no_other() -> Result<()> {
    let stack = stack::alone().await?;
    let order = order_one(&newcomer(&stack).await?).await?;
    for (app, table, role) in UPSTREAMS {
        let client = browser(&stack, role).await?;
        let path = match app {
            "order" => "/api/orders".to_owned(),
            "inventory" => format!("/api/stores/{}/stock", order.store_id),
            _ => format!("/api/orders/{}/payment", order.id),
        };
        let before = client.get(&path).await?.status;
        ensure!(!before.is_server_error(), "{path} is answered {before}");
        stack
            .execute(app, &format!("ALTER TABLE {table} RENAME TO mislaid"))
            .await?;
        let opened = opens(&stack, &client, app, &path).await;
        stack
            .execute(app, &format!("ALTER TABLE mislaid RENAME TO {table}"))
            .await?;
        opened.with_context(|| format!("the breaker for {app}"))?;
        until(
            &format!("the breaker for {app} to close"),
            GENEROUS,
            || async {
                let status = client.get(&path).await.ok()?.status;
                (status == before).then_some(())
            },
        )
        .await?;
    }
    whole(&stack).await
}

/// Fails until the breaker opens: then the answer comes at once, says when to come again, and the upstream hears nothing.
async fn opens(target: &Target, client: &Client, app: &str, path: &str) -> Result<()> {
    let upstream = Part::App(app.to_owned());
    let mut statuses = Vec::new();
    for _ in 0..=2 * FAILURES {
        let answer = client.get(path).await?;
        statuses.push(answer.status.as_u16());
        ensure!(
            answer.status.is_server_error(),
            "{app} still works: {answer:?}"
        );
        let heard = target.logs(&upstream)?.contains(&answer.trace_id);
        if answer.status == StatusCode::SERVICE_UNAVAILABLE && !heard {
            let wait: u64 = answer
                .header("retry-after")
                .parse()
                .context("Retry-After")?;
            ensure!(wait >= 1, "Retry-After: {wait}");
            let visitor = Client::new(target)?;
            visitor.get("/api/stores").await?.expect(StatusCode::OK)?;
            return Ok(());
        }
    }
    anyhow::bail!("{app} failed with {statuses:?}, and was asked again each time")
}
