//! One answer, ready to be sent, and the place where it is kept.
//!
//! Invariant: equal tags mean equal bytes; an answer is given out with exactly the headers that it was made with.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::{Body, Bytes};
use axum::http::header::{AGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bff_api::Menu;
use chrono::{DateTime, TimeDelta, Utc};
use service::etag;

use super::availability::{Availability, mark};
use crate::perimeter::headers::Protective;

/// How long an answer counts as new.
pub const FRESH: TimeDelta = TimeDelta::seconds(30);
/// RFC 9211.
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// The place of one answer.
#[derive(Default)]
pub(super) struct Place {
    kept: RwLock<Option<Arc<Kept>>>,
    /// How many changes were told of; written while `kept` is.
    changes: AtomicU64,
    /// Held by who asks for it anew, or changes it.
    pub refill: tokio::sync::Mutex<()>,
}

/// What an answer is made from.
#[derive(Clone)]
pub(super) enum Source {
    /// The catalog's own bytes.
    AsItIs(Bytes),
    /// The catalog's menu, and what the inventory knows of that store.
    Menu(Arc<Menu>, Option<Availability>),
}

/// One answer, ready to be sent.
#[derive(Clone)]
pub(super) struct Kept {
    pub source: Source,
    /// The catalog's name of its part.
    pub catalog_etag: Option<HeaderValue>,
    body: Bytes,
    etag: HeaderValue,
    /// Everything that goes with it, the protective headers included: a hit copies and adds nothing.
    headers: HeaderMap,
    pub fresh_until: DateTime<Utc>,
    read_at: DateTime<Utc>,
    /// Set while the catalog fails.
    pub ask_again_at: Option<DateTime<Utc>>,
}

impl Place {
    pub fn kept(&self) -> Option<Arc<Kept>> {
        self.kept
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How many changes were told of so far.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Keeps what was asked for when `since` changes had been told of. If there are more now, it may be older than the
    /// last of them, and the next reader asks again.
    pub fn put(&self, since: u64, mut made: Kept) -> Arc<Kept> {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if self.changes() != since {
            made.fresh_until = made.read_at;
        }
        let made = Arc::new(made);
        *kept = Some(Arc::clone(&made));
        made
    }

    /// Keeps nothing.
    pub fn empty(&self) {
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A change was told of: what is kept is not new any more.
    pub fn outdate(&self, now: DateTime<Utc>) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        self.changes.fetch_add(1, Ordering::SeqCst);
        if let Some(last) = kept.as_ref()
            && now < last.fresh_until
        {
            *kept = Some(Arc::new(Kept {
                fresh_until: now,
                ..last.as_ref().clone()
            }));
        }
    }

    /// The answer, if it is new: without a copy of what is kept.
    pub fn ready(&self, now: DateTime<Utc>, request: &HeaderMap) -> Option<Response> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.as_ref()?;
        (now < kept.fresh_until).then(|| kept.answer(request, None))
    }
}

impl Kept {
    /// Makes the answer from what was read just now.
    pub fn new(
        source: Source,
        catalog_etag: Option<HeaderValue>,
        protective: &Protective,
        now: DateTime<Utc>,
    ) -> serde_json::Result<Self> {
        let body = render(&source)?;
        let etag = of_bytes(&body);
        let mut headers = HeaderMap::with_capacity(16);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ETAG, etag.clone());
        // The browser asks each time; what has not changed costs it a 304.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        protective.apply(&mut headers);
        Ok(Self {
            source,
            catalog_etag,
            body,
            etag,
            headers,
            fresh_until: now + FRESH,
            read_at: now,
            ask_again_at: None,
        })
    }

    /// The same once more, since the catalog says that its part has not changed.
    pub fn renewed(
        &self,
        available: Option<Availability>,
        now: DateTime<Utc>,
    ) -> serde_json::Result<Self> {
        let mut kept = self.with(available)?;
        kept.fresh_until = now + FRESH;
        kept.read_at = now;
        kept.ask_again_at = None;
        Ok(kept)
    }

    /// The same menu with other things sold out; as new as it was.
    pub fn with(&self, available: Option<Availability>) -> serde_json::Result<Self> {
        let mut kept = self.clone();
        if let Source::Menu(menu, known) = &self.source
            && *known != available
        {
            kept.source = Source::Menu(menu.clone(), available);
            kept.body = render(&kept.source)?;
            kept.etag = of_bytes(&kept.body);
            kept.headers.insert(ETAG, kept.etag.clone());
        }
        Ok(kept)
    }

    /// The same while the catalog is away.
    pub fn while_away(&self, ask_again_at: DateTime<Utc>) -> Self {
        Self {
            ask_again_at: Some(ask_again_at),
            ..self.clone()
        }
    }

    /// The answer to this request; `stale_at` says that it is not new any more.
    pub fn answer(&self, request: &HeaderMap, stale_at: Option<DateTime<Utc>>) -> Response {
        let known = request.contains_key(IF_NONE_MATCH) && etag::is_known(request, &self.etag);
        let body = if known {
            Body::empty()
        } else {
            Body::from(self.body.clone())
        };
        let mut response = Response::new(body);
        *response.headers_mut() = self.headers.clone();
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        if let Some(now) = stale_at {
            let headers = response.headers_mut();
            headers.insert(AGE, HeaderValue::from((now - self.read_at).num_seconds()));
            headers.insert(
                CACHE_STATUS,
                HeaderValue::from_static("crema; hit; detail=stale"),
            );
        }
        response
    }
}

fn render(source: &Source) -> serde_json::Result<Bytes> {
    Ok(match source {
        Source::AsItIs(bytes) => bytes.clone(),
        Source::Menu(menu, available) => {
            serde_json::to_vec(&mark(menu, available.as_ref()))?.into()
        }
    })
}

/// The strong tag of exactly these bytes.
fn of_bytes(bytes: &[u8]) -> HeaderValue {
    let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, bytes));
    HeaderValue::try_from(format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}
