//! Calls to the BFF: one fetch each, with a trace and a deadline.
//!
//! Invariant: whatever happens comes back as a value or a [`Failure`]; nothing is thrown at the page.

use bff_api::{
    Advance, AskDelivery, AskQuote, Basket, DeliveryQuote, Fulfilment, IDEMPOTENCY_KEY, Order,
    PlaceOrder, Quote, REQUEST_HEADER, REQUEST_HEADER_VALUE, Rejection, Return,
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestInit, Response};

use super::browser;
use crate::{failure::Failure, json, sync::Request, trace::Trace};

/// Longest wait for an answer, in milliseconds.
const PATIENCE: u32 = 20_000;

const BASKET: &str = "/api/basket";

/// An answer, read whole.
struct Answer {
    status: u16,
    etag: Option<String>,
    body: String,
}

/// Reads a resource.
pub async fn get<T: DeserializeOwned>(path: &str) -> Result<T, Failure> {
    let (trace, answer) = call("GET", path, &[], None).await?;
    read(&trace, &answer.body)
}

/// What the server keeps for this browser or person, with its version if there is something.
pub async fn kept<T: DeserializeOwned>(path: &str) -> Result<(T, Option<String>), Failure> {
    let (trace, answer) = call("GET", path, &[], None).await?;
    Ok((read(&trace, &answer.body)?, answer.etag))
}

/// Writes in place of the version that was seen, or of nothing; answers as [`kept`] does.
pub async fn write<T: Serialize + DeserializeOwned>(
    path: &str,
    value: &T,
    etag: Option<&str>,
) -> Result<(T, Option<String>), Failure> {
    let headers = [
        (REQUEST_HEADER, REQUEST_HEADER_VALUE),
        ("content-type", "application/json"),
        match etag {
            Some(etag) => ("if-match", etag),
            None => ("if-none-match", "*"),
        },
    ];
    let json = serde_json::to_string(value).map_err(|_| Failure::unreadable(""))?;
    let (trace, answer) = call("PUT", path, &headers, Some(&json)).await?;
    Ok((read(&trace, &answer.body)?, answer.etag))
}

/// The basket as the server has it.
pub async fn basket() -> Result<(Basket, Option<String>), Failure> {
    kept(BASKET).await
}

/// Writes the basket, or takes it away; answers as [`basket`] does.
pub async fn keep(request: &Request) -> Result<(Basket, Option<String>), Failure> {
    match request {
        Request::Write(basket, etag) => write(BASKET, basket, etag.as_deref()).await,
        Request::Remove(etag) => {
            let headers = [
                (REQUEST_HEADER, REQUEST_HEADER_VALUE),
                ("if-match", etag.as_str()),
            ];
            call("DELETE", BASKET, &headers, None).await?;
            Ok((Basket::default(), None))
        }
    }
}

/// Places an order; repeating it with the same key is harmless.
pub async fn place(order: &PlaceOrder, key: &str) -> Result<Order, Failure> {
    command("/api/orders", &[(IDEMPOTENCY_KEY, key)], order).await
}

/// Asks what an order costs, and for the right to order at that.
pub async fn quote(wish: &AskQuote) -> Result<Quote, Failure> {
    command("/api/quotes", &[], wish).await
}

/// Asks what it costs to bring something to an address.
pub async fn delivery_quote(wish: &AskDelivery) -> Result<DeliveryQuote, Failure> {
    command("/api/delivery-quotes", &[], wish).await
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
    let answer = demand(&path).await?;
    read(&answer.0, &answer.1)
}

/// Lets a return go on, or not and says why.
pub async fn decide(it: Uuid, why_not: Option<String>) -> Result<(), Failure> {
    match why_not {
        None => demand(&format!("/api/returns/{it}/approval"))
            .await
            .map(drop),
        Some(note) => {
            let path = format!("/api/returns/{it}/rejection");
            command::<Return>(&path, &[], &Rejection { note })
                .await
                .map(drop)
        }
    }
}

/// A command that its path says all of.
async fn demand(path: &str) -> Result<(Trace, String), Failure> {
    let headers = [(REQUEST_HEADER, REQUEST_HEADER_VALUE)];
    let (trace, answer) = call("POST", path, &headers, None).await?;
    Ok((trace, answer.body))
}

/// Reads a paper as it is printed.
pub async fn text(path: &str) -> Result<String, Failure> {
    let (_, answer) = call("GET", path, &[("accept", "text/plain")], None).await?;
    Ok(answer.body)
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
    let (trace, answer) = call("POST", path, &headers, Some(&json)).await?;
    read(&trace, &answer.body)
}

fn read<T: DeserializeOwned>(trace: &Trace, body: &str) -> Result<T, Failure> {
    json::read(body).map_err(|_| Failure::unreadable(trace.id()))
}

/// The answer, if it is a success.
async fn call(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Result<(Trace, Answer), Failure> {
    let trace = Trace::from_random(browser::random_id(), browser::random_id());
    let answer = exchange(method, path, headers, body, &trace).await;
    let answer = answer.map_err(|_| Failure::unreachable(trace.id()))?;
    if (200..300).contains(&answer.status) {
        Ok((trace, answer))
    } else {
        Err(Failure::answered(answer.status, &answer.body, trace.id()))
    }
}

async fn exchange(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
    trace: &Trace,
) -> Result<Answer, JsValue> {
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
    Ok(Answer {
        status: response.status(),
        etag: response.headers().get("etag")?,
        body: text.as_string().unwrap_or_default(),
    })
}
