//! What starts while the vault is sealed: it waits, says what for, and goes on by itself when the vault is open.
//!
//! Invariant: the test has the system for itself, and leaves the vault open.

use anyhow::{Result, ensure};
use e2e::client::plain;
use e2e::patience::until;
use e2e::{Part, Target};
use reqwest::StatusCode;

use crate::shop::{PAID, ends, order_by_card};
use crate::stack::{self, GENEROUS, newcomer, whole};

/// How often a part has said this.
fn said(target: &Target, part: &Part, words: &str) -> Result<usize> {
    Ok(target.logs(part)?.matches(words).count())
}

/// Ends a part and returns when what comes in its place has said this.
async fn killed_and_says(target: &Target, part: &Part, words: &str) -> Result<()> {
    let before = said(target, part, words)?;
    target.kill(part).await?;
    until(&format!("{part}: {words}"), GENEROUS, || async {
        (said(target, part, words).ok()? > before).then_some(())
    })
    .await
}

#[tokio::test]
async fn what_starts_while_the_vault_is_sealed_waits_says_so_and_goes_on() -> Result<()> {
    let stack = stack::alone().await?;
    let customer = newcomer(&stack).await?;
    let app = Part::App("catalog".to_owned());
    let sidecar = Part::Sidecar("payment".to_owned());
    let deaths = "ended with status";
    let before = [said(&stack, &app, deaths)?, said(&stack, &sidecar, deaths)?];

    stack.kill(&stack::VAULT).await?;
    stack.start(&stack::VAULT).await?;
    let waiting = async {
        killed_and_says(&stack, &app, "waiting for the secret store").await?;
        killed_and_says(&stack, &sidecar, "waits: the vault is sealed").await?;
        // It takes no request that it could not serve, and costs nobody else anything.
        let ready = plain(&stack)?.get(stack.ops("catalog")?.join("/readyz")?);
        let ready = ready.send().await;
        ensure!(!ready.is_ok_and(|answer| answer.status().is_success()));
        let orders = customer.get("/api/orders").await?;
        orders.expect(StatusCode::OK)?;
        Ok(())
    };
    let waiting = waiting.await;
    stack.unseal().await?;
    whole(&stack).await?;
    waiting?;
    let order = order_by_card(&customer, "tok_visa").await?;
    ends(&customer, &order.id, PAID).await?;
    // Each waited, rather than ending again and again.
    for (part, before) in [&app, &sidecar].into_iter().zip(before) {
        let after = said(&stack, part, deaths)?;
        ensure!(after == before + 1, "{part} ended {} times", after - before);
    }
    Ok(())
}
