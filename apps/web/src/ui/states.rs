//! What a screen shows when it has nothing to show yet, nothing at all, or no right to.

use leptos::prelude::*;

use super::{
    art::{Icon, art, icon},
    browser,
    state::{Query, Remote, sign_in_link},
};
use crate::failure::{Failure, Kind};

/// Shows a query: skeleton, data or failure. The failure's button asks again.
pub fn show<T>(
    query: Query<T>,
    skeleton: fn() -> AnyView,
    ready: impl Fn(T) -> AnyView + Send + 'static,
) -> AnyView
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    // A refresh that brought nothing new draws nothing anew, so that the focus stays where it is.
    let state = Memo::new(move |_| query.state.get());
    (move || match state.get() {
        Remote::Loading => skeleton(),
        Remote::Ready(value) => ready(value),
        Remote::Failed(failure) => failed(&failure, move || query.retry()),
    })
    .into_any()
}

/// A heading, a sentence and what to do next.
pub fn notice(drawing: &str, title: &'static str, text: String, action: AnyView) -> AnyView {
    view! {
        <section class="notice">
            {art(drawing)}
            <h2>{title}</h2>
            <p>{text}</p>
            <div class="notice-action">{action}</div>
        </section>
    }
    .into_any()
}

/// The way back to the first page.
pub fn to_stores(label: &'static str) -> AnyView {
    view! { <a class="button" href="/">{label}</a> }.into_any()
}

/// What went wrong, what can be done, and the number to tell support.
pub fn failed(failure: &Failure, retry: impl Fn() + Send + 'static) -> AnyView {
    match failure.kind {
        Kind::SignedOut => signed_out(),
        Kind::Forbidden => notice(
            "espresso",
            "This part is for the team",
            "Your account has no access here. If you work with us, ask your manager to add you to the store.".into(),
            to_stores("To our cafés"),
        ),
        Kind::NotFound => not_found(),
        _ => {
            let (title, text) = match failure.kind {
                Kind::Unreachable => (
                    "We can't reach the café",
                    "Check your connection. Nothing is lost: your basket is kept here.".to_owned(),
                ),
                _ => (
                    "Something went wrong on our side",
                    failure.message.clone().unwrap_or_else(|| "Please try again in a moment.".into()),
                ),
            };
            let trace = failure.trace_id.clone();
            view! {
                <section class="notice" role="alert">
                    <span class="notice-icon">{icon(Icon::Alert)}</span>
                    <h2>{title}</h2>
                    <p>{text}</p>
                    <div class="notice-action">
                        <button type="button" class="button" data-testid="retry" on:click=move |_| retry()>
                            "Try again"
                        </button>
                    </div>
                    <p class="trace">"Support reference " <code>{trace}</code></p>
                </section>
            }
            .into_any()
        }
    }
}

/// Nobody is signed in, or not any more.
pub fn signed_out() -> AnyView {
    notice(
        "flat-white",
        "Please sign in",
        "Your session has ended or hasn't begun. We'll bring you right back to this page.".into(),
        view! {
            <a class="button" rel="external" href=sign_in_link(&browser::here())>"Sign in or create an account"</a>
        }
        .into_any(),
    )
}

/// There is nothing at this address.
pub fn not_found() -> AnyView {
    notice(
        "cookie",
        "Only crumbs here",
        "This page doesn't exist, or it isn't yours to see.".into(),
        to_stores("To our cafés"),
    )
}

/// Grey shapes in place of cards.
pub fn skeleton_cards() -> AnyView {
    skeleton("skeleton-cards", 6)
}

/// Grey shapes in place of rows.
pub fn skeleton_rows() -> AnyView {
    skeleton("skeleton-rows", 4)
}

fn skeleton(class: &'static str, count: usize) -> AnyView {
    let shapes = (0..count)
        .map(|_| view! { <span class="shape"></span> })
        .collect_view();
    view! {
        <div class=class role="status" aria-label="Loading">{shapes}</div>
    }
    .into_any()
}
