//! The first page: which café?

use bff_api::{Order, Page, Store};
use leptos::prelude::*;

use super::{
    art::{self, Icon, icon},
    shell::title,
    state::{Query, query, query_by, shared},
    states,
};
use crate::{failure::Failure, steps};

/// The store picker.
#[component]
pub fn StoresPage() -> impl IntoView {
    title("Our cafés");
    let stores: Query<Page<Store>> = query(|| "/api/stores".into());
    view! {
        <section class="hero">
            <div>
                <h1 tabindex="-1">"Good coffee, ready when you walk in."</h1>
                <p class="lead">"Choose your café, make the drink yours, and follow it from the grinder to the counter."</p>
            </div>
            {art::hero()}
        </section>
        {waiting_orders()}
        <section aria-labelledby="stores-heading">
            <h2 id="stores-heading">"Where would you like it?"</h2>
            {states::show(stores, states::skeleton_cards, |page| {
                if page.items.is_empty() {
                    return states::notice("beans", "No café is open yet", "We're still unpacking the beans.".into(),
                        view! { <button type="button" class="button" on:click=|_| drop(window().location().reload())>"Look again"</button> }.into_any());
                }
                let cards = page.items.into_iter().enumerate().map(|(index, store)| card(index, store)).collect_view();
                view! { <ul class="stores">{cards}</ul> }.into_any()
            })}
        </section>
    }
}

fn card(index: usize, store: Store) -> impl IntoView {
    view! {
        <li class="store" data-testid="store-card">
            {art::shop(index)}
            <div class="store-text">
                <h3><a class="whole" href=format!("/stores/{}", store.id)>{store.name}</a></h3>
                <p class="place">{icon(Icon::Pin)} {format!("{}, {}", store.street, store.city)}</p>
                <p class="go">"See the menu" {icon(Icon::Next)}</p>
            </div>
        </li>
    }
}

/// A short way back to what is being made, for those who are signed in. Its failure is not worth a word here.
fn waiting_orders() -> impl IntoView {
    let shared = shared();
    let orders: Query<Vec<Order>> = query_by(move || {
        let signed_in = shared.user().is_some();
        async move {
            if !signed_in {
                return Ok::<_, Failure>(Vec::new());
            }
            let page: Page<Order> = super::api::get("/api/orders?limit=5").await?;
            Ok(page.items.into_iter().filter(steps::is_active).collect())
        }
    });
    move || {
        orders
            .ready()
            .unwrap_or_default()
            .into_iter()
            .map(|order| {
                view! {
                    <a class="waiting" href=format!("/orders/{}", order.id)>
                        <span class="waiting-number">{order.number.clone()}</span>
                        <span>{format!("{} · {}", order.store_name, steps::name(order.fulfilment))}</span>
                        <span class="go">"Follow" {icon(Icon::Next)}</span>
                    </a>
                }
            })
            .collect_view()
    }
}
