//! The barista's board: what is to be made, the first due first, live.
//!
//! Invariant: a ticket is shown at the step the server knows, or one press ahead of it until the server has answered.

use std::time::Duration;

use bff_api::{Fulfilment, Order, OrderChange, Page, Store, event};
use leptos::{prelude::*, task::spawn_local};
use uuid::Uuid;

use super::{
    api,
    art::{Icon, icon},
    browser, events, returns,
    rows::{Row, rows},
    shell::title,
    state::{Query, Remote, Shared, query, query_by, shared},
    states,
    tracker::connection_mark,
};
use crate::{delivery, failure::Kind, json, live, payment, pickup, steps, ticket};

const LANES: [Fulfilment; 3] = [
    Fulfilment::Waiting,
    Fulfilment::Preparation,
    Fulfilment::Ready,
];

/// Which of the barista's stores?
#[component]
pub fn BoardPicker() -> impl IntoView {
    title("Board");
    let shared = shared();
    let stores: Query<Page<Store>> = query(|| "/api/stores".into());
    view! {
        <div class="narrow">
            <h1 tabindex="-1">"Which board?"</h1>
            {move || match shared.session.state.get() {
                Remote::Loading => states::skeleton_rows(),
                Remote::Ready(session) if !session.signed_in => states::signed_out(),
                Remote::Ready(_) => states::show(stores, states::skeleton_rows, move |page| own_stores(page.items)),
                Remote::Failed(failure) => states::failed(&failure, move || shared.session.retry()),
            }}
        </div>
    }
}

fn own_stores(stores: Vec<Store>) -> AnyView {
    let user = shared().user();
    let own = user.map(|user| user.stores).unwrap_or_default();
    let rows = stores
        .into_iter()
        .filter(|store| own.contains(&store.id))
        .map(|store| {
            view! {
                <li class="order-row" data-testid="board-store">
                    {icon(Icon::Counter)}
                    <div class="order-row-text">
                        <h2><a class="whole" href=format!("/board/{}", store.id)>{store.name}</a></h2>
                        <p>{format!("{}, {}", store.street, store.city)}</p>
                    </div>
                    {icon(Icon::Next)}
                </li>
            }
        })
        .collect::<Vec<_>>();
    if rows.is_empty() {
        return states::notice(
            "espresso",
            "This part is for the team",
            "Your account belongs to no store. If you work with us, ask your manager to add you."
                .into(),
            states::to_stores("To our cafés"),
        );
    }
    view! { <ul class="order-list">{rows}</ul> }.into_any()
}

/// One store's board.
#[component]
pub fn Board(
    /// Where it hangs.
    store: Uuid,
) -> impl IntoView {
    title("Board");
    let shared = shared();
    let tickets = RwSignal::new(Vec::<Order>::new());
    let path = format!("/api/stores/{store}/tickets");
    let first: Query<()> = {
        let path = path.clone();
        query_by(move || {
            let path = path.clone();
            async move {
                let page: Page<Order> = api::get(&path).await?;
                let _ = tickets.try_update(|shown| live::apply_tickets(shown, page.items));
                Ok(())
            }
        })
    };
    let handle = move |name: &str, data: String| match name {
        event::TICKETS => {
            if let Ok(page) = json::read::<Page<Order>>(&data) {
                let _ = tickets.try_update(|shown| live::apply_tickets(shown, page.items));
            }
        }
        _ => {
            if let Ok(change) = json::read(&data) {
                take_in(tickets, &change);
            }
        }
    };
    let stream = format!("{path}/events");
    let connection = events::watch(
        stream,
        &[event::TICKETS, event::CHANGE],
        handle,
        move || {
            first.refresh();
            shared.session.refresh();
        },
    );
    let runs_it = Memo::new(move |_| shared.user().is_some_and(|user| user.runs_stores()));
    let now = RwSignal::new(browser::now());
    let clock = set_interval_with_handle(move || now.set(browser::now()), Duration::from_secs(1));
    on_cleanup(move || {
        if let Ok(clock) = clock {
            clock.clear();
        }
    });
    let stores: Query<Page<Store>> = query(|| "/api/stores".into());
    let name = move || {
        let page = stores.ready()?;
        page.items
            .into_iter()
            .find(|candidate| candidate.id == store)
            .map(|store| store.name)
    };
    view! {
        <div class="board-head">
            <h1 tabindex="-1">{move || name().unwrap_or_else(|| "Board".into())}</h1>
            {move || first.ready().map(|()| view! {
                <p class="board-count" aria-live="polite">{move || count(tickets.read().len())}</p>
                {connection_mark(connection)}
            })}
        </div>
        {move || runs_it.get().then(|| returns::waiting(store))}
        {states::show(first, states::skeleton_cards, move |()| {
            let lanes = LANES.map(|lane| view! { <Lane lane tickets now/> }).into_iter().collect_view();
            view! {
                <div class="board" on:keydown=move |event| walk(&event)>{lanes}</div>
                <p class="hint board-hint"><kbd>"←"</kbd> <kbd>"→"</kbd> " move between tickets, " <kbd>"Enter"</kbd> " moves a ticket on."</p>
            }.into_any()
        })}
    }
}

