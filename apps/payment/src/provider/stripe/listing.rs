//! Stripe's lists of payment intents and of refunds, one after the other.
//!
//! Invariant: what does not carry an order of ours is another's business with the same account, and is left out.

use std::ops::Range;

use axum::http::Method;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use service::money::Money;

use super::super::listing::{Listing, Unlisted, page};
use super::answers::is_id;
use super::{PAGE, Page, pinned};
use crate::reconcile::{Capture, Entry, Refund, Sale};
use crate::state::App;

const INTENTS: &str = "payment_intents";
const REFUNDS: &str = "refunds";

#[derive(Deserialize)]
struct Metadata {
    order: Option<String>,
    operation: Option<String>,
}

#[derive(Deserialize)]
struct Intent {
    id: String,
    status: String,
    amount: i64,
    amount_received: i64,
    currency: String,
    created: i64,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Returned {
    id: String,
    status: Option<String>,
    amount: i64,
    currency: String,
    created: i64,
    payment_intent: Option<Of>,
    metadata: Metadata,
}

/// What a refund is of: its own metadata are ours only if we made it, and not if somebody did at Stripe's dashboard.
#[derive(Deserialize)]
struct Of {
    id: String,
    metadata: Metadata,
}

fn money(amount: i64, currency: &str) -> Result<Money, Unlisted> {
    let currency = currency.to_ascii_uppercase().parse();
    Ok(Money::new(amount, currency.map_err(|_| Unlisted)?))
}

fn instant(created: i64) -> Result<DateTime<Utc>, Unlisted> {
    DateTime::from_timestamp(created, 0).ok_or(Unlisted)
}

/// A purchase, unless nothing was put aside for it.
fn sale(intent: Value) -> Result<Option<Entry>, Unlisted> {
    let intent: Intent = serde_json::from_value(intent).map_err(|_| Unlisted)?;
    let Some(reference) = intent.metadata.order else {
        return Ok(None);
    };
    let captures = match intent.status.as_str() {
        // It is captured once, and that has no id of its own.
        "succeeded" => vec![Capture {
            id: intent.id.clone(),
            amount: intent.amount_received,
        }],
        "requires_capture" | "canceled" => Vec::new(),
        _ => return Ok(None),
    };
    Ok(Some(Entry::Sale(Sale {
        key: intent.metadata.operation,
        reference,
        amount: money(intent.amount, &intent.currency)?,
        captures,
        voided: intent.status == "canceled",
        at: instant(intent.created)?,
        id: intent.id,
    })))
}

/// A refund, unless nothing came of it.
fn refund(refund: Value) -> Result<Option<Entry>, Unlisted> {
    let refund: Returned = serde_json::from_value(refund).map_err(|_| Unlisted)?;
    let Some(of) = refund.payment_intent else {
        return Ok(None);
    };
    let Some(reference) = of.metadata.order else {
        return Ok(None);
    };
    if refund.status.as_deref() != Some("succeeded") {
        return Ok(None);
    }
    Ok(Some(Entry::Refund(Refund {
        key: refund.metadata.operation,
        reference,
        capture: of.id,
        amount: money(refund.amount, &refund.currency)?,
        at: instant(refund.created)?,
        id: refund.id,
    })))
}

/// A page of one of the lists. The cursor says of which, and behind what.
pub async fn list(
    app: &App,
    period: &Range<DateTime<Utc>>,
    cursor: Option<&str>,
) -> Result<Listing, Unlisted> {
    let (of, after) = match cursor {
        None => (INTENTS, None),
        Some(cursor) => match cursor.split_once(' ') {
            Some((INTENTS, id)) => (INTENTS, Some(id)),
            Some((_, id)) => (REFUNDS, Some(id)),
            None => (REFUNDS, None),
        },
    };
    let (from, to) = (period.start.timestamp(), period.end.timestamp());
    let mut path = format!("/v1/{of}?limit={PAGE}&created%5Bgte%5D={from}&created%5Blt%5D={to}");
    if of == REFUNDS {
        path.push_str("&expand%5B%5D=data.payment_intent");
    }
    if let Some(after) = after {
        path = format!("{path}&starting_after={after}");
    }
    let page: Page = page(pinned(app, Method::GET, &path)).await?;
    let last = page.data.last().and_then(|one| one["id"].as_str());
    let next = match last.filter(|_| page.has_more) {
        Some(id) if is_id(id) => Some(format!("{of} {id}")),
        // It goes on, and does not say behind what.
        _ if page.has_more => return Err(Unlisted),
        _ if of == INTENTS => Some(REFUNDS.to_owned()),
        _ => None,
    };
    let read = if of == INTENTS { sale } else { refund };
    let entries: Result<Vec<_>, _> = page.data.into_iter().map(read).collect();
    Ok(Listing {
        entries: entries?.into_iter().flatten().collect(),
        next,
    })
}
