//! The acquirer's list of what it did.
//!
//! Invariant: every field is its own word, and each is needed: a list that lacks one is not read.

use std::ops::Range;

use axum::http::Method;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use service::money::Money;

use super::super::listing::{Listing, Unlisted, page};
use super::call;
use crate::reconcile::{Capture, Entry, Refund, Sale};
use crate::state::App;

#[derive(Deserialize)]
struct Page {
    items: Vec<Transaction>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Transaction {
    id: String,
    key: String,
    reference: String,
    amount: Money,
    at: DateTime<Utc>,
    #[serde(flatten)]
    what: What,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum What {
    Authorisation { captures: Vec<Taken>, voided: bool },
    Refund { capture: String },
}

#[derive(Deserialize)]
struct Taken {
    id: String,
    amount: Money,
}

impl From<Transaction> for Entry {
    fn from(one: Transaction) -> Self {
        let Transaction {
            id,
            key,
            reference,
            amount,
            at,
            what,
        } = one;
        let key = Some(key);
        match what {
            What::Authorisation { captures, voided } => {
                let captures = captures.into_iter().map(|taken| Capture {
                    id: taken.id,
                    amount: taken.amount.amount,
                });
                Self::Sale(Sale {
                    id,
                    key,
                    reference,
                    amount,
                    captures: captures.collect(),
                    voided,
                    at,
                })
            }
            What::Refund { capture } => Self::Refund(Refund {
                id,
                key,
                reference,
                capture,
                amount,
                at,
            }),
        }
    }
}

/// A page of the list.
pub async fn list(
    app: &App,
    period: &Range<DateTime<Utc>>,
    cursor: Option<&str>,
) -> Result<Listing, Unlisted> {
    let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let (from, to) = (instant(period.start), instant(period.end));
    let mut path = format!("/v1/transactions?from={from}&to={to}");
    if let Some(cursor) = cursor.filter(|cursor| cursor.bytes().all(|byte| byte.is_ascii_digit())) {
        path = format!("{path}&cursor={cursor}");
    }
    let page: Page = page(call(app, Method::GET, &path)).await?;
    Ok(Listing {
        entries: page.items.into_iter().map(Entry::from).collect(),
        next: page.next,
    })
}
