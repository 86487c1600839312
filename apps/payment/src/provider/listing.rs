//! What the provider did in a period, page by page.
//!
//! Invariant: a page that can't be read whole is none: a list with a gap would be taken for what the provider has not.

use std::ops::Range;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use dapr_kit::InvokeRequest;
use serde::de::DeserializeOwned;

use super::{Provider, acquirer, stripe};
use crate::reconcile::Entry;
use crate::state::App;

/// A part of the list.
#[derive(Clone, Debug)]
pub struct Listing {
    /// What is in it.
    pub entries: Vec<Entry>,
    /// Where it goes on; nothing at the end.
    pub next: Option<String>,
}

/// The provider did not list it.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the provider does not list what it did")]
pub struct Unlisted;

/// What began at the provider in the period, from `cursor` on. The order is the provider's.
pub async fn list(
    app: &App,
    period: &Range<DateTime<Utc>>,
    cursor: Option<&str>,
) -> Result<Listing, Unlisted> {
    match app.provider {
        Provider::Acquirer => acquirer::list(app, period, cursor).await,
        Provider::Stripe => stripe::list(app, period, cursor).await,
    }
}

/// Reads one page in the provider's words.
pub(super) async fn page<T: DeserializeOwned>(request: InvokeRequest) -> Result<T, Unlisted> {
    let reply = request.send().await.map_err(|error| {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "the provider did not answer with its list");
        Unlisted
    })?;
    let status = reply.status.as_u16();
    if reply.status != StatusCode::OK {
        tracing::warn!(status, "the provider does not list what it did");
        return Err(Unlisted);
    }
    reply.json().map_err(|error| {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "the provider's list can't be read");
        Unlisted
    })
}
