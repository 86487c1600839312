//! The provider of card payments: what is asked of it, and what is understood of the answers. Each provider has a file
//! for its own words; which one it is, is configured.
//!
//! Invariant: only an answer that says so, for the very operation that was asked for, is a success or a refusal;
//! everything else is unknown.

pub mod acquirer;
pub mod listing;
pub mod stripe;

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method};
use dapr_kit::{InvokeError, InvokeRequest, Reply};
use secrecy::SecretString;
use service::extract;
use service::failpoint;
use service::problem::Problem;

use crate::config::PROVIDER;
use crate::operation::{Kind, Operation, Operations, Outcome};
use crate::state::App;

/// How long one call may take.
const DEADLINE: Duration = Duration::from_secs(3);
/// Names the operation at the provider.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest code of a refusal that is kept.
const LONGEST_CODE: usize = 64;

/// Who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Provider {
    /// `apps/acquirer`, of development.
    #[default]
    Acquirer,
    /// Stripe.
    Stripe,
}

/// A provider that nobody here speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a provider is `acquirer` or `stripe`")]
pub struct UnknownProvider;

impl std::str::FromStr for Provider {
    type Err = UnknownProvider;

    fn from_str(name: &str) -> Result<Self, UnknownProvider> {
        match name {
            "acquirer" => Ok(Self::Acquirer),
            "stripe" => Ok(Self::Stripe),
            _ => Err(UnknownProvider),
        }
    }
}

/// What an operation is about at the provider.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A card, by its token.
    Card(SecretString),
    /// What the provider did before, by its id.
    Earlier(String),
}

impl Subject {
    /// What an operation of this kind that is no authorisation is about: what the provider did before of this payment.
    #[must_use]
    pub fn earlier(kind: Kind, operations: &Operations) -> Option<Self> {
        let of = match kind {
            Kind::Authorise => return None,
            Kind::Capture | Kind::Void => Kind::Authorise,
            Kind::Refund => Kind::Capture,
        };
        let earlier = operations.last(of).and_then(|one| one.provider_id.clone());
        earlier.map(Self::Earlier)
    }
}

/// What is known after a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The provider decided.
    Decided(Outcome),
    /// It may or may not have.
    Unknown,
}

/// What the provider knows of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// What it decided.
    Decided(Outcome),
    /// It has done nothing of it so far.
    Nothing,
    /// It did not say.
    Unknown,
}

/// What a message of the provider is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The message's own id, unique.
    pub id: String,
    /// What happened, in the provider's words.
    pub kind: String,
    /// Our own name for the purchase, if it is one of ours: the order's id.
    pub reference: String,
    /// What there is news of.
    pub about: Option<Kind>,
}

impl Provider {
    /// The header that its messages are signed in.
    #[must_use]
    pub const fn signature_header(self) -> &'static str {
        match self {
            Self::Acquirer => acquirer::SIGNATURE,
            Self::Stripe => stripe::SIGNATURE,
        }
    }

    /// The secret that it signs them with: `current` and, while it is being changed, `previous`.
    #[must_use]
    pub const fn webhook_secret(self) -> &'static str {
        match self {
            Self::Acquirer => "webhook",
            // Its own, because the other one is rotated by us, and this one in Stripe's dashboard.
            Self::Stripe => "stripe-webhook",
        }
    }

    /// Reads a message that is known to be the provider's.
    pub fn hint(self, body: &[u8]) -> Result<Hint, Problem> {
        Ok(match self {
            Self::Acquirer => extract::parse::<acquirer::Message>(body)?.into(),
            Self::Stripe => extract::parse::<stripe::Event>(body)?.into(),
        })
    }
}

/// Asks for the operation. Asking again with the same key is asking for the same one.
pub async fn ask(app: &App, operation: &Operation, subject: &Subject) -> Answer {
    let key = if failpoint::mutated("provider_key") {
        app.ids.next().to_string()
    } else {
        operation.provider_key.clone().unwrap_or_default()
    };
    let Ok(key) = HeaderValue::try_from(key) else {
        return Answer::Unknown;
    };
    let request = match app.provider {
        Provider::Acquirer => Some(acquirer::request(app, operation, subject)),
        Provider::Stripe => stripe::request(app, operation, subject),
    };
    let Some(request) = request else {
        return Answer::Unknown;
    };
    match request.header(KEY, key).send().await {
        Ok(reply) => decided(app.provider, operation, subject, &reply),
        Err(error) => {
            report(operation, &error);
            Answer::Unknown
        }
    }
}

