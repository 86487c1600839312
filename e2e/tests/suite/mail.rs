//! Mail on its whole way: identity, its sidecar's SMTP binding, a real mail server.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::client::fresh;
use e2e::patience::until;
use e2e::{Client, SignIn, Target};
use reqwest::StatusCode;
use serde_json::Value;

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

    let link = link(&stack, &person.email, "Confirm your e-mail address").await?;
    client.press(&link).await?.expect(StatusCode::OK)?;

    let account = client.get("/account").await?.expect(StatusCode::OK)?;
    ensure!(account.body.contains("(confirmed)"), "{}", account.body);
    Ok(())
}

#[tokio::test]
async fn another_address_signs_her_in_once_its_link_is_used() -> Result<()> {
    let stack = stack::shared().await?;
    let client = Client::new(&stack)?;
    let before = client.register().await?;
    let after = SignIn {
        email: format!("{}@crema.example", fresh()),
        password: before.password.clone(),
    };
    let page = stack.public().join("/account/email")?;
    let answer = client.get(page.as_str()).await?;
    let wish = [("email", after.email.as_str())];
    let (_, answer) = client.fill(&page, answer, &["email"], &wish).await?;
    answer.expect(StatusCode::OK)?;

    let link = link(&stack, &after.email, "Use this e-mail address").await?;
    Client::new(&stack)?
        .press(&link)
        .await?
        .expect(StatusCode::OK)?;
    let account = client.get("/account").await?.expect(StatusCode::OK)?;
    let shown = format!("{} (confirmed)", after.email);
    ensure!(account.body.contains(&shown), "{}", account.body);
    letter(&stack, &before.email, "Your e-mail address was changed").await?;
    Client::signed_in(&stack, &after).await?;
    ensure!(
        Client::signed_in(&stack, &before).await.is_err(),
        "the address before signs in too"
    );
    Ok(())
}

/// The mail of this subject that comes for an address.
async fn letter(target: &Target, address: &str, subject: &str) -> Result<Value> {
    until(&format!("{subject:?} for {address}"), ARRIVES, || async {
        let mut letters = target.mail(address).await.ok()?.into_iter();
        letters.find(|letter| letter["subject"] == subject)
    })
    .await
}

/// The link in it.
async fn link(target: &Target, address: &str, subject: &str) -> Result<String> {
    let letter = letter(target, address, subject).await?;
    let body = letter["html"].as_str().context("a mail has a text")?;
    let link = body.split_once("href=\"").context("a link")?.1;
    Ok(link.split('"').next().context("its end")?.to_owned())
}
