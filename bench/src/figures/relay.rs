//! Events: how many the relay publishes in a second, and how long after an order's commit others hear of it.
//!
//! Invariant: a delay counts from the moment that history has for the transition, which is before its commit; an event
//! that nobody heard of is an error, unless it is one in a hundred.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use e2e::patience::until;
use e2e::{Client, Events, Part, Role, Target};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::rate;
use crate::aftermath::Aftermath;
use crate::contest::{Latency, median};
use crate::customer::{Customer, Until};
use crate::load::{Arrivals, drive, histogram};
use crate::pgbench::Programs;
use crate::report::{Goal, Report, Row, note};

/// Events that are there at once.
const COUNT: u32 = 20_000;
/// How often, of which the median counts.
const RUNS: usize = 3;
/// Who listens to the order service's events. It does so itself too, by the sidecar that publishes them.
const CONSUMERS: [&str; 4] = ["bff", "inventory", "payment", "shipping"];
const PUBLISHED: f64 = 5000.0;
/// How long publishing them may take.
const MOST: Duration = Duration::from_mins(1);
/// Orders a second, far from what can be served: the way is measured, not a queue.
const RATE: u32 = 50;
const CLIENTS: usize = 16;
const LENGTH: Duration = Duration::from_secs(20);
/// A stream that stays silent for longer has lost its orders.
const SILENCE: Duration = Duration::from_mins(5);
const SUBSCRIBER_P99_MS: f64 = 100.0;
const BROWSER_P50_MS: f64 = 100.0;
const BROWSER_P99_MS: f64 = 300.0;

/// When an order was confirmed, and when inventory acted on that, each in microseconds of the epoch.
const CONFIRMED: (&str, &str) = (
    "db-order",
    "SELECT order_id, (extract(epoch FROM at) * 1000000)::bigint FROM order_history
     WHERE order_id > :'first'::uuid AND version = 2 AND to_status = 'confirmed'",
);
const SOLD: (&str, &str) = (
    "db-inventory",
    "SELECT DISTINCT order_id, (extract(epoch FROM at) * 1000000)::bigint FROM movements
     WHERE order_id > :'first'::uuid AND kind = 'sale'",
);

/// Moments by order.
type Moments = HashMap<String, u64>;

/// Measures them.
pub async fn measure(
    target: &Target,
    customer: &Customer,
    aftermath: &Aftermath,
    report: &mut Report,
) -> Result<()> {
    let order = customer.order().await?;
    let (mut alone, mut heard) = (Vec::new(), Vec::new());
    for run in 1..=RUNS {
        note(&format!("relay: run {run}"));
        let unheard = unheard(target, published(&aftermath.programs, &order));
        alone.push(unheard.await?);
        aftermath.over().await?;
        heard.push(published(&aftermath.programs, &order).await?);
        aftermath.over().await?;
    }
    report.rows([
        Row::alone(
            &format!("events published per second, {COUNT} waiting"),
            median(alone.into_iter()),
            "/s",
            Goal::AtLeast(PUBLISHED),
        ),
        Row::alone(
            "… while their consumers take them in",
            median(heard.into_iter()),
            "/s",
            Goal::None,
        ),
    ]);

    note(&format!("relay: delays at {}", rate(f64::from(RATE))));
    let first = order["id"].as_str().context("an order has no id")?;
    let seen = boards(target, customer, aftermath).await?;
    let confirmed = moments(&aftermath.programs, CONFIRMED, first).await?;
    let sold = moments(&aftermath.programs, SOLD, first).await?;
    let subscriber = delays(&confirmed, &sold).context("inventory")?;
    let browser = delays(&confirmed, &seen).context("the boards")?;
    let row = |name: &str, delays: &Latency, quantile: f64, goal| {
        let micros = Duration::from_micros(delays.value_at_quantile(quantile));
        let percent = quantile * 100.0;
        let figure = format!("commit → {name}, p{percent:.0} at {RATE} orders/s");
        Row::alone(&figure, micros.as_secs_f64() * 1e3, " ms", goal)
    };
    let [inventory, page] = ["inventory acts on it", "the browser is told"];
    report.rows([
        row(inventory, &subscriber, 0.5, Goal::None),
        row(
            inventory,
            &subscriber,
            0.99,
            Goal::AtMost(SUBSCRIBER_P99_MS),
        ),
        row(page, &browser, 0.5, Goal::AtMost(BROWSER_P50_MS)),
        row(page, &browser, 0.99, Goal::AtMost(BROWSER_P99_MS)),
    ]);
    report.remark(format!(
        "Events: the median of {RUNS} times {COUNT} events of as many subjects, first while the sidecars of their \
         consumers are frozen (order's own can't be: it publishes them), then as in earnest. Delays: \
         {} confirmed orders at {RATE}/s, from history's moment of the confirmation to inventory's sale of the stock and \
         to the barista's board, an open stream through the public entry.",
        browser.len()
    ));
    Ok(())
}

