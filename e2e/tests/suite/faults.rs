//! What happens to a café: its broker, its database and its bank go away, its processes freeze.
//!
//! Invariant: each test has the system for itself, heals what it broke, and leaves nothing undecided. Outages last for as
//! long as it takes to see what must hold meanwhile; the broker's for a minute.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::client::fresh;
use e2e::order::coffee;
use e2e::patience::{insist, until};
use e2e::{Client, Order, Part, Target, failpoints};
use reqwest::StatusCode;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::healing::{PATIENCE, published};
use crate::shop::{
    Desk, PAID, by_card, charged_if_confirmed, ends, order_by_card, place_at_once, times,
};
use crate::stack::{self, GENEROUS, menu, newcomer, whole, word};

/// How long the broker is away.
const OUTAGE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_minute_without_the_broker_and_half_of_it_without_the_provider() -> Result<()> {
    let stack = stack::alone().await?;
    let (customer, desk) = (newcomer(&stack).await?, Desk::of(&stack).await?);
    let paid = async || {
        let order = order_by_card(&customer, "tok_visa").await?;
        anyhow::Ok(ends(&customer, &order.id, PAID).await?.id)
    };
    let kafka = Part::Backing("kafka");
    stack.kill(&kafka).await?;
    let away = Instant::now();
    let meanwhile = async {
        let mut orders = vec![paid().await?];
        desk.outage("down").await?;
        let given_up = give_up(&stack, &customer).await;
        desk.outage("none").await?;
        let given_up = given_up?;
        let end = ("cancelled", "void", Some("payment_unavailable"));
        ends(&customer, &given_up, end).await?;
        orders.push(paid().await?);
        until("the end of the outage", OUTAGE, || async {
            (away.elapsed() >= OUTAGE).then_some(())
        })
        .await?;
        orders.push(paid().await?);
        anyhow::Ok((orders, given_up))
    };
    let meanwhile = meanwhile.await;
    stack.start(&kafka).await?;
    let (orders, given_up) = meanwhile.context("while the broker was away")?;
    published(&stack, &orders).await?;
    for order in orders {
        sold(&stack, &order).await?;
    }
    let captured = times(&stack, &given_up, "captured")?;
    ensure!(captured == 0, "what was given up was captured");
    Ok(())
}

/// Orders by card and returns when the saga has had enough of waiting for the provider.
async fn give_up(target: &Target, customer: &Client) -> Result<String> {
    let wish = by_card(coffee(&menu(customer).await?)?, "tok_visa");
    let order = place_at_once(customer, &wish).await?.id;
    let query = format!("SELECT direction FROM checkouts WHERE order_id = '{order}'");
    until("giving up", PATIENCE, || async {
        let rows = target.rows("order", &query).await.ok()?;
        rows.first()
            .filter(|row| row["direction"] == "back")
            .map(drop)
    })
    .await?;
    Ok(order)
}

