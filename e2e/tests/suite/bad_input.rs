//! Bad input through the public entry: each is refused with the right status, a stable type, and the place of the fault.

use anyhow::{Context as _, Result};
use e2e::client::fresh;
use e2e::order::{coffee, list};
use e2e::{Answer, Client, Role};
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use crate::stack::{self, browser, menu, newcomer, order_one};

const JSON: &str = "application/json";

/// What a refusal must say.
#[track_caller]
fn refused(answer: &Answer, status: u16, slug: &str, pointer: Option<&str>) {
    let what = || {
        format!(
            "expected {status} {slug} {pointer:?}, got {}: {}",
            answer.status, answer.body
        )
    };
    assert_eq!(answer.status, status, "{}", what());
    assert_eq!(
        answer.header(CONTENT_TYPE),
        "application/problem+json",
        "{}",
        what()
    );
    let problem = answer.json().expect("a problem is JSON");
    assert_eq!(
        problem["type"],
        format!("urn:problem-type:crema:{slug}"),
        "{}",
        what()
    );
    assert_eq!(problem["status"], status, "{}", what());
    assert_eq!(problem["trace_id"], answer.trace_id, "{}", what());
    let pointers: Vec<_> = list(&problem["errors"])
        .iter()
        .filter_map(|error| error["pointer"].as_str())
        .collect();
    assert_eq!(
        pointers,
        pointer.into_iter().collect::<Vec<_>>(),
        "{}",
        what()
    );
}

#[tokio::test]
async fn orders_that_no_store_can_make() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let good = coffee(&menu(&customer).await?)?;
    let nothing = json!(uuid::Uuid::nil());
    let mut options = list(&good["lines"][0]["option_ids"]).to_vec();
    let index = options.len();
    options.push(nothing.clone());
    let line = &good["lines"][0];
    for (pointer, value, slug, fault) in [
        ("/store_id", nothing.clone(), "unknown-store", "/store_id"),
        (
            "/lines/0/variation_id",
            nothing.clone(),
            "unknown-product",
            "/lines/0/variation_id",
        ),
        ("/lines", json!([]), "empty-order", "/lines"),
        ("/lines", json!(vec![line; 51]), "too-many-lines", "/lines"),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).context("the place")? = value;
        refused(
            &customer.place(&bad, &fresh()).await?,
            422,
            slug,
            Some(fault),
        );
    }
    for quantity in [0, -1, 100, 1_000_000] {
        let mut bad = good.clone();
        bad["lines"][0]["quantity"] = json!(quantity);
        refused(
            &customer.place(&bad, &fresh()).await?,
            422,
            "quantity-out-of-range",
            Some("/lines/0/quantity"),
        );
    }
    let mut bad = good.clone();
    bad["lines"][0]["option_ids"] = json!(options);
    let place = format!("/lines/0/option_ids/{index}");
    refused(
        &customer.place(&bad, &fresh()).await?,
        422,
        "option-not-allowed",
        Some(&place),
    );
    // The milk, which must be chosen, is left out.
    bad["lines"][0]["option_ids"] = json!([]);
    let answer = customer.place(&bad, &fresh()).await?;
    refused(
        &answer,
        422,
        "option-not-allowed",
        Some("/lines/0/option_ids"),
    );

    let all = customer
        .get("/api/orders")
        .await?
        .expect(StatusCode::OK)?
        .json()?;
    assert_eq!(all["items"], json!([]), "something was ordered");
    Ok(())
}

#[tokio::test]
async fn prices_are_not_the_clients_business() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let good = coffee(&menu(&customer).await?)?;
    let money = json!({ "amount": 1, "currency": "EUR" });
    for (parent, name, fault) in [
        ("", "total", "/total"),
        ("/lines/0", "price", "/lines/0/price"),
        ("/lines/0", "unit_price", "/lines/0/unit_price"),
        ("/payment", "amount", "/payment/amount"),
    ] {
        let mut bad = good.clone();
        bad.pointer_mut(parent).context("the place")?[name] = money.clone();
        refused(
            &customer.place(&bad, &fresh()).await?,
            422,
            "invalid-body",
            Some(fault),
        );
    }
    Ok(())
}

