//! The stand-in in the acquirer's words.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Asked, Books, Decision, Done, Entry, Provider, key};
use crate::world::morning;

/// So few that lists have pages.
const PAGE: usize = 3;

pub fn router(provider: Provider) -> Router {
    Router::new()
        .route("/authorisations", post(authorise))
        .route("/authorisations/{id}/captures", post(capture))
        .route("/authorisations/{id}/voids", post(void))
        .route("/captures/{id}/refunds", post(refund))
        .route("/operations", get(operations))
        .route("/transactions", get(transactions))
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
        "amount": {"amount": it.amount, "currency": it.currency},
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

/// A purchase as it stands, or a refund.
fn transaction(books: &Books, key: &str, it: &Done) -> Option<Value> {
    let money = |amount: i64| json!({"amount": amount, "currency": it.currency});
    let mut shown = json!({
        "id": it.id, "kind": it.kind, "key": key, "reference": it.reference, "amount": money(it.amount),
        "at": morning(),
    });
    let of_it = |kind: &'static str| {
        let done = books.done();
        done.filter(move |done| done.kind == kind && done.of.as_ref() == Some(&it.id))
    };
    match it.kind {
        "authorisation" => {
            let captures =
                of_it("capture").map(|done| json!({"id": done.id, "amount": money(done.amount)}));
            shown["captures"] = captures.collect();
            shown["voided"] = json!(of_it("void").next().is_some());
        }
        "refund" => shown["capture"] = json!(it.of),
        _ => return None,
    }
    Some(shown)
}

async fn transactions(
    State(provider): State<Provider>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let mut books = provider.books();
    books.looked_up += 1;
    if books.silent {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let [from, to] = ["from", "to"].map(|name| {
        let instant: DateTime<Utc> = query[name].parse().expect("an instant");
        instant
    });
    let after: usize = query
        .get("cursor")
        .map_or(0, |cursor| cursor.parse().expect("ours"));
    let all = books.entries.iter().enumerate().skip(after);
    let done = all
        .filter(|(_, entry)| matches!(entry.decision, Decision::Done))
        .filter(|_| (from..to).contains(&morning()));
    let mut listed: Vec<_> = done
        .filter_map(|(place, entry)| Some((place, transaction(&books, &entry.key, &entry.it)?)))
        .take(PAGE + 1)
        .collect();
    let more = listed.len() > PAGE;
    listed.truncate(PAGE);
    let next = listed.last().filter(|_| more);
    let next = next.map(|(place, _)| (place + 1).to_string());
    let items: Vec<_> = listed.into_iter().map(|(_, shown)| shown).collect();
    Json(json!({"items": items, "next": next})).into_response()
}
