//! The stand-in in Stripe's words: payment intents with a state, refunds of them, lists of both, and a search.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use serde_json::{Value, json};

use super::{Asked, Books, Decision, Entry, Provider, key};
use crate::world::morning;

/// The version that the adapter is to ask for.
pub const VERSION: &str = "2026-08-26.dahlia";

type Fields = HashMap<String, String>;

pub fn router(provider: Provider) -> Router {
    Router::new()
        .route("/payment_intents", post(authorise).get(list))
        .route("/payment_intents/search", get(search))
        .route("/payment_intents/{id}", get(one))
        .route("/payment_intents/{id}/capture", post(capture))
        .route("/payment_intents/{id}/cancel", post(cancel))
        .route("/refunds", post(refund).get(refunds))
        .with_state(provider)
}

/// What it answers.
pub fn say(books: &Books, entry: &Entry) -> (StatusCode, Value) {
    let it = &entry.it;
    let intent = || {
        let id = it.of.clone().unwrap_or_else(|| it.id.clone());
        let intent = books.entries.iter().find(|one| one.it.id == id);
        render(books, intent.unwrap_or(entry))
    };
    match (&entry.decision, it.kind) {
        (Decision::Done, "refund") => (StatusCode::OK, render_refund(books, entry)),
        // As it was right after this, whatever came of it since.
        (Decision::Done, kind) => {
            let mut intent = intent();
            intent["status"] = match kind {
                "authorisation" => json!("requires_capture"),
                "capture" => json!("succeeded"),
                _ => json!("canceled"),
            };
            (StatusCode::OK, intent)
        }
        (Decision::Declined, _) => {
            let mut error = decline();
            error["payment_intent"] = intent();
            (StatusCode::PAYMENT_REQUIRED, json!({ "error": error }))
        }
        (Decision::Refused(reason), "refund") => fault(reason, None),
        (Decision::Refused(_), _) => fault("payment_intent_unexpected_state", Some(&intent())),
    }
}

fn decline() -> Value {
    json!({
        "type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
        "message": "Your card has insufficient funds.",
    })
}

fn fault(code: &str, intent: Option<&Value>) -> (StatusCode, Value) {
    let error = json!({"type": "invalid_request_error", "code": code, "payment_intent": intent});
    (StatusCode::BAD_REQUEST, json!({ "error": error }))
}

/// An intent as it is now.
fn render(books: &Books, entry: &Entry) -> Value {
    let it = &entry.it;
    let captured = books.sum("capture", Some(&it.id));
    let declined = matches!(entry.decision, Decision::Declined);
    let status = if declined {
        "requires_payment_method"
    } else if captured > 0 {
        "succeeded"
    } else if books.sum("void", Some(&it.id)) > 0 {
        "canceled"
    } else {
        "requires_capture"
    };
    json!({
        "id": it.id, "object": "payment_intent", "status": status, "created": morning().timestamp(),
        "amount": it.amount, "amount_received": captured, "currency": it.currency.to_lowercase(),
        "capture_method": "manual", "last_payment_error": declined.then(decline),
        "metadata": {"order": it.reference, "operation": entry.key},
    })
}

fn render_refund(books: &Books, entry: &Entry) -> Value {
    let it = &entry.it;
    let capture = books.done().find(|done| Some(&done.id) == it.of.as_ref());
    // Who gives something back at the dashboard attaches nothing to it.
    let metadata = if entry.key.starts_with("planted") {
        json!({})
    } else {
        json!({"order": it.reference, "operation": entry.key})
    };
    json!({
        "id": it.id, "object": "refund", "status": "succeeded", "amount": it.amount,
        "currency": it.currency.to_lowercase(), "created": morning().timestamp(),
        "payment_intent": capture.and_then(|capture| capture.of.clone()),
        "metadata": metadata,
    })
}

/// What holds for every request.
fn check(headers: &HeaderMap) {
    assert_eq!(headers["stripe-version"], VERSION);
    assert!(
        !headers.contains_key("authorization"),
        "the key is the sidecar's to add"
    );
}

fn asked(headers: &HeaderMap, kind: &'static str, of: Option<String>, form: &Fields) -> Asked {
    check(headers);
    let key = key(headers);
    if let Some(operation) = form.get("metadata[operation]") {
        assert_eq!(*operation, key);
    }
    let amount = ["amount", "amount_to_capture"]
        .iter()
        .find_map(|name| form.get(*name));
    let mut said: Vec<_> = form
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    said.sort();
    Asked {
        key,
        kind,
        of,
        reference: form.get("metadata[order]").cloned(),
        amount: amount.map(|amount| amount.parse().expect("a number")),
        said: said.join("&"),
    }
}

