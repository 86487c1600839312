//! Delivery: what is ordered is brought to the door, or the money comes back, whoever dies or is away meanwhile.
//!
//! Invariant: the addresses are in the store's own town; how the carrier behaves, their postcodes decide.

mod deaths;

use anyhow::{Context as _, Result, ensure};
use e2e::client::fresh;
use e2e::order::list;
use e2e::patience::until;
use e2e::{Client, Order, Part, Role, Target};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::healing::{advance, press};
use crate::returns;
use crate::shop::{ENDS, PAID, Shelf, amount, by_card, ends, look, times, wish_for};
use crate::stack::{self, GENEROUS, browser, menu, newcomer, whole, word};

/// A door that is reached.
pub const GOOD: &str = "04107";
/// Nobody drives there.
pub const NOBODY: &str = "04991";
/// Nobody opens there.
pub const CLOSED_DOOR: &str = "04992";
/// The carrier fails twice before it books.
pub const STUTTER: &str = "04994";
/// The carrier books, and its answer is lost.
pub const LOST_ANSWER: &str = "04995";
/// The order that is brought in the tests where it does not matter what.
const PRODUCT: &str = "Butter croissant";

/// A door in the store's own town.
pub fn address(postcode: &str) -> Value {
    json!({
        "name": "Ada Lovelace", "street": "Karl-Liebknecht-Straße 1", "postcode": postcode, "city": "Leipzig",
        "country": "DE",
    })
}

/// What it costs to bring something there.
async fn quote(customer: &Client, store: &Value, postcode: &str) -> Result<Value> {
    let wish = json!({ "store_id": store, "address": address(postcode) });
    let quoted = customer.post("/api/delivery-quotes", &wish, &[]).await?;
    quoted.expect(StatusCode::OK)?.json()
}

/// A wish to have one piece of the product brought there, paid by card, for the fee that was shown.
async fn wish(customer: &Client, postcode: &str) -> Result<Value> {
    let mut wish = by_card(wish_for(&menu(customer).await?, PRODUCT)?, "tok_visa");
    let quoted = quote(customer, &wish["store_id"], postcode).await?;
    wish["delivery"] = json!({ "address": address(postcode), "fee": quoted["fee"] });
    Ok(wish)
}

/// A paid order that is to be brought to this street.
pub async fn ordered_to(customer: &Client, street: &str) -> Result<Order> {
    let mut wish = wish(customer, GOOD).await?;
    wish["delivery"]["address"]["street"] = json!(street);
    paid(customer, &wish).await
}

/// A paid order that is to be brought there.
async fn ordered(customer: &Client, postcode: &str) -> Result<Order> {
    paid(customer, &wish(customer, postcode).await?).await
}

/// An order that nobody drives for, once shipping has given up.
pub async fn unfound(customer: &Client) -> Result<()> {
    let order = ordered(customer, NOBODY).await?;
    shipment_is(customer, &order, "failed").await.map(drop)
}

async fn paid(customer: &Client, wish: &Value) -> Result<Order> {
    let key = fresh();
    let placed = press("the order", || customer.place(wish, &key)).await?;
    let placed = Order::read(&placed.expect(StatusCode::ACCEPTED)?.json()?)?;
    ends(customer, &placed.id, PAID).await
}

/// The order, once its courier is there.
async fn courier(client: &Client, order: &Order, at: &str) -> Result<Order> {
    until(
        &format!("the courier of {} to be {at}", order.id),
        ENDS,
        || async {
            let order = look(client, &order.id).await.ok()?;
            (order.delivery["courier"] == at).then_some(order)
        },
    )
    .await
}

/// The order, once the courier has handed it over.
async fn brought(client: &Client, order: &Order) -> Result<Order> {
    let order = courier(client, order, "delivered").await?;
    ensure!(order.is_over(), "{order:?}");
    Ok(order)
}

/// The order, once it was made and stands on the counter.
async fn made(barista: &Client, order: &Order) -> Result<Order> {
    let order = courier(barista, order, "booked").await?;
    let order = advance(barista, &order, "preparation").await?;
    advance(barista, &order, "ready").await
}

