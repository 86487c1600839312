//! One product: its variations and options, and the price as they change.

use bff_api::{OptionGroup, Product};
use leptos::prelude::*;
use uuid::Uuid;

use super::{
    art::{Icon, icon},
    dialog,
    favourites::Shelf,
    photo::picture,
    state::{Shared, shared},
};
use crate::{
    basket::Refusal,
    money,
    selection::{self, Selection},
};

/// The content of the product sheet.
#[component]
pub fn ProductSheet(
    /// Where it is sold.
    store: Uuid,
    /// What it is.
    product: Product,
    /// Where favourites are kept.
    shelf: Shelf,
) -> impl IntoView {
    let shared = shared();
    let Some(start) = Selection::of(product.clone()) else {
        return ().into_any();
    };
    let choice = RwSignal::new(start);
    let missing = move || choice.with(|choice| choice.missing().map(|group| group.name.clone()));
    let sold_out = move || choice.with(Selection::is_sold_out);
    let price = move || {
        choice
            .with(Selection::total)
            .map(|total| money::format(&total))
            .unwrap_or_default()
    };
    let groups = product
        .option_groups
        .iter()
        .map(|group| options(group.clone(), choice))
        .collect_view();
    let allergens = (!product.allergens.is_empty())
        .then(|| format!("Contains {}.", product.allergens.join(", ")));
    view! {
        <form class="product-form" on:submit=move |event| {
            event.prevent_default();
            add(shared, store, &choice.get_untracked());
        }>
            <div class="product-scroll">
                <div class="product-art">{picture(&product, "(max-width: 34rem) 100vw, 34rem")}</div>
                <div class="product-head">
                    <h2>{product.name.clone()}</h2>
                    <p>{product.description.clone()}</p>
                    {allergens.map(|text| view! { <p class="allergens">{text}</p> })}
                    {shelf.keeper(store, choice)}
                </div>
                {variations(&product, choice)}
                {groups}
            </div>
            <div class="product-buy">
                {stepper(
                    move || choice.with(Selection::quantity),
                    1,
                    move |quantity| choice.update(|choice| choice.set_quantity(quantity)),
                    &product.name,
                )}
                <button type="submit" class="button grow" data-testid="add-to-basket"
                    aria-disabled=move || (sold_out() || missing().is_some()).then_some("true")>
                    <span>{move || match missing() {
                        _ if sold_out() => "Sold out".to_owned(),
                        Some(name) => format!("Choose: {name}"),
                        None => "Add".to_owned(),
                    }}</span>
                    <output class="price" data-testid="price" aria-live="polite">{price}</output>
                </button>
            </div>
        </form>
    }
    .into_any()
}

fn add(shared: Shared, store: Uuid, choice: &Selection) {
    let moved = shared
        .basket
        .with_untracked(|basket| basket.store().is_some_and(|current| current != store));
    let added = shared
        .basket
        .try_update(|basket| basket.add(store, choice))
        .unwrap_or(Ok(()));
    match added {
        Ok(()) if moved => {
            shared.say("We started a new basket for this café.");
            dialog::close_open();
        }
        Ok(()) => {
            shared.say(format!("{} is in your basket.", choice.product().name));
            dialog::close_open();
        }
        Err(Refusal::Full) => shared.say("The basket is full. Please order what is in it first."),
        Err(Refusal::SoldOut) => shared.say("This is sold out."),
        Err(Refusal::Incomplete) => {
            let group = choice.missing().map(|group| group.name.clone());
            shared.say(format!("Please choose: {}.", group.unwrap_or_default()));
        }
    }
}

fn variations(product: &Product, choice: RwSignal<Selection>) -> impl IntoView + use<> {
    let rows = product
        .variations
        .iter()
        .map(|variation| {
            let id = variation.id;
            view! {
                <label class="choice tile" data-testid="variation">
                    <input type="radio" name="variation" disabled=variation.sold_out prop:checked=move || choice.with(|choice| choice.variation().id == id)
                        on:change=move |_| choice.update(|choice| choice.choose_variation(id))/>
                    <span class="choice-name">{variation.name.clone()}</span>
                    {if variation.sold_out {
                        sold_out_tag()
                    } else {
                        view! { <span class="choice-price">{money::format(&variation.price)}</span> }.into_any()
                    }}
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="group">
            <legend>"Size"</legend>
            <div class="tiles">{rows}</div>
        </fieldset>
    }
}

fn options(group: OptionGroup, choice: RwSignal<Selection>) -> impl IntoView {
    let single = group.min == 1 && group.max == 1;
    let full = {
        let group = group.clone();
        Memo::new(move |_| choice.with(|choice| choice.is_full(&group)))
    };
    let name = format!("group-{}", group.id);
    let rows = group
        .options
        .iter()
        .map(|option| {
            let id = option.id;
            let on = move || choice.with(|choice| choice.has(id));
            let sold_out = option.sold_out;
            view! {
                <label class="choice" data-testid="option">
                    <input type=if single { "radio" } else { "checkbox" } name=name.clone()
                        prop:checked=on
                        disabled=move || (full.get() || sold_out) && !on()
                        on:change:target=move |event| {
                            choice.update(|choice| choice.toggle(id));
                            // The group's rule may have kept it: the box shows what holds.
                            event.target().set_checked(choice.with_untracked(|choice| choice.has(id)));
                        }/>
                    <span class="choice-name">{option.name.clone()}</span>
                    {if sold_out {
                        sold_out_tag()
                    } else {
                        view! { <span class="choice-price">{money::format_extra(&option.price)}</span> }.into_any()
                    }}
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="group" data-testid="option-group">
            <legend>{group.name.clone()} <span class="rule">{selection::rule(&group)}</span></legend>
            {rows}
        </fieldset>
    }
}

/// Says so in words, in place of a price.
pub fn sold_out_tag() -> AnyView {
    view! { <span class="tag">"Sold out"</span> }.into_any()
}

/// Minus, number, plus.
pub fn stepper(
    quantity: impl Fn() -> u32 + Copy + Send + Sync + 'static,
    least: u32,
    set: impl Fn(u32) + Copy + Send + Sync + 'static,
    what: &str,
) -> AnyView {
    view! {
        <div class="stepper" role="group" aria-label=format!("Quantity of {what}")>
            <button type="button" class="round" aria-label="One less" disabled={move || quantity() <= least}
                on:click=move |_| set(quantity().saturating_sub(1))>{icon(Icon::Minus)}</button>
            <output class="quantity" aria-live="polite">{quantity}</output>
            <button type="button" class="round" aria-label="One more" disabled={move || quantity() >= selection::MAX_QUANTITY}
                on:click=move |_| set(quantity() + 1)>{icon(Icon::Plus)}</button>
        </div>
    }
    .into_any()
}
