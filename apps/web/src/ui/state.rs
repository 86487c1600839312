//! What the whole application shares: session, basket, connection; and how a screen loads its data.

use std::{future::Future, pin::Pin, time::Duration};

use bff_api::{Session, User};
use leptos::{prelude::*, task::spawn_local};
use serde::de::DeserializeOwned;

use super::{api, kept, router};
use crate::{basket::Basket, failure::Failure, route::Route};

/// Data that comes over the network.
#[derive(Clone, Debug, PartialEq)]
pub enum Remote<T> {
    /// Asked for.
    Loading,
    /// There.
    Ready(T),
    /// Not to be had.
    Failed(Failure),
}

impl<T> Remote<T> {
    /// The data, if it is there.
    pub fn ready(&self) -> Option<&T> {
        match self {
            Remote::Ready(value) => Some(value),
            _ => None,
        }
    }
}

/// A resource a screen shows, and the way to ask for it again.
pub struct Query<T: Send + Sync + 'static> {
    /// What is known of it.
    pub state: RwSignal<Remote<T>>,
    round: RwSignal<u32>,
}

impl<T: Send + Sync + 'static> Clone for Query<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Query<T> {}

impl<T: Clone + Send + Sync + 'static> Query<T> {
    /// Asks again, showing the skeleton meanwhile.
    pub fn retry(self) {
        self.state.set(Remote::Loading);
        self.round.update(|round| *round += 1);
    }

    /// Asks again and keeps showing what is there until the answer comes.
    pub fn refresh(self) {
        let _ = self.round.try_update(|round| *round += 1);
    }

    /// The data, if it is there.
    #[must_use]
    pub fn ready(self) -> Option<T> {
        self.state.with(|state| state.ready().cloned())
    }
}

type Load<T> = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<T, Failure>>>>>;

/// Loads the resource at a path, and again whenever the path changes.
#[must_use]
pub fn query<T>(path: impl Fn() -> String + 'static) -> Query<T>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    query_by(move || {
        let path = path();
        async move { api::get(&path).await }
    })
}

/// Loads by a function, and again whenever what it reads changes. Only the latest answer counts.
#[must_use]
pub fn query_by<T, F>(load: impl Fn() -> F + 'static) -> Query<T>
where
    T: Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, Failure>> + 'static,
{
    ask(Box::new(move || Box::pin(load())))
}

/// What is the same for all that load the same type, however they do it.
fn ask<T: Clone + Send + Sync + 'static>(load: Load<T>) -> Query<T> {
    let query = Query {
        state: RwSignal::new(Remote::Loading),
        round: RwSignal::new(0),
    };
    let latest = StoredValue::new(0_u32);
    Effect::new(move || {
        query.round.track();
        let answer = load();
        latest.update_value(|number| *number += 1);
        let number = latest.get_value();
        spawn_local(async move {
            let answer = answer.await;
            if latest.try_get_value() == Some(number) {
                // The screen may have gone since the check.
                let _ = query.state.try_set(match answer {
                    Ok(value) => Remote::Ready(value),
                    Err(failure) => Remote::Failed(failure),
                });
            }
        });
    });
    query
}

/// Shared by every screen through the context.
#[derive(Clone, Copy)]
pub struct Shared {
    /// What is looked at.
    pub route: RwSignal<Route>,
    /// Who is signed in.
    pub session: Query<Session>,
    /// What will be ordered.
    pub basket: RwSignal<Basket>,
    /// Whether the browser thinks it has a network.
    pub online: RwSignal<bool>,
    /// One short sentence for everybody, screen readers included; gone after some seconds.
    pub toast: RwSignal<Option<String>>,
}

impl Shared {
    /// Made once, at the root.
    #[must_use]
    pub fn provide() -> Shared {
        let shared = Shared {
            route: router::follow(),
            session: query(|| "/api/session".into()),
            basket: RwSignal::new(kept::stored()),
            online: RwSignal::new(window().navigator().on_line()),
            toast: RwSignal::new(None),
        };
        kept::follow(shared);
        window_event_listener(leptos::ev::online, move |_| shared.online.set(true));
        window_event_listener(leptos::ev::offline, move |_| shared.online.set(false));
        provide_context(shared);
        shared
    }

    /// The signed-in person.
    #[must_use]
    pub fn user(self) -> Option<User> {
        self.session.ready().and_then(|session| session.user)
    }

    /// Says something for five seconds.
    pub fn say(self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        self.toast.set(Some(sentence.clone()));
        set_timeout(
            move || {
                self.toast.update(|toast| {
                    if toast.as_ref() == Some(&sentence) {
                        *toast = None;
                    }
                });
            },
            Duration::from_secs(5),
        );
    }
}

/// What the root provided.
#[must_use]
pub fn shared() -> Shared {
    expect_context()
}

/// Where "Sign in" leads: through identity and back to a path of ours.
#[must_use]
pub fn sign_in_link(back: &str) -> String {
    let back: String = js_sys::encode_uri_component(back).into();
    format!("/api/session/start?return={back}")
}
