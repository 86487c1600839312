//! What the catalog says, kept ready for everybody: stores and menus, thirty seconds each.
//!
//! Invariant: one refill at a time per answer, and while the catalog is away the last answer is served, marked as stale:
//! a menu is no price list, for the order service asks the catalog again when an order is placed.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::{Body, Bytes};
use axum::http::header::{AGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use dapr_kit::{Dapr, Reply, Tokens};
use service::clock::Clock;
use service::etag;

use crate::error::Error;
use crate::perimeter::forward;
use crate::perimeter::headers::Protective;

/// How long an answer counts as new.
pub const FRESH: TimeDelta = TimeDelta::seconds(30);
/// After a failed refill the last answer is served for so long before the catalog is asked again.
const PAUSE: TimeDelta = TimeDelta::seconds(1);
/// A refill that takes longer is not waited for when there is an older answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// RFC 9211.
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
const CATALOG: &str = "catalog";

/// Answers of the catalog by its own paths. Cheap to clone.
#[derive(Clone)]
pub struct Catalogue {
    dapr: Dapr,
    tokens: Tokens,
    clock: Clock,
    protective: Protective,
    places: Arc<RwLock<HashMap<String, Arc<Place>>>>,
}

/// The place of one answer.
#[derive(Default)]
struct Place {
    kept: RwLock<Option<Arc<Kept>>>,
    refill: tokio::sync::Mutex<()>,
}

/// One answer, ready to be sent.
struct Kept {
    body: Bytes,
    etag: HeaderValue,
    /// Everything that goes with it, the protective headers included: a hit copies and adds nothing.
    headers: HeaderMap,
    fresh_until: DateTime<Utc>,
    read_at: DateTime<Utc>,
    /// Set while the catalog fails.
    ask_again_at: Option<DateTime<Utc>>,
}

impl Catalogue {
    /// An empty one.
    #[must_use]
    pub fn new(dapr: Dapr, tokens: Tokens, clock: Clock, protective: Protective) -> Self {
        Self {
            dapr,
            tokens,
            clock,
            protective,
            places: Arc::default(),
        }
    }

    /// The answer kept for `path`, if it is still new: the way that most requests take.
    #[must_use]
    pub fn ready(&self, path: &str, request: &HeaderMap) -> Option<Response> {
        let kept = self.place(path)?.kept()?;
        (self.clock.now() < kept.fresh_until).then(|| kept.answer(request, None))
    }

    /// The catalog's answer for `path`, asked for if the kept one is not new any more.
    pub async fn read(&self, path: &str, request: &HeaderMap) -> Result<Response, Error> {
        let place = self.place_or_new(path);
        if let Some(answer) = self.kept_answer(&place, request) {
            return Ok(answer);
        }
        let _refilling = place.refill.lock().await;
        // Somebody else may have refilled it, or failed to, while this one waited.
        if let Some(answer) = self.kept_answer(&place, request) {
            return Ok(answer);
        }
        let Some(last) = place.kept() else {
            let outcome = self.refill(path, &place, None).await;
            self.drop_if_empty(path, &place);
            return match outcome? {
                Refilled::Kept(kept) => Ok(kept.answer(request, None)),
                Refilled::Other(answer) => Ok(answer),
            };
        };
        match tokio::time::timeout(PATIENCE, self.refill(path, &place, Some(&last))).await {
            Ok(Ok(Refilled::Kept(kept))) => Ok(kept.answer(request, None)),
            Ok(Ok(Refilled::Other(answer))) if !answer.status().is_server_error() => {
                // Gone, or forbidden to us now: what was kept is not true any more.
                place.put(None);
                self.drop_if_empty(path, &place);
                Ok(answer)
            }
            failed => {
                if let Ok(Err(error)) = &failed {
                    tracing::warn!(%error, "the catalog is away: its last answer is served");
                } else {
                    tracing::warn!("the catalog does not answer well: its last answer is served");
                }
                let now = self.clock.now();
                let last = Arc::new(last.while_away(now + PAUSE));
                place.put(Some(last.clone()));
                Ok(last.answer(request, Some(now)))
            }
        }
    }

    /// The kept answer if it is new, or if the catalog was just found to be away.
    fn kept_answer(&self, place: &Place, request: &HeaderMap) -> Option<Response> {
        let kept = place.kept()?;
        let now = self.clock.now();
        if now < kept.fresh_until {
            return Some(kept.answer(request, None));
        }
        kept.ask_again_at
            .is_some_and(|at| now < at)
            .then(|| kept.answer(request, Some(now)))
    }

    async fn refill(
        &self,
        path: &str,
        place: &Place,
        last: Option<&Kept>,
    ) -> Result<Refilled, Error> {
        let token = self.tokens.for_self(CATALOG).await.map_err(Error::Token)?;
        // Kept under the path that browsers and the catalog share; only their interfaces' names differ.
        let upstream = format!("/v1{path}");
        let mut call = self
            .dapr
            .invoke(CATALOG, Method::GET, &upstream)
            .bearer(&token);
        if let Some(last) = last {
            call = call.header(IF_NONE_MATCH, last.etag.clone());
        }
        let reply = call.send().await?;
        let kept = match (reply.status, last) {
            (StatusCode::NOT_MODIFIED, Some(last)) => self.renewed(last),
            (StatusCode::OK, _) => self.kept(reply),
            _ => return forward::from_service(reply).map(Refilled::Other),
        };
        let kept = Arc::new(kept);
        place.put(Some(kept.clone()));
        Ok(Refilled::Kept(kept))
    }

    fn kept(&self, reply: Reply) -> Kept {
        let etag = reply
            .headers
            .get(ETAG)
            .filter(|etag| !etag.as_bytes().starts_with(b"W/"))
            .cloned();
        let etag = etag.unwrap_or_else(|| of_bytes(&reply.body));
        let mut headers = HeaderMap::with_capacity(16);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ETAG, etag.clone());
        // The browser asks each time; what has not changed costs it a 304.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        self.protective.apply(&mut headers);
        let now = self.clock.now();
        Kept {
            body: reply.body,
            etag,
            headers,
            fresh_until: now + FRESH,
            read_at: now,
            ask_again_at: None,
        }
    }

    fn renewed(&self, last: &Kept) -> Kept {
        let now = self.clock.now();
        Kept {
            body: last.body.clone(),
            etag: last.etag.clone(),
            headers: last.headers.clone(),
            fresh_until: now + FRESH,
            read_at: now,
            ask_again_at: None,
        }
    }

    fn place(&self, path: &str) -> Option<Arc<Place>> {
        self.places
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(path)
            .cloned()
    }

    fn place_or_new(&self, path: &str) -> Arc<Place> {
        if let Some(place) = self.place(path) {
            return place;
        }
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        places.entry(path.to_owned()).or_default().clone()
    }

    /// Forgets a place where nothing is kept, so that made-up ids take no room.
    fn drop_if_empty(&self, path: &str, place: &Arc<Place>) {
        if place.kept().is_none() {
            let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
            if places
                .get(path)
                .is_some_and(|there| Arc::ptr_eq(there, place))
            {
                places.remove(path);
            }
        }
    }
}

enum Refilled {
    Kept(Arc<Kept>),
    /// An answer that is not to be kept.
    Other(Response),
}

impl Place {
    fn kept(&self) -> Option<Arc<Kept>> {
        self.kept
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn put(&self, kept: Option<Arc<Kept>>) {
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = kept;
    }
}

impl Kept {
    /// The answer to this request; `stale_at` says that it is not new any more.
    fn answer(&self, request: &HeaderMap, stale_at: Option<DateTime<Utc>>) -> Response {
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

    fn while_away(&self, ask_again_at: DateTime<Utc>) -> Self {
        Self {
            body: self.body.clone(),
            etag: self.etag.clone(),
            headers: self.headers.clone(),
            fresh_until: self.fresh_until,
            read_at: self.read_at,
            ask_again_at: Some(ask_again_at),
        }
    }
}

/// A strong tag for bytes that came without one.
fn of_bytes(bytes: &[u8]) -> HeaderValue {
    let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, bytes));
    HeaderValue::try_from(format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}
