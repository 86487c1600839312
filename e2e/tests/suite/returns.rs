//! Returns: what was handed over comes back, with its money and its stock, once, whoever dies meanwhile.
//!
//! Invariant: each test has an item of its own, and leaves its stock as it was.

mod deaths;

use anyhow::{Context as _, Result, ensure};
use e2e::client::fresh;
use e2e::order::{STEPS, list};
use e2e::patience::until;
use e2e::{Client, Order, Role, Target};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::healing::{advance, press};
use crate::shop::{ENDS, PAID, Shelf, by_card, ends, times, wish_for};
use crate::stack::{self, GENEROUS, browser, menu, newcomer, word};

/// An order of so many of a product, paid by card and handed over.
async fn handed_over(
    customer: &Client,
    barista: &Client,
    product: &str,
    quantity: i64,
) -> Result<Order> {
    let mut wish = by_card(wish_for(&menu(customer).await?, product)?, "tok_visa");
    wish["lines"][0]["quantity"] = json!(quantity);
    let placed = customer.place(&wish, &fresh()).await?;
    let placed = Order::read(&placed.expect(StatusCode::ACCEPTED)?.json()?)?;
    let mut order = ends(customer, &placed.id, PAID).await?;
    for step in &STEPS[1..] {
        order = advance(barista, &order, step).await?;
    }
    Ok(order)
}

fn pieces(quantity: i64, goods: &str) -> Value {
    json!({ "lines": [{ "line": 1, "quantity": quantity, "goods": goods }], "reason": "quality" })
}

/// Asks for a return, until somebody has heard it.
pub async fn ask(staff: &Client, order: &Order, body: &Value) -> Result<Value> {
    let (path, key) = (format!("/api/orders/{}/returns", order.id), fresh());
    let keyed = [("idempotency-key", key.as_str())];
    let asked = press("the return", || staff.post(&path, body, &keyed)).await?;
    asked.expect(StatusCode::ACCEPTED)?.json()
}

/// The return, once it is in this state.
pub async fn reaches(client: &Client, it: &Value, state: &str) -> Result<Value> {
    let path = format!("/api/returns/{}", word(it, "id"));
    until(&format!("{path} to be {state}"), ENDS, || async {
        let it = client.get(&path).await.ok()?.json().ok()?;
        (it["state"] == state).then_some(it)
    })
    .await
}

/// What the provider has given back of an order.
fn given(target: &Target, order: &Order) -> Result<i64> {
    let lines = target.books()?;
    let own = lines
        .iter()
        .filter(|line| line["reference"] == order.id.as_str() && line["status"] == "refunded");
    own.map(|line| {
        let amount = line["amount"].as_i64();
        amount
            .or_else(|| line["amount"]["amount"].as_i64())
            .context("an amount")
    })
    .sum()
}

/// The level, once nothing of it is held for anybody.
async fn sold(shelf: &Shelf) -> Result<Value> {
    until("the sale", GENEROUS, || async {
        let level = shelf.level().await.ok()?;
        (number(&level, "reserved") == 0).then_some(level)
    })
    .await
}

fn number(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or_default()
}

