//! Undoing: cancellations, refunds, and what comes too late, comes twice or can't be undone.
//!
//! Invariant: whatever way an order is undone, afterwards neither its money nor its stock is kept.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};
use aws_lc_rs::hmac;
use e2e::client::{fresh, plain};
use e2e::order::{coffee, list};
use e2e::patience::{insist, until};
use e2e::{Client, Order, Role, Target};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::shop::{
    Desk, ENDS, End, PAID, Shelf, by_card, ends, look, order_by_card, outcome, place_at_once,
    times, wish_for,
};
use crate::stack::{self, GENEROUS, browser, menu, newcomer, order_one, word};

/// Seconds that a signature may be old.
const FRESH: u64 = 300;

#[tokio::test]
async fn a_confirmed_order_is_undone_with_its_money_and_its_stock() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let shelf = Shelf::of(&stack, "cinnamon").await?;
    shelf.count(5).await?;
    let counter = wish_for(&menu(&customer).await?, "Cinnamon bun")?;
    let cases: [(Value, End); 3] = [
        (counter.clone(), ("cancelled", "void", Some("by_customer"))),
        (
            by_card(counter.clone(), "tok_visa"),
            ("cancelled", "refunded", Some("by_customer")),
        ),
        // The answer to the refund gets lost.
        (
            by_card(counter, "tok_lost_refund"),
            ("cancelled", "refunded", Some("by_customer")),
        ),
    ];
    for (wish, end) in cases {
        let placed = customer.place(&wish, &fresh()).await?;
        let order = e2e::Order::read(&placed.expect(StatusCode::ACCEPTED)?.json()?)?;
        let order = outcome(&customer, &order.id).await?;
        ensure!(order.checkout == "confirmed", "{order:?}");
        let again = customer.cancel(&order.id).await?;
        again.expect(StatusCode::ACCEPTED)?;
        let order = ends(&customer, &order.id, end).await?;
        let given = times(&stack, &order.id, "refunded")?;
        let taken = times(&stack, &order.id, "captured")?;
        ensure!(
            given == taken,
            "taken {taken} times, given back {given} times"
        );
        // Once more changes nothing.
        let again = customer.cancel(&order.id).await?;
        again.expect(StatusCode::ACCEPTED)?;
        ensure!(look(&customer, &order.id).await? == order, "{order:?}");
    }
    until("all of the stock", ENDS, || async {
        (shelf.level().await.ok()?["available"] == 5).then_some(())
    })
    .await?;
    shelf.count(2000).await
}

#[tokio::test]
async fn an_order_is_undone_while_it_is_being_paid() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let good = coffee(&menu(&customer).await?)?;
    let mut orders = JoinSet::new();
    for token in [
        "tok_slow",
        "tok_hang_authorise",
        "tok_hang_capture",
        "tok_lost_void",
        "tok_error_capture",
    ] {
        let (customer, wish) = (customer.clone(), by_card(good.clone(), token));
        orders.spawn(async move {
            let order = place_at_once(&customer, &wish).await?;
            let answer = customer.cancel(&order.id).await?;
            answer.expect(StatusCode::ACCEPTED).context(token)?;
            anyhow::Ok((token, outcome(&customer, &order.id).await?))
        });
    }
    for ended in orders.join_all().await {
        let (token, order) = ended?;
        ensure!(
            order.checkout == "cancelled" && order.reason.as_deref() == Some("by_customer"),
            "{token}: {order:?}"
        );
        let count = |status| times(&stack, &order.id, status);
        let kept = count("captured")? - count("refunded")?;
        ensure!(kept == 0, "{token}: {kept} captures are kept");
    }
    Ok(())
}

#[tokio::test]
async fn money_that_comes_after_the_cancellation_goes_back() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let wish = by_card(coffee(&menu(&customer).await?)?, "tok_late_authorise");
    let order = place_at_once(&customer, &wish).await?;
    // The provider must have been asked, or there is nothing that could come late.
    until("the payment's beginning", ENDS, || async {
        let query = format!("SELECT id FROM payments WHERE order_id = '{}'", order.id);
        let rows = stack.rows("payment", &query).await.ok()?;
        (!rows.is_empty()).then_some(())
    })
    .await?;
    let answer = customer.cancel(&order.id).await?;
    answer.expect(StatusCode::ACCEPTED)?;
    ends(
        &customer,
        &order.id,
        ("cancelled", "void", Some("by_customer")),
    )
    .await?;
    until("the late hold, and its end", ENDS, || async {
        let held = times(&stack, &order.id, "authorised").ok()?;
        let let_go = times(&stack, &order.id, "voided").ok()?;
        (held == 1 && let_go == 1).then_some(())
    })
    .await?;
    ensure!(times(&stack, &order.id, "captured")? == 0, "it was charged");
    Ok(())
}

