//! Whose sidecar it is: sentry gives a certificate to whoever shows that app's token, and without one nobody is heard.
//!
//! Invariant: each claim is made by a real sidecar, beside those of the stack.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::client::plain;
use e2e::target::{Proof, Started};
use e2e::{Part, Target};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::healing::killed_and_back;
use crate::stack::{self, GENEROUS, newcomer, order_one, sidecar_ready, whole};

/// The one that lends its environment: nobody calls it, so that a second one of it harms nothing.
const LENDER: &str = "acquirer";
/// How a client of HTTP/2 begins without encryption.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// Far longer than a sidecar takes to start.
const AWAY: Duration = Duration::from_secs(8);

fn decoded(part: &str) -> Result<Value> {
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?)
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// Tries to pass for an app; says why it did not work.
async fn refusal(target: &Target, claims: &str, proof: Proof<'_>) -> Result<String> {
    let mut sidecar = target.second_sidecar(claims, proof)?;
    match sidecar.started().await? {
        Started::Serves => anyhow::bail!("a process passes for {claims} by {proof:?}"),
        Started::Ended(log) => Ok(log),
    }
}

#[tokio::test]
async fn a_process_that_claims_another_app_gets_no_certificate() -> Result<()> {
    let stack = stack::alone().await?;
    let apps = stack.apps();
    for (index, app) in apps.iter().enumerate() {
        let other = apps[(index + 1) % apps.len()];
        let token = stack.sentry_token(other)?;
        let said = refusal(&stack, app, Proof::Token(&token)).await?;
        let told = said.contains("PermissionDenied") && said.contains("\\\"sub\\\" not satisfied");
        ensure!(told, "{other} as {app}: {said}");
    }

    // The right words, but signed by nobody, by a stranger, or long ago.
    let good = stack.sentry_token(LENDER)?;
    let [header, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        anyhow::bail!("a token has three parts");
    };
    let stranger = Ed25519KeyPair::generate()?;
    let signed = format!("{header}.{claims}");
    let forged = URL_SAFE_NO_PAD.encode(stranger.sign(signed.as_bytes()));
    let mut unsigned = decoded(header)?;
    unsigned["alg"] = json!("none");
    let mut endless = decoded(claims)?;
    endless["exp"] = json!(4_102_444_800_u64);
    for token in [
        format!("{signed}.{forged}"),
        format!("{}.{claims}.", encoded(&unsigned)),
        format!("{header}.{}.{signature}", encoded(&endless)),
    ] {
        let said = refusal(&stack, LENDER, Proof::Token(&token)).await?;
        ensure!(said.contains("PermissionDenied"), "{token}: {said}");
    }
    let said = refusal(&stack, LENDER, Proof::Nothing).await?;
    ensure!(said.contains("InvalidArgument"), "without a token: {said}");

    // That it is the token which decides: with its own it gets a certificate.
    let mut own = stack.second_sidecar(LENDER, Proof::Token(&good))?;
    assert_eq!(own.started().await?, Started::Serves);
    Ok(())
}

#[tokio::test]
async fn a_token_for_sentry_names_its_app_and_lasts_an_hour_at_most() -> Result<()> {
    let stack = stack::shared().await?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    for app in stack.apps() {
        let token = stack.sentry_token(app)?;
        let claims = decoded(token.split('.').nth(1).context("claims")?)?;
        assert_eq!(claims["sub"], format!("spiffe://public/ns/default/{app}"));
        assert_eq!(claims["aud"], "spiffe://localhost/ns/default/dapr-sentry");
        let ends = claims["exp"].as_u64().context("an end")?;
        ensure!(ends > now.as_secs(), "{app}'s is over");
        ensure!(ends <= now.as_secs() + 3600, "{app}'s lasts too long");
    }
    Ok(())
}

/// Asks for the catalog's stores through a second sidecar.
async fn stores_through(target: &Target, proof: Proof<'_>) -> Result<(StatusCode, String)> {
    let mut sidecar = target.second_sidecar(LENDER, proof)?;
    assert_eq!(sidecar.started().await?, Started::Serves);
    let (url, token) = sidecar.door();
    let answer = plain(target)?
        .get(url.join("/v1.0/invoke/catalog/method/v1/stores")?)
        .header("dapr-api-token", token)
        .send()
        .await?;
    Ok((answer.status(), answer.text().await?))
}

