//! Collect or deliver, where to, and for how much.
//!
//! Invariant: a fee is asked for by whoever is signed in, for a whole address, and not with every letter that is typed.

use bff_api::{AskDelivery, DeliveryQuote, PaymentMethod};
use leptos::prelude::*;

use super::{
    api,
    state::{Query, Remote, query_by, shared},
};
use crate::{
    delivery::{self, Bringing, FIELDS},
    money,
    payment::Paying,
    pickup::Picking,
};

/// What it costs to bring the basket there, as often as store or address change.
pub fn quote_of(bringing: RwSignal<Bringing>) -> Query<Option<DeliveryQuote>> {
    let shared = shared();
    let wish = Memo::new(move |_| {
        shared.user()?;
        Some(AskDelivery {
            store_id: shared.basket.read().store()?,
            address: bringing.read().address()?,
        })
    });
    query_by(move || {
        let wish = wish.get();
        async move {
            match wish {
                Some(wish) => api::delivery_quote(&wish).await.map(Some),
                None => Ok(None),
            }
        }
    })
}

/// The choice, and the address if it is to be brought.
pub fn form(
    bringing: RwSignal<Bringing>,
    quotes: Query<Option<DeliveryQuote>>,
    paying: RwSignal<Paying>,
    picking: RwSignal<Picking>,
) -> AnyView {
    let wanted = Memo::new(move |_| bringing.read().wanted);
    let choose = move |deliver: bool| {
        bringing.update(|it| it.wanted = deliver);
        if deliver {
            // What is brought is brought at once, and paid before.
            picking.set(Picking::default());
            paying.update(|paying| paying.method = PaymentMethod::Card);
        }
    };
    let row = |deliver, name: &'static str, words: &'static str, id: &'static str| {
        view! {
            <label class="choice" data-testid=id>
                <input type="radio" name="delivery" prop:checked=move || wanted.get() == deliver on:change=move |_| choose(deliver)/>
                <span><span class="choice-name">{name}</span> <span class="line-details">{words}</span></span>
            </label>
        }
    };
    view! {
        <fieldset class="group payment">
            <legend>"Collect or deliver"</legend>
            {row(false, "Collect", "At the counter.", "collect")}
            {row(true, "Deliver", "By courier, paid by card.", "deliver")}
            {move || wanted.get().then(|| address(bringing))}
            {move || wanted.get().then(|| fee(quotes))}
        </fieldset>
    }
    .into_any()
}

fn address(bringing: RwSignal<Bringing>) -> AnyView {
    let fields = FIELDS.iter().enumerate().map(|(place, (label, fill, needed))| {
        let text = bringing.with_untracked(|it| it.fields[place].clone());
        view! {
            <label class="search token">
                <span>{*label} {(!needed).then_some(" (optional)")}</span>
                <input autocomplete=*fill required=*needed maxlength="200" data-testid=format!("address-{place}") prop:value=text
                    on:change:target=move |event| bringing.update(|it| it.fields[place] = event.target().value())/>
            </label>
        }
    });
    fields.collect_view().into_any()
}

/// What it costs, or why it can't be brought there.
fn fee(quotes: Query<Option<DeliveryQuote>>) -> AnyView {
    quotes.state.with(|state| match state {
        Remote::Ready(Some(quote)) => {
            let words = format!("Delivery, in about {} minutes", quote.minutes);
            let fee = money::format(&quote.fee);
            view! { <div class="tax" role="status" data-testid="delivery-fee"><span>{words}</span> <span>{fee}</span></div> }.into_any()
        }
        Remote::Failed(failure) => {
            let words = delivery::refused(failure.slug.as_deref());
            let words = words.unwrap_or("We can't tell what delivery costs right now.");
            view! { <p class="line-details" role="alert" data-testid="delivery-refused">{words}</p> }.into_any()
        }
        Remote::Ready(None) | Remote::Loading => {
            let words = match shared().user() {
                Some(_) => "The fee is shown once the address is there.",
                None => "Sign in first, then we can tell the fee.",
            };
            view! { <p class="line-details">{words}</p> }.into_any()
        }
    })
}
