//! Orders one coffee at the counter through the public entry and makes it: the proof that everything works.
//!
//! Invariant: it ends with status 0 after the hand-over, with one line on standard error and status 1 in every other case.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::client::fresh;
use e2e::order::{STEPS, coffee, list};
use e2e::{Client, Order, Role, Target};
use reqwest::StatusCode;

/// How long the customer waits for news of a step.
const NEWS: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match order_one(Instant::now()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if standard error is closed.
            let _ = writeln!(std::io::stderr(), "first-coffee: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn order_one(start: Instant) -> Result<()> {
    let say = |what: &str| {
        writeln!(
            std::io::stdout(),
            "{:>6} ms  {what}",
            start.elapsed().as_millis()
        )
    };
    let target = Target::local()?;
    let customer = Client::signed_in(&target, target.sign_in(Role::Customer)?);
    let customer = customer.await.context("the customer can't sign in")?;
    say("the customer is signed in")?;

    let stores = customer
        .get("/api/stores")
        .await?
        .expect(StatusCode::OK)?
        .json()?;
    let store = list(&stores["items"])
        .first()
        .context("there is no store")?["id"]
        .as_str();
    let store = store.context("a store has no id")?;
    let menu = customer.get(&format!("/api/stores/{store}/menu")).await?;
    let menu = menu
        .expect(StatusCode::OK)
        .context("there is no menu")?
        .json()?;
    let placed = customer.place(&coffee(&menu)?, &fresh()).await?;
    let placed = placed
        .expect(StatusCode::ACCEPTED)
        .context("nothing can be ordered")?;
    let mut order = Order::read(&placed.json()?)?;
    let (drink, total) = (&order.lines[0]["product"], &order.total);
    let cents = total["amount"].as_u64().context("an order has no total")?;
    let what = format!(
        "{}: {drink} for {}.{:02} {}",
        order.number,
        cents / 100,
        cents % 100,
        total["currency"]
    );
    say(&what.replace('"', ""))?;

    let mut news = customer
        .events(&format!("/api/orders/{}/events", order.id))
        .await?;
    let barista = Client::signed_in(&target, target.sign_in(Role::Barista)?);
    let barista = barista.await.context("the barista can't sign in")?;
    say(&order.fulfilment)?;
    for step in &STEPS[1..] {
        let moved = barista.advance(&order.id, order.version, step).await?;
        let moved = moved
            .expect(StatusCode::OK)
            .with_context(|| format!("the order can't become {step}"))?;
        order = Order::read(&moved.json()?)?;
        let seen = news.find(NEWS, |event| event.data["fulfilment"] == *step);
        seen.await
            .with_context(|| format!("the customer does not hear that the order is at {step}"))?;
        say(step)?;
    }
    ensure!(
        order.is_over(),
        "the order is delivered, but its checkout is {}",
        order.checkout
    );
    Ok(())
}
