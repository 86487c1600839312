//! `POST /v1/webhooks/provider`: the provider tells that it has done something.
//!
//! Invariant: a message is a hint and nothing more: what is undecided of its order becomes due, and what is believed is
//! the provider's answer to our own question. So forged, late, repeated and swapped messages change nothing.

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use service::database;
use service::failpoint;
use service::problem::Problem;
use uuid::Uuid;

use crate::error::Error;
use crate::payment::OrderId;
use crate::provider::{Hint, acquirer, stripe};
use crate::signature;
use crate::state::App;
use crate::store;

/// The longest id or type of a message.
const LONGEST: usize = 128;

/// The body, in the words of the provider that is configured.
#[derive(JsonSchema)]
#[serde(untagged)]
pub enum Message {
    /// The acquirer's.
    Acquirer(acquirer::Message),
    /// Stripe's.
    Stripe(stripe::Event),
}

/// Answers 200 whatever the message changes; 401 `webhook-signature` if it is not the provider's.
pub async fn handler(
    Shared(app): Shared<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let secret = app.webhook.current();
    let header = app.provider.signature_header();
    signature::verify(&secret, header, &headers, &body, app.clock.now()).map_err(|_| {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "webhook-signature",
            "The message is not signed by the provider, or not lately",
        )
    })?;
    let hint = app.provider.hint(&body)?;
    take(&app, &hint).await?;
    Ok(StatusCode::OK)
}

/// Takes a message that is known to be the provider's, once.
pub async fn take(app: &App, hint: &Hint) -> Result<(), Error> {
    let cut = |text: &str| text.chars().take(LONGEST).collect::<String>();
    let (id, kind) = (cut(&hint.id), cut(&hint.kind));
    let reference = cut(&hint.reference);
    let mut transaction = database::begin(&app.db).await?;
    let now = app.clock.now();
    if !store::messages::take(&mut transaction, &id, &kind, &reference, now).await? {
        return Ok(());
    }
    let about = Uuid::try_parse(&reference).ok().zip(hint.about);
    let hastened = match about {
        Some((order, kind)) => {
            store::operations::hasten(&mut transaction, OrderId(order), kind).await?
        }
        None => 0,
    };
    failpoint::reach("payment.webhook.before_commit");
    transaction.commit().await?;
    failpoint::reach("payment.webhook.after_commit");
    if hastened > 0 {
        app.undecided.notify_one();
    }
    tracing::info!(
        webhook.id = id,
        webhook.kind = kind,
        hastened,
        "the provider told us"
    );
    Ok(())
}
