//! Returns that wait for whoever runs the store, above its board.
//!
//! Invariant: one counts as decided once the server says so; nothing is turned down without a word why.

use bff_api::{Page, Return};
use leptos::{prelude::*, task::spawn_local};
use uuid::Uuid;

use super::{
    api,
    state::{Query, Shared, query, shared},
};
use crate::{money, returns};

/// What waits; nothing while nothing does.
pub fn waiting(store: Uuid) -> AnyView {
    let shared = shared();
    let all: Query<Page<Return>> = query(move || format!("/api/stores/{store}/returns"));
    (move || {
        let page = all.ready().filter(|page| !page.items.is_empty())?;
        let rows = page.items.into_iter().map(|it| row(&it, shared, all));
        Some(view! {
            <section aria-labelledby="returns">
                <h2 id="returns">"Returns that wait for you"</h2>
                <ul class="order-list">{rows.collect_view()}</ul>
            </section>
        })
    })
    .into_any()
}

fn row(it: &Return, shared: Shared, all: Query<Page<Return>>) -> AnyView {
    let (id, note, busy) = (it.id, RwSignal::new(String::new()), RwSignal::new(false));
    let decide = move |refused: bool| {
        let why = note.get_untracked().trim().to_owned();
        if refused && why.is_empty() {
            shared.say("Please say why it is not taken back.");
            return;
        }
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            if let Err(failure) = api::decide(id, refused.then_some(why)).await {
                shared.say(returns::undecided(failure.slug.as_deref()));
            }
            // The row may have gone with the answer.
            let _ = busy.try_set(false);
            all.refresh();
        });
    };
    let told = it.note.clone().map(|note| format!(" “{note}”"));
    view! {
        <li class="order-row" data-testid="waiting-return">
            <div class="order-row-text">
                <h3>{it.number.clone()} " · " {returns::what(it)}</h3>
                <p>{returns::why(it.reason)} {told}</p>
                <label class="search token">
                    <span class="hidden">"Why not"</span>
                    <input placeholder="If not: why?" maxlength="500" autocomplete="off" data-testid="why-not"
                        on:input:target=move |event| note.set(event.target().value())/>
                </label>
            </div>
            <div class="order-row-end">
                <strong>{money::format(&it.amount)}</strong>
                <button type="button" class="button small" data-testid="approve-return" on:click=move |_| decide(false)>"Give it back"</button>
                <button type="button" class="quiet" data-testid="reject-return" on:click=move |_| decide(true)>"Don't"</button>
            </div>
        </li>
    }
    .into_any()
}
