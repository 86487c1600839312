//! Stripe's interface: payment intents that are confirmed at once and captured by hand, their refunds, and its events.
//!
//! Invariant: an authorisation, the one thing that could be had twice, is asked for only while Stripe surely remembers
//! its key; whatever else is asked for again is refused by what it is about, if it was done before (decision 29).

mod answers;
mod listing;

use std::time::{Duration, Instant};

use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use chrono::TimeDelta;
use dapr_kit::InvokeRequest;
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;

pub(super) use self::answers::read;
use self::answers::{PaymentIntent, Refund, Standing, is_id};
pub(super) use self::listing::list;
use super::{DEADLINE, Finding, Hint, Subject, call, report};
use crate::operation::{Kind, Operation};
use crate::state::App;
use crate::store;

/// The header that its events are signed in.
pub const SIGNATURE: &str = "stripe-signature";
/// The version of the interface that this file was written for, whatever the account's own is.
const VERSION: &str = "2026-08-26.dahlia";
/// Keys are forgotten when they are 24 hours old, at the earliest; the rest is for clocks that differ.
const KEYS_LIVE: TimeDelta = TimeDelta::hours(20);
/// What is older than this has surely come to the search, which may be an hour behind.
const SEARCHED_AFTER: TimeDelta = TimeDelta::minutes(90);
/// How much our clock may be ahead of Stripe's.
const AHEAD: TimeDelta = TimeDelta::minutes(5);
/// The longest page.
const PAGE: usize = 100;
/// The pages that are looked through for one operation.
const PAGES: usize = 5;

/// An event: of it, the fields that are used here.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "StripeEvent")]
pub struct Event {
    /// Unique.
    pub id: String,
    /// What happened, such as `payment_intent.succeeded`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it happened to.
    pub data: About,
}

/// What an event is about.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct About {
    /// A payment intent, a charge, a refund, or what else there is at Stripe.
    pub object: Object,
}

/// Of any object, the field that is used here.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Object {
    /// What we attached to it: `order`, the order's id, and `operation`, its key.
    pub metadata: Option<serde_json::Map<String, Value>>,
}

impl From<Event> for Hint {
    fn from(event: Event) -> Self {
        let metadata = event.data.object.metadata.unwrap_or_default();
        let reference = metadata.get("order").and_then(Value::as_str);
        Self {
            id: event.id,
            about: subject(&event.kind),
            kind: event.kind,
            reference: reference.unwrap_or_default().to_owned(),
        }
    }
}

/// What an event of this type is about.
fn subject(event: &str) -> Option<Kind> {
    match event {
        "payment_intent.amount_capturable_updated" | "payment_intent.payment_failed" => {
            Some(Kind::Authorise)
        }
        "payment_intent.succeeded" => Some(Kind::Capture),
        "payment_intent.canceled" => Some(Kind::Void),
        "refund.created" | "refund.updated" | "refund.failed" => Some(Kind::Refund),
        _ => None,
    }
}

/// The request for the operation, but for its key; none, if Stripe may have forgotten the key of one that must not be
/// had twice.
pub(super) fn request(
    app: &App,
    operation: &Operation,
    subject: &Subject,
) -> Option<InvokeRequest> {
    let age = app.clock.now() - operation.started_at;
    if operation.kind == Kind::Authorise && age > KEYS_LIVE {
        tracing::warn!(order.id = %operation.order_id.0, "an authorisation is too old to be asked for again");
        return None;
    }
    let key = operation.provider_key.as_deref()?;
    let order = operation.order_id.0.to_string();
    let amount = operation.amount.amount.to_string();
    let currency = currency(operation);
    let ours = [
        ("metadata[order]", order.as_str()),
        ("metadata[operation]", key),
    ];
    let (path, form) = match (subject, operation.kind) {
        (Subject::Card(card), _) => {
            let form = vec![
                ("amount", amount.as_str()),
                ("currency", &currency),
                ("capture_method", "manual"),
                ("confirm", "true"),
                // Nobody is there to be asked: what the bank wants to ask the customer is a decline.
                ("error_on_requires_action", "true"),
                ("payment_method", card.expose_secret()),
                ("payment_method_types[0]", "card"),
            ];
            (
                "/v1/payment_intents".to_owned(),
                [form, ours.into()].concat(),
            )
        }
        (Subject::Earlier(id), Kind::Refund) => {
            let form = vec![("payment_intent", id.as_str()), ("amount", &amount)];
            ("/v1/refunds".to_owned(), [form, ours.into()].concat())
        }
        (Subject::Earlier(id), Kind::Void) => (
            format!("/v1/payment_intents/{id}/cancel"),
            vec![("cancellation_reason", "abandoned")],
        ),
        (Subject::Earlier(id), Kind::Authorise | Kind::Capture) => (
            format!("/v1/payment_intents/{id}/capture"),
            vec![("amount_to_capture", amount.as_str())],
        ),
    };
    Some(pinned(app, Method::POST, &path).form(&form))
}

fn pinned(app: &App, method: Method, path: &str) -> InvokeRequest {
    let name = HeaderName::from_static("stripe-version");
    call(app, method, path).header(name, HeaderValue::from_static(VERSION))
}

