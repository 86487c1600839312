//! The stream of a store's board: all open tickets, then each transition of any order of the store.
//!
//! Invariant: where each order stands only rises: its version, and of one version where its courier is.

use std::collections::HashMap;
use std::convert::Infallible;

use axum::http::StatusCode;
use axum::response::sse::Event;
use bff_api::{Order, Page, Standing, event};
use futures::Stream;
use futures::stream::{self, StreamExt as _};
use uuid::Uuid;

use super::hub::Subject;
use super::watcher::{Sight, Watcher, ask};
use crate::error::Error;
use crate::session::{Activity, SessionKey};
use crate::state::App;

/// What a person gets who opens a board's stream: events, or the order service's refusal.
pub async fn ticket_stream(
    app: App,
    session: SessionKey,
    store: Uuid,
) -> Result<impl Stream<Item = Result<Event, Infallible>> + Send + 'static, Error> {
    let seat = app.hub.watch(Subject::Store(store), session.clone())?;
    let path = format!("/v1/stores/{store}/tickets");
    let reply = ask(&app, &session, &path, Activity::Person).await?;
    if reply.status != StatusCode::OK {
        return Err(Error::Answered(Box::new(reply)));
    }
    let first: Page<Order> = reply.json()?;
    let mut shown = Shown::default();
    shown.take(&first);
    let watcher = Watcher::new(app, seat, path);
    let rest = stream::unfold((watcher, shown), |(mut watcher, mut shown)| async move {
        loop {
            let event = match watcher.next::<Page<Order>>().await {
                Sight::End => return None,
                Sight::Change(change) if shown.is_news(change.order_id, change.standing()) => {
                    Event::default().event(event::CHANGE).json_data(&*change)
                }
                Sight::Snapshot(tickets) if shown.take(&tickets) => {
                    Event::default().event(event::TICKETS).json_data(&tickets)
                }
                Sight::Change(_) | Sight::Snapshot(_) => continue,
            };
            // A struct of strings and numbers always serialises.
            return Some((Ok(event.ok()?), (watcher, shown)));
        }
    });
    let first = Event::default()
        .event(event::TICKETS)
        .json_data(&first)
        .ok();
    Ok(stream::iter(first.map(Ok)).chain(rest))
}

/// The newest of each order that the stream has carried.
#[derive(Default)]
struct Shown {
    standings: HashMap<Uuid, Standing>,
    open: usize,
}

impl Shown {
    /// Notes a change; false when it is old.
    fn is_news(&mut self, order: Uuid, standing: Standing) -> bool {
        let known = self.standings.entry(order).or_insert((0, None));
        let news = standing > *known;
        *known = standing.max(*known);
        news
    }

    /// Notes a snapshot; false when it holds nothing that the stream has not carried.
    fn take(&mut self, tickets: &Page<Order>) -> bool {
        let mut news = tickets.items.len() != self.open;
        self.open = tickets.items.len();
        for order in &tickets.items {
            news |= self.is_news(order.id, order.standing());
        }
        news
    }
}
