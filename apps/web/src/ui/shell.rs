//! The frame around every screen: header, offline banner, routes, footer; and what a change of screen means for the focus.

use leptos::{prelude::*, task::spawn_local};

use super::{
    api,
    board::{Board, BoardPicker},
    browser,
    menu::MenuPage,
    orders::OrdersPage,
    state::{Remote, Shared, shared, sign_in_link},
    states,
    stores::StoresPage,
    tracker::TrackerPage,
};
use crate::route::Route;

/// The application.
#[component]
pub fn App() -> impl IntoView {
    let shared = Shared::provide();
    view! {
        <a class="skip" href="#main">"Skip to content"</a>
        <Header/>
        {move || (!shared.online.get()).then(|| view! {
            <p class="banner" role="status">"You're offline. We'll carry on as soon as you're back."</p>
        })}
        <main id="main" tabindex="-1">
            {move || match shared.route.get() {
                Route::Stores => view! { <StoresPage/> }.into_any(),
                Route::Menu(id) => view! { <MenuPage id/> }.into_any(),
                Route::Orders => view! { <OrdersPage/> }.into_any(),
                Route::Order(id) => view! { <TrackerPage id/> }.into_any(),
                Route::Boards => view! { <BoardPicker/> }.into_any(),
                Route::Board(store) => view! { <Board store/> }.into_any(),
                Route::Unknown => view! { <NotFound/> }.into_any(),
            }}
        </main>
        <footer class="footer">
            <p>"Crema. Roasted slowly, served quickly."</p>
            <p class="footer-note">"Prices include tax. Pay by card or at the counter."</p>
        </footer>
        <div class="toast" role="status" aria-live="polite">{move || shared.toast.get()}</div>
    }
}

#[component]
fn NotFound() -> impl IntoView {
    title("Not found");
    view! {
        <h1 class="hidden" tabindex="-1">"Not found"</h1>
        {states::not_found()}
    }
}

#[component]
fn Header() -> impl IntoView {
    let shared = shared();
    let staff = move || shared.user().is_some_and(|user| user.is_staff());
    let orders = move || matches!(shared.route.get(), Route::Orders | Route::Order(_));
    let board = move || matches!(shared.route.get(), Route::Boards | Route::Board(_));
    view! {
        <header class="header">
            <div class="header-row">
                <a class="wordmark" href="/" aria-label="Crema, our cafés">"Crema"</a>
                <nav aria-label="Main" class="nav">
                    <a href="/orders" aria-current=move || orders().then_some("page")>"Orders"</a>
                    {move || staff().then(|| view! {
                        <a href="/board" data-testid="board-link" aria-current=move || board().then_some("page")>"Board"</a>
                    })}
                    {move || account(shared)}
                </nav>
            </div>
        </header>
    }
}

fn account(shared: Shared) -> AnyView {
    match shared.session.state.get() {
        Remote::Loading => view! { <span class="account-wait"></span> }.into_any(),
        Remote::Ready(session) if session.signed_in => {
            let name = session.user.map(|user| user.name).unwrap_or_default();
            let initial: String = name.chars().take(1).flat_map(char::to_uppercase).collect();
            let label = format!("{name}, your account");
            view! {
                <a rel="external" href="/account" data-testid="account" aria-label=label>
                    <span class="initial" aria-hidden="true">{initial}</span>
                    <span class="account-name">{name}</span>
                </a>
                <button type="button" class="quiet" data-testid="sign-out" on:click=move |_| sign_out(shared)>
                    "Sign out"
                </button>
            }
            .into_any()
        }
        _ => {
            let link = move || {
                shared.route.track();
                sign_in_link(&browser::here())
            };
            view! {
                <a class="button small" rel="external" data-testid="sign-in" href=link>
                    "Sign in"
                </a>
            }
            .into_any()
        }
    }
}

fn sign_out(shared: Shared) {
    spawn_local(async move {
        match api::sign_out().await {
            // A fresh page: nothing of the person stays in memory.
            Ok(()) => drop(window().location().set_href("/")),
            Err(_) => shared.say("Signing out didn't work. Please try again."),
        }
    });
}

/// Names the screen. After the first one, its heading gets the focus, so that a screen reader says where we are.
pub fn title(name: &str) {
    document().set_title(&format!("{name} · Crema"));
    let first = document()
        .body()
        .is_some_and(|body| body.dataset().get("shown").is_none());
    if first {
        if let Some(body) = document().body() {
            // Only a mark for the next screen.
            let _ = body.dataset().set("shown", "1");
        }
    } else {
        request_animation_frame(|| browser::focus("main h1"));
    }
}
