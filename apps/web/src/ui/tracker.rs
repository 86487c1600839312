//! One order, followed live from the customer's side.

use bff_api::{Checkout, Order, OrderChange, PickupKind, event};
use leptos::{prelude::*, task::spawn_local};

use uuid::Uuid;

use super::{
    api,
    art::{Icon, icon},
    browser,
    documents::documents,
    events::{self, Connection},
    shell::title,
    state::{Query, Shared, query_by, shared},
    states,
};
use crate::{failure::Kind, json, live, money, payment, steps};

/// The order's page.
#[component]
pub fn TrackerPage(
    /// Which.
    id: Uuid,
) -> impl IntoView {
    title("Your order");
    let shared = shared();
    let shown = RwSignal::new(None::<Order>);
    let path = format!("/api/orders/{id}");
    let first: Query<()> = {
        let path = path.clone();
        query_by(move || {
            let path = path.clone();
            async move {
                let order: Order = api::get(&path).await?;
                // A screen that is gone takes nothing in.
                let _ = shown.try_update(|shown| live::apply_order(shown, order));
                Ok(())
            }
        })
    };
    let handle = move |name: &str, data: String| match name {
        event::ORDER => {
            if let Ok(order) = json::read(&data) {
                let _ = shown.try_update(|shown| live::apply_order(shown, order));
            }
        }
        _ => {
            if let Ok(change) = json::read::<OrderChange>(&data) {
                let _ = shown.try_update(|shown| live::apply_change(shown, &change));
            }
        }
    };
    let stream = format!("{path}/events");
    let connection = events::watch(stream, &[event::ORDER, event::CHANGE], handle, move || {
        first.refresh();
        shared.session.refresh();
    });
    Effect::new(move || {
        if let Some(order) = shown.get() {
            document().set_title(&format!(
                "{} {} · Crema",
                order.number,
                steps::label(&order)
            ));
        }
    });
    view! {
        <h1 class="hidden" tabindex="-1">"Your order"</h1>
        {states::show(first, states::skeleton_rows, move |()| {
            view! {
                <div class="tracker">
                    {head(shown, connection, shared, first)}
                    <section class="card" aria-labelledby="receipt-heading">
                        {move || shown.get().map(|order| receipt(&order))}
                        {documents(shown)}
                    </section>
                </div>
            }
            .into_any()
        })}
    }
}

fn head(
    shown: RwSignal<Option<Order>>,
    connection: RwSignal<Connection>,
    shared: Shared,
    first: Query<()>,
) -> AnyView {
    let number = Memo::new(move |_| shown.read().as_ref().map(|order| order.number.clone()));
    let label = Memo::new(move |_| shown.read().as_ref().map(steps::label));
    let words = Memo::new(move |_| shown.read().as_ref().map(steps::announcement));
    let over = Memo::new(move |_| {
        shown
            .read()
            .as_ref()
            .is_some_and(|order| !steps::is_active(order))
    });
    // Only what was accepted is on its way to the counter.
    let at = Memo::new(move |_| {
        let shown = shown.read();
        let order = shown.as_ref()?;
        let accepted = matches!(order.checkout, Checkout::Confirmed | Checkout::Completed);
        accepted.then_some(order.fulfilment)
    });
    let can_cancel = Memo::new(move |_| shown.read().as_ref().is_some_and(steps::can_cancel));
    let stepper = move || {
        let at = at.get()?;
        let items = steps::STEPS.map(|step| {
            let progress = steps::progress(step, at);
            let (class, mark) = match progress {
                steps::Progress::Done => ("done", Some(icon(Icon::Check))),
                steps::Progress::Current => ("current", None),
                steps::Progress::Ahead => ("ahead", None),
            };
            let current = (progress == steps::Progress::Current).then_some("step");
            view! { <li class=class aria-current=current><span class="dot">{mark}</span> <span>{steps::name(step)}</span></li> }
        });
        Some(
            view! { <ol class="steps" aria-label="Progress">{items.into_iter().collect_view()}</ol> },
        )
    };
    view! {
        <section class="ticket-card" class:over=move || over.get()>
            <p class="eyebrow">"Your number"</p>
            <p class="number" data-testid="order-number">{number}</p>
            <div class="status" aria-live="polite" aria-atomic="true">
                <p class="status-name" data-testid="order-status">{label}</p>
                <p class="status-words">{words}</p>
            </div>
            {stepper}
            {move || (!over.get()).then(|| connection_mark(connection))}
            {move || can_cancel.get().then(|| cancellation(shown, shared, first))}
        </section>
    }
    .into_any()
}

