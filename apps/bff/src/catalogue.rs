//! What the catalog sells and the inventory has, kept ready for everybody: stores and menus, thirty seconds each, and a
//! menu no longer than until its catalog tells of a change.
//!
//! Invariant: one refill at a time per answer; what was asked for before a change was told is never kept as new after it;
//! and while the catalog is away the last answer is served, marked as stale: a menu is no price list, for the order
//! service asks the catalog again when an order is placed, and the inventory too.

mod availability;
mod kept;

pub use availability::{Availability, SoldOut};
pub use kept::FRESH;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use chrono::TimeDelta;
use dapr_kit::{Dapr, Reply, Tokens};
use metrics::Counter;
use service::clock::Clock;
use uuid::Uuid;

use crate::error::Error;
use crate::perimeter::forward;
use crate::perimeter::headers::Protective;
use kept::{Kept, Place, Source};

/// After a failed refill the last answer is served for so long before the catalog is asked again.
const PAUSE: TimeDelta = TimeDelta::seconds(1);
/// A refill that takes longer is not waited for when there is an older answer.
const PATIENCE: Duration = Duration::from_secs(2);
const CATALOG: &str = "catalog";

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// All stores.
    Stores,
    /// One store's menu.
    Menu(Uuid),
}

impl Asked {
    /// The path that browsers and the catalog share; only their interfaces' names differ.
    fn path(self) -> String {
        match self {
            Self::Stores => "/stores".to_owned(),
            Self::Menu(store) => format!("/stores/{store}/menu"),
        }
    }
}

/// Answers by their paths. Cheap to clone.
#[derive(Clone)]
pub struct Catalogue {
    dapr: Dapr,
    tokens: Tokens,
    clock: Clock,
    protective: Protective,
    places: Arc<RwLock<HashMap<String, Arc<Place>>>>,
    /// Looked up once: a hit only adds to it.
    answers: Counter,
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
            answers: metrics::counter!("crema_catalogue_answers_total"),
        }
    }

    /// The answer kept for `path`, if it is still new: the way that most requests take.
    #[must_use]
    pub fn ready(&self, path: &str, request: &HeaderMap) -> Option<Response> {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        let answer = places.get(path)?.ready(self.clock.now(), request)?;
        self.answers.increment(1);
        Some(answer)
    }

    /// The answer, asked for if the kept one is not new any more.
    pub async fn read(&self, asked: Asked, request: &HeaderMap) -> Result<Response, Error> {
        let path = asked.path();
        let place = self.place_or_new(&path);
        if let Some(answer) = self.kept_answer(&place, request) {
            return Ok(answer);
        }
        let _refilling = place.refill.lock().await;
        // Somebody else may have refilled it, or failed to, while this one waited.
        if let Some(answer) = self.kept_answer(&place, request) {
            return Ok(answer);
        }
        let Some(last) = place.kept() else {
            let outcome = self.refill(asked, &place, None).await;
            self.drop_if_empty(&path, &place);
            return match outcome? {
                Refilled::Kept(kept) => Ok(kept.answer(request, None)),
                Refilled::Other(answer) => Ok(answer),
            };
        };
        match tokio::time::timeout(PATIENCE, self.refill(asked, &place, Some(&last))).await {
            Ok(Ok(Refilled::Kept(kept))) => Ok(kept.answer(request, None)),
            Ok(Ok(Refilled::Other(answer))) if !answer.status().is_server_error() => {
                // Gone, or forbidden to us now: what was kept is not true any more.
                place.empty();
                self.drop_if_empty(&path, &place);
                Ok(answer)
            }
            failed => {
                if let Ok(Err(error)) = &failed {
                    tracing::warn!(%error, "the catalog is away: its last answer is served");
                } else {
                    tracing::warn!("the catalog does not answer well: its last answer is served");
                }
                let now = self.clock.now();
                let last = place.put(place.changes(), last.while_away(now + PAUSE));
                Ok(last.answer(request, Some(now)))
            }
        }
    }

    /// Lets the menu of a store, or of all, be asked for anew by whoever wants it next.
    pub fn menus_changed(&self, store: Option<Uuid>) {
        let now = self.clock.now();
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        match store {
            Some(store) => {
                if let Some(place) = places.get(&Asked::Menu(store).path()) {
                    place.outdate(now);
                }
            }
            // The list of stores too: that is one question more, and nothing is left out.
            None => places.values().for_each(|place| place.outdate(now)),
        }
    }

    /// Takes in what a store has run out of; what is not newer than what is known changes nothing.
    pub async fn availability_changed(
        &self,
        store: Uuid,
        available: Availability,
    ) -> Result<(), Error> {
        let Some(place) = self.place(&Asked::Menu(store).path()) else {
            return Ok(());
        };
        // A refill under way may have asked the inventory before the change.
        let _refilling = place.refill.lock().await;
        let since = place.changes();
        let Some(last) = place.kept() else {
            return Ok(());
        };
        if let Source::Menu(_, known) = &last.source
            && known
                .as_ref()
                .is_none_or(|known| known.version < available.version)
        {
            place.put(since, last.with(Some(available))?);
        }
        Ok(())
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
        asked: Asked,
        place: &Place,
        last: Option<&Kept>,
    ) -> Result<Refilled, Error> {
        let since = place.changes();
        let available = async {
            match asked {
                Asked::Stores => None,
                Asked::Menu(store) => availability::ask(&self.dapr, &self.tokens, store).await,
            }
        };
        let (reply, available) = tokio::join!(self.ask_catalog(asked, last), available);
        let reply = reply?;
        let now = self.clock.now();
        let kept = match (reply.status, last) {
            (StatusCode::NOT_MODIFIED, Some(last)) => last.renewed(available, now)?,
            (StatusCode::OK, _) => {
                let etag = reply.headers.get(ETAG).cloned();
                let source = match asked {
                    Asked::Stores => Source::AsItIs(reply.body),
                    Asked::Menu(_) => Source::Menu(Arc::new(reply.json()?), available),
                };
                Kept::new(source, etag, &self.protective, now)?
            }
            _ => return forward::from_service(reply).map(Refilled::Other),
        };
        Ok(Refilled::Kept(place.put(since, kept)))
    }

    async fn ask_catalog(&self, asked: Asked, last: Option<&Kept>) -> Result<Reply, Error> {
        let token = self.tokens.for_self(CATALOG).await.map_err(Error::Token)?;
        let path = format!("/v1{}", asked.path());
        // The catalog has answers of its own in memory, which may be from before a change that we were just told of.
        let mut call = self
            .dapr
            .invoke(CATALOG, Method::GET, &path)
            .bearer(&token)
            .header(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Some(etag) = last.and_then(|last| last.catalog_etag.clone()) {
            call = call.header(IF_NONE_MATCH, etag);
        }
        Ok(call.send().await?)
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
