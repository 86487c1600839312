//! The stand-in in the acquirer's words.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{Asked, Decision, Entry, Provider, key};

pub fn router(provider: Provider) -> Router {
    Router::new()
        .route("/authorisations", post(authorise))
        .route("/authorisations/{id}/captures", post(capture))
        .route("/authorisations/{id}/voids", post(void))
        .route("/captures/{id}/refunds", post(refund))
        .route("/operations", get(operations))
        .with_state(provider)
}

/// What it answers.
pub fn say(entry: &Entry) -> (StatusCode, Value) {
    let it = &entry.it;
    let status = match (&entry.decision, it.kind) {
        (Decision::Refused(error), _) => return (StatusCode::CONFLICT, json!({ "error": error })),
        (Decision::Declined, _) => "declined",
        (Decision::Done, "authorisation") => "authorised",
        (Decision::Done, "capture") => "captured",
        (Decision::Done, "void") => "voided",
        (Decision::Done, _) => "refunded",
    };
    let mut body = json!({
        "id": it.id, "kind": it.kind, "reference": it.reference, "status": status,
        "amount": {"amount": it.amount, "currency": "EUR"},
    });
    if status == "declined" {
        body["decline_code"] = json!("insufficient_funds");
        return (StatusCode::PAYMENT_REQUIRED, body);
    }
    (StatusCode::CREATED, body)
}

fn asked(headers: &HeaderMap, kind: &'static str, of: Option<String>, body: &Value) -> Asked {
    Asked {
        key: key(headers),
        kind,
        of,
        reference: body["reference"].as_str().map(str::to_owned),
        amount: body["amount"]["amount"].as_i64(),
        said: body.to_string(),
    }
}

async fn authorise(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let asked = asked(&headers, "authorisation", None, &body);
    provider.answer(asked).await
}

async fn capture(
    State(provider): State<Provider>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let asked = asked(&headers, "capture", Some(id), &body);
    provider.answer(asked).await
}

async fn void(
    State(provider): State<Provider>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let asked = asked(&headers, "void", Some(id), &body);
    provider.answer(asked).await
}

async fn refund(
    State(provider): State<Provider>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let asked = asked(&headers, "refund", Some(id), &body);
    provider.answer(asked).await
}

async fn operations(
    State(provider): State<Provider>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let mut books = provider.books();
    books.looked_up += 1;
    if books.silent {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let key = &query["key"];
    match books.find(key).map(say) {
        Some((status, response)) => Json(json!({
            "key": key, "status_code": status.as_u16(), "response": response,
        }))
        .into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({"error": "unknown_key"}))).into_response(),
    }
}
