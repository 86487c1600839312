//! Server-sent events: one stream per screen, opened again for as long as the screen is there.
//!
//! Invariant: the stream ends with the screen that opened it.

use std::{cell::RefCell, rc::Rc, time::Duration};

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{EventSource, MessageEvent};

/// Wait before a stream the server closed is opened again.
const PAUSE: Duration = Duration::from_secs(2);

/// How the stream is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Not yet open.
    Connecting,
    /// What is shown is of now.
    Live,
    /// Was open, and is being opened again.
    Reconnecting,
}

type Handler = Rc<dyn Fn(&str, String)>;
type Listener = Closure<dyn Fn(MessageEvent)>;

struct Stream {
    source: EventSource,
    _listeners: Vec<Listener>,
    _state: [Closure<dyn Fn()>; 2],
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}

/// Opens a stream. `handle` gets each event's name and data; `lost` runs when the server ended the stream, so that the
/// screen can find out by an ordinary request why (a stream's status is not shown to scripts).
#[must_use]
pub fn watch(
    path: String,
    names: &'static [&'static str],
    handle: impl Fn(&str, String) + 'static,
    lost: impl Fn() + 'static,
) -> RwSignal<Connection> {
    let connection = RwSignal::new(Connection::Connecting);
    let slot: Slot = StoredValue::new_local(None);
    let plan = Rc::new(Plan {
        path,
        names,
        handle: Rc::new(handle),
        lost: Box::new(lost),
        connection,
        slot,
        waiting: RefCell::new(false),
    });
    Plan::open(&plan);
    connection
}

type Slot = StoredValue<Option<Stream>, LocalStorage>;

struct Plan {
    path: String,
    names: &'static [&'static str],
    handle: Handler,
    lost: Box<dyn Fn()>,
    connection: RwSignal<Connection>,
    /// Owned by the screen: emptied, and with it the stream closed, when the screen goes.
    slot: Slot,
    waiting: RefCell<bool>,
}

impl Plan {
    fn open(plan: &Rc<Plan>) {
        if plan.slot.is_disposed() {
            return;
        }
        let Ok(source) = EventSource::new(&plan.path) else {
            return;
        };
        let mut listeners = Vec::new();
        for name in plan.names {
            let handle = plan.handle.clone();
            let listener = Listener::new(move |event: MessageEvent| {
                handle(name, event.data().as_string().unwrap_or_default());
            });
            // A listener on a fresh source is never refused.
            let _ =
                source.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
            listeners.push(listener);
        }
        let (opened, failed) = (plan.clone(), plan.clone());
        let on_open = Closure::<dyn Fn()>::new(move || opened.say(Connection::Live));
        let watched = source.clone();
        let on_error = Closure::<dyn Fn()>::new(move || {
            failed.say(Connection::Reconnecting);
            if watched.ready_state() == EventSource::CLOSED {
                Plan::open_later(&failed);
            }
        });
        source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        plan.slot.try_set_value(Some(Stream {
            source,
            _listeners: listeners,
            _state: [on_open, on_error],
        }));
    }

    fn open_later(plan: &Rc<Plan>) {
        if plan.waiting.replace(true) {
            return;
        }
        (plan.lost)();
        let plan = plan.clone();
        set_timeout(
            move || {
                plan.waiting.replace(false);
                Plan::open(&plan);
            },
            PAUSE,
        );
    }

    fn say(&self, state: Connection) {
        // The screen may be gone already; then nobody asks.
        let _ = self.connection.try_set(state);
    }
}