fn decided(provider: Provider, operation: &Operation, subject: &Subject, reply: &Reply) -> Answer {
    let body = reply.json().ok();
    let outcome = body.and_then(|body| match provider {
        Provider::Acquirer => acquirer::read(operation, reply.status, body),
        Provider::Stripe => stripe::read(operation, subject, reply.status, body),
    });
    if let Some(outcome) = outcome {
        return Answer::Decided(outcome);
    }
    tracing::warn!(
        operation.kind = operation.kind.name(),
        order.id = %operation.order_id.0,
        status = reply.status.as_u16(),
        "the provider's answer decides nothing"
    );
    Answer::Unknown
}

/// Asks what became of the operation.
pub async fn look_up(app: &App, operation: &Operation) -> Finding {
    match app.provider {
        Provider::Acquirer => acquirer::look_up(app, operation).await,
        Provider::Stripe => stripe::look_up(app, operation).await,
    }
}

fn call(app: &App, method: Method, path: &str) -> InvokeRequest {
    app.dapr.invoke(PROVIDER, method, path).deadline(DEADLINE)
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused {
        code: code.chars().take(LONGEST_CODE).collect(),
    }
}

fn report(operation: &Operation, error: &InvokeError) {
    tracing::warn!(
        operation.kind = operation.kind.name(),
        order.id = %operation.order_id.0,
        error = error as &dyn std::error::Error,
        "the provider did not answer"
    );
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_provider_is_one_of_two() {
        assert_eq!(Provider::default(), Provider::Acquirer);
        assert_eq!("stripe".parse(), Ok(Provider::Stripe));
        assert_eq!("acquirer".parse(), Ok(Provider::Acquirer));
        assert_eq!("Stripe".parse::<Provider>(), Err(UnknownProvider));
    }

    fn about(provider: Provider, kind: &str, data: &Value) -> (Option<Kind>, String) {
        let message = json!({"id": "1", "type": kind, "data": data}).to_string();
        let hint = provider.hint(message.as_bytes()).expect("a message");
        assert_eq!((hint.id.as_str(), hint.kind.as_str()), ("1", kind));
        (hint.about, hint.reference)
    }

    #[test]
    fn a_message_is_about_what_there_is_news_of() {
        let data = json!({"reference": "an order"});
        for (kind, expected) in [
            ("authorisation.declined", Some(Kind::Authorise)),
            ("capture.succeeded", Some(Kind::Capture)),
            ("void.succeeded", Some(Kind::Void)),
            ("refund.succeeded", Some(Kind::Refund)),
            ("capture", None),
            ("card.expired", None),
        ] {
            let told = about(Provider::Acquirer, kind, &data);
            assert_eq!(told, (expected, "an order".to_owned()), "{kind}");
        }
        let data = json!({"object": {"metadata": {"order": "an order"}}});
        for (kind, expected) in [
            (
                "payment_intent.amount_capturable_updated",
                Some(Kind::Authorise),
            ),
            ("payment_intent.payment_failed", Some(Kind::Authorise)),
            ("payment_intent.succeeded", Some(Kind::Capture)),
            ("payment_intent.canceled", Some(Kind::Void)),
            ("refund.created", Some(Kind::Refund)),
            ("refund.updated", Some(Kind::Refund)),
            ("refund.failed", Some(Kind::Refund)),
            ("payment_intent.created", None),
            ("payout.paid", None),
        ] {
            let told = about(Provider::Stripe, kind, &data);
            assert_eq!(told, (expected, "an order".to_owned()), "{kind}");
        }
        // Of what others do with the same account.
        for object in [
            json!({}),
            json!({"metadata": null}),
            json!({"metadata": {"order": 7}}),
        ] {
            let told = about(
                Provider::Stripe,
                "payout.paid",
                &json!({ "object": object }),
            );
            assert_eq!(told, (None, String::new()));
        }
    }
}
