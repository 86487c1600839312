//! The last look before ordering: where, what, how it is paid; and one press that orders once.

use bff_api::{Menu, Store};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{
    api,
    art::{Icon, icon},
    basket_panel::{RESUME, total},
    browser, dialog,
    state::{Query, shared, sign_in_link},
};
use crate::{
    attempt::Attempt,
    failure::{Failure, Kind},
    money,
};

/// The content of the checkout sheet.
#[component]
pub fn Checkout(
    /// Where the basket is to be ordered.
    store: Memo<Option<Store>>,
    /// Its menu, read again when the order was refused.
    menu: Query<Menu>,
) -> impl IntoView {
    let shared = shared();
    let attempt = RwSignal::new(Attempt::default());
    let failure = RwSignal::new(None::<Failure>);
    let navigate = use_navigate();
    let place = StoredValue::new(move || {
        let Some(order) = shared
            .basket
            .with_untracked(crate::basket::Basket::to_order)
        else {
            return;
        };
        let key = attempt
            .try_update(|attempt| attempt.begin(&order, || browser::random_id().to_string()))
            .flatten();
        let Some(key) = key else {
            return;
        };
        failure.set(None);
        let navigate = navigate.clone();
        spawn_local(async move {
            match api::place(&order, &key).await {
                Ok(placed) => {
                    let _ = attempt.try_update(Attempt::settled);
                    dialog::close_open();
                    shared.basket.update(crate::basket::Basket::clear);
                    navigate(
                        &format!("/orders/{}", placed.id),
                        NavigateOptions::default(),
                    );
                }
                Err(refused) => {
                    let _ = attempt.try_update(|attempt| {
                        if refused.leaves_doubt() {
                            attempt.unknown();
                        } else {
                            attempt.settled();
                        }
                    });
                    if refused.kind == Kind::Refused {
                        menu.refresh();
                    }
                    if refused.kind == Kind::SignedOut {
                        shared.session.refresh();
                    }
                    let _ = failure.try_set(Some(refused));
                }
            }
        });
    });
    let busy = move || attempt.read().is_in_flight();
    view! {
        <div class="checkout">
            <h2>"Checkout"</h2>
            <dl class="facts">
                <div>
                    <dt>{icon(Icon::Pin)} "Pick up at"</dt>
                    <dd data-testid="checkout-store">
                        <strong>{move || store.get().map(|store| store.name)}</strong>
                        <span>{move || store.get().map(|store| format!("{}, {}", store.street, store.city))}</span>
                    </dd>
                </div>
                <div>
                    <dt>{icon(Icon::Counter)} "Payment"</dt>
                    <dd><strong>"Pay at the counter"</strong> <span>"By card or in cash, when you pick it up."</span></dd>
                </div>
            </dl>
            <ul class="receipt">{move || shared.basket.read().lines().iter().map(|line| view! {
                <li>
                    <span class="receipt-count">{line.quantity} " ×"</span>
                    <span><strong>{line.product.clone()}</strong> <span class="line-details">{line.details()}</span></span>
                    <span class="receipt-price">{line.total().map(|total| money::format(&total))}</span>
                </li>
            }).collect_view()}</ul>
            <div class="sum"><span>"Total, tax included"</span> <strong data-testid="checkout-total">{total}</strong></div>
            {move || failure.get().map(|failure| refusal(&failure))}
            {move || if shared.user().is_some() {
                view! {
                    <button type="button" class="button wide" data-testid="place-order" aria-disabled=move || busy().then_some("true")
                        on:click=move |_| place.with_value(|place| place())>
                        {move || if busy() { "Placing your order…".to_owned() } else { format!("Place order · {}", total()) }}
                    </button>
                }.into_any()
            } else {
                view! {
                    <a class="button wide" rel="external" data-testid="checkout-sign-in" href=sign_in_link(&browser::here())
                        on:click=|_| browser::leave_mark(RESUME)>"Sign in to order"</a>
                    <p class="hint">"Your basket stays here while you sign in or create an account."</p>
                }.into_any()
            }}
        </div>
    }
}

fn refusal(failure: &Failure) -> AnyView {
    let text = match failure.kind {
        _ if failure.leaves_doubt() => {
            "We couldn't tell whether your order arrived. Press again: it won't be ordered twice."
                .to_owned()
        }
        Kind::SignedOut => "Your session has ended. Please sign in again.".to_owned(),
        Kind::Forbidden => "This account can't place orders.".to_owned(),
        _ => failure
            .message
            .clone()
            .unwrap_or_else(|| "This order can't be placed as it is.".into()),
    };
    view! {
        <div class="alert" role="alert" data-testid="checkout-failure">
            {icon(Icon::Alert)}
            <div><p>{text}</p><p class="trace">"Support reference " <code>{failure.trace_id.clone()}</code></p></div>
        </div>
    }
    .into_any()
}