#[tokio::test]
async fn one_of_two_pieces_comes_back_with_its_money_and_its_stock() -> Result<()> {
    let stack = stack::shared().await?;
    let (customer, stranger) = (newcomer(&stack).await?, newcomer(&stack).await?);
    let barista = browser(&stack, Role::Barista).await?;
    let shelf = Shelf::of(&stack, "butter croissant").await?;
    let order = handed_over(&customer, &barista, "Butter croissant", 2).await?;
    let total = number(&order.total, "amount");
    let sold = sold(&shelf).await?;

    let (path, key) = (format!("/api/orders/{}/returns", order.id), fresh());
    let keyed = [("idempotency-key", key.as_str())];
    let refused = customer
        .post(&path, &pieces(1, "restocked"), &keyed)
        .await?;
    refused.expect(StatusCode::FORBIDDEN)?;
    let asked = ask(&barista, &order, &pieces(1, "restocked")).await?;
    let done = reaches(&customer, &asked, "done").await?;
    ensure!(done["amount"]["amount"] == json!(total / 2), "{done}");
    ensure!(done.get("asked_by").is_none(), "it is staff's: {done}");
    ensure!(given(&stack, &order)? == total / 2, "the provider's books");
    ensure!(times(&stack, &order.id, "refunded")? == 1);
    let level = shelf.level().await?;
    ensure!(
        number(&level, "available") == number(&sold, "available") + 1
            && number(&level, "restocked") == number(&sold, "restocked") + 1,
        "{sold} and then {level}"
    );

    // The other piece was bad.
    let asked = ask(&barista, &order, &pieces(1, "wasted")).await?;
    reaches(&barista, &asked, "done").await?;
    ensure!(given(&stack, &order)? == total, "the provider's books");
    let after = shelf.level().await?;
    ensure!(
        number(&after, "available") == number(&level, "available")
            && number(&after, "wasted") == number(&level, "wasted") + 1,
        "{level} and then {after}"
    );
    let nothing_left = barista
        .post(&path, &pieces(1, "kept"), &[("idempotency-key", &fresh())])
        .await?;
    nothing_left.expect(StatusCode::CONFLICT)?;
    let all = customer.get(&path).await?.expect(StatusCode::OK)?.json()?;
    ensure!(list(&all["items"]).len() == 2, "{all}");
    let one = format!("/api/returns/{}", word(&asked, "id"));
    let (receipt, note) = (
        format!("/api/orders/{}/receipt", order.id),
        format!("{one}/receipt"),
    );
    let read = customer.get(&receipt).await?.expect(StatusCode::OK)?;
    let read = read.json()?;
    ensure!(
        read["total"] == order.total && list(&read["given_back"]).len() == 2,
        "{read}"
    );
    let (request, trace) = customer.request(&Method::GET, &note)?;
    let printed = customer.send((request.header("accept", "text/plain"), trace));
    let printed = printed.await?.expect(StatusCode::OK)?.body;
    ensure!(
        printed.contains("Credit note") && printed.contains("Butter croissant"),
        "{printed}"
    );
    for path in [path, one, receipt, note] {
        stranger.get(&path).await?.expect(StatusCode::NOT_FOUND)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_large_return_waits_for_a_manager_and_a_rejected_one_moves_nothing() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let barista = browser(&stack, Role::Barista).await?;
    let manager = browser(&stack, Role::Manager).await?;
    let order = handed_over(&customer, &barista, "Ethiopia Guji", 2).await?;
    let total = number(&order.total, "amount");
    ensure!(total > 2_000, "dear enough: {order:?}");
    let asked = ask(&barista, &order, &pieces(2, "wasted")).await?;
    ensure!(asked["state"] == "waiting", "{asked}");
    let board = format!("/api/stores/{}/returns?limit=100", order.store_id);
    let waiting = manager.get(&board).await?.expect(StatusCode::OK)?.json()?;
    let mut ids = list(&waiting["items"]).iter().map(|it| word(it, "id"));
    ensure!(ids.any(|id| id == word(&asked, "id")), "{waiting}");
    let path = |what: &str, it: &Value| format!("/api/returns/{}/{what}", word(it, "id"));
    let approval = path("approval", &asked);
    let refused = barista.post(&approval, &json!({}), &[]).await?;
    refused.expect(StatusCode::FORBIDDEN)?;
    let note = json!({ "note": "The bags were opened." });
    let rejected = manager.post(&path("rejection", &asked), &note, &[]).await?;
    rejected.expect(StatusCode::OK)?;
    let late = manager.post(&approval, &json!({}), &[]).await?;
    late.expect(StatusCode::CONFLICT)?;
    ensure!(given(&stack, &order)? == 0, "a rejected return gave money");

    let asked = ask(&barista, &order, &pieces(2, "wasted")).await?;
    let approval = path("approval", &asked);
    let approved = manager.post(&approval, &json!({}), &[]).await?;
    approved.expect(StatusCode::ACCEPTED)?;
    reaches(&manager, &asked, "done").await?;
    ensure!(given(&stack, &order)? == total, "the provider's books");
    Ok(())
}