async fn answer(provider: &Provider, asked: Asked) -> Response {
    let reused = provider
        .books()
        .find(&asked.key)
        .is_some_and(|entry| entry.said != asked.said);
    if reused {
        let error = json!({"type": "idempotency_error", "code": "idempotency_key_in_use"});
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response();
    }
    provider.answer(asked).await
}

async fn authorise(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(form): Form<Fields>,
) -> Response {
    for (name, value) in [
        ("capture_method", "manual"),
        ("confirm", "true"),
        ("error_on_requires_action", "true"),
        ("currency", "eur"),
    ] {
        assert_eq!(form[name], value, "{name}");
    }
    assert!(!form["payment_method"].is_empty());
    let asked = asked(&headers, "authorisation", None, &form);
    answer(&provider, asked).await
}

async fn capture(
    State(provider): State<Provider>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Fields>,
) -> Response {
    answer(&provider, asked(&headers, "capture", Some(id), &form)).await
}

async fn cancel(
    State(provider): State<Provider>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Fields>,
) -> Response {
    answer(&provider, asked(&headers, "void", Some(id), &form)).await
}

async fn refund(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(form): Form<Fields>,
) -> Response {
    // In the books a refund is one of a capture.
    let capture = {
        let books = provider.books();
        let mut done = books.done();
        let capture = done
            .find(|done| done.kind == "capture" && done.of.as_ref() == form.get("payment_intent"));
        capture.expect("a captured intent").id.clone()
    };
    answer(&provider, asked(&headers, "refund", Some(capture), &form)).await
}

/// Answers a question, if it answers any.
fn tell(provider: &Provider, headers: &HeaderMap, what: impl FnOnce(&Books) -> Value) -> Response {
    check(headers);
    let mut books = provider.books();
    books.looked_up += 1;
    if books.silent {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    Json(what(&books)).into_response()
}

/// The page that is asked for, of all there is, newest first.
fn page(all: Vec<Value>, query: &Fields) -> Value {
    let limit: usize = query["limit"].parse().expect("a number");
    let after = query.get("starting_after");
    let begin = after.map_or(0, |id| {
        1 + all
            .iter()
            .position(|one| one["id"] == **id)
            .expect("one of the list")
    });
    let has_more = all.len() > begin + limit;
    let data: Vec<_> = all.into_iter().skip(begin).take(limit).collect();
    json!({"object": "list", "data": data, "has_more": has_more})
}

fn intents(books: &Books) -> Vec<Value> {
    let all = books.entries.iter().rev();
    all.filter(|entry| entry.it.kind == "authorisation")
        .map(|entry| render(books, entry))
        .collect()
}

/// Keeps what is older than is asked for.
fn before(all: &mut Vec<Value>, query: &Fields) {
    if let Some(until) = query.get("created[lt]") {
        let until: i64 = until.parse().expect("a number");
        all.retain(|one| one["created"].as_i64() < Some(until));
    }
}

async fn list(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Query(query): Query<Fields>,
) -> Response {
    let since: i64 = query["created[gte]"].parse().expect("a number");
    tell(&provider, &headers, |books| {
        let mut all = intents(books);
        all.retain(|one| one["created"].as_i64() >= Some(since));
        before(&mut all, &query);
        page(all, &query)
    })
}

async fn search(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Query(query): Query<Fields>,
) -> Response {
    let key = query["query"].strip_prefix("metadata['operation']:'");
    let key = key.and_then(|key| key.strip_suffix('\'')).expect("a key");
    tell(&provider, &headers, |books| {
        let mut found = intents(books);
        found.retain(|one| one["metadata"]["operation"] == key);
        json!({"object": "search_result", "data": found, "has_more": false})
    })
}

async fn one(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    tell(&provider, &headers, |books| {
        let entry = books.entries.iter().find(|entry| entry.it.id == id);
        entry.map_or(Value::Null, |entry| render(books, entry))
    })
}

async fn refunds(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Query(query): Query<Fields>,
) -> Response {
    tell(&provider, &headers, |books| {
        let all = books.entries.iter().rev();
        let done = all
            .filter(|entry| entry.it.kind == "refund" && matches!(entry.decision, Decision::Done));
        let mut refunds: Vec<_> = done.map(|entry| render_refund(books, entry)).collect();
        if let Some(of) = query.get("payment_intent") {
            refunds.retain(|one| one["payment_intent"] == **of);
        }
        before(&mut refunds, &query);
        let mut page = page(refunds, &query);
        if let Some(what) = query.get("expand[]") {
            assert_eq!(what, "data.payment_intent");
            for one in page["data"].as_array_mut().expect("a list") {
                let intent = intents(books);
                let intent = intent
                    .into_iter()
                    .find(|it| it["id"] == one["payment_intent"]);
                one["payment_intent"] = intent.unwrap_or_default();
            }
        }
        page
    })
}