#[tokio::test]
async fn partial_refunds_at_once_never_exceed_what_was_taken() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let manager = browser(&stack, Role::Manager).await?;
    let order = order_by_card(&customer, "tok_visa").await?;
    ends(&customer, &order.id, PAID).await?;
    let total = order.total["amount"].as_i64().context("a total")?;
    let part = total / 4 + 1;
    let refund = json!({
        "amount": { "amount": part, "currency": order.total["currency"] }, "reason": "cold",
    });
    let mut refunds = JoinSet::new();
    for _ in 0..8 {
        let (manager, id, refund) = (manager.clone(), order.id.clone(), refund.clone());
        refunds.spawn(async move {
            let key = fresh();
            let answer = manager.refund(&id, &refund, &key).await?;
            let again = manager.refund(&id, &refund, &key).await?;
            anyhow::Ok((answer, again))
        });
    }
    let mut given = 0;
    for both in refunds.join_all().await {
        let (answer, again) = both?;
        ensure!(
            answer.status == again.status,
            "{answer:?} and then {again:?}"
        );
        match answer.status {
            StatusCode::CREATED => given += part,
            StatusCode::CONFLICT => {
                let kind = answer.json()?;
                ensure!(
                    kind["type"] == "urn:problem-type:crema:refund-exceeds-capture",
                    "{kind}"
                );
            }
            status => anyhow::bail!("{status}: {}", answer.body),
        }
    }
    ensure!(
        given == 3 * part,
        "{given} of {total} were given back in parts of {part}"
    );
    ensure!(
        times(&stack, &order.id, "refunded")? == 3,
        "the provider tells otherwise"
    );
    let path = format!("/api/orders/{}/receipt", order.id);
    let receipt = until("the receipt that tells of them", ENDS, || async {
        let read = customer.get(&path).await.ok()?.json().ok()?;
        (list(&read["given_back"]).len() == 3).then_some(read)
    })
    .await?;
    for one in list(&receipt["given_back"]) {
        let taxed = list(&one["tax"]).iter().map(|row| &row["gross"]["amount"]);
        let taxed: i64 = taxed.filter_map(Value::as_i64).sum();
        ensure!(
            one["number"].is_null() && one["amount"]["amount"] == part && taxed == part,
            "{receipt}"
        );
    }
    let key = fresh();
    let refused = customer.refund(&order.id, &refund, &key).await?;
    refused.expect(StatusCode::FORBIDDEN)?;
    Ok(())
}

#[tokio::test]
async fn only_whose_order_it_is_may_undo_it_and_not_once_it_is_made() -> Result<()> {
    let stack = stack::shared().await?;
    let (customer, stranger) = (newcomer(&stack).await?, newcomer(&stack).await?);
    let barista = browser(&stack, Role::Barista).await?;
    let order = order_one(&customer).await?;
    let answer = stranger.cancel(&order.id).await?;
    answer.expect(StatusCode::NOT_FOUND)?;
    let moved = barista
        .advance(&order.id, order.version, "preparation")
        .await?;
    moved.expect(StatusCode::OK)?;
    let answer = customer
        .cancel(&order.id)
        .await?
        .expect(StatusCode::CONFLICT)?;
    let kind = &answer.json()?["type"];
    assert_eq!(kind, "urn:problem-type:crema:cannot-cancel");
    let order = order_one(&customer).await?;
    let answer = barista.cancel(&order.id).await?;
    answer.expect(StatusCode::ACCEPTED)?;
    ends(
        &customer,
        &order.id,
        ("cancelled", "void", Some("by_staff")),
    )
    .await?;
    Ok(())
}

/// The provider's header for a message of that age.
pub fn signed(secret: &str, body: &str, age: u64) -> Result<String> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let at = now.as_secs() - age;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{at}.{body}").as_bytes());
    let tag = tag.as_ref().iter().fold(String::new(), |mut text, byte| {
        // Writing to a text can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    Ok(format!("t={at},v1={tag}"))
}

/// Sends a message as the provider does.
pub async fn deliver(target: &Target, body: &str, signature: &str) -> Result<StatusCode> {
    let request = plain(target)?
        .post(target.public().join("/webhooks/provider")?)
        .header("content-type", "application/json")
        .header("acquirer-signature", signature)
        .body(body.to_owned());
    Ok(request.send().await?.status())
}

#[tokio::test]
async fn the_provider_is_believed_by_its_signature_alone() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let order = order_by_card(&customer, "tok_visa").await?;
    ends(&customer, &order.id, PAID).await?;
    let books = stack.books()?;
    let own =
        |line: &&Value| line["reference"] == order.id.as_str() && line["status"] == "captured";
    let capture = books.iter().find(own).context("the capture's line")?;
    let message = json!({
        "id": format!("ev_{}", fresh()), "type": "capture.succeeded", "created": 0, "data": capture,
    });
    let (body, secret) = (message.to_string(), Desk::of(&stack).await?.webhook_secret);
    let good = signed(&secret, &body, 0)?;
    for (what, body, signature) in [
        ("no signature", body.clone(), String::new()),
        (
            "another's signature",
            body.clone(),
            signed("another", &body, 0)?,
        ),
        (
            "an old signature",
            body.clone(),
            signed(&secret, &body, FRESH + 5)?,
        ),
        (
            "another's text",
            body.replace("captured", "refunded"),
            good.clone(),
        ),
    ] {
        let status = deliver(&stack, &body, &signature).await?;
        ensure!(
            status == StatusCode::UNAUTHORIZED,
            "{what} is answered {status}"
        );
    }
    for _ in 0..3 {
        let status = deliver(&stack, &body, &good).await?;
        ensure!(
            status.is_success(),
            "the provider's own message is answered {status}"
        );
    }
    let after = look(&customer, &order.id).await?;
    ensure!(after.payment["status"] == "captured", "{after:?}");
    Ok(())
}

