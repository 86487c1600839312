//! The customer's own orders, the newest first.

use bff_api::{Menu, Order, Page};
use leptos::{prelude::*, task::spawn_local};

use super::{
    api,
    art::{Icon, icon},
    browser, router,
    rows::{Row, rows},
    shell::title,
    state::{Query, Shared, query, shared},
    states,
};
use crate::{money, steps};

/// The list.
#[component]
pub fn OrdersPage() -> impl IntoView {
    title("Your orders");
    let first: Query<Page<Order>> = query(|| "/api/orders?limit=20".into());
    view! {
        <div class="narrow">
            <h1 tabindex="-1">"Your orders"</h1>
            {states::show(first, states::skeleton_rows, |page| {
                if page.items.is_empty() {
                    return states::notice("cappuccino", "No orders yet", "Your first coffee is a few taps away.".into(), states::to_stores("Choose a café"));
                }
                view! { <List first=page/> }.into_any()
            })}
        </div>
    }
}

#[component]
fn List(first: Page<Order>) -> impl IntoView {
    let shared = shared();
    let orders = RwSignal::new(first.items);
    let next = RwSignal::new(first.next);
    let busy = RwSignal::new(false);
    let more = move |_| {
        let Some(cursor) = next.get_untracked().filter(|_| !busy.get_untracked()) else {
            return;
        };
        busy.set(true);
        spawn_local(async move {
            let cursor: String = js_sys::encode_uri_component(&cursor).into();
            let path = format!("/api/orders?limit=20&cursor={cursor}");
            match api::get::<Page<Order>>(&path).await {
                Ok(page) => {
                    let _ = orders.try_update(|orders| orders.extend(page.items));
                    let _ = next.try_set(page.next);
                }
                Err(failure) => shared.say(format!(
                    "The older orders didn't come. Support reference {}.",
                    failure.trace_id
                )),
            }
            let _ = busy.try_set(false);
        });
    };
    view! {
        <ul class="order-list">
            {rows(move || orders.get().into_iter().map(|order| Row::new(order.id.to_string(), move || row(order))).collect())}
        </ul>
        {move || next.read().is_some().then(|| view! {
            <button type="button" class="button secondary" on:click=more>"Show older orders"</button>
        })}
    }
}

fn row(order: Order) -> AnyView {
    let shared = shared();
    let busy = RwSignal::new(false);
    let active = steps::is_active(&order);
    let what = order
        .lines
        .iter()
        .map(|line| match line.quantity {
            1 => line.product.clone(),
            many => format!("{many} × {}", line.product),
        })
        .collect::<Vec<_>>()
        .join(", ");
    view! {
        <li class="order-row" class:active=active data-testid="order-row">
            <span class="order-row-number">{order.number.clone()}</span>
            <div class="order-row-text">
                <h2><a class="whole" href=format!("/orders/{}", order.id)>{what}</a></h2>
                <p>{format!("{} · {}", order.store_name, browser::local_time(order.placed_at.timestamp_millis()))}</p>
            </div>
            <div class="order-row-end">
                <strong>{money::format(&order.total)}</strong>
                <span class="tag" class:live=active>{steps::label(&order)}</span>
                <button type="button" class="quiet" data-testid="order-again" aria-disabled=move || busy.get().then_some("true")
                    aria-label=format!("Order {} again", order.number)
                    on:click=move |_| again(shared, order.clone(), busy)>"Order again"</button>
            </div>
            {icon(Icon::Next)}
        </li>
    }
    .into_any()
}

/// Puts what was ordered into the basket, at the prices of now, and shows it.
fn again(shared: Shared, order: Order, busy: RwSignal<bool>) {
    if busy.get_untracked() {
        return;
    }
    busy.set(true);
    spawn_local(async move {
        let path = format!("/api/stores/{}/menu", order.store_id);
        match api::get::<Menu>(&path).await {
            Ok(menu) => {
                let mut basket = shared.basket.get_untracked();
                let missing = basket.again(&menu, &order.lines);
                if missing.len() < order.lines.len() {
                    shared.basket.set(basket);
                    router::go(shared.route, &format!("/stores/{}", order.store_id));
                }
                if missing.is_empty() {
                    shared.say("It is in your basket again.");
                } else {
                    shared.say(format!("No longer available: {}.", missing.join(", ")));
                }
            }
            Err(failure) => shared.say(format!(
                "The menu didn't come. Support reference {}.",
                failure.trace_id
            )),
        }
        let _ = busy.try_set(false);
    });
}
