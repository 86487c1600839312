//! What there is on paper of an order: its receipt, as the shop prints it, and the credit notes of what came back.
//!
//! Invariant: a paper is shown as the server wrote it; nothing on it is worked out here.

use bff_api::{Checkout, Order, Page, PaymentStatus, Return, ReturnState};
use leptos::{prelude::*, task::spawn_local};
use uuid::Uuid;

use super::{
    api, dialog,
    state::{Query, query, shared},
};
use crate::{money, returns};

/// The papers there are by now.
pub fn documents(shown: RwSignal<Option<Order>>) -> AnyView {
    let papers = Memo::new(move |_| {
        let shown = shown.read();
        let order = shown.as_ref()?;
        let paid = matches!(
            order.payment.status,
            PaymentStatus::Captured | PaymentStatus::Refunded
        );
        let over = order.checkout == Checkout::Completed;
        Some((order.id, paid, over))
    });
    (move || {
        papers.get().map(|(id, paid, over)| {
            view! {
                {over.then(|| came_back(id))}
                {paid.then(|| view! {
                    <div class="receipt-links">{paper("Receipt", format!("/api/orders/{id}/receipt"))}</div>
                })}
            }
        })
    })
    .into_any()
}

/// What came back. That it can't be read is not worth a word here: the receipt names it too.
fn came_back(order: Uuid) -> AnyView {
    let all: Query<Page<Return>> = query(move || format!("/api/orders/{order}/returns"));
    (move || {
        let page = all.ready()?;
        let rows = page.items.into_iter().map(|it| {
            let words = format!("{}: {}", returns::what(&it), returns::words(it.state));
            let note = (it.state == ReturnState::Done)
                .then(|| paper("Credit note", format!("/api/returns/{}/receipt", it.id)));
            view! {
                <div class="tax" data-testid="return"><span>{words}</span> <span>{money::format(&it.amount)}</span></div>
                {note}
            }
        });
        (rows.len() > 0).then(|| view! { <div class="receipt">{rows.collect_view()}</div> })
    })
    .into_any()
}

/// A button that shows a paper, to be read or saved.
fn paper(name: &'static str, path: String) -> AnyView {
    let shared = shared();
    let text = RwSignal::new(None::<String>);
    let show = move |_| {
        let path = path.clone();
        spawn_local(async move {
            match api::text(&path).await {
                Ok(written) => drop(text.try_set(Some(written))),
                Err(failure) => shared.say(format!(
                    "It didn't come. Support reference {}.",
                    failure.trace_id
                )),
            }
        });
    };
    let sheet = move |written: String| {
        let saved = String::from(js_sys::encode_uri_component(&written));
        let content = view! {
            <div class="checkout">
                <pre data-testid="paper">{written}</pre>
                <a class="button secondary" download=format!("{name}.txt") href=format!("data:text/plain;charset=utf-8,{saved}")>"Save"</a>
            </div>
        };
        dialog::sheet(name.into(), "", move || text.set(None), content.into_any())
    };
    view! {
        <button type="button" class="quiet" data-testid="show-paper" on:click=show>{name}</button>
        {move || text.get().map(sheet)}
    }
    .into_any()
}
