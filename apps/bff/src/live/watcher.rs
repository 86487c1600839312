//! Reading snapshots for an open stream, as the person who opened it.
//!
//! Invariant: every snapshot is asked for with a token of a session that still stands; so a stream shows nothing that
//! its person may not read any more.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use bff_api::OrderChange;
use dapr_kit::Reply;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep_until};

use super::seat::{News, Seat};
use crate::error::Error;
use crate::session::{Activity, SessionKey};
use crate::state::App;

/// A stream that heard nothing for so long looks again: nothing that was lost stays unseen for longer.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// After a snapshot that failed.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// What an open stream is made of.
pub(super) struct Watcher {
    app: App,
    seat: Seat,
    path: String,
    look_at: Instant,
}

/// What a watcher comes back with.
pub(super) enum Sight<T> {
    /// The subject changed.
    Change(Arc<OrderChange>),
    /// The subject as it is now.
    Snapshot(T),
    /// The stream is over.
    End,
}

impl Watcher {
    pub(super) fn new(app: App, seat: Seat, path: String) -> Self {
        Self {
            app,
            seat,
            path,
            look_at: Instant::now() + LOOK_AGAIN,
        }
    }

    /// What comes next, once there is something.
    pub(super) async fn next<T: DeserializeOwned>(&mut self) -> Sight<T> {
        loop {
            tokio::select! {
                news = self.seat.news() => match news {
                    News::Change(change) => return Sight::Change(change),
                    News::Missed => {}
                    News::End => return Sight::End,
                },
                () = sleep_until(self.look_at) => {}
            }
            match self.snapshot().await {
                Ok(snapshot) => {
                    self.look_at = Instant::now() + LOOK_AGAIN;
                    return Sight::Snapshot(snapshot);
                }
                Err(error) if is_final(&error) => {
                    tracing::debug!(%error, "a stream ended");
                    return Sight::End;
                }
                Err(error) => {
                    tracing::debug!(%error, "a stream could not look again");
                    self.look_at = Instant::now() + TRY_AGAIN;
                }
            }
        }
    }

    async fn snapshot<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let reply = ask(
            &self.app,
            self.seat.session(),
            &self.path,
            Activity::Background,
        )
        .await?;
        match reply.status {
            StatusCode::OK => Ok(reply.json()?),
            status if status.is_client_error() => Err(Error::NotFound),
            status => Err(Error::UpstreamBroken(status)),
        }
    }
}

/// Asks the order service for `path` as the person of this session.
pub(super) async fn ask(
    app: &App,
    session: &SessionKey,
    path: &str,
    activity: Activity,
) -> Result<Reply, Error> {
    let token = app.user_token(session, "order", activity).await?;
    Ok(app
        .dapr
        .invoke("order", Method::GET, path)
        .bearer(&token)
        .send()
        .await?)
}

fn is_final(error: &Error) -> bool {
    matches!(error, Error::SessionEnded | Error::NotFound)
}
