//! The frame around every screen: header, offline banner, routes, footer; and what a change of screen means for the focus.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::{
    components::{Route, Router, Routes},
    hooks::use_location,
    path,
};

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

/// The application.
#[component]
pub fn App() -> impl IntoView {
    let shared = Shared::provide();
    view! {
        <Router>
            <a class="skip" href="#main" rel="external">"Skip to content"</a>
            <Header/>
            {move || (!shared.online.get()).then(|| view! {
                <p class="banner" role="status">"You're offline. We'll carry on as soon as you're back."</p>
            })}
            <main id="main" tabindex="-1">
                <Routes fallback=NotFound>
                    <Route path=path!("/") view=StoresPage/>
                    <Route path=path!("/stores/:id") view=MenuPage/>
                    <Route path=path!("/orders") view=OrdersPage/>
                    <Route path=path!("/orders/:id") view=TrackerPage/>
                    <Route path=path!("/board") view=BoardPicker/>
                    <Route path=path!("/board/:store") view=Board/>
                </Routes>
            </main>
            <footer class="footer">
                <p>"Crema. Roasted slowly, served quickly."</p>
                <p class="footer-note">"Prices include tax. You pay at the counter."</p>
            </footer>
            <div class="toast" role="status" aria-live="polite">{move || shared.toast.get()}</div>
        </Router>
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
    let location = use_location();
    let staff = move || shared.user().is_some_and(|user| user.is_staff());
    let on = move |prefix: &'static str| {
        location
            .pathname
            .get()
            .starts_with(prefix)
            .then_some("page")
    };
    view! {
        <header class="header">
            <div class="header-row">
                <a class="wordmark" href="/" aria-label="Crema, our cafés">"Crema"</a>
                <nav aria-label="Main" class="nav">
                    <a href="/orders" aria-current=move || on("/orders")>"Orders"</a>
                    {move || staff().then(|| view! {
                        <a href="/board" data-testid="board-link" aria-current=move || on("/board")>"Board"</a>
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
            view! {
                <span class="account-name" data-testid="account">{name}</span>
                <button type="button" class="quiet" data-testid="sign-out" on:click=move |_| sign_out(shared)>
                    "Sign out"
                </button>
            }
            .into_any()
        }
        _ => {
            let path = use_location().pathname;
            view! {
                <a class="button small" rel="external" data-testid="sign-in" href=move || sign_in_link(&path.get())>
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
