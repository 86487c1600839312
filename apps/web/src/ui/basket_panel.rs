//! The basket as it is shown: beside the menu on a wide screen, in a sheet behind a bar on a phone.

use bff_api::{Menu, Store};
use leptos::prelude::*;

use super::{
    art::{Icon, art, icon},
    browser,
    checkout::Checkout,
    dialog,
    product::stepper,
    rows::{Row, rows},
    state::{Query, shared},
    states,
};
use crate::{basket::Line, money};

/// Set while the customer signs in on the way to the checkout, which then opens by itself.
pub const RESUME: &str = "crema.checkout";

/// Lines, total and the way to the checkout.
#[component]
pub fn BasketPanel(
    /// The store whose page this is.
    store: Memo<Option<Store>>,
    /// Its menu.
    menu: Query<Menu>,
) -> impl IntoView {
    let shared = shared();
    let paying = RwSignal::new(false);
    // The session answers a moment after the page: only then is it known whether the sign-in went through.
    Effect::new(move || {
        if shared.user().is_some() && browser::take_mark(RESUME) {
            paying.set(shared.basket.with_untracked(|basket| !basket.is_empty()));
        }
    });
    view! {
        <section class="basket" data-testid="basket" aria-labelledby="basket-heading">
            <h2 id="basket-heading">"Your basket"</h2>
            {move || if shared.basket.read().is_empty() {
                view! {
                    <div class="basket-empty">
                        {art("latte")}
                        <p>"Nothing in it yet. Pick a drink from the menu and it will wait here."</p>
                    </div>
                }.into_any()
            } else if elsewhere(store) {
                elsewhere_notice()
            } else {
                view! {
                    <Lines/>
                    <div class="sum">
                        <span>"Total"</span>
                        <strong data-testid="basket-total">{total}</strong>
                    </div>
                    {move || shared.basket.read().has_sold_out().then(|| view! {
                        <p class="wrong" role="status" data-testid="basket-sold-out">"Take out what is sold out to order the rest."</p>
                    })}
                    <button type="button" class="button wide" data-testid="checkout" aria-haspopup="dialog" on:click=move |_| paying.set(true)>
                        "Checkout"
                    </button>
                }.into_any()
            }}
        </section>
        {move || paying.get().then(|| dialog::sheet(
            "Checkout".into(), "checkout-sheet", move || paying.set(false),
            view! { <Checkout store menu/> }.into_any(),
        ))}
    }
}

/// The bar at the foot of a phone's screen, and the sheet it opens.
pub fn bar(store: Memo<Option<Store>>, menu: Query<Menu>) -> AnyView {
    let shared = shared();
    let resumes = RwSignal::new(false);
    let open = RwSignal::new(false);
    Effect::new(move || {
        // The sheet's own panel takes the mark and goes on to the checkout.
        if !resumes.get_untracked() && shared.user().is_some() && browser::has_mark(RESUME) {
            resumes.set(true);
            open.set(true);
        }
    });
    view! {
        {move || (!shared.basket.read().is_empty()).then(|| view! {
            <div class="basket-bar">
                <button type="button" class="button wide" data-testid="basket-bar" aria-haspopup="dialog" on:click=move |_| open.set(true)>
                    <span class="bar-count">{icon(Icon::Basket)} {move || shared.basket.read().count()}</span>
                    <span>"View basket"</span>
                    <span>{total}</span>
                </button>
            </div>
        })}
        {move || open.get().then(|| dialog::sheet(
            "Basket".into(), "basket-sheet", move || open.set(false),
            view! { <BasketPanel store menu/> }.into_any(),
        ))}
    }
    .into_any()
}

/// What the basket costs, as far as the menu knows.
pub fn total() -> String {
    shared()
        .basket
        .read()
        .total()
        .map(|total| money::format(&total))
        .unwrap_or_default()
}

fn elsewhere(store: Memo<Option<Store>>) -> bool {
    let here = store.get().map(|store| store.id);
    let basket = shared().basket.read().store();
    here.is_some() && basket.is_some() && here != basket
}

fn elsewhere_notice() -> AnyView {
    let shared = shared();
    let link = shared
        .basket
        .read()
        .store()
        .map_or("/".to_owned(), |store| format!("/stores/{store}"));
    states::notice(
        "beans",
        "Your basket is at another café",
        "Adding something here starts a new one.".into(),
        view! { <a class="button" href=link>"Go to that basket"</a> }.into_any(),
    )
}

/// Why a line can't be ordered as it is.
pub fn problem(line: &Line) -> Option<AnyView> {
    let sold_out = line.sold_out.then(|| "Sold out".to_owned());
    let words = sold_out.or_else(|| line.refused.clone())?;
    let mark = icon(Icon::Alert);
    Some(view! { <span class="wrong" data-testid="line-problem">{mark} {words}</span> }.into_any())
}

#[component]
fn Lines() -> impl IntoView {
    let shared = shared();
    let lines = rows(move || {
        let basket = shared.basket.read();
        let lines = basket.lines().iter().map(|line| {
            let (variation, options) = (line.variation_id, line.option_ids.clone());
            Row::new(format!("{variation} {options:?}"), move || {
                row(variation, &options)
            })
        });
        lines.collect()
    });
    view! { <ul class="lines">{lines}</ul> }
}

fn row(variation: uuid::Uuid, options: &[uuid::Uuid]) -> AnyView {
    let shared = shared();
    let options = StoredValue::new(options.to_vec());
    let index = move || {
        shared.basket.with(|basket| {
            basket.lines().iter().position(|line| {
                line.variation_id == variation
                    && options.with_value(|options| line.option_ids == *options)
            })
        })
    };
    let line = move || -> Option<Line> {
        index().and_then(|index| {
            shared
                .basket
                .with(|basket| basket.lines().get(index).cloned())
        })
    };
    let set = move |quantity| {
        if let Some(index) = untrack(index) {
            shared
                .basket
                .update(|basket| basket.set_quantity(index, quantity));
        }
    };
    let name = untrack(line).map(|line| line.product).unwrap_or_default();
    view! {
        <li class="line" data-testid="basket-line">
            {untrack(line).map(|line| art(&line.image))}
            <div class="line-text">
                <span class="line-name">{name.clone()}</span>
                <span class="line-details">{move || line().map(|line| line.details())}</span>
                {move || line().as_ref().and_then(problem)}
            </div>
            <span class="line-price">
                {move || line().and_then(|line| line.total()).map(|total| money::format(&total))}
            </span>
            {stepper(move || line().map_or(0, |line| line.quantity), 0, set, &name)}
        </li>
    }
    .into_any()
}
