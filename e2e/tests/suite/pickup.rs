//! Picking up in a slot, from the public entry to the database.
//!
//! Invariant: every slot that is taken here is counted by the checker at the end (I11), those that were given back too.

use anyhow::{Context as _, Result, ensure};
use e2e::client::fresh;
use e2e::order::{coffee, list};
use e2e::patience::until;
use e2e::{Client, Order};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::shop::ENDS;
use crate::stack::{self, menu, newcomer, word};

async fn slots(client: &Client, store: &str) -> Result<Value> {
    let slots = client.get(&format!("/api/stores/{store}/slots")).await?;
    slots.expect(StatusCode::OK)?.json()
}

async fn left(client: &Client, store: &str, at: &str) -> Result<i64> {
    let slots = slots(client, store).await?;
    let mut found = list(&slots["slots"]).iter().filter(|it| it["at"] == at);
    let left = found.next().and_then(|it| it["left"].as_i64());
    left.with_context(|| format!("no slot at {at}"))
}

#[tokio::test]
async fn a_slot_is_sold_as_often_as_it_holds_and_what_is_cancelled_comes_back() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let mut wish = coffee(&menu(&customer).await?)?;
    let store = word(&wish, "store_id").to_owned();
    let visitor = Client::new(&stack)?;
    let told = slots(&visitor, &store).await?;
    ensure!(
        told["open"] == json!(true) && told["wait_minutes"].as_i64() >= Some(2),
        "{told}"
    );
    // Far enough ahead to stay a slot while this runs; nobody else takes any.
    let slot = list(&told["slots"]).last().context("a slot")?;
    let (at, free) = (
        word(slot, "at").to_owned(),
        slot["left"].as_i64().context("a number")?,
    );

    wish["pickup"] = json!(at);
    let mut rush = JoinSet::new();
    for _ in 0..free + 6 {
        let (customer, wish) = (customer.clone(), wish.clone());
        rush.spawn(async move { customer.place(&wish, &fresh()).await });
    }
    let mut orders = Vec::new();
    for answer in rush.join_all().await {
        let answer = answer?;
        match answer.status {
            StatusCode::ACCEPTED => orders.push(answer.json()?),
            _ => drop(answer.expect(StatusCode::CONFLICT)?),
        }
    }
    ensure!(
        i64::try_from(orders.len())? == free,
        "{} of {free}",
        orders.len()
    );
    ensure!(
        orders
            .iter()
            .all(|order| order["pickup"] == json!({"kind": "slot", "due_at": at}))
    );
    ensure!(left(&visitor, &store, &at).await? == 0);

    let kept = orders.pop().context("an order")?;
    for order in &orders {
        let order = Order::read(order)?;
        customer
            .cancel(&order.id)
            .await?
            .expect(StatusCode::ACCEPTED)?;
    }
    until("all places but one", ENDS, || async {
        (left(&visitor, &store, &at).await.ok()? == free - 1).then_some(())
    })
    .await?;
    let kept = Order::read(&kept)?;
    customer
        .cancel(&kept.id)
        .await?
        .expect(StatusCode::ACCEPTED)?;
    until("all places", ENDS, || async {
        (left(&visitor, &store, &at).await.ok()? == free).then_some(())
    })
    .await
}

#[tokio::test]
async fn what_is_no_slot_is_refused_at_the_entry_and_behind_it() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let mut wish = coffee(&menu(&customer).await?)?;
    for (pickup, slug) in [
        ("2020-01-01T08:00:00Z", "slot-not-offered"),
        ("2199-01-01T08:00:00Z", "slot-not-offered"),
        ("soon", "invalid-body"),
    ] {
        wish["pickup"] = json!(pickup);
        let refused = customer.place(&wish, &fresh()).await?;
        let problem = refused.expect(StatusCode::UNPROCESSABLE_ENTITY)?.json()?;
        ensure!(
            word(&problem, "type").ends_with(slug),
            "{pickup}: {problem}"
        );
    }
    Ok(())
}
