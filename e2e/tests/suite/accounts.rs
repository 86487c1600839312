//! What closing a customer's account does to what she has ordered.
//!
//! Invariant: the account is closed by an operator at identity; order learns of it by the event alone.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::patience::until;
use e2e::{Client, Order, Part, Role, Target, failpoints};
use reqwest::StatusCode;
use serde_json::json;

use crate::healing::advance;
use crate::shop::{ENDS, PAID, ends, look, order_by_card, times};
use crate::stack::{self, browser, newcomer, ready, whole, word};

/// How soon a service dies at a place that an event leads it to.
const REACHED: Duration = Duration::from_secs(12);

/// An order that is paid, and that nobody has begun to make.
async fn paid(customer: &Client) -> Result<Order> {
    let order = order_by_card(customer, "tok_visa").await?;
    ends(customer, &order.id, PAID).await
}

/// Closes the account of whoever ordered that.
async fn close(target: &Target, operator: &Client, order: &Order) -> Result<()> {
    let query = format!("SELECT customer FROM orders WHERE id = '{}'", order.id);
    let rows = target.rows("order", &query).await?;
    let person = word(rows.first().context("the order")?, "customer");
    let path = format!("/api/users/{person}/deactivate");
    let closed = operator.post(&path, &json!({}), &[]).await?;
    closed.expect(StatusCode::OK)?;
    Ok(())
}

/// Returns when the order was undone for that reason. The customer's own session has ended, so the café looks.
async fn undone(target: &Target, barista: &Client, order: &Order) -> Result<()> {
    let order = until("the order's end", ENDS, || async {
        let order = look(barista, &order.id).await.ok()?;
        (order.checkout == "cancelled").then_some(order)
    })
    .await?;
    ensure!(
        order.reason.as_deref() == Some("account_closed")
            && word(&order.payment, "status") == "refunded",
        "{order:?}"
    );
    let (taken, given) = (
        times(target, &order.id, "captured")?,
        times(target, &order.id, "refunded")?,
    );
    ensure!(
        (taken, given) == (1, 1),
        "taken {taken} times, given back {given} times"
    );
    Ok(())
}

#[tokio::test]
async fn of_a_closed_account_what_nobody_began_is_undone_and_the_rest_is_made() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let barista = browser(&stack, Role::Barista).await?;
    let operator = browser(&stack, Role::Admin).await?;
    let waiting = paid(&customer).await?;
    let begun = paid(&customer).await?;
    let mut begun = advance(&barista, &begun, "preparation").await?;

    close(&stack, &operator, &waiting).await?;
    undone(&stack, &barista, &waiting).await?;
    for step in ["ready", "delivered"] {
        begun = advance(&barista, &begun, step).await?;
    }
    ensure!(begun.checkout == "completed", "{begun:?}");
    ensure!(times(&stack, &begun.id, "refunded")? == 0, "{begun:?}");
    Ok(())
}

#[tokio::test]
async fn a_crash_while_it_is_noted_loses_no_cancellation() -> Result<()> {
    let stack = stack::alone().await?;
    let barista = browser(&stack, Role::Barista).await?;
    let operator = browser(&stack, Role::Admin).await?;
    let part = Part::App("order".to_owned());
    for place in ["order.account.before_commit", "order.account.after_commit"] {
        let customer = newcomer(&stack).await?;
        let order = paid(&customer).await?;
        let before = stack.instance(&part).context("order does not run")?;
        failpoints::arm(&stack, "order", place, 0).await?;
        close(&stack, &operator, &order).await?;
        until(&format!("its end at {place}"), REACHED, || async {
            (stack.instance(&part)? != before).then_some(())
        })
        .await?;
        ready(&stack, "order").await?;
        undone(&stack, &barista, &order).await.context(place)?;
    }
    whole(&stack).await
}