/// Calling it off: asked once more, since it can't be taken back.
fn cancellation(shown: RwSignal<Option<Order>>, shared: Shared, first: Query<()>) -> AnyView {
    let asking = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let cancel = move || {
        let id = shown.with_untracked(|order| order.as_ref().map(|order| order.id));
        let Some(id) = id.filter(|_| !busy.get_untracked()) else {
            return;
        };
        busy.set(true);
        spawn_local(async move {
            match api::cancel(id).await {
                Ok(order) => {
                    let _ = shown.try_update(|shown| live::apply_order(shown, order));
                }
                Err(failure) => {
                    shared.say(match failure.kind {
                        Kind::Changed => "It can't be cancelled any more: we have begun.",
                        Kind::SignedOut => "Your session has ended. Please sign in again.",
                        _ => "Cancelling didn't work. Please try again.",
                    });
                    first.refresh();
                }
            }
            // The buttons are gone when the order was called off.
            let _ = busy.try_set(false);
            let _ = asking.try_set(false);
        });
    };
    view! {
        <div class="receipt-links cancel">
            {move || if asking.get() {
                view! {
                    <span role="alert">"Cancel this order?"</span>
                    <button type="button" class="button small" data-testid="cancel-yes" aria-disabled=move || busy.get().then_some("true")
                        on:click=move |_| cancel()>"Yes, cancel it"</button>
                    <button type="button" class="quiet" on:click=move |_| asking.set(false)>"Keep it"</button>
                }.into_any()
            } else {
                view! {
                    <button type="button" class="quiet" data-testid="cancel" on:click=move |_| {
                        asking.set(true);
                        request_animation_frame(|| browser::focus("[data-testid=cancel-yes]"));
                    }>"Cancel order"</button>
                }.into_any()
            }}
        </div>
    }
    .into_any()
}

/// Whether what is shown is of now.
pub fn connection_mark(connection: RwSignal<Connection>) -> AnyView {
    view! {
        <p class="connection" role="status" data-testid="connection" class:lost=move || connection.get() == Connection::Reconnecting>
            <span class="pulse" aria-hidden="true"></span>
            {move || match connection.get() {
                Connection::Connecting => "Connecting…",
                Connection::Live => "Live",
                Connection::Reconnecting => "Reconnecting…",
            }}
        </p>
    }
    .into_any()
}

fn receipt(order: &Order) -> AnyView {
    let lines = order
        .lines
        .iter()
        .map(|line| {
            let mut details = vec![line.variation.clone()];
            details.extend(line.options.iter().map(|option| option.name.clone()));
            view! {
                <li>
                    <span class="receipt-count">{line.quantity} " ×"</span>
                    <span><strong>{line.product.clone()}</strong> <span class="line-details">{details.join(", ")}</span></span>
                    <span class="receipt-price">{money::format(&line.line_total)}</span>
                </li>
            }
        })
        .collect_view();
    let taxes = order
        .tax
        .iter()
        .map(|tax| {
            let label = format!("including {} tax", money::format_rate(tax.rate_bp));
            view! { <div class="tax"><span>{label}</span> <span>{money::format(&tax.tax)}</span></div> }
        })
        .collect_view();
    view! {
        <div>
            <h2 id="receipt-heading">{order.store_name.clone()}</h2>
            <p class="line-details">{browser::local_time(order.placed_at.timestamp_millis())}</p>
            {order.pickup.map(|pickup| {
                let due = browser::local_time(pickup.due_at.timestamp_millis());
                let words = match pickup.kind {
                    PickupKind::Now if order.delivery.is_some() => "Leaves us at about ",
                    PickupKind::Now => "Ready at about ",
                    PickupKind::Slot => "Picked up at ",
                };
                view! { <p class="line-details" data-testid="pickup-time">{icon(Icon::Clock)} " " {words} {due}</p> }
            })}
            <ul class="receipt">{lines}</ul>
            {order.discount.as_ref().map(|discount| {
                let words = format!("{} takes off", discount.code);
                view! { <div class="tax"><span>{words}</span> <span>{money::format(&discount.amount)}</span></div> }
            })}
            {order.tip.as_ref().filter(|tip| tip.amount > 0).map(|tip| view! {
                <div class="tax" data-testid="order-tip"><span>"Tip"</span> <span>{money::format(tip)}</span></div>
            })}
            {order.delivery.as_ref().map(|delivery| view! {
                <div class="tax" data-testid="order-delivery"><span>"Delivery"</span> <span>{money::format(&delivery.fee)}</span></div>
            })}
            <div class="sum"><span>"Total"</span> <strong data-testid="order-total">{money::format(&order.total)}</strong></div>
            {taxes}
            <p class="paid" data-testid="payment-state">{icon(Icon::Counter)} {payment::state(order)}</p>
            <div class="receipt-links">
                <a class="button secondary" href=format!("/stores/{}", order.store_id)>"Order something else"</a>
                <a class="quiet" href="/orders">"All your orders"</a>
            </div>
        </div>
    }
    .into_any()
}