#[component]
fn Lane(lane: Fulfilment, tickets: RwSignal<Vec<Order>>, now: RwSignal<i64>) -> impl IntoView {
    let mine = Memo::new(move |_| {
        tickets
            .read()
            .iter()
            .filter(|ticket| ticket.fulfilment == lane)
            .cloned()
            .collect::<Vec<_>>()
    });
    let empty = match lane {
        Fulfilment::Waiting => "No one is waiting.",
        Fulfilment::Preparation => "Nothing on the bar.",
        _ => "Nothing to hand over.",
    };
    view! {
        <section class="lane" aria-label=steps::name(lane)>
            <h2>{steps::name(lane)} <span class="lane-count">{move || mine.read().len()}</span></h2>
            {move || mine.read().is_empty().then(|| view! { <p class="lane-empty">{empty}</p> })}
            <ul>
                {rows(move || mine.get().into_iter().map(|ticket| {
                    // How far it has come is part of the key: a ticket that changed is drawn anew.
                    let key = format!("{} {:?}", ticket.id, ticket.standing());
                    Row::new(key, move || card(ticket, tickets, now))
                }).collect())}
            </ul>
        </section>
    }
}

fn card(ticket: Order, tickets: RwSignal<Vec<Order>>, now: RwSignal<i64>) -> AnyView {
    let shared = shared();
    let since = pickup::waits_from(&ticket).timestamp_millis();
    let waited = move || now.get() - since;
    let due = pickup::slot(&ticket).map(|slot| {
        let slot = browser::local_time(slot.timestamp_millis());
        view! { <p class="line-details" data-testid="ticket-due">{icon(Icon::Clock)} " Due " {slot}</p> }
    });
    let age = Memo::new(move |_| ticket::Age::of(waited()));
    let lines = ticket
        .lines
        .iter()
        .map(|line| {
            let options = line
                .options
                .iter()
                .map(|option| view! { <li>{option.name.clone()}</li> })
                .collect_view();
            view! {
                <li>
                    <span class="ticket-line">
                        <b>{line.quantity}"×"</b> <span>{line.product.clone()} " " <small>{line.variation.clone()}</small></span>
                    </span>
                    <ul class="ticket-options">{options}</ul>
                </li>
            }
        })
        .collect_view();
    let (id, number, at) = (ticket.id, ticket.number.clone(), ticket.fulfilment);
    let held = delivery::held_up(&ticket);
    let label = held.or(steps::bump(at)).unwrap_or_default();
    view! {
        <li class="ticket" class:late=move || age.get() == ticket::Age::Late data-testid="ticket" data-number=number.clone()>
            <header>
                <h3>{number.clone()}</h3>
                <p class=move || format!("timer {}", age.get().class())>
                    {move || icon(match age.get() {
                        ticket::Age::OnTime => Icon::Check,
                        ticket::Age::Hurry => Icon::Clock,
                        ticket::Age::Late => Icon::Alert,
                    })}
                    <span class="timer-clock">{move || ticket::timer(waited())}</span>
                    <span class="timer-word">{move || age.get().label()}</span>
                </p>
            </header>
            {due}
            <ul class="ticket-lines">{lines}</ul>
            <p class="line-details">{payment::state(&ticket)}</p>
            <button type="button" class="button wide" data-testid="bump" data-ticket=id.to_string() aria-disabled=held.map(|_| "true")
                aria-label=format!("{number}: {label}") on:click=move |_| if held.is_none() { bump(shared, tickets, id) }>
                {label} {icon(Icon::Next)}
            </button>
        </li>
    }
    .into_any()
}

