//! `GET /v1/operations?key=` and `?reference=`: what became of a request whose answer was lost, and of a purchase.
//!
//! Invariant: 404 means that nothing was done under the key so far.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Error;
use crate::operation::{Key, Operation};
use crate::state::App;

/// One of the two.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    key: Option<String>,
    reference: Option<String>,
}

/// Answers the operation under a key, or the list of a purchase's, oldest first.
pub async fn handler(
    State(app): State<App>,
    query: Result<axum::extract::Query<Query>, QueryRejection>,
) -> Result<Response, Error> {
    let axum::extract::Query(query) =
        query.map_err(|rejection| Error::Invalid(rejection.body_text()))?;
    match (query.key, query.reference) {
        (Some(key), None) => {
            let operation = app.bank.under(&Key(key)).await?;
            let operation = operation.ok_or(Error::NoOperation)?;
            Ok(Json(stored(&operation)).into_response())
        }
        (None, Some(reference)) => {
            let operations = app.bank.of_reference(&reference).await?;
            let items: Vec<_> = operations.iter().map(stored).collect();
            Ok(Json(json!({ "items": items })).into_response())
        }
        _ => Err(Error::Invalid(
            "ask by key or by reference, not by both".to_owned(),
        )),
    }
}

/// The answer as it was given, or would have been.
fn stored(operation: &Operation) -> Value {
    json!({
        "key": operation.key,
        "status_code": operation.status_code().as_u16(),
        "response": operation.response(),
    })
}
