//! The stream of one order: the whole order, then each transition.
//!
//! Invariant: where the order stands only rises: its version, and of one version where its courier is.

use std::convert::Infallible;

use axum::http::StatusCode;
use axum::response::sse::Event;
use bff_api::{Order, event};
use futures::Stream;
use futures::stream::{self, StreamExt as _};
use uuid::Uuid;

use super::hub::Subject;
use super::watcher::{Sight, Watcher, ask};
use crate::error::Error;
use crate::session::{Activity, SessionKey};
use crate::state::App;

/// What a person gets who opens an order's stream: events, or the order service's refusal.
pub async fn order_stream(
    app: App,
    session: SessionKey,
    order: Uuid,
) -> Result<impl Stream<Item = Result<Event, Infallible>> + Send + 'static, Error> {
    // First the seat, then the snapshot: what happens between the two is heard.
    let seat = app.hub.watch(Subject::Order(order), session.clone())?;
    let path = format!("/v1/orders/{order}");
    let reply = ask(&app, &session, &path, Activity::Person).await?;
    if reply.status != StatusCode::OK {
        return Err(Error::Answered(Box::new(reply)));
    }
    let first: Order = reply.json()?;
    let standing = first.standing();
    let watcher = Watcher::new(app, seat, path);
    let rest = stream::unfold(
        (watcher, standing),
        |(mut watcher, mut standing)| async move {
            loop {
                let event = match watcher.next::<Order>().await {
                    Sight::End => return None,
                    Sight::Change(change) if change.standing() > standing => {
                        standing = change.standing();
                        Event::default().event(event::CHANGE).json_data(&*change)
                    }
                    Sight::Snapshot(order) if order.standing() > standing => {
                        standing = order.standing();
                        Event::default().event(event::ORDER).json_data(&order)
                    }
                    Sight::Change(_) | Sight::Snapshot(_) => continue,
                };
                // A struct of strings and numbers always serialises.
                return Some((Ok(event.ok()?), (watcher, standing)));
            }
        },
    );
    let first = Event::default().event(event::ORDER).json_data(&first).ok();
    Ok(stream::iter(first.map(Ok)).chain(rest))
}
