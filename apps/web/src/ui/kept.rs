//! The basket between this page, the other tabs of its browser, and the server, which has the true one.
//!
//! Invariant: while the server can't be reached the basket lives in this browser, and nothing of it is lost to that.

use std::time::Duration;

use bff_api::Menu;
use leptos::{prelude::*, task::spawn_local};

use super::{
    api, browser,
    state::{Remote, Shared},
};
use crate::{
    basket::Basket,
    failure::{Failure, Kind},
    json,
    sync::{Heard, Outcome, Standing},
};

/// What will be ordered, as it is shown.
const BASKET: &str = "crema.basket";
/// What the server was heard to have.
const HEARD: &str = "crema.basket.heard";
/// After a request that failed, the next one waits so long.
const PAUSE: Duration = Duration::from_secs(10);

/// The basket of the last visit.
pub fn stored() -> Basket {
    browser::stored(BASKET)
        .and_then(|kept| json::read(&kept).ok())
        .unwrap_or_default()
}

fn stored_heard() -> Heard {
    browser::stored(HEARD)
        .and_then(|kept| json::read(&kept).ok())
        .unwrap_or_default()
}

/// Keeps the page's basket and the server's the same, from now on.
pub fn follow(shared: Shared) {
    let copies = Copies {
        shared,
        sync: StoredValue::new(Standing::resume(stored_heard())),
        waits: StoredValue::new(false),
    };
    // Whose basket it is shows with the session; what happens before waits for it.
    let signed_in = Memo::new(move |_| {
        shared.session.state.with(|state| match state {
            Remote::Ready(session) => Some(session.signed_in),
            _ => None,
        })
    });
    Effect::new(move || {
        if let Some(signed_in) = signed_in.get() {
            if copies.change(|sync| sync.of_person(signed_in)) {
                shared.basket.update(Basket::clear);
            }
            copies.waits.set_value(true);
            spawn_local(copies.look());
        }
    });
    Effect::new(move || {
        if let Ok(json) = serde_json::to_string(&*shared.basket.read()) {
            browser::store(BASKET, &json);
        }
        copies.send();
    });
    window_event_listener(leptos::ev::online, move |_| copies.send());
    // Another tab changed the basket, or was answered: this one shows the same, and leaves the sending to it.
    window_event_listener(leptos::ev::storage, move |event| {
        let key = event.key();
        if ![Some(BASKET), Some(HEARD)].contains(&key.as_deref()) {
            return;
        }
        let theirs = stored();
        let kept = theirs.kept();
        copies
            .sync
            .update_value(|sync| sync.relay(stored_heard(), kept));
        if shared.basket.with_untracked(|ours| *ours != theirs) {
            shared.basket.set(theirs);
        }
    });
}

#[derive(Clone, Copy)]
struct Copies {
    shared: Shared,
    sync: StoredValue<Standing>,
    /// Whether something is on its way, or not to be sent yet.
    waits: StoredValue<bool>,
}

impl Copies {
    /// Does something to what is known of the server, and keeps that for the next visit.
    fn change<T>(self, change: impl FnOnce(&mut Standing) -> T) -> T
    where
        T: Default,
    {
        let mut result = T::default();
        self.sync.update_value(|sync| {
            let before = sync.heard().clone();
            result = change(sync);
            if *sync.heard() != before
                && let Ok(json) = serde_json::to_string(sync.heard())
            {
                browser::store(HEARD, &json);
            }
        });
        result
    }

    /// Sends what is to be sent, if it is known whose basket it is.
    fn send(self) {
        let session = self.shared.session.state;
        if self.waits.get_value() || session.with_untracked(|state| state.ready().is_none()) {
            return;
        }
        let ours = self.shared.basket.with_untracked(Basket::kept);
        let Some(request) = self.change(|sync| sync.next(&ours)) else {
            return;
        };
        self.waits.set_value(true);
        spawn_local(async move {
            match api::keep(&request).await {
                Ok((theirs, etag)) => {
                    self.adopt(theirs, etag, Standing::taken).await;
                }
                Err(failure) => {
                    self.change(Standing::not_taken);
                    self.not_taken(&failure).await;
                }
            }
        });
    }

    async fn not_taken(self, failure: &Failure) {
        match failure.kind {
            Kind::Changed => self.look().await,
            // It lives here for now.
            Kind::Unreachable | Kind::Broken => set_timeout(move || self.go_on(), PAUSE),
            // Repeating it as it is won't help; the next change is another one.
            _ => self.waits.set_value(false),
        }
    }

    /// Asks the server what it has.
    async fn look(self) {
        match api::basket().await {
            Ok((theirs, etag)) => self.adopt(theirs, etag, Standing::learn).await,
            Err(_) => self.look_later(),
        }
    }

    fn look_later(self) {
        set_timeout(move || spawn_local(self.look()), PAUSE);
    }

    fn go_on(self) {
        self.waits.set_value(false);
        self.send();
    }

    /// Takes an answer in and goes on. What this page has never shown needs its store's menu first.
    async fn adopt(
        self,
        theirs: bff_api::Basket,
        etag: Option<String>,
        take_in: fn(&mut Standing, bff_api::Basket, Option<String>, &bff_api::Basket) -> Outcome,
    ) {
        let basket = self.shared.basket;
        let mut menu = None::<Menu>;
        if !basket.with_untracked(|ours| ours.shows(&theirs))
            && let Some(store) = theirs.store()
        {
            let path = format!("/api/stores/{store}/menu");
            match api::get(&path).await {
                Ok(found) => menu = Some(found),
                // A store that is closed for good has none.
                Err(failure) if failure.kind == Kind::NotFound => {}
                // Ours stays as it is until there is one.
                Err(_) => {
                    self.change(Standing::not_taken);
                    self.look_later();
                    return;
                }
            }
        }
        let before = basket.get_untracked();
        let ours = before.kept();
        let outcome = self.change(|sync| Some(take_in(sync, theirs, etag, &ours)));
        let Some(Outcome { basket: kept, met }) = outcome else {
            return;
        };
        let mut now = before.clone();
        let unknown = now.adopt(&kept, menu.as_ref());
        if now != before {
            basket.set(now);
        }
        if unknown > 0 {
            self.shared
                .say("Something in your basket is no longer available.");
        } else if met {
            self.shared
                .say("Your basket was changed elsewhere too: it now has both changes.");
        }
        self.go_on();
    }
}