/// What `during` gives while nobody has the processors to take events in.
async fn unheard(target: &Target, during: impl Future<Output = Result<f64>>) -> Result<f64> {
    let sidecars = CONSUMERS.map(|app| Part::Sidecar(app.into()));
    for sidecar in &sidecars {
        target.pause(sidecar).await?;
    }
    let outcome = during.await;
    for sidecar in &sidecars {
        target.resume(sidecar).await?;
    }
    outcome
}

/// How many events a second leave the outbox.
async fn published(programs: &Programs, order: &Value) -> Result<f64> {
    let event = Customer::event_of(order).to_string();
    let count = COUNT.to_string();
    let variables = [("event", event.as_str()), ("count", count.as_str())];
    let sql = include_str!("../../sql/relay.sql");
    programs.query("db-order", &variables, sql).await?;
    let start = Instant::now();
    let waiting = "SELECT count(*) FROM outbox.events";
    until("an empty outbox", MOST, || async {
        let left = programs.number("db-order", waiting).await;
        matches!(left, Ok(0)).then_some(())
    })
    .await?;
    Ok(f64::from(COUNT) / start.elapsed().as_secs_f64())
}

/// Lets orders arrive while a barista looks at every store's board; says when each was first seen confirmed.
async fn boards(target: &Target, customer: &Customer, aftermath: &Aftermath) -> Result<Moments> {
    let barista = Client::signed_in(target, target.sign_in(Role::Barista)?).await?;
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let mut watching = JoinSet::new();
    for store in customer.stores()? {
        let path = format!("/api/stores/{store}/tickets/events");
        let mut board = barista.events(&path).await?;
        // What is open already comes first: from then on the board is told.
        board.next(SILENCE).await?;
        watching.spawn(watch(board, sender.clone()));
    }
    drop(sender);
    let callers = customer.waiting(Until::Accepted).callers(CLIENTS);
    let (_, load) = drive(callers, Arrivals::PerSecond(RATE), LENGTH).await?;
    load.sound()?;
    aftermath.over().await?;
    ensure!(watching.try_join_next().is_none(), "a board's stream ended");
    watching.shutdown().await;
    let mut seen = Moments::new();
    while let Some((order, at)) = receiver.recv().await {
        seen.entry(order).or_insert(at);
    }
    Ok(seen)
}

async fn watch(mut board: Events, seen: mpsc::UnboundedSender<(String, u64)>) -> Result<()> {
    loop {
        let event = board.next(SILENCE).await?;
        let at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
        if event.data["checkout"] == "confirmed"
            && let Some(order) = event.data["order_id"].as_str()
        {
            seen.send((order.to_owned(), u64::try_from(at)?))?;
        }
    }
}

async fn moments(
    programs: &Programs,
    (database, sql): (&str, &str),
    first: &str,
) -> Result<Moments> {
    let rows = programs.query(database, &[("first", first)], sql).await?;
    let row = |row: &str| {
        let (order, at) = row.split_once('|').context("a row of two columns")?;
        anyhow::Ok((order.to_owned(), at.parse()?))
    };
    rows.lines().map(row).collect()
}

/// How long after the one came the other.
fn delays(causes: &Moments, effects: &Moments) -> Result<Latency> {
    let mut delays = histogram()?;
    for (order, cause) in causes {
        if let Some(effect) = effects.get(order) {
            delays.saturating_record(effect.saturating_sub(*cause).max(1));
        }
    }
    let (heard, all) = (delays.len(), u64::try_from(causes.len())?);
    ensure!(
        all > 0 && heard * 100 >= all * 99,
        "heard of {heard} orders of {all}"
    );
    Ok(delays)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(of: &[(&str, u64)]) -> Moments {
        of.iter().map(|(id, at)| ((*id).to_owned(), *at)).collect()
    }

    #[test]
    fn a_delay_is_from_the_cause_to_the_effect() {
        let causes = moments(&[("a", 1_000_000), ("b", 2_000_000)]);
        let effects = moments(&[("a", 1_040_000), ("b", 2_040_000), ("c", 1)]);
        let delays = delays(&causes, &effects).expect("all were heard of");
        assert!(delays.value_at_quantile(0.5).abs_diff(40_000) < 100);
        assert_eq!(delays.len(), 2);
    }

    #[test]
    fn orders_that_nobody_heard_of_are_an_error() {
        let causes = moments(&[("a", 1), ("b", 2)]);
        assert!(delays(&causes, &moments(&[("a", 2)])).is_err());
    }
}
