//! Somebody at a browser, whatever breaks behind it.
//!
//! Invariant: a button that nobody serves is pressed again; what is refused with a reason is an answer, whatever the reason.

use std::time::Duration;

use anyhow::Result;
use e2e::patience::until;
use e2e::{Answer, Client, Role, SignIn, Target};
use reqwest::StatusCode;

use super::Chance;
use crate::healing::PATIENCE;

/// Somebody at a browser.
pub struct Person {
    client: Client,
    sign_in: SignIn,
}

impl Person {
    /// Somebody who has just registered.
    pub async fn new(target: &Target) -> Result<Self> {
        let client = Client::new(target)?;
        let sign_in = client.register().await?;
        Ok(Self { client, sign_in })
    }

    /// Somebody of the demonstration.
    pub async fn of(target: &Target, role: Role) -> Result<Self> {
        let sign_in = target.sign_in(role)?.clone();
        let client = Client::signed_in(target, &sign_in).await?;
        Ok(Self { client, sign_in })
    }

    /// The browser, whose session may be gone.
    pub fn browser(&self) -> &Client {
        &self.client
    }

    /// The browser, with a session that was good just now.
    pub async fn signed_in(&self) -> Result<&Client> {
        let asked = || self.client.get("/api/orders?limit=1");
        self.press("their orders", asked).await?;
        Ok(&self.client)
    }

    /// Presses a button until somebody has served it. Who is signed out, because Redis is gone, signs in again.
    pub async fn press<F: Future<Output = Result<Answer>>>(
        &self,
        what: &str,
        mut button: impl FnMut() -> F,
    ) -> Result<Answer> {
        until(what, PATIENCE, || {
            let pressed = button();
            async {
                let answer = pressed.await.ok()?;
                if answer.status == StatusCode::UNAUTHORIZED {
                    self.client.sign_in(&self.sign_in).await.ok();
                    return None;
                }
                let served = !answer.status.is_server_error()
                    && answer.status != StatusCode::TOO_MANY_REQUESTS
                    // The first press is still being served.
                    && !answer.body.contains(":idempotency-key-in-flight");
                served.then_some(answer)
            }
        })
        .await
    }
}

/// People think before they act: a fifth of a second at most.
pub async fn pause(chance: &mut Chance) -> Result<()> {
    let millis = chance.draw(&(0..200_u64))?;
    tokio::time::sleep(Duration::from_millis(millis)).await;
    Ok(())
}
