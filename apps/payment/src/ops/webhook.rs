//! `POST /v1/webhooks/provider`: the provider tells that it has done something.
//!
//! Invariant: a message is a hint and nothing more: what is undecided of its order becomes due, and what is believed is
//! the provider's answer to our own question. So forged, late, repeated and swapped messages change nothing.

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use service::extract;
use service::failpoint;
use service::problem::Problem;
use uuid::Uuid;

use crate::error::Error;
use crate::operation::Kind;
use crate::payment::OrderId;
use crate::signature;
use crate::state::App;
use crate::store;

/// The longest id or type of a message.
const LONGEST: usize = 128;

/// The body: of it, the fields that are used here.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Message {
    /// Unique.
    pub id: String,
    /// What happened, such as `capture.succeeded`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it happened to.
    pub data: Told,
}

/// What a message is about.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Told {
    /// Our own name for the purchase: the order's id.
    pub reference: String,
}

/// Answers 200 whatever the message changes; 401 `webhook-signature` if it is not the provider's.
pub async fn handler(
    Shared(app): Shared<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let secret = app.webhook.current();
    signature::verify(&secret, &headers, &body, app.clock.now()).map_err(|_| {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "webhook-signature",
            "The message is not signed by the provider, or not lately",
        )
    })?;
    let message: Message = extract::parse(&body)?;
    take(&app, &message).await?;
    Ok(StatusCode::OK)
}

/// Takes a message that is known to be the provider's, once.
pub async fn take(app: &App, message: &Message) -> Result<(), Error> {
    let cut = |text: &str| text.chars().take(LONGEST).collect::<String>();
    let (id, kind) = (cut(&message.id), cut(&message.kind));
    let reference = cut(&message.data.reference);
    let mut transaction = app.db.begin().await?;
    let now = app.clock.now();
    if !store::messages::take(&mut transaction, &id, &kind, &reference, now).await? {
        return Ok(());
    }
    let about = Uuid::try_parse(&reference).ok().zip(subject(&kind));
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

/// What a message of this type is about.
fn subject(kind: &str) -> Option<Kind> {
    match kind.split_once('.')?.0 {
        "authorisation" => Some(Kind::Authorise),
        "capture" => Some(Kind::Capture),
        "void" => Some(Kind::Void),
        "refund" => Some(Kind::Refund),
        _ => None,
    }
}
