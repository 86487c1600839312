//! `GET /api/stores/{id}/tickets/events`: a store's board as it changes.

use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::Event;
use futures::Stream;
use service::extract::Path;
use uuid::Uuid;

use crate::error::Error;
use crate::live::{self, heartbeat};
use crate::state::App;

/// The handler.
pub async fn handle(
    State(app): State<App>,
    Path(store): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Error> {
    let session = app.session_of(&headers)?;
    let events = live::ticket_stream(app, session, store).await?;
    Ok(Sse::new(events).keep_alive(heartbeat()))
}
