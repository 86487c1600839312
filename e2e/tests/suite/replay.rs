//! A copy of events that was lost is built anew from the topics.
//!
//! Invariant: what is read again changes nothing but the copy.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use e2e::patience::insist;
use e2e::{Role, Target};
use reqwest::StatusCode;

use crate::healing::PATIENCE;
use crate::shop::{PAID, ends, order_by_card};
use crate::stack::{self, browser, newcomer, word};

/// What is told of an order that is paid by card: three things by payment, two by inventory.
const TOLD: usize = 5;

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
    for topic in ["payment-events", "inventory-events"] {
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
