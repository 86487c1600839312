//! A person's favourites: kept from the product sheet, and one press away from the basket at the top of the menu.
//!
//! Invariant: what is shown is what the server has; who changed it elsewhere meanwhile is not overwritten.

use bff_api::{Favourite, Favourites, Menu};
use leptos::{prelude::*, task::spawn_local};
use uuid::Uuid;

use super::{
    api,
    state::{Query, Shared, query_by, shared},
};
use crate::{
    failure::{Failure, Kind},
    favourites,
    selection::Selection,
};

const PATH: &str = "/api/favourites";

type Kept = (Favourites, Option<String>);

/// What the server keeps, for somebody who is signed in.
#[derive(Clone, Copy)]
pub struct Shelf {
    shared: Shared,
    all: Query<Option<Kept>>,
}

impl Shelf {
    /// Reads it, as often as somebody else signs in.
    pub fn of_the_person() -> Self {
        let shared = shared();
        let signed_in = Memo::new(move |_| shared.user().is_some());
        let all = query_by(move || {
            let signed_in = signed_in.get();
            async move {
                if !signed_in {
                    return Ok::<_, Failure>(None);
                }
                api::kept(PATH).await.map(Some)
            }
        });
        Shelf { shared, all }
    }

    /// The way to keep what is chosen, for those who can.
    pub fn keeper(self, store: Uuid, choice: RwSignal<Selection>) -> AnyView {
        let kept = Memo::new(move |_| {
            let (all, _) = self.all.ready().flatten()?;
            Some(favourites::has(&all, store, &choice.read()))
        });
        let can = Memo::new(move |_| kept.get().is_some());
        let keep = move |_| {
            let Some((all, etag)) = untrack(|| self.all.ready().flatten()) else {
                return;
            };
            match choice.with_untracked(|choice| favourites::with(&all, store, choice)) {
                Some(all) => self.write(all, etag),
                None if kept.get_untracked() == Some(true) => {}
                None => self.shared.say("There is no room for more favourites."),
            }
        };
        let words = move || match kept.get() {
            Some(true) => "Among your favourites",
            _ => "Keep as a favourite",
        };
        (move || {
            can.get().then(|| {
                view! {
                    <button type="button" class="quiet" data-testid="keep-favourite" on:click=keep>{words}</button>
                }
            })
        })
        .into_any()
    }

    fn write(self, all: Favourites, etag: Option<String>) {
        let shared = self.shared;
        spawn_local(async move {
            if let Err(failure) = api::write(PATH, &all, etag.as_deref()).await {
                shared.say(match failure.kind {
                    Kind::Changed => "Your favourites were changed elsewhere. Please try again.",
                    _ => "Your favourites couldn't be changed. Please try again.",
                });
            }
            self.all.refresh();
        });
    }

    /// Those of the menu's store, each to be put into the basket or forgotten.
    pub fn listing(self, menu: Menu) -> AnyView {
        let store = menu.store_id;
        let menu = StoredValue::new(menu);
        (move || {
            let (all, etag) = self.all.ready().flatten()?;
            let rows = favourites::of(&all, store)
                .map(|it| {
                    let rest = favourites::without(&all, it);
                    self.row(it.clone(), menu, rest, etag.clone())
                })
                .collect::<Vec<_>>();
            (!rows.is_empty()).then(|| {
                view! {
                    <section class="category" aria-labelledby="favourites">
                        <h2 id="favourites">"Your favourites"</h2>
                        <ul class="order-list">{rows}</ul>
                    </section>
                }
            })
        })
        .into_any()
    }

    fn row(
        self,
        it: Favourite,
        menu: StoredValue<Menu>,
        rest: Favourites,
        etag: Option<String>,
    ) -> AnyView {
        let name = it.name.clone();
        let put = move |_| {
            let shared = self.shared;
            let mut basket = shared.basket.get_untracked();
            let wish = favourites::line(&it);
            if menu.with_value(|menu| basket.put_one(menu, &wish)) {
                shared.basket.set(basket);
                shared.say(format!("{} is in your basket.", it.name));
            } else {
                shared.say(format!("{} is not to be had just now.", it.name));
            }
        };
        let forget = move |_| self.write(rest.clone(), etag.clone());
        view! {
            <li class="order-row" data-testid="favourite">
                <div class="order-row-text">
                    <h2><button type="button" class="whole" data-testid="put-favourite" on:click=put>{name.clone()}</button></h2>
                </div>
                <button type="button" class="quiet" aria-label=format!("Forget {name}") on:click=forget>"Forget"</button>
            </li>
        }
        .into_any()
    }
}
