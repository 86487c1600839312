//! Calls to the BFF: one fetch each, with a trace and a deadline.
//!
//! Invariant: whatever happens comes back as a value or a [`Failure`]; nothing is thrown at the page.

use bff_api::{
    Advance, Fulfilment, IDEMPOTENCY_KEY, Order, PlaceOrder, REQUEST_HEADER, REQUEST_HEADER_VALUE,
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestInit, Response};

use super::browser;
use crate::{failure::Failure, trace::Trace};

/// Longest wait for an answer, in milliseconds.
const PATIENCE: u32 = 20_000;

/// Reads a resource.
pub async fn get<T: DeserializeOwned>(path: &str) -> Result<T, Failure> {
    let (trace, body) = call("GET", path, &[], None).await?;
    read(&trace, &body)
}

/// Places an order; repeating it with the same key is harmless.
pub async fn place(order: &PlaceOrder, key: &str) -> Result<Order, Failure> {
    command("/api/orders", &[(IDEMPOTENCY_KEY, key)], order).await
}

/// Moves an order to its next step, if it still has the version that was seen.
pub async fn advance(order: Uuid, version: i64, status: Fulfilment) -> Result<Order, Failure> {
    let path = format!("/api/orders/{order}/fulfilment");
    let seen = format!("\"{version}\"");
    command(&path, &[("if-match", &seen)], &Advance { status }).await
}

/// Calls an order off; repeating it is harmless.
pub async fn cancel(order: Uuid) -> Result<Order, Failure> {
    let path = format!("/api/orders/{order}/cancellation");
    let headers = [(REQUEST_HEADER, REQUEST_HEADER_VALUE)];
    let (trace, body) = call("POST", &path, &headers, None).await?;
    read(&trace, &body)
}

/// Ends the session.
pub async fn sign_out() -> Result<(), Failure> {
    let headers = [(REQUEST_HEADER, REQUEST_HEADER_VALUE)];
    call("DELETE", "/api/session", &headers, None)
        .await
        .map(|_| ())
}

async fn command<T: DeserializeOwned>(
    path: &str,
    extra: &[(&str, &str)],
    body: &impl Serialize,
) -> Result<T, Failure> {
    let mut headers = vec![
        (REQUEST_HEADER, REQUEST_HEADER_VALUE),
        ("content-type", "application/json"),
    ];
    headers.extend_from_slice(extra);
    let json = serde_json::to_string(body).map_err(|_| Failure::unreadable(""))?;
    let (trace, body) = call("POST", path, &headers, Some(&json)).await?;
    read(&trace, &body)
}

fn read<T: DeserializeOwned>(trace: &Trace, body: &str) -> Result<T, Failure> {
    serde_json::from_str(body).map_err(|_| Failure::unreadable(trace.id()))
}

/// The answer's body, if it is a success.
async fn call(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Result<(Trace, String), Failure> {
    let trace = Trace::from_random(browser::random_id(), browser::random_id());
    let answer = exchange(method, path, headers, body, &trace).await;
    let (status, text) = answer.map_err(|_| Failure::unreachable(trace.id()))?;
    if (200..300).contains(&status) {
        Ok((trace, text))
    } else {
        Err(Failure::answered(status, &text, trace.id()))
    }
}

async fn exchange(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
    trace: &Trace,
) -> Result<(u16, String), JsValue> {
    let sent = Headers::new()?;
    sent.set("accept", "application/json")?;
    sent.set("traceparent", &trace.header())?;
    for (name, value) in headers {
        sent.set(name, value)?;
    }
    let init = RequestInit::new();
    init.set_method(method);
    init.set_headers(&sent);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE)));
    if let Some(body) = body {
        init.set_body(&body.into());
    }
    let response = JsFuture::from(leptos::prelude::window().fetch_with_str_and_init(path, &init))
        .await?
        .dyn_into::<Response>()?;
    let text = JsFuture::from(response.text()?).await?;
    Ok((response.status(), text.as_string().unwrap_or_default()))
}