#[tokio::test]
async fn a_sidecar_without_a_certificate_reaches_nobody() -> Result<()> {
    let stack = stack::alone().await?;
    let (status, said) = stores_through(&stack, Proof::WithoutTls).await?;
    ensure!(
        status.is_server_error() && !said.contains("access control"),
        "{status} {said}"
    );
    // With one it is heard, and told that it is not among the callers.
    let own = stack.sentry_token(LENDER)?;
    let (status, said) = stores_through(&stack, Proof::Token(&own)).await?;
    ensure!(
        status == StatusCode::FORBIDDEN && said.contains("access control policy has denied access"),
        "{status} {said}"
    );
    Ok(())
}

#[tokio::test]
async fn no_sidecar_speaks_without_encryption() -> Result<()> {
    let stack = stack::shared().await?;
    for app in stack.apps() {
        let internal = stack.sidecar(app)?.internal;
        let address = (
            internal.host_str().context("a host")?,
            internal.port().context("a port")?,
        );
        let mut peer = TcpStream::connect(address).await?;
        peer.write_all(PREFACE).await?;
        let mut answer = Vec::new();
        // Closed at once, perhaps by a reset, perhaps after an alert of TLS (21).
        let _ = tokio::time::timeout(GENEROUS, peer.read_to_end(&mut answer)).await?;
        ensure!(
            answer.first().is_none_or(|kind| *kind == 21),
            "{app}'s sidecar answers {answer:?}"
        );
        let log = stack.logs(&Part::Sidecar(app.to_owned()))?;
        ensure!(!log.contains("mTLS is disabled"), "{app}: {log}");
    }
    Ok(())
}

#[tokio::test]
async fn every_part_listens_on_the_loopback_alone() -> Result<()> {
    let stack = stack::shared().await?;
    let listening = stack.listening()?;
    for (part, address) in &listening {
        ensure!(address.ip().is_loopback(), "{part} listens at {address}");
    }
    // An app: for its sidecar and for operators. A sidecar: HTTP, gRPC, other sidecars, metrics. The others: at least once.
    let count = |part: &str| listening.iter().filter(|(name, _)| name == part).count();
    for app in stack.apps() {
        ensure!(count(app) >= 2, "{app}: {listening:?}");
        let sidecar = count(&format!("{app}.daprd"));
        ensure!(sidecar == 4, "{app}'s sidecar listens {sidecar} times");
    }
    for part in ["postgres", "redis", "kafka", "vault", "maildev", "sentry"] {
        ensure!(count(part) >= 1, "{part}: {listening:?}");
    }
    Ok(())
}

#[tokio::test]
async fn sentry_comes_back_and_may_be_away_for_a_while() -> Result<()> {
    let stack = stack::alone().await?;
    let sentry = Part::Backing("sentry");
    let before = stack.instance(&sentry).context("sentry runs")?;
    stack.kill(&sentry).await?;
    let another = || async { stack.instance(&sentry).filter(|now| *now != before) };
    e2e::patience::until("another sentry", GENEROUS, another).await?;
    // It signs what the sidecars know: one that starts now finds its way in.
    killed_and_back(&stack, &Part::Sidecar("catalog".to_owned())).await?;
    whole(&stack).await?;

    // While it hangs, those who have a certificate go on, and who has none waits for it.
    stack.pause(&sentry).await?;
    let customer = newcomer(&stack).await;
    let ordered = match &customer {
        Ok(customer) => order_one(customer).await.map(drop),
        Err(_) => Ok(()),
    };
    let killed = stack.kill(&Part::Sidecar(LENDER.to_owned())).await;
    let waits = tokio::time::timeout(AWAY, sidecar_ready(&stack, LENDER)).await;
    stack.resume(&sentry).await?;
    customer?;
    ordered?;
    killed?;
    ensure!(waits.is_err(), "a sidecar serves without a certificate");
    whole(&stack).await?;
    order_one(&newcomer(&stack).await?).await?;
    Ok(())
}