async fn shipment(client: &Client, order: &Order) -> Result<Value> {
    let path = format!("/api/orders/{}/shipment", order.id);
    client.get(&path).await?.expect(StatusCode::OK)?.json()
}

/// The shipment, once it has this status.
async fn shipment_is(client: &Client, order: &Order, status: &str) -> Result<Value> {
    until(&format!("a shipment that is {status}"), ENDS, || async {
        let shipment = shipment(client, order).await.ok()?;
        (shipment["status"] == status).then_some(shipment)
    })
    .await
}

fn slug(answer: &Value) -> &str {
    word(answer, "type").rsplit(':').next().unwrap_or_default()
}

/// Returns when an order was undone for that reason, with its money given back once.
async fn undone(target: &Target, client: &Client, order: &Order, reason: &str) -> Result<Order> {
    let order = until("the order's end", ENDS, || async {
        let order = look(client, &order.id).await.ok()?;
        (order.checkout == "cancelled").then_some(order)
    })
    .await?;
    ensure!(
        order.reason.as_deref() == Some(reason) && word(&order.payment, "status") == "refunded",
        "{order:?}"
    );
    let (taken, given) = (
        times(target, &order.id, "captured")?,
        times(target, &order.id, "refunded")?,
    );
    ensure!(
        (taken, given) == (1, 1),
        "taken {taken}, given back {given} times"
    );
    Ok(order)
}

#[tokio::test]
async fn what_is_ordered_is_brought_to_the_door() -> Result<()> {
    let stack = stack::shared().await?;
    let (customer, stranger) = (newcomer(&stack).await?, newcomer(&stack).await?);
    let barista = browser(&stack, Role::Barista).await?;
    let wish = wish(&customer, GOOD).await?;
    let placed = customer.place(&wish, &fresh()).await?;
    let placed = Order::read(&placed.expect(StatusCode::ACCEPTED)?.json()?)?;
    let order = ends(&customer, &placed.id, PAID).await?;
    let lines: i64 = order
        .lines
        .iter()
        .map(|line| amount(&line["line_total"]))
        .sum();
    let fee = amount(&wish["delivery"]["fee"]);
    ensure!(fee > 0 && amount(&order.total) == lines + fee, "{order:?}");

    let booked = courier(&barista, &order, "booked").await?;
    let own = shipment(&customer, &order).await?;
    ensure!(own["address"]["postcode"] == GOOD, "{own}");
    stranger
        .get(&format!("/api/orders/{}/shipment", order.id))
        .await?
        .expect(StatusCode::NOT_FOUND)?;
    let board = format!("/api/stores/{}/shipments?limit=100", order.store_id);
    let board = barista.get(&board).await?.expect(StatusCode::OK)?.json()?;
    let mut ids = list(&board["items"])
        .iter()
        .map(|row| word(row, "order_id"));
    ensure!(ids.any(|id| id == order.id), "{board}");

    let page = format!("/api/orders/{}/events", order.id);
    let mut page = customer.events(&page).await?;
    let ready = made(&barista, &booked).await?;
    // The courier hands it over; if it was quick, it has done so.
    let by_hand = barista
        .advance(&ready.id, ready.version, "delivered")
        .await?;
    ensure!(
        by_hand.status == StatusCode::PRECONDITION_FAILED
            || slug(&by_hand.json()?) == "courier-delivers",
        "{by_hand:?}"
    );
    // Her page shows the courier, though the order stands still.
    page.find(ENDS, |event| event.data["courier"] == "dispatched")
        .await?;
    brought(&customer, &ready).await?;
    shipment_is(&customer, &order, "delivered").await?;

    let path = format!("/api/orders/{}/timeline", order.id);
    until("the whole way in the timeline", GENEROUS, || async {
        let timeline = customer.get(&path).await.ok()?.json().ok()?;
        let told: Vec<_> = list(&timeline["items"])
            .iter()
            .map(|line| word(line, "type"))
            .collect();
        [
            "shipment.created.v1",
            "shipment.dispatched.v1",
            "shipment.delivered.v1",
        ]
        .iter()
        .all(|kind| told.contains(kind))
        .then_some(())
    })
    .await?;
    let receipt = customer
        .get(&format!("/api/orders/{}/receipt", order.id))
        .await?;
    let receipt = receipt.expect(StatusCode::OK)?.json()?;
    ensure!(receipt["delivery"] == wish["delivery"]["fee"], "{receipt}");
    ensure!(times(&stack, &order.id, "captured")? == 1);

    // It came late: what was paid for that goes back, and the goods stay.
    let late = json!({ "delivery_fee": true, "reason": "late" });
    let asked = returns::ask(&barista, &order, &late).await?;
    let done = returns::reaches(&customer, &asked, "done").await?;
    ensure!(
        amount(&done["amount"]) == fee && amount(&done["delivery_fee"]) == fee,
        "{done}"
    );
    ensure!(times(&stack, &order.id, "refunded")? == 1);
    let note = format!("/api/returns/{}/receipt", word(&asked, "id"));
    let note = customer.get(&note).await?.expect(StatusCode::OK)?.json()?;
    ensure!(note["delivery"] == wish["delivery"]["fee"], "{note}");
    let again = (fresh(), format!("/api/orders/{}/returns", order.id));
    let again = barista
        .post(&again.1, &late, &[("idempotency-key", &again.0)])
        .await?;
    again.expect(StatusCode::CONFLICT)?;
    Ok(())
}