/// Returns when inventory has heard that an order was confirmed.
pub async fn sold(target: &Target, order: &str) -> Result<()> {
    let query = format!("SELECT status FROM reservations WHERE order_id = '{order}'");
    insist("selling what was held", PATIENCE, || async {
        let rows = target.rows("inventory", &query).await?;
        let status = rows.first().map_or("missing", |row| word(row, "status"));
        ensure!(status == "committed", "the stock of {order} is {status}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_lost_database_is_told_as_such_and_costs_no_order() -> Result<()> {
    let stack = stack::alone().await?;
    let customer = newcomer(&stack).await?;
    let wish = by_card(coffee(&menu(&customer).await?)?, "tok_visa");
    let (open, _) = watch::channel(true);
    let mut queue = JoinSet::new();
    for _ in 0..4 {
        queue.spawn(press_on(customer.clone(), wish.clone(), open.subscribe()));
    }
    let faults = async {
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE pid <> pg_backend_pid() AND datname LIKE 'db-%'";
        for _ in 0..3 {
            stack.rows("order", cut).await?;
            // Somebody gets through again before the next time.
            served(&customer, &wish).await?;
        }
        let postgres = Part::Backing("postgres");
        stack.kill(&postgres).await?;
        // Everybody in the queue has met a closed door before it opens again.
        let refused = served_within(&customer, &wish, Duration::ZERO).await;
        stack.start(&postgres).await?;
        ensure!(refused.is_err(), "an order was taken without a database");
        whole(&stack).await
    };
    let faults = faults.await;
    open.send_replace(false);
    let mut orders = Vec::new();
    for ended in queue.join_all().await {
        orders.extend(ended?);
    }
    faults?;
    ensure!(orders.len() >= 4, "{} orders", orders.len());
    for order in orders {
        charged_if_confirmed(&stack, &customer, &order).await?;
    }
    Ok(())
}

/// Orders again and again, as long as that is wanted; gives the orders.
pub async fn press_on(
    customer: Client,
    wish: Value,
    open: watch::Receiver<bool>,
) -> Result<Vec<String>> {
    let mut orders = Vec::new();
    while *open.borrow() {
        orders.push(served(&customer, &wish).await?);
    }
    Ok(orders)
}

/// Orders under one key until the order is taken; gives its id.
async fn served(customer: &Client, wish: &Value) -> Result<String> {
    served_within(customer, wish, PATIENCE).await
}

async fn served_within(customer: &Client, wish: &Value, patience: Duration) -> Result<String> {
    let key = fresh();
    let answer = until("an order", patience, || async {
        let placed = customer.place_waiting(wish, &key, Some("wait=2")).await;
        let answer = placed.ok()?;
        // What passes by itself, a press too many, and a first press that is still being served.
        let later = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::BAD_GATEWAY,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::GATEWAY_TIMEOUT,
            StatusCode::CONFLICT,
        ];
        (!later.contains(&answer.status)).then_some(answer)
    })
    .await?;
    let taken = answer.expect(StatusCode::ACCEPTED)?;
    Ok(Order::read(&taken.json()?)?.id)
}

#[tokio::test]
async fn an_unreachable_provider_delays_an_order_and_charges_it_once() -> Result<()> {
    let stack = stack::alone().await?;
    let (customer, desk) = (newcomer(&stack).await?, Desk::of(&stack).await?);
    let wish = by_card(coffee(&menu(&customer).await?)?, "tok_visa");
    for mode in ["down", "hang", "slow"] {
        desk.outage(mode).await?;
        let order = place_at_once(&customer, &wish).await;
        let asked = async {
            let order = order?;
            let query = format!(
                "SELECT tries FROM checkouts WHERE order_id = '{}' AND (tries > 0 OR state = 'settled')",
                order.id
            );
            until("a call in vain", GENEROUS, || async {
                let rows = stack.rows("order", &query).await.ok()?;
                (!rows.is_empty()).then_some(())
            })
            .await?;
            anyhow::Ok(order)
        };
        let order = asked.await;
        desk.outage("none").await?;
        let order = order.with_context(|| format!("while the provider is {mode}"))?;
        ends(&customer, &order.id, PAID)
            .await
            .with_context(|| format!("after the provider was {mode}"))?;
        for status in ["authorised", "captured"] {
            let count = times(&stack, &order.id, status)?;
            ensure!(count == 1, "{mode}: {status} {count} times");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_frozen_process_that_comes_back_finds_its_order_in_other_hands() -> Result<()> {
    let stack = stack::alone().await?;
    let customer = newcomer(&stack).await?;
    let wish = by_card(coffee(&menu(&customer).await?)?, "tok_slow");
    let part = Part::App("order".to_owned());
    let (waking, attempt) = (stack.ops("order")?, "order.authorise.before_commit");
    let attempts = failpoints::passed(&stack, &waking, attempt).await?;
    let order = place_at_once(&customer, &wish).await?;
    let saga = format!(
        "SELECT state, direction, step, fence, owner FROM checkouts WHERE order_id = '{}'",
        order.id
    );
    // Frozen in the middle of a call, with the saga in its hands.
    until("the call for the card", GENEROUS, || async {
        let rows = stack.rows("order", &saga).await.ok()?;
        let row = rows.first()?;
        (row["step"] == "authorise" && row["owner"].is_string()).then_some(())
    })
    .await?;
    stack.pause(&part).await?;
    let taken_over = async {
        let twin = stack.twin("order").await?;
        insist("the other process to settle it", PATIENCE, || async {
            let rows = stack.rows("order", &saga).await?;
            ensure!(
                rows.first().is_some_and(|row| row["state"] == "settled"),
                "{rows:?}"
            );
            Ok(())
        })
        .await?;
        anyhow::Ok(twin)
    };
    let twin = taken_over.await;
    let before = stack.rows("order", &saga).await?;
    stack.resume(&part).await?;
    let twin = twin?;
    ensure!(
        failpoints::passed(&stack, twin.ops(), "order.confirm.after_commit").await? > 0,
        "it was not the second process that settled it"
    );
    // The first one goes on where it stopped: it has its answer, and tries to write down what it thinks came of it.
    until("the frozen process going on", GENEROUS, || async {
        let count = failpoints::passed(&stack, &waking, attempt).await.ok()?;
        (count > attempts).then_some(())
    })
    .await?;
    twin.kill().await?;
    whole(&stack).await?;
    let after = stack.rows("order", &saga).await?;
    ensure!(after == before, "{before:?} became {after:?}");
    let order = ends(&customer, &order.id, PAID).await?;
    ensure!(order.version == 2, "{order:?}");
    for status in ["authorised", "captured"] {
        let count = times(&stack, &order.id, status)?;
        ensure!(count == 1, "{status} {count} times");
    }
    // And the next guest notices nothing.
    let next = order_by_card(&customer, "tok_visa").await?;
    ends(&customer, &next.id, PAID).await?;
    Ok(())
}
