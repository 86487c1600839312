//! A store's menu: categories, search, products; the product sheet and the basket beside it.

use bff_api::{Category, Menu, Page, Product, Store};
use leptos::prelude::*;
use uuid::Uuid;

use super::{
    art::{Icon, icon},
    basket_panel::{self, BasketPanel},
    browser, dialog,
    favourites::Shelf,
    photo::picture,
    product::{ProductSheet, sold_out_tag},
    shell::title,
    state::{Query, Remote, query, shared},
    states,
};
use crate::{money, search, selection};

/// A store and what it sells.
#[component]
pub fn MenuPage(
    /// Whose.
    id: Uuid,
) -> impl IntoView {
    let stores: Query<Page<Store>> = query(|| "/api/stores".into());
    let menu: Query<Menu> = query(move || format!("/api/stores/{id}/menu"));
    let store = Memo::new(move |_| {
        let page = stores.ready()?;
        page.items.into_iter().find(|store| store.id == id)
    });
    title("Menu");
    Effect::new(move || {
        if let Some(store) = store.get() {
            document().set_title(&format!("{} · Crema", store.name));
        }
    });
    Effect::new(move || {
        menu.state.with(|state| {
            if let Remote::Ready(menu) = state {
                take_in(menu);
            }
        });
    });
    let wide = browser::media("(min-width: 64rem)");
    let words = RwSignal::new(String::new());
    let chosen = RwSignal::new(None::<Product>);
    let shelf = Shelf::of_the_person();
    view! {
        <div class="with-basket">
            <div class="menu">
                <a class="back" href="/">{icon(Icon::Back)} "All cafés"</a>
                <div class="menu-head">
                    <div>
                        <h1 tabindex="-1" data-testid="store-name">
                            {move || store.get().map_or("Menu".into(), |store| store.name)}
                        </h1>
                        <p class="place">
                            {icon(Icon::Pin)}
                            {move || store.get().map(|store| format!("{}, {}", store.street, store.city))}
                        </p>
                    </div>
                    <label class="search">
                        {icon(Icon::Search)}
                        <span class="hidden">"Search the menu"</span>
                        <input type="search" placeholder="Search the menu" autocomplete="off" prop:value=words
                            on:input:target=move |event| words.set(event.target().value())/>
                    </label>
                </div>
                {states::show(menu, states::skeleton_cards, move |menu| view! {
                    {shelf.listing(menu.clone())}
                    {listing(menu, words, chosen)}
                }.into_any())}
            </div>
            {move || wide.get().then(|| view! {
                <aside class="basket-side" aria-label="Basket">{view! { <BasketPanel store menu/> }}</aside>
            })}
        </div>
        {move || (!wide.get()).then(|| basket_panel::bar(store, menu))}
        {move || chosen.get().map(|product| {
            let label = product.name.clone();
            let content = view! { <ProductSheet store=id product shelf/> }.into_any();
            dialog::sheet(label, "product-sheet", move || chosen.set(None), content)
        })}
    }
}

/// A menu that is newer than the basket may have other prices.
fn take_in(menu: &Menu) {
    let shared = shared();
    let mut basket = shared.basket.get_untracked();
    let changes = basket.refresh(menu);
    if !changes.removed.is_empty() {
        shared.say(format!(
            "No longer available: {}.",
            changes.removed.join(", ")
        ));
    } else if !changes.sold_out.is_empty() {
        shared.say(format!("Sold out: {}.", changes.sold_out.join(", ")));
    } else if changes.repriced {
        shared.say("Prices in your basket have changed.");
    }
    if shared.basket.with_untracked(|before| *before != basket) {
        shared.basket.set(basket);
    }
}

fn listing(menu: Menu, words: RwSignal<String>, chosen: RwSignal<Option<Product>>) -> AnyView {
    if menu.categories.is_empty() {
        return states::notice(
            "beans",
            "The menu is being written",
            "This café has nothing on sale just now.".into(),
            states::to_stores("Choose another café"),
        );
    }
    let found = Memo::new(move |_| search::filter(&menu, &words.read()));
    view! {
        {move || {
            let categories = found.get();
            if categories.is_empty() {
                return states::notice("filter", "Nothing by that name", format!("We found nothing for “{}”.", words.get_untracked().trim()),
                    view! { <button type="button" class="button" on:click=move |_| words.set(String::new())>"Show the whole menu"</button> }.into_any());
            }
            let links = categories.iter().map(chip).collect_view();
            let sections = categories.into_iter().map(|category| section(category, chosen)).collect_view();
            view! {
                <nav class="chips" aria-label="Categories"><ul>{links}</ul></nav>
                {sections}
            }.into_any()
        }}
    }
    .into_any()
}

fn chip(category: &Category) -> impl IntoView + use<> {
    let target = format!("#category-{}", category.id);
    view! { <li><a href=target>{category.name.clone()}</a></li> }
}

fn section(category: Category, chosen: RwSignal<Option<Product>>) -> impl IntoView {
    let products = category
        .products
        .into_iter()
        .map(|product| card(product, chosen))
        .collect_view();
    let id = format!("category-{}", category.id);
    view! {
        <section class="category" id=id.clone() aria-labelledby=format!("{id}-name")>
            <h2 id=format!("{id}-name")>{category.name}</h2>
            <ul class="products">{products}</ul>
        </section>
    }
}

fn card(product: Product, chosen: RwSignal<Option<Product>>) -> impl IntoView {
    let several = product.variations.len() > 1;
    let price = selection::starting_price(&product).map(|price| money::format(&price));
    let sold_out = selection::is_sold_out(&product);
    let for_sale = price.is_some() && !sold_out;
    view! {
        <li class="product" class:gone=sold_out data-testid="product-card">
            {picture(&product, "(max-width: 40rem) 14rem, 19rem")}
            <div class="product-text">
                <h3>
                    <button type="button" class="whole" disabled=!for_sale aria-haspopup="dialog"
                        on:click={
                            let product = product.clone();
                            move |_| chosen.set(Some(product.clone()))
                        }>
                        {product.name.clone()}
                    </button>
                </h3>
                <p class="description">{product.description.clone()}</p>
                <p class="product-foot">
                    <span class="product-price">
                        {several.then(|| view! { <span class="from">"from "</span> })}
                        {price.unwrap_or_else(|| "Not on sale".into())}
                    </span>
                    {if sold_out {
                        sold_out_tag()
                    } else {
                        view! { <span class="add-mark" aria-hidden="true">{icon(Icon::Plus)}</span> }.into_any()
                    }}
                </p>
            </div>
        </li>
    }
}