#[tokio::test]
async fn without_a_courier_money_and_stock_come_back() -> Result<()> {
    let stack = stack::shared().await?;
    let (customer, barista) = (
        newcomer(&stack).await?,
        browser(&stack, Role::Barista).await?,
    );
    let order = ordered(&customer, NOBODY).await?;
    // Nobody begins to make what nobody brings.
    let early = barista
        .advance(&order.id, order.version, "preparation")
        .await?;
    ensure!(
        early.status == StatusCode::PRECONDITION_FAILED
            || slug(&early.json()?) == "courier-awaited",
        "{early:?}"
    );
    undone(&stack, &customer, &order, "no_courier").await?;
    let query = format!(
        "SELECT status FROM reservations WHERE order_id = '{}'",
        order.id
    );
    until("the stock to be released", GENEROUS, || async {
        let rows = stack.rows("inventory", &query).await.ok()?;
        rows.first()
            .filter(|row| row["status"] == "released")
            .map(drop)
    })
    .await
}

#[tokio::test]
async fn what_is_called_off_while_a_courier_is_looked_for_is_given_back() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let order = ordered(&customer, NOBODY).await?;
    let answer = customer.cancel(&order.id).await?;
    answer.expect(StatusCode::ACCEPTED)?;
    undone(&stack, &customer, &order, "by_customer").await?;
    shipment_is(&customer, &order, "cancelled").await?;
    Ok(())
}

#[tokio::test]
async fn what_nobody_opens_the_door_for_is_fetched_at_the_counter() -> Result<()> {
    let stack = stack::shared().await?;
    let (customer, barista) = (
        newcomer(&stack).await?,
        browser(&stack, Role::Barista).await?,
    );
    let order = ordered(&customer, CLOSED_DOOR).await?;
    let order = made(&barista, &order).await?;
    let order = courier(&barista, &order, "failed").await?;
    ensure!(order.fulfilment == "ready", "{order:?}");
    let order = advance(&barista, &order, "delivered").await?;
    ensure!(order.is_over(), "{order:?}");
    Ok(())
}