/// As Stripe writes it.
fn currency(operation: &Operation) -> String {
    operation.amount.currency.as_str().to_ascii_lowercase()
}

/// Asks what became of the operation: by the state of what it is about, or by what we have attached to it.
pub(super) async fn look_up(app: &App, operation: &Operation) -> Finding {
    let standing = match operation.kind {
        Kind::Authorise => authorisation(app, operation).await,
        Kind::Capture | Kind::Void => intent(app, operation).await,
        Kind::Refund => refund(app, operation).await,
    };
    match standing {
        Some(Standing::Decided(outcome)) => Finding::Decided(outcome),
        Some(Standing::Nothing) => Finding::Nothing,
        Some(Standing::Unknown) | None => Finding::Unknown,
    }
}

async fn intent(app: &App, operation: &Operation) -> Option<Standing> {
    let id = earlier(app, operation).await?;
    let path = format!("/v1/payment_intents/{id}");
    let intent = get(app, operation, &path, DEADLINE).await?;
    let intent: PaymentIntent = serde_json::from_value(intent).ok()?;
    Some(intent.standing(operation, Some(&id)))
}

/// Lists see at once what was done, but can't be asked for what we attached; the search can, and lags behind.
async fn authorisation(app: &App, operation: &Operation) -> Option<Standing> {
    let key = operation.provider_key.as_deref()?;
    let found = if app.clock.now() - operation.started_at < SEARCHED_AFTER {
        let since = (operation.started_at - AHEAD).timestamp();
        let list = format!("/v1/payment_intents?limit={PAGE}&created%5Bgte%5D={since}");
        find(app, operation, &list).await?
    } else {
        let query = format!("metadata%5B%27operation%27%5D%3A%27{key}%27");
        let search = format!("/v1/payment_intents/search?query={query}");
        let page = page(app, operation, &search, DEADLINE).await?;
        page.data.into_iter().find(|one| is_of(one, key))
    };
    let Some(found) = found else {
        return Some(Standing::Nothing);
    };
    let intent: PaymentIntent = serde_json::from_value(found).ok()?;
    Some(intent.standing(operation, None))
}

async fn refund(app: &App, operation: &Operation) -> Option<Standing> {
    let id = earlier(app, operation).await?;
    let list = format!("/v1/refunds?limit={PAGE}&payment_intent={id}");
    let Some(found) = find(app, operation, &list).await? else {
        return Some(Standing::Nothing);
    };
    let refund: Refund = serde_json::from_value(found).ok()?;
    Some(refund.standing(operation, &id))
}

/// What the operation is about: the id of a payment intent.
async fn earlier(app: &App, operation: &Operation) -> Option<String> {
    let read = async {
        let mut connection = app.db.acquire().await?;
        store::operations::of_payment(&mut connection, operation.payment_id).await
    };
    let operations = read
        .await
        .inspect_err(|error| {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "operations can't be read"
            );
        })
        .ok()?;
    match Subject::earlier(operation.kind, &operations)? {
        Subject::Earlier(id) => Some(id),
        Subject::Card(_) => None,
    }
}

/// A page of a list, or of what a search found.
#[derive(Deserialize)]
struct Page {
    /// Not typed yet: others may have put theirs between ours.
    data: Vec<Value>,
    has_more: bool,
}

/// What the operation's key is attached to, in a list that begins with the newest: perhaps nothing. No answer, if the
/// list could not be read to its end.
async fn find(app: &App, operation: &Operation, list: &str) -> Option<Option<Value>> {
    let key = operation.provider_key.as_deref()?;
    let began = Instant::now();
    let mut after = String::new();
    for _ in 0..PAGES {
        // However many there are, all of them together take no longer than one call.
        let left = DEADLINE.saturating_sub(began.elapsed());
        let page = page(app, operation, &format!("{list}{after}"), left).await?;
        let oldest = page.data.last().and_then(|one| one["id"].as_str());
        let next = oldest.filter(|id| page.has_more && is_id(id));
        let next = next.map(|id| format!("&starting_after={id}"));
        if let Some(found) = page.data.into_iter().find(|one| is_of(one, key)) {
            return Some(Some(found));
        }
        match next {
            Some(next) => after = next,
            None if page.has_more => return None,
            None => return Some(None),
        }
    }
    tracing::warn!(order.id = %operation.order_id.0, "the provider lists too much to be looked through");
    None
}

fn is_of(object: &Value, key: &str) -> bool {
    object["metadata"]["operation"] == key
}

async fn page(app: &App, operation: &Operation, path: &str, deadline: Duration) -> Option<Page> {
    serde_json::from_value(get(app, operation, path, deadline).await?).ok()
}

async fn get(app: &App, operation: &Operation, path: &str, deadline: Duration) -> Option<Value> {
    let request = pinned(app, Method::GET, path).deadline(deadline);
    match request.send().await {
        Ok(reply) if reply.status == StatusCode::OK => reply.json().ok(),
        Ok(reply) => {
            let status = reply.status.as_u16();
            tracing::warn!(order.id = %operation.order_id.0, status, "the provider does not say what it did");
            None
        }
        Err(error) => {
            report(operation, &error);
            None
        }
    }
}
