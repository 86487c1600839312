//! A price that was shown is the price that is paid, from the public entry to the card provider.
//!
//! Invariant: it has the café to itself while it asks more for something, and leaves prices and codes as they were.

use anyhow::{Context as _, Result, ensure};
use e2e::client::fresh;
use e2e::order::coffee;
use e2e::{Client, Order, Role, Target};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::menu::change;
use crate::shop::{PAID, by_card, ends};
use crate::stack::{self, browser, menu, newcomer, word};

/// What an order costs.
async fn quote(customer: &Client, wish: &Value) -> Result<Value> {
    let asked = json!({ "store_id": wish["store_id"], "lines": wish["lines"] });
    let quoted = customer.post("/api/quotes", &asked, &[]).await?;
    quoted.expect(StatusCode::OK)?.json()
}

/// Orders it by card; says what was paid.
async fn paid(customer: &Client, wish: Value) -> Result<Value> {
    let placed = customer.place(&by_card(wish, "tok_visa"), &fresh()).await?;
    let order = Order::read(&placed.expect(StatusCode::ACCEPTED)?.json()?)?;
    let order = ends(customer, &order.id, PAID).await?;
    let payment = customer.get(&format!("/api/orders/{}", order.id)).await?;
    Ok(payment.json()?["total"].clone())
}

async fn at_the_quote(target: &Target, (store, item): (&str, &str), price: &Value) -> Result<()> {
    let manager = browser(target, Role::Manager).await?;
    let customer = newcomer(target).await?;
    let sold = customer.get(&format!("/api/stores/{store}/menu")).await?;
    let mut wish = coffee(&sold.expect(StatusCode::OK)?.json()?)?;
    let plain = wish.clone();
    let quoted = quote(&customer, &wish).await?;

    let mut more = price.clone();
    more["amount"] = json!(price["amount"].as_i64().context("an amount")? + 50);
    let row = format!("/api/stores/{store}/prices/{item}");
    let more = json!({ "price": more });
    change(&manager, Method::PUT, &row, Some(&more)).await?;

    let now = quote(&customer, &wish).await?;
    ensure!(now["total"] != quoted["total"], "{now}");
    wish["quote"] = quoted["quote"].clone();
    let total = paid(&customer, wish.clone()).await?;
    ensure!(total == quoted["total"], "{total} was paid: {quoted}");
    let total = paid(&customer, plain).await?;
    ensure!(total == now["total"], "{total} was paid: {now}");

    // Nor does it make another order cheaper, or is it believed with a byte changed.
    let mut other = wish.clone();
    other["lines"][0]["quantity"] = json!(2);
    let mut forged = wish.clone();
    forged["quote"] = json!(word(&wish, "quote").replacen("q1.", "q1.A", 1));
    for wish in [other, forged] {
        let refused = customer.place(&wish, &fresh()).await?;
        let problem = refused.expect(StatusCode::UNPROCESSABLE_ENTITY)?.json()?;
        ensure!(
            word(&problem, "type").ends_with(":quote-invalid"),
            "{problem}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_code_takes_something_off_and_a_tip_is_paid_on_top() -> Result<()> {
    let stack = stack::shared().await?;
    let (manager, customer) = (
        browser(&stack, Role::Manager).await?,
        newcomer(&stack).await?,
    );
    let code = format!("try-{}", &fresh()[..8]);
    let edit = json!({
        "code": code, "percent_bp": 1000, "starts_at": "2026-01-01T00:00:00Z", "active": true,
    });
    let made = manager.post("/api/discounts", &edit, &[]).await?;
    let made = made.expect(StatusCode::CREATED)?;

    let mut wish = coffee(&menu(&customer).await?)?;
    let asked =
        json!({ "store_id": wish["store_id"], "lines": wish["lines"], "discount_code": code });
    let quoted = customer.post("/api/quotes", &asked, &[]).await?;
    let quoted = quoted.expect(StatusCode::OK)?.json()?;
    ensure!(
        quoted["discount"]["amount"]["amount"].as_i64() > Some(0),
        "{quoted}"
    );
    let mut tip = quoted["total"].clone();
    tip["amount"] = json!(75);
    wish["quote"] = quoted["quote"].clone();
    wish["tip"] = tip;
    let total = paid(&customer, wish).await?;
    let price = quoted["total"]["amount"].as_i64().context("an amount")?;
    ensure!(
        total["amount"] == json!(price + 75),
        "{total} was paid: {quoted}"
    );

    let path = made.header("location").replace("/v1/", "/api/");
    change(&manager, Method::DELETE, &path, None).await?;
    let gone = customer.post("/api/quotes", &asked, &[]).await?;
    let problem = gone.expect(StatusCode::UNPROCESSABLE_ENTITY)?.json()?;
    ensure!(
        word(&problem, "type").ends_with(":discount-not-given"),
        "{problem}"
    );
    Ok(())
}

#[tokio::test]
async fn a_price_that_was_shown_is_paid_although_it_has_risen() -> Result<()> {
    let stack = stack::alone().await?;
    let manager = browser(&stack, Role::Manager).await?;
    let session = manager.session().await?;
    let store = session["user"]["stores"][0].as_str().context("a store")?;
    let sold = manager.get(&format!("/api/stores/{store}/menu")).await?;
    let wish = coffee(&sold.expect(StatusCode::OK)?.json()?)?;
    let item = word(&wish["lines"][0], "variation_id");
    let row = format!("/api/stores/{store}/prices/{item}");
    let price = manager.get(&row).await?.expect(StatusCode::OK)?.json()?["price"].clone();

    let tried = at_the_quote(&stack, (store, item), &price).await;
    let back = json!({ "price": price });
    change(&manager, Method::PUT, &row, Some(&back)).await?;
    tried
}