#[tokio::test]
async fn an_address_that_is_not_reached_is_told_before_anything_is_paid() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let good = wish(&customer, GOOD).await?;
    for (postcode, expected, pointer) in [
        ("10115", "address-out-of-reach", None),
        ("4107", "address-invalid", Some("/address/postcode")),
    ] {
        let asked = json!({ "store_id": good["store_id"], "address": address(postcode) });
        let refused = customer.post("/api/delivery-quotes", &asked, &[]).await?;
        let refused = refused.expect(StatusCode::UNPROCESSABLE_ENTITY)?.json()?;
        ensure!(slug(&refused) == expected, "{refused}");
        let mut wish = good.clone();
        wish["delivery"]["address"] = address(postcode);
        let refused = customer.place(&wish, &fresh()).await?;
        let refused = refused.expect(StatusCode::UNPROCESSABLE_ENTITY)?.json()?;
        ensure!(slug(&refused) == expected, "{refused}");
        if let Some(pointer) = pointer {
            let there = format!("/delivery{pointer}");
            ensure!(
                refused["errors"][0]["pointer"] == there.as_str(),
                "{refused}"
            );
        }
    }
    let mut cheaper = good.clone();
    cheaper["delivery"]["fee"]["amount"] = json!(amount(&good["delivery"]["fee"]) - 1);
    let refused = customer.place(&cheaper, &fresh()).await?;
    let refused = refused.expect(StatusCode::CONFLICT)?.json()?;
    ensure!(slug(&refused) == "delivery-fee-changed", "{refused}");
    for (pointer, value) in [
        ("/payment", json!({ "method": "counter" })),
        ("/pickup", json!("2099-01-01T00:00:00Z")),
    ] {
        let mut odd = good.clone();
        odd[&pointer[1..]] = value;
        let refused = customer.place(&odd, &fresh()).await?;
        let refused = refused.expect(StatusCode::UNPROCESSABLE_ENTITY)?.json()?;
        ensure!(slug(&refused) == "inconsistent-fields", "{refused}");
    }
    let orders = customer
        .get("/api/orders")
        .await?
        .expect(StatusCode::OK)?
        .json()?;
    ensure!(list(&orders["items"]).is_empty(), "{orders}");
    Ok(())
}

#[tokio::test]
async fn a_carrier_that_stutters_or_loses_its_answer_is_booked_once() -> Result<()> {
    let stack = stack::shared().await?;
    let (customer, barista) = (
        newcomer(&stack).await?,
        browser(&stack, Role::Barista).await?,
    );
    for postcode in [STUTTER, LOST_ANSWER] {
        let order = ordered(&customer, postcode).await.context(postcode)?;
        let order = made(&barista, &order).await.context(postcode)?;
        brought(&customer, &order).await.context(postcode)?;
    }
    Ok(())
}

#[tokio::test]
async fn without_the_broker_it_is_ordered_and_afterwards_brought() -> Result<()> {
    let stack = stack::alone().await?;
    let (customer, barista) = (
        newcomer(&stack).await?,
        browser(&stack, Role::Barista).await?,
    );
    let kafka = Part::Backing("kafka");
    stack.kill(&kafka).await?;
    let meanwhile = async {
        let order = ordered(&customer, GOOD).await?;
        // Nobody has been told yet, so nobody has been found.
        let early = barista
            .advance(&order.id, order.version, "preparation")
            .await?;
        ensure!(slug(&early.json()?) == "courier-awaited", "{early:?}");
        anyhow::Ok(order)
    };
    let meanwhile = meanwhile.await;
    stack.start(&kafka).await?;
    let order = meanwhile.context("while the broker was away")?;
    let order = made(&barista, &order).await?;
    brought(&customer, &order).await?;
    Ok(())
}

#[tokio::test]
async fn without_shipping_what_is_fetched_is_ordered_and_what_is_brought_is_not() -> Result<()> {
    let stack = stack::alone().await?;
    let customer = newcomer(&stack).await?;
    let shelf = Shelf::of(&stack, "butter croissant").await?;
    let wish = wish(&customer, GOOD).await?;
    stack.put_away("shipping").await?;
    let meanwhile = async {
        let refused = customer.place(&wish, &fresh()).await?;
        refused.expect(StatusCode::SERVICE_UNAVAILABLE)?;
        let level = shelf.level().await?;
        ensure!(level["reserved"] == 0, "held for nothing: {level}");
        let mut fetched = wish.clone();
        fetched
            .as_object_mut()
            .context("a wish")?
            .remove("delivery");
        let placed = customer.place(&fetched, &fresh()).await?;
        let placed = Order::read(&placed.expect(StatusCode::ACCEPTED)?.json()?)?;
        ends(&customer, &placed.id, PAID).await
    };
    let meanwhile = meanwhile.await;
    stack.bring_back("shipping").await?;
    whole(&stack).await?;
    meanwhile.context("while shipping was away").map(drop)
}