/// Moves a ticket on: at once on the screen, and back again should the server refuse.
fn bump(shared: Shared, tickets: RwSignal<Vec<Order>>, id: Uuid) {
    let before =
        tickets.with_untracked(|shown| shown.iter().find(|ticket| ticket.id == id).cloned());
    let Some((before, next)) = before.and_then(|ticket| {
        let next = ticket.fulfilment.next()?;
        Some((ticket, next))
    }) else {
        return;
    };
    tickets.update(|shown| {
        if let Some(ticket) = shown.iter_mut().find(|ticket| ticket.id == id) {
            ticket.fulfilment = next;
        }
    });
    keep_focus(id);
    spawn_local(async move {
        match api::advance(id, before.version, next).await {
            Ok(order) => {
                let _ = tickets.try_update(|shown| live::apply_ticket(shown, order));
            }
            Err(failure) => {
                let _ = tickets.try_update(|shown| {
                    if let Some(ticket) = shown
                        .iter_mut()
                        .find(|ticket| ticket.id == id && ticket.version == before.version)
                    {
                        ticket.fulfilment = before.fulfilment;
                    }
                });
                match failure.kind {
                    Kind::Changed => {
                        shared.say(format!("{} was moved by somebody else.", before.number));
                        reread(tickets, id).await;
                    }
                    Kind::SignedOut => shared.say("Your session has ended. Please sign in again."),
                    _ => shared.say(format!(
                        "{} didn't move. Support reference {}.",
                        before.number, failure.trace_id
                    )),
                }
            }
        }
        keep_focus(id);
    });
}

fn take_in(tickets: RwSignal<Vec<Order>>, change: &OrderChange) {
    let applied = tickets.try_update(|shown| live::apply_ticket_change(shown, change));
    if let Some(live::Applied::Unknown(id)) = applied {
        spawn_local(reread(tickets, id));
    }
}

async fn reread(tickets: RwSignal<Vec<Order>>, id: Uuid) {
    // What can't be read now comes with the next snapshot.
    if let Ok(order) = api::get::<Order>(&format!("/api/orders/{id}")).await {
        let _ = tickets.try_update(|shown| live::apply_ticket(shown, order));
    }
}

/// The pressed button is drawn anew in the next lane: the focus follows it, or goes to the first ticket left.
fn keep_focus(id: Uuid) {
    request_animation_frame(move || {
        let lost = document()
            .active_element()
            .is_none_or(|element| element.tag_name() == "BODY");
        if lost {
            let own = format!("[data-ticket=\"{id}\"]");
            if browser::find(&own).is_some() {
                browser::focus(&own);
            } else {
                browser::focus("[data-testid=bump], main h1");
            }
        }
    });
}

/// Arrow keys walk over the tickets, in the order of the board.
fn walk(event: &web_sys::KeyboardEvent) {
    let buttons = browser::find_all("[data-testid=bump]");
    let active = document().active_element();
    let at = buttons
        .iter()
        .position(|button| active.as_ref().is_some_and(|active| **button == *active));
    let target = match (event.key().as_str(), at) {
        ("ArrowRight" | "ArrowDown", Some(at)) => at + 1,
        ("ArrowLeft" | "ArrowUp", Some(at)) => at.saturating_sub(1),
        ("Home", _) => 0,
        ("End", _) => buttons.len().saturating_sub(1),
        _ => return,
    };
    event.prevent_default();
    if let Some(button) = buttons.get(target) {
        // A button can always take the focus.
        let _ = button.focus();
    }
}

fn count(open: usize) -> String {
    match open {
        0 => "All done".into(),
        1 => "1 open ticket".into(),
        many => format!("{many} open tickets"),
    }
}
