//! The routes of a service's dead letters: the sidecar brings them, operators look at them and redrive them.
//!
//! Invariant: a letter is acknowledged only when it is stored, whatever is in it, because nothing comes after the dead
//! letters; a redriven event's effect and the mark on its letter are one transaction.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use service::auth::Principal;
use service::database;
use service::delivery::NotTaken;
use service::extract::{Path, Query};
use service::openapi::Document;
use service::page::{Page, PageQuery};
use service::problem::Problem;
use uuid::Uuid;

use super::DeadLetter;
use crate::Consumer;

/// Where the sidecar says which topic a delivery comes from. The event's own `topic` names the one that it was
/// published to first.
const TOPIC: &str = "__topic";

/// `POST /events/dead`: a delivery on any dead-letter topic. Answers 204, or an error that has it delivered again.
pub async fn keep<C: Consumer>(
    State(consumer): State<C>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    // What is no JSON is kept as the text that it is.
    let event = serde_json::from_slice(&body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
    let topic = headers
        .get(TOPIC)
        .and_then(|topic| topic.to_str().ok())
        .or_else(|| event["topic"].as_str())
        .unwrap_or("unknown");
    let now = consumer.clock().now();
    stored(async {
        let mut connection = consumer.db().acquire().await?;
        super::keep(&mut connection, topic, &event, now).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /v1/dead-letters`: what was given up, newest first. Answers 200 with a page, or 422 `invalid-query`.
pub async fn list<C: Consumer>(
    State(consumer): State<C>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<DeadLetter>>, Problem> {
    let (limit, cursor) = (query.limit()?, query.cursor()?);
    let before = cursor.map(|cursor| cursor.0);
    let letters = stored(async {
        let mut connection = consumer.db().acquire().await?;
        super::list(&mut connection, before, limit + 1).await
    })
    .await?;
    Ok(Json(Page::cut(letters, limit, |letter| letter.id)))
}

/// `POST /v1/dead-letters/{id}/redrive`: an event is handled after all, once. Answers 200 with its letter; 404
/// `dead-letter-not-found`, 409 `dead-letter-unusable`.
pub async fn redrive<C: Consumer>(
    State(consumer): State<C>,
    principal: Principal,
    Path(id): Path<Uuid>,
) -> Result<Json<DeadLetter>, Problem> {
    let mut transaction = stored(database::begin(consumer.db())).await?;
    let letter = stored(super::find_for_update(&mut transaction, id)).await?;
    let mut letter = letter.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "dead-letter-not-found",
            "There is no such dead letter",
        )
    })?;
    if letter.redriven_at.is_some() {
        return Ok(Json(letter));
    }
    let event = serde_json::from_value(letter.event.clone()).map_err(NotTaken::from)?;
    consumer.take(&mut transaction, event).await?;
    let now = consumer.clock().now();
    stored(super::mark_redriven(&mut transaction, id, now)).await?;
    stored(transaction.commit()).await?;
    consumer.taken();
    letter.redriven_at = Some(now);
    tracing::info!(user.id = principal.subject, dead_letter.id = %id, "a dead letter was redriven");
    Ok(Json(letter))
}

/// Says in a service's document what these routes answer.
pub fn describe(it: &mut Document) {
    it.row(
        Method::GET,
        "/v1/dead-letters",
        "listDeadLetters",
        "Events that were given up, newest first.",
    )
    .json::<Page<DeadLetter>>(200, "A page.");
    it.row(
        Method::POST,
        "/v1/dead-letters/{id}/redrive",
        "redriveDeadLetter",
        "Has an event handled after all, once.",
    )
    .json::<DeadLetter>(200, "Its letter.")
    .refuses(404, "dead-letter-not-found")
    .refuses(409, "dead-letter-unusable");
    it.row(
        Method::POST,
        "/events/dead",
        "keepDeadLetter",
        "Keeps a delivery that was given up.",
    )
    .bare(204, "Kept.")
    .refuses(409, "dead-letter-unusable")
    .refuses(503, "unavailable");
}

/// What the database answers, or what a caller is told of its failure.
async fn stored<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, NotTaken> {
    Ok(answer.await?)
}
