//! The price in the checkout: the server's quote, a code that takes something off, and a tip.
//!
//! Invariant: a quote is asked for by whoever is signed in, for the basket as it stands; without one the menu's sum is
//! shown, and the order names no price.

use bff_api::{
    AskQuote, DeliveryQuote, Money, PaymentMethod, PlaceDelivery, PlaceOrder, PlacePayment, Quote,
};
use leptos::prelude::*;

use super::{
    api, delivery as delivery_form,
    state::{Query, Remote, query_by, shared},
};
use crate::{
    basket::Basket,
    delivery::{self, Bringing},
    extras::{self, Extras, Tip},
    failure::Failure,
    money,
    payment::Paying,
    pickup::Picking,
};

/// What there is to pay for the basket, and what was chosen about it.
#[derive(Clone, Copy)]
pub struct Price {
    basket: RwSignal<Basket>,
    extras: RwSignal<Extras>,
    quotes: Query<Option<Quote>>,
    bringing: RwSignal<Bringing>,
    deliveries: Query<Option<DeliveryQuote>>,
    /// The price that was looked at when the server called it old.
    shown: RwSignal<Option<Money>>,
}

impl Price {
    /// Asks for it, as often as the basket changes.
    pub fn of_the_basket() -> Self {
        let extras = RwSignal::new(Extras::default());
        let bringing = RwSignal::new(Bringing::default());
        Price {
            basket: shared().basket,
            extras,
            quotes: quote_of(Memo::new(move |_| extras.read().code())),
            bringing,
            deliveries: delivery_form::quote_of(bringing),
            shown: RwSignal::new(None),
        }
    }

    /// Without the tip and the fee: the quote's, or the menu's while there is none.
    fn bare(self) -> Option<Money> {
        let quote = self.quotes.ready().flatten();
        quote.map_or_else(|| self.basket.read().total(), |quote| Some(quote.total))
    }

    fn tip(self) -> Option<Money> {
        self.bare().and_then(|price| self.extras.read().tip(&price))
    }

    /// Whether it is to be brought.
    pub fn is_brought(self) -> bool {
        self.bringing.read().wanted
    }

    /// How it is brought, once it is known for how much.
    fn delivery(self) -> Option<DeliveryQuote> {
        self.deliveries
            .ready()
            .flatten()
            .filter(|_| self.is_brought())
    }

    /// In words, the tip and the fee included.
    pub fn due(self) -> String {
        let bare = self.bare();
        let due = bare.as_ref().zip(self.tip());
        let due = due.and_then(|(price, tip)| extras::due(price, &tip));
        let due = match self.delivery() {
            Some(quote) => due.and_then(|due| extras::due(&due, &quote.fee)),
            None => due,
        };
        let due = due.or(bare).map(|due| money::format(&due));
        due.unwrap_or_default()
    }

    /// Whether what was chosen can be sent: a tip that is one, a code that takes something off, a door that is reached and
    /// paid for before.
    pub fn is_known(self, method: PaymentMethod) -> bool {
        let no_code = self.extras.read().code().is_none();
        let by_card = method == PaymentMethod::Card;
        let reached = !self.is_brought() || (by_card && self.delivery().is_some());
        self.tip().is_some() && reached && (no_code || self.quotes.ready().flatten().is_some())
    }

    /// Says in an order what was shown and chosen.
    pub fn put_on(self, order: PlaceOrder) -> PlaceOrder {
        let quote = untrack(|| self.quotes.ready().flatten());
        PlaceOrder {
            quote: quote.map(|quote| quote.quote),
            tip: untrack(|| self.tip()).filter(|tip| tip.amount > 0),
            delivery: untrack(|| {
                let fee = self.delivery()?.fee;
                let address = self.bringing.read().address()?;
                Some(PlaceDelivery { address, fee })
            }),
            ..order
        }
    }

