//! A copy of events that was lost is built anew from the topics.
//!
//! Invariant: what is read again changes nothing but the copy.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use e2e::order::{STEPS, list};
use e2e::patience::insist;
use e2e::{Role, Target};
use reqwest::StatusCode;

use crate::healing::{PATIENCE, advance};
use crate::shop::{PAID, ends, order_by_card};
use crate::stack::{self, browser, newcomer, word};

/// What is told of an order that is paid by card: three things by payment, two by inventory, two by order itself.
const TOLD: usize = 7;
/// What tells of an order, so that its timeline is whole.
const TOPICS: [&str; 4] = [
    "order-events",
    "payment-events",
    "inventory-events",
    "shipping-events",
];

/// What the copy, and what must not follow from reading again, hold: each row as one text.
async fn rows(target: &Target, app: &str, table: &str) -> Result<BTreeSet<String>> {
    let query = format!("SELECT row({table}.*)::text AS row FROM {table}");
    let rows = target.rows(app, &query).await?;
    Ok(rows.iter().map(|row| word(row, "row").to_owned()).collect())
}

#[tokio::test]
async fn a_timeline_that_was_dropped_is_built_anew_as_it_was() -> Result<()> {
    let stack = stack::alone().await?;
    let customer = newcomer(&stack).await?;
    let order = order_by_card(&customer, "tok_visa").await?;
    ends(&customer, &order.id, PAID).await?;
    let order = order.id;
    let before = insist("the timeline", PATIENCE, || async {
        let timeline = rows(&stack, "order", "timeline").await?;
        let own = timeline.iter().filter(|row| row.contains(&order));
        ensure!(own.count() == TOLD, "{order} lacks something");
        Ok(timeline)
    })
    .await?;
    let history = rows(&stack, "order", "order_history").await?;
    let admin = browser(&stack, Role::Admin).await?;
    let dropped = admin.delete("/api/timeline").await?;
    dropped.expect(StatusCode::NO_CONTENT)?;
    ensure!(rows(&stack, "order", "timeline").await?.is_empty());
    for topic in TOPICS {
        stack.replay("order", topic).await?;
    }
    let after = rows(&stack, "order", "timeline").await?;
    let lost: Vec<_> = before.difference(&after).collect();
    ensure!(lost.is_empty(), "{lost:#?}");
    // What was still on its way from orders before this one may have joined.
    let more = after.difference(&before);
    let more: Vec<_> = more.filter(|row| row.contains(&order)).collect();
    ensure!(more.is_empty(), "{more:#?}");
    ensure!(rows(&stack, "order", "order_history").await? == history);
    stack::whole(&stack).await
}

#[tokio::test]
async fn sales_that_were_dropped_are_built_anew_to_the_same_figures() -> Result<()> {
    let stack = stack::alone().await?;
    let (customer, barista) = (
        newcomer(&stack).await?,
        browser(&stack, Role::Barista).await?,
    );
    let manager = browser(&stack, Role::Manager).await?;
    let placed = order_by_card(&customer, "tok_visa").await?;
    let mut order = ends(&customer, &placed.id, PAID).await?;
    for step in &STEPS[1..] {
        order = advance(&barista, &order, step).await?;
    }
    let before = insist("the sale", PATIENCE, || async {
        let sold = rows(&stack, "order", "sales").await?;
        let own = sold.iter().find(|row| row.contains(&order.id));
        ensure!(
            own.is_some_and(|row| row.contains("completed")),
            "{} is not sold yet",
            order.id
        );
        Ok(sold)
    })
    .await?;
    let returned = rows(&stack, "order", "sales_returns").await?;
    let day = format!("SELECT business_day FROM orders WHERE id = '{}'", order.id);
    let day = stack.rows("order", &day).await?.remove(0);
    let day = word(&day, "business_day");
    let path = format!("/api/stores/{}/sales?from={day}&to={day}", order.store_id);
    let shown = manager.get(&path).await?.expect(StatusCode::OK)?.json()?;
    ensure!(
        list(&shown["days"]).len() == 1 && shown["days"][0]["orders"].as_i64() > Some(0),
        "{shown}"
    );
    let admin = browser(&stack, Role::Admin).await?;
    // Who works at no store runs none.
    admin.get(&path).await?.expect(StatusCode::NOT_FOUND)?;
    barista.get(&path).await?.expect(StatusCode::FORBIDDEN)?;
    let dropped = admin.delete("/api/sales").await?;
    dropped.expect(StatusCode::NO_CONTENT)?;
    ensure!(rows(&stack, "order", "sales").await?.is_empty());
    stack.replay("order", "order-events").await?;
    let after = rows(&stack, "order", "sales").await?;
    let lost: Vec<_> = before.difference(&after).collect();
    ensure!(lost.is_empty(), "{lost:#?}");
    let returned_again = rows(&stack, "order", "sales_returns").await?;
    ensure!(returned.is_subset(&returned_again), "{returned_again:#?}");
    // What was still on its way, or had been given up before, may have joined, and then counts too.
    if (&after, &returned_again) == (&before, &returned) {
        let again = manager.get(&path).await?.expect(StatusCode::OK)?.json()?;
        ensure!(again == shown, "{again} rather than {shown}");
    }
    stack::whole(&stack).await
}
