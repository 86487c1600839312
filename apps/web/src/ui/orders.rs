//! The customer's own orders, the newest first.

use bff_api::{Order, Page};
use leptos::{prelude::*, task::spawn_local};

use super::{
    api,
    art::{Icon, icon},
    browser,
    shell::title,
    state::{Query, query, shared},
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
            <For each=move || orders.get() key=|order| order.id let:order>{row(order)}</For>
        </ul>
        {move || next.read().is_some().then(|| view! {
            <button type="button" class="button secondary" on:click=more>"Show older orders"</button>
        })}
    }
}

fn row(order: Order) -> impl IntoView {
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
            </div>
            {icon(Icon::Next)}
        </li>
    }
}
