//! Tells the merchant what happened: signed, again and again until it is taken.
//!
//! Invariant: a webhook is owed until a line of the ledger says otherwise, so a restart sends it again; no webhook tells
//! of what is not on disk.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use dapr_kit::{DaprError, Secrets};
use futures::future::join_all;
use serde_json::json;
use service::clock::Clock;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use url::Url;

use crate::bank::Bank;
use crate::book::Delivery;
use crate::operation::{Deed, Operation};
use crate::pace::{Pace, Wait};
use crate::tokens::Webhooks;

/// How long the merchant may take for one.
const DEADLINE: Duration = Duration::from_secs(5);
/// How many are under way at once.
const AT_ONCE: usize = 16;
/// How often one is tried before it is given up: for about 24 minutes.
pub const TRIES: u32 = 100;
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LONGEST_RETRY: Duration = Duration::from_secs(15);
/// How long one waits to be overtaken, where that is wanted.
const HELD_BACK: Duration = Duration::from_secs(5);

/// The header with the signature.
const SIGNATURE: &str = "Acquirer-Signature";

/// Sends webhooks.
#[derive(Clone)]
pub struct Courier {
    http: reqwest::Client,
    address: Url,
    secrets: Secrets,
    bank: Arc<Bank>,
    clock: Clock,
    pace: Pace,
    under_way: Arc<Semaphore>,
}

/// One try that was not taken.
#[derive(Debug, thiserror::Error)]
enum Untaken {
    #[error(transparent)]
    Secret(#[from] DaprError),
    #[error("the merchant can't be reached")]
    Unreachable(#[from] reqwest::Error),
    #[error("the merchant answered {0}")]
    Answered(reqwest::StatusCode),
}

impl Courier {
    /// One that sends to `address`.
    pub fn new(
        address: Url,
        secrets: Secrets,
        bank: Arc<Bank>,
        clock: Clock,
        pace: Pace,
    ) -> reqwest::Result<Self> {
        // The platform's verifier: it trusts what SSL_CERT_FILE names, else the machine's authorities.
        let http = reqwest::Client::builder()
            .timeout(DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self {
            http,
            address,
            secrets,
            bank,
            clock,
            pace,
            under_way: Arc::new(Semaphore::new(AT_ONCE)),
        })
    }

    /// Sends what is owed. When this is dropped, what is under way ends too.
    pub async fn run(self, mut owed: mpsc::UnboundedReceiver<Operation>) {
        let mut under_way = JoinSet::new();
        loop {
            tokio::select! {
                operation = owed.recv() => {
                    let Some(operation) = operation else { break };
                    let courier = self.clone();
                    under_way.spawn(async move { courier.tell(&operation).await });
                }
                Some(_) = under_way.join_next() => {}
            }
        }
        under_way.join_all().await;
    }

    async fn tell(&self, operation: &Operation) {
        let (Some(event), Some(kind)) = (&operation.event, operation.event_type()) else {
            return;
        };
        if self.bank.on_disk(operation).await.is_err() {
            return;
        }
        let body = json!({
            "id": event,
            "type": kind,
            "created": operation.at.timestamp(),
            "data": operation.response(),
        })
        .to_string();
        let webhooks = self.bank.book().token_of(operation).webhooks;
        let copies = match webhooks {
            Webhooks::Once => 1,
            Webhooks::Times(copies) => copies,
            Webhooks::OutOfOrder => {
                if matches!(operation.deed, Deed::Authorisation { .. }) {
                    tokio::select! {
                        () = self.bank.overtaken(operation) => {}
                        () = self.pace.wait(Wait::HeldBack, HELD_BACK) => {}
                    }
                }
                1
            }
        };
        let taken = join_all((0..copies).map(|_| self.insist(&body))).await;
        let status = if taken.into_iter().all(|taken| taken) {
            Delivery::Delivered
        } else {
            tracing::warn!(event = event.0, "a webhook was given up");
            Delivery::Abandoned
        };
        if let Err(error) = self.bank.settle(operation, status) {
            tracing::error!(%error, "a webhook can't be settled");
        }
    }

    /// Sends one until it is taken, or given up; says which.
    async fn insist(&self, body: &str) -> bool {
        let mut pause = FIRST_RETRY;
        for tried in 1..=TRIES {
            match self.send(body).await {
                Ok(()) => return true,
                Err(error) => tracing::info!(%error, tried, "a webhook was not taken"),
            }
            self.pace.wait(Wait::Retry, pause).await;
            pause = (pause * 2).min(LONGEST_RETRY);
        }
        false
    }

    async fn send(&self, body: &str) -> Result<(), Untaken> {
        // Never closed, so this only waits.
        let _permit = self.under_way.acquire().await;
        let secret = self.secrets.current();
        let signature = sign(
            secret.require("webhook_secret")?,
            self.clock.now().timestamp(),
            body,
        );
        let answer = self
            .http
            .post(self.address.clone())
            .header("Content-Type", "application/json")
            .header(SIGNATURE, signature)
            .body(body.to_owned())
            .send()
            .await?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(Untaken::Answered(answer.status()))
        }
    }
}

/// `t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>" in hexadecimal>`.
fn sign(secret: &str, seconds: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    let mut signature = format!("t={seconds},v1=");
    for byte in tag.as_ref() {
        // Writing to a string can't fail.
        let _ = write!(signature, "{byte:02x}");
    }
    signature
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected tag was computed by another implementation (Python's `hmac`).
    #[test]
    fn a_signature_is_the_hmac_of_time_and_body() {
        assert_eq!(
            sign("whsec_fixed", 1_700_000_000, r#"{"id":"ev_1"}"#),
            "t=1700000000,v1=ef7a54bb6d8426ce74e8fc3d917ab4203fdfbee8dee0fcb391e7961ad366c416"
        );
    }
}
