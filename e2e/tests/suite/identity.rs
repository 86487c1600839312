//! What identity promises while what it stands on fails: a no stays a no, and nobody is told one by mistake.
//!
//! Invariant: each test has the system for itself, and gives it back whole.

use std::collections::HashSet;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::client::plain;
use e2e::patience::{insist, until};
use e2e::{Part, Role, Target};
use reqwest::StatusCode;
use serde_json::Value;

use crate::access::invoke;
use crate::healing::PATIENCE;
use crate::stack::{self, browser, newcomer, order_one, whole, word};
use crate::tokens::{Person, issued};

const REDIS: Part = Part::Backing("redis");
const POSTGRES: Part = Part::Backing("postgres");

/// What identity knows of a person's token.
async fn introspect(person: &Person<'_>) -> Result<(StatusCode, Value)> {
    let form = [("token", person.at_bff())];
    person.bff().ask("/oauth2/introspect", &form).await
}

/// Whether identity holds that a person's token is good.
async fn active(person: &Person<'_>) -> Result<bool> {
    let (status, body) = introspect(person).await?;
    ensure!(status == StatusCode::OK, "{status}: {body}");
    body["active"].as_bool().context("a verdict")
}

/// What identity answers the BFF that has only the refresh token left.
async fn refreshed(person: &Person<'_>) -> Result<(StatusCode, Value)> {
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", person.refresh()),
    ];
    person.bff().token(&form).await
}

#[tokio::test]
async fn what_was_revoked_stays_revoked_when_redis_forgets_everything() -> Result<()> {
    let stack = stack::alone().await?;
    let revoked = Person::demo(&stack, Role::Manager).await?;
    let kept = Person::demo(&stack, Role::Manager).await?;
    for person in [&revoked, &kept] {
        ensure!(active(person).await?);
    }
    let form = [("token", revoked.refresh())];
    let (status, body) = revoked.bff().ask("/oauth2/revoke", &form).await?;
    ensure!(status == StatusCode::OK, "{status}: {body}");

    stack.lose(&REDIS).await?;
    stack.start(&REDIS).await?;
    whole(&stack).await?;
    ensure!(!active(&revoked).await?);
    let (status, body) = refreshed(&revoked).await?;
    ensure!(word(&body, "error") == "invalid_grant", "{status}: {body}");
    ensure!(active(&kept).await?);
    issued(&refreshed(&kept).await?)?;
    Ok(())
}

#[tokio::test]
async fn without_postgres_identity_says_that_it_does_not_know() -> Result<()> {
    let stack = stack::alone().await?;
    let manager = browser(&stack, Role::Manager).await?;
    let person = Person::of(&stack, &manager).await?;
    stack.kill(&POSTGRES).await?;

    // "Inactive" or "invalid" would be false, and a client that believed it would throw a good token away.
    let answers = [introspect(&person).await?, refreshed(&person).await?];
    for (status, body) in answers {
        ensure!(
            status == StatusCode::SERVICE_UNAVAILABLE,
            "{status}: {body}"
        );
        ensure!(body.get("active").is_none(), "{body}");
    }
    let account = manager.get("/account").await?;
    ensure!(
        account.status == StatusCode::SERVICE_UNAVAILABLE,
        "{account:?}"
    );

    stack.start(&POSTGRES).await?;
    whole(&stack).await?;
    insist("a token's being good again", PATIENCE, || async {
        ensure!(active(&person).await?);
        Ok(())
    })
    .await?;
    issued(&refreshed(&person).await?)?;
    manager.get("/account").await?.expect(StatusCode::OK)?;
    Ok(())
}

/// Whether a sidecar reads its components anew each minute: then it would end at the first time without a vault, which
/// no test of seconds can see.
async fn reloads(target: &Target, app: &str) -> Result<bool> {
    let sidecar = target.sidecar(app)?;
    let metadata = plain(target)?
        .get(sidecar.url.join("/v1.0/metadata")?)
        .header("dapr-api-token", &sidecar.token)
        .send()
        .await?
        .error_for_status()?
        .bytes()
        .await?;
    let metadata: Value = serde_json::from_slice(&metadata)?;
    let features = metadata["enabledFeatures"].as_array();
    Ok(features
        .context("a list of features")?
        .contains(&"HotReload".into()))
}

#[tokio::test]
async fn a_sealed_vault_costs_nobody_a_sign_in_or_an_order() -> Result<()> {
    let stack = stack::alone().await?;
    for app in stack.apps() {
        ensure!(!reloads(&stack, app).await?, "{app}'s sidecar");
    }
    let barista = browser(&stack, Role::Barista).await?;
    let person = Person::of(&stack, &barista).await?;
    stack.kill(&stack::VAULT).await?;
    stack.start(&stack::VAULT).await?;
    let served = async {
        order_one(&newcomer(&stack).await?).await?;
        browser(&stack, Role::Barista).await?;
        ensure!(active(&person).await?);
        issued(&refreshed(&person).await?)?;
        person.at("order").await
    };
    let served = served.await;
    stack.unseal().await?;
    served?;
    order_one(&newcomer(&stack).await?).await?;
    Ok(())
}

/// The name of the key that signed a token.
fn key_of(token: &str) -> Result<String> {
    let header = token.split('.').next().context("a header")?;
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header)?)?;
    Ok(word(&header, "kid").to_owned())
}

#[tokio::test]
async fn a_rotation_of_the_signing_keys_under_load_refuses_nobody() -> Result<()> {
    let stack = stack::alone().await?;
    let manager = browser(&stack, Role::Manager).await?;
    let person = Person::of(&stack, &manager).await?;
    let before = person.at("order").await?;
    let old = key_of(&before)?;

    // Each round uses a token of before, a new one, and the page, until both kinds of token come from another key.
    let rounds = async {
        until("tokens of the next key", PATIENCE, || async {
            Some(round(&stack, &manager, &person, &before).await)
                .filter(|keys| !matches!(keys, Ok(keys) if keys.contains(&old)))
        })
        .await?
    };
    let (rotated, keys) = tokio::join!(stack.rotate(&["signing"]), rounds);
    rotated?;
    ensure!(keys?.len() == 1, "two keys sign at once");
    Ok(())
}

/// Uses a token of before, new tokens of a person and of a service, and the page; which keys signed the new ones.
async fn round(
    target: &Target,
    browser: &e2e::Client,
    person: &Person<'_>,
    before: &str,
) -> Result<HashSet<String>> {
    let fresh = person.at("order").await?;
    let service = person.bff().own("catalog").await?;
    let service = service.context("the BFF's own token")?;
    for (app, path, token) in [
        ("order", "/v1/orders", before),
        ("order", "/v1/orders", fresh.as_str()),
        ("catalog", "/v1/stores", service.as_str()),
    ] {
        let answer = invoke(target, app, "GET", path, Some(token)).await?;
        ensure!(answer == StatusCode::OK, "{app} answers {answer}");
    }
    ensure!(active(person).await?, "the token of before is inactive");
    let page = browser.get("/api/orders").await?;
    page.expect(StatusCode::OK)?;
    [&fresh, &service]
        .into_iter()
        .map(|token| key_of(token))
        .collect()
}