/// An order that was confirmed and can't be undone, because the provider refuses to; an operator has it in the queue.
async fn parked(desk: &Desk, customer: &Client, admin: &Client) -> Result<Order> {
    desk.undo(false).await?;
    let order = order_by_card(customer, "tok_undo_fails").await?;
    ends(customer, &order.id, PAID).await?;
    let answer = customer.cancel(&order.id).await?;
    answer.expect(StatusCode::ACCEPTED)?;
    let parked = outcome(customer, &order.id).await?;
    ensure!(parked.checkout == "manual", "{parked:?}");
    let row = queued(admin, &order.id).await?;
    let row = row.context("the manual queue does not show it")?;
    ensure!(
        row["step"] == "capture" && row["attempts"].as_i64() > Some(1),
        "{row}"
    );
    Ok(parked)
}

#[tokio::test]
async fn what_can_not_be_undone_waits_for_an_operator_who_tries_again() -> Result<()> {
    let stack = stack::alone().await?;
    let desk = Desk::of(&stack).await?;
    let customer = newcomer(&stack).await?;
    let admin = browser(&stack, Role::Admin).await?;
    let order = parked(&desk, &customer, &admin).await?;
    desk.undo(true).await?;
    let path = format!("/api/checkouts/{}/retry", order.id);
    let answer = admin.post(&path, &json!({}), &[]).await?;
    ensure!(answer.status.is_success(), "{answer:?}");
    ends(
        &customer,
        &order.id,
        ("cancelled", "refunded", Some("by_customer")),
    )
    .await?;
    ensure!(
        times(&stack, &order.id, "refunded")? == 1,
        "given back more than once"
    );
    ensure!(
        queued(&admin, &order.id).await?.is_none(),
        "it is still in the queue"
    );
    Ok(())
}

#[tokio::test]
async fn what_was_undone_by_other_means_is_settled_by_hand_with_a_note() -> Result<()> {
    let stack = stack::alone().await?;
    let desk = Desk::of(&stack).await?;
    let customer = newcomer(&stack).await?;
    let admin = browser(&stack, Role::Admin).await?;
    let order = parked(&desk, &customer, &admin).await?;
    let path = format!("/api/checkouts/{}/settle", order.id);
    let note = json!({ "note": "The provider's support has given it back." });
    let answer = customer.post(&path, &note, &[]).await?;
    answer.expect(StatusCode::FORBIDDEN)?;
    let answer = admin.post(&path, &json!({ "note": " " }), &[]).await?;
    answer.expect(StatusCode::UNPROCESSABLE_ENTITY)?;
    // Payment goes on asking for what it has promised to give back, until the provider does.
    desk.undo(true).await?;
    until("the money going back", GENEROUS, || async {
        (times(&stack, &order.id, "refunded").ok()? == 1).then_some(())
    })
    .await?;
    let answer = admin.post(&path, &note, &[]).await?;
    answer.expect(StatusCode::OK)?;
    let settled = look(&customer, &order.id).await?;
    ensure!(settled.checkout == "cancelled", "{settled:?}");
    ensure!(
        queued(&admin, &order.id).await?.is_none(),
        "it is still in the queue"
    );
    let query = format!(
        "SELECT status FROM reservations WHERE order_id = '{}'",
        order.id
    );
    insist("the stock going back", GENEROUS, || async {
        let rows = stack.rows("inventory", &query).await?;
        ensure!(
            rows.first().is_some_and(|row| row["status"] == "released"),
            "{rows:?}"
        );
        Ok(())
    })
    .await
}

/// An order's row of the manual queue.
async fn queued(admin: &Client, order: &str) -> Result<Option<Value>> {
    let page = admin.get("/api/checkouts?state=manual&limit=100").await?;
    let page = page.expect(StatusCode::OK)?.json()?;
    let rows = list(&page["items"]);
    Ok(rows
        .iter()
        .find(|row| word(row, "order_id") == order)
        .cloned())
}