#[tokio::test]
async fn bodies_that_are_no_orders() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = browser(&stack, Role::Customer).await?;
    let good = coffee(&menu(&customer).await?)?.to_string();
    let key = fresh();
    let keyed = [("idempotency-key", &*key)];
    for text in ["", "{", "{\"store_id\":", "not json"] {
        let answer = customer
            .post_text("/api/orders", JSON, text.into(), &keyed)
            .await?;
        refused(&answer, 400, "malformed-json", None);
    }
    let answer = customer
        .post_text("/api/orders", JSON, good.replace("counter", "gold"), &keyed)
        .await?;
    refused(&answer, 422, "invalid-body", Some("/payment/method"));
    let answer = customer
        .post_text("/api/orders", "text/plain", good.clone(), &keyed)
        .await?;
    refused(&answer, 415, "unsupported-media-type", None);
    let answer = customer
        .post_text("/api/orders", JSON, " ".repeat(300 * 1024) + &good, &keyed)
        .await?;
    refused(&answer, 413, "body-too-large", None);
    let answer = customer.post_text("/api/orders", JSON, good, &[]).await?;
    refused(&answer, 400, "idempotency-key-missing", None);
    Ok(())
}

#[tokio::test]
async fn steps_that_an_order_can_not_take() -> Result<()> {
    let stack = stack::shared().await?;
    let (customer, barista) = (
        newcomer(&stack).await?,
        browser(&stack, Role::Barista).await?,
    );
    let order = order_one(&customer).await?;
    for status in ["waiting", "ready", "delivered"] {
        let answer = barista.advance(&order.id, order.version, status).await?;
        refused(&answer, 409, "illegal-transition", Some("/status"));
    }
    let answer = barista.advance(&order.id, order.version, "burnt").await?;
    refused(&answer, 422, "invalid-body", Some("/status"));
    let answer = barista
        .advance(&order.id, order.version - 1, "preparation")
        .await?;
    refused(&answer, 412, "stale-version", None);
    let path = format!("/api/orders/{}/fulfilment", order.id);
    let answer = barista
        .post(&path, &json!({ "status": "preparation" }), &[])
        .await?;
    refused(&answer, 428, "precondition-required", None);
    let answer = customer
        .advance(&order.id, order.version, "preparation")
        .await?;
    refused(&answer, 403, "forbidden", None);
    let read = customer
        .get(&format!("/api/orders/{}", order.id))
        .await?
        .expect(StatusCode::OK)?;
    assert_eq!(
        read.json()?["version"],
        order.version,
        "a refused step changed the order"
    );
    Ok(())
}

#[tokio::test]
async fn people_who_may_not() -> Result<()> {
    let stack = stack::shared().await?;
    let (visitor, customer) = (Client::new(&stack)?, newcomer(&stack).await?);
    let order = order_one(&customer).await?;
    let stranger = newcomer(&stack).await?;
    let path = format!("/api/orders/{}", order.id);
    refused(&stranger.get(&path).await?, 404, "order-not-found", None);
    let missing = format!("/api/orders/{}", uuid::Uuid::nil());
    refused(&stranger.get(&missing).await?, 404, "order-not-found", None);
    refused(&visitor.get(&path).await?, 401, "not-signed-in", None);
    let good = coffee(&menu(&visitor).await?)?;
    refused(
        &visitor.place(&good, &fresh()).await?,
        401,
        "not-signed-in",
        None,
    );
    let tickets = format!("/api/stores/{}/tickets", order.store_id);
    refused(&customer.get(&tickets).await?, 403, "forbidden", None);
    refused(&visitor.get("/api/nothing").await?, 404, "not-found", None);
    Ok(())
}

#[tokio::test]
async fn requests_that_another_sites_page_could_make() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = browser(&stack, Role::Customer).await?;
    let good = coffee(&menu(&customer).await?)?;
    for (name, value, slug) in [
        ("origin", "https://evil.example", "cross-site"),
        ("sec-fetch-site", "cross-site", "cross-site"),
        ("x-crema-request", "0", "request-header-missing"),
    ] {
        let (request, trace) = customer.request(&reqwest::Method::POST, "/api/orders")?;
        let mut request = request
            .header("idempotency-key", fresh())
            .json(&good)
            .build()?;
        request.headers_mut().insert(name, value.parse()?);
        refused(&customer.execute(request, trace).await?, 403, slug, None);
    }
    let answer = customer
        .post("/api/orders", &good, &[("authorization", "Bearer x")])
        .await?;
    refused(&answer, 400, "authorization-refused", None);
    Ok(())
}
