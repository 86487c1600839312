//! Mail on its whole way: identity, its sidecar's SMTP binding, a real mail server.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::Client;
use e2e::patience::until;
use reqwest::StatusCode;

use crate::stack;

/// Identity looks once a second; the server answers at once.
const ARRIVES: Duration = Duration::from_secs(15);

#[tokio::test]
async fn a_newcomer_confirms_her_address_by_the_link_in_her_mail() -> Result<()> {
    let stack = stack::shared().await?;
    let client = Client::new(&stack)?;
    let person = client.register().await?;
    let account = client.get("/account").await?.expect(StatusCode::OK)?;
    ensure!(account.body.contains("not confirmed"), "{}", account.body);

    let letter = until("her mail", ARRIVES, || async {
        stack.mail(&person.email).await.ok()?.pop()
    })
    .await?;
    ensure!(
        letter["subject"] == "Confirm your e-mail address",
        "{letter}"
    );
    let body = letter["html"].as_str().context("a mail has a text")?;
    let link = body.split_once("href=\"").context("a link")?.1;
    let link = link.split('"').next().context("its end")?;
    client.press(link).await?.expect(StatusCode::OK)?;

    let account = client.get("/account").await?.expect(StatusCode::OK)?;
    ensure!(account.body.contains("(confirmed)"), "{}", account.body);
    Ok(())
}
