//! The last look before ordering: where, what, how it is paid; and one press that orders once.

use bff_api::{Menu, PaymentMethod, Slots, Store};
use leptos::{prelude::*, task::spawn_local};
use uuid::Uuid;

use super::{
    api,
    art::{Icon, icon},
    basket_panel::{RESUME, problem},
    browser, dialog,
    extras::Price,
    router,
    state::{Query, query_by, shared, sign_in_link},
};
use crate::{
    attempt::Attempt,
    basket::Basket,
    delivery, extras,
    failure::{Failure, Kind},
    money,
    payment::{Paying, TEST_CARDS},
    pickup::{self, Picking},
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
    let paying = RwSignal::new(Paying::default());
    let picking = RwSignal::new(Picking::default());
    let price = Price::of_the_basket();
    let slots = slots_of(Memo::new(move |_| shared.basket.read().store()));
    let ready = Memo::new(move |_| {
        paying.read().chosen().is_some()
            && !shared.basket.read().has_sold_out()
            && picking.read().fits(slots.ready().flatten().as_ref())
            && price.is_known(paying.read().method)
    });
    let place = StoredValue::new(move || {
        let payment = paying
            .with_untracked(Paying::chosen)
            .filter(|_| ready.get_untracked());
        let order = payment.and_then(|payment| {
            shared
                .basket
                .with_untracked(|basket| basket.to_order(payment, picking.get_untracked()))
        });
        let Some(order) = order.map(|order| price.put_on(order)) else {
            return;
        };
        let sent = attempt
            .try_update(|attempt| attempt.begin(&order, || browser::random_id().to_string()))
            .flatten();
        let Some((order, key)) = sent else {
            return;
        };
        failure.set(None);
        shared.basket.update(|basket| basket.note(&[]));
        spawn_local(async move {
            match api::place(&order, &key).await {
                Ok(placed) => {
                    let _ = attempt.try_update(Attempt::settled);
                    dialog::close_open();
                    shared.basket.update(Basket::clear);
                    router::go(shared.route, &format!("/orders/{}", placed.id));
                }
                Err(refused) => {
                    let _ = attempt.try_update(|attempt| {
                        if refused.leaves_doubt() {
                            attempt.unknown();
                        } else {
                            attempt.settled();
                        }
                    });
                    if matches!(refused.kind, Kind::Refused | Kind::Changed) {
                        shared.basket.update(|basket| basket.note(&refused.lines));
                        menu.refresh();
                    }
                    price.heard(&refused);
                    if pickup::refused(refused.slug.as_deref()).is_some() {
                        let _ = picking.try_set(Picking::default());
                        slots.refresh();
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
                    <dt>{icon(Icon::Pin)} "From"</dt>
                    <dd data-testid="checkout-store">
                        <strong>{move || store.get().map(|store| store.name)}</strong>
                        <span>{move || store.get().map(|store| format!("{}, {}", store.street, store.city))}</span>
                    </dd>
                </div>
            </dl>
            {price.delivery_form(paying, picking)}
            {move || (!price.is_brought()).then(|| pickup_form(picking, slots, store))}
            {payment_form(paying, price)}
            {receipt(shared.basket, price)}
            {move || failure.get().map(|failure| refusal(&failure))}
            {move || if shared.user().is_some() {
                view! {
                    <button type="button" class="button wide" data-testid="place-order" aria-disabled=move || (busy() || !ready.get()).then_some("true")
                        on:click=move |_| place.with_value(|place| place())>
                        {move || if busy() { "Placing your order…".to_owned() } else { format!("Place order · {}", price.due()) }}
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

/// When the store of the basket can be picked up at.
fn slots_of(store: Memo<Option<Uuid>>) -> Query<Option<Slots>> {
    query_by(move || {
        let store = store.get();
        async move {
            match store {
                Some(store) => api::get(&format!("/api/stores/{store}/slots"))
                    .await
                    .map(Some),
                None => Ok(None),
            }
        }
    })
}

/// What is added to the order, and what it all comes to.
fn receipt(basket: RwSignal<Basket>, price: Price) -> AnyView {
    let lines = move || {
        basket.read().lines().iter().map(|line| view! {
            <li>
                <span class="receipt-count">{line.quantity} " ×"</span>
                <span><strong>{line.product.clone()}</strong> <span class="line-details">{line.details()}</span> {problem(line)}</span>
                <span class="receipt-price">{line.total().map(|total| money::format(&total))}</span>
            </li>
        }).collect_view()
    };
    view! {
        {price.form()}
        <ul class="receipt">{lines}</ul>
        <div class="sum"><span>"Total, tax included"</span> <strong data-testid="checkout-total">{move || price.due()}</strong></div>
    }
    .into_any()
}

fn pickup_form(
    picking: RwSignal<Picking>,
    slots: Query<Option<Slots>>,
    store: Memo<Option<Store>>,
) -> AnyView {
    let known = move || slots.ready().flatten();
    let zone = move || store.get().map(|store| store.timezone).unwrap_or_default();
    let times = move || {
        let zone = zone();
        let slots = known().as_ref().map(pickup::offered).unwrap_or_default();
        slots
            .into_iter()
            .map(|slot| {
                let words = browser::time_in(slot.timestamp_millis(), &zone);
                let value = pickup::value_of(slot);
                let chosen = picking.get_untracked().slot == Some(slot);
                view! { <option value=value selected=chosen>{words}</option> }
            })
            .collect_view()
    };
    view! {
        <fieldset class="group payment">
            <legend>"Pick-up"</legend>
            <label class="search token">
                <span>"When"</span>
                <select data-testid="pickup" prop:value=move || picking.get().value()
                    on:change:target=move |event| picking.set(Picking::read(&event.target().value()))>
                    <option value="">{move || pickup::at_once(known().as_ref())}</option>
                    {times}
                </select>
            </label>
        </fieldset>
    }
    .into_any()
}

fn payment_form(paying: RwSignal<Paying>, price: Price) -> AnyView {
    let by = move |method| paying.read().method == method;
    // Typing in the field draws nothing anew.
    let card = Memo::new(move |_| by(PaymentMethod::Card));
    let wrong = Memo::new(move |_| paying.read().chosen().is_none());
    let row = |method, name: &'static str, words: &'static str, id: &'static str| {
        view! {
            <label class="choice" data-testid=id>
                // At a door there is no counter.
                <input type="radio" name="payment" prop:checked=move || by(method)
                    disabled=move || method == PaymentMethod::Counter && price.is_brought()
                    on:change=move |_| paying.update(|paying| paying.method = method)/>
                <span><span class="choice-name">{name}</span> <span class="line-details">{words}</span></span>
            </label>
        }
    };
    let token = move || {
        let cards =
            TEST_CARDS.map(|(token, outcome)| view! { <option value=token>{outcome}</option> });
        view! {
            <label class="search token">
                <span>"Test card"</span>
                <input list="test-cards" autocomplete="off" spellcheck="false" data-testid="card-token" aria-describedby="card-hint"
                    aria-invalid=move || wrong.get().then_some("true")
                    prop:value=move || paying.read().token.clone()
                    on:input:target=move |event| paying.update(|paying| paying.token = event.target().value())/>
            </label>
            <datalist id="test-cards">{cards.into_iter().collect_view()}</datalist>
            <p class="line-details" id="card-hint">
                "This is a development shop, and no real card is charged: "
                {TEST_CARDS.map(|(token, outcome)| format!("{token} {outcome}")).join(", ")} "."
            </p>
        }
    };
    view! {
        <fieldset class="group payment">
            <legend>"Payment"</legend>
            {row(PaymentMethod::Counter, "Pay at the counter", "By card or in cash, when you pick it up.", "pay-counter")}
            {row(PaymentMethod::Card, "Pay by card", "Charged when we accept your order.", "pay-card")}
            {move || card.get().then(token)}
        </fieldset>
    }
    .into_any()
}

fn refusal(failure: &Failure) -> AnyView {
    let slug = failure.slug.as_deref();
    let known = pickup::refused(slug)
        .or_else(|| extras::refused(slug))
        .or_else(|| delivery::refused(slug));
    let text = match (failure.kind, known) {
        _ if failure.leaves_doubt() => {
            "We couldn't tell whether your order arrived. Press again: it won't be ordered twice."
                .to_owned()
        }
        (_, Some(words)) => words.to_owned(),
        (Kind::SignedOut, _) => "Your session has ended. Please sign in again.".to_owned(),
        (Kind::Forbidden, _) => "This account can't place orders.".to_owned(),
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