    /// Asks anew if an order was refused for its price, and remembers which was shown.
    pub fn heard(self, refused: &Failure) {
        if extras::refused(refused.slug.as_deref()).is_some() {
            let shown = untrack(|| self.quotes.ready().flatten());
            let _ = self.shown.try_set(shown.map(|quote| quote.total));
            self.quotes.refresh();
        }
        if delivery::refused(refused.slug.as_deref()).is_some() {
            self.deliveries.refresh();
        }
    }

    /// Whether it is brought, and where to.
    pub fn delivery_form(self, paying: RwSignal<Paying>, picking: RwSignal<Picking>) -> AnyView {
        delivery_form::form(self.bringing, self.deliveries, paying, picking)
    }

    /// The fields, and what they come to.
    pub fn form(self) -> AnyView {
        extras_form(self.extras, self.quotes, self.shown)
    }
}

/// What the basket costs with this code, as often as either changes.
fn quote_of(code: Memo<Option<String>>) -> Query<Option<Quote>> {
    let shared = shared();
    let wish = Memo::new(move |_| {
        shared.user()?;
        let basket = shared.basket.read();
        // How and when are no part of the price.
        let order = basket.to_order(PlacePayment::Counter, Picking::default())?;
        Some(AskQuote {
            store_id: order.store_id,
            lines: order.lines,
            discount_code: code.get(),
        })
    });
    query_by(move || {
        let wish = wish.get();
        async move {
            match wish {
                Some(wish) => api::quote(&wish).await.map(Some),
                None => Ok(None),
            }
        }
    })
}

/// Why the code takes nothing off, if it does not.
fn wrong_code(quotes: Query<Option<Quote>>) -> Option<&'static str> {
    quotes.state.with(|state| match state {
        Remote::Failed(failure) => extras::refused(failure.slug.as_deref()),
        _ => None,
    })
}

/// The code, the tip, and what both come to.
fn extras_form(
    extras: RwSignal<Extras>,
    quotes: Query<Option<Quote>>,
    shown: RwSignal<Option<Money>>,
) -> AnyView {
    let own = Memo::new(move |_| extras.read().tip == Tip::Own);
    let choices = Tip::ALL.map(|(_, value, words)| view! { <option value=value>{words}</option> });
    let taken_off = move || {
        let discount = quotes.ready().flatten()?.discount?;
        let words = format!("{} takes off", discount.code);
        Some(
            view! { <div class="tax" data-testid="discount"><span>{words}</span> <span>{money::format(&discount.amount)}</span></div> },
        )
    };
    let other_price = move || {
        let quote = quotes.ready().flatten();
        let shown = shown.get();
        let before = extras::changed(shown.as_ref(), quote.as_ref())?;
        let words = format!(
            "The price was {} when you looked; it has changed.",
            money::format(before)
        );
        Some(
            view! { <div class="alert" role="alert" data-testid="price-changed"><p>{words}</p></div> },
        )
    };
    view! {
        <fieldset class="group payment">
            <legend>"Extras"</legend>
            <label class="search token">
                <span>"Discount code"</span>
                <input autocomplete="off" spellcheck="false" data-testid="discount-code"
                    aria-invalid=move || wrong_code(quotes).map(|_| "true")
                    on:change:target=move |event| extras.update(|extras| extras.code = event.target().value())/>
            </label>
            {move || wrong_code(quotes).map(|words| view! { <p class="line-details" role="alert">{words}</p> })}
            <label class="search token">
                <span>"Tip"</span>
                <select data-testid="tip" on:change:target=move |event| extras.update(|extras| extras.tip = Tip::read(&event.target().value()))>
                    {choices.into_iter().collect_view()}
                </select>
            </label>
            {move || own.get().then(|| view! {
                <label class="search token">
                    <span>"Amount"</span>
                    <input inputmode="decimal" autocomplete="off" data-testid="tip-own"
                        on:input:target=move |event| extras.update(|extras| extras.own = event.target().value())/>
                </label>
            })}
        </fieldset>
        {taken_off}
        {other_price}
    }
    .into_any()
}
