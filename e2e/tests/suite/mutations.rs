//! The checks themselves, checked: a rule is left out, something happens that it would have caught, the checker goes red.
//!
//! Invariant: it runs last, by itself, on a system that is thrown away: what it breaks stays broken.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::checker::{self, Invariant};
use e2e::client::fresh;
use e2e::{Client, Order, Role, Target, failpoints};
use reqwest::StatusCode;

use crate::delivery;
use crate::healing::advance;
use crate::shop::{Shelf, by_card, order_by_card, place_at_once, wish_for};
use crate::stack::{self, browser, menu, newcomer, order_one};

/// How long everything has to come to rest, before what is not at rest counts as stuck.
const REST: Duration = Duration::from_secs(12);

/// A rule, who keeps it, and what is violated without it, in the checker's words.
const MUTATIONS: [(&str, &[&str], Invariant, &str); 4] = [
    (
        "inbox",
        &["inventory", "payment"],
        Invariant::I6,
        "has not admitted",
    ),
    ("stock_guard", &["inventory"], Invariant::I3, "below zero"),
    (
        "provider_key",
        &["payment"],
        Invariant::I2,
        "the provider has",
    ),
    (
        "courier_word",
        &["order"],
        Invariant::I15,
        "its shipment is failed",
    ),
];

#[tokio::test]
async fn without_a_rule_the_checker_goes_red_for_it() -> Result<()> {
    let stack = stack::alone().await?;
    let mut before = checker::judge(&stack).await?;
    ensure!(before.is_sound(), "before anything was left out:\n{before}");
    for (rule, apps, invariant, words) in MUTATIONS {
        for app in apps {
            failpoints::mutate(&stack, app, &[rule]).await?;
        }
        provoke(&stack, rule)
            .await
            .with_context(|| format!("without {rule}"))?;
        let after = checker::judge_within(&stack, REST).await?;
        let new = after.new_since(&before);
        let mut blamed = new.iter().filter(|found| found.invariant == invariant);
        ensure!(
            blamed.any(|found| found.evidence.contains(words)),
            "without {rule}, {invariant} should go red for \"{words}\":\n{after}"
        );
        for app in apps {
            failpoints::mutate(&stack, app, &[]).await?;
        }
        before = after;
    }
    Ok(())
}

/// Does what the rule is there for.
async fn provoke(target: &Target, rule: &str) -> Result<()> {
    let customer = newcomer(target).await?;
    match rule {
        "inbox" => {
            let barista = browser(target, Role::Barista).await?;
            let mut order = order_one(&customer).await?;
            for step in ["preparation", "ready", "delivered"] {
                order = advance(&barista, &order, step).await?;
            }
            Ok(())
        }
        "stock_guard" => oversell(target, &customer).await,
        // Nobody drives there, and order does not want to hear of it.
        "courier_word" => delivery::unfound(&customer).await,
        _ => {
            // Its answer gets lost under every key anew.
            let wish = by_card(e2e::coffee(&menu(&customer).await?)?, "tok_lost_authorise");
            place_at_once(&customer, &wish).await.map(drop)
        }
    }
}

/// Sells one piece three times.
async fn oversell(target: &Target, customer: &Client) -> Result<()> {
    Shelf::of(target, "almond croissant")
        .await?
        .count(1)
        .await?;
    let wish = wish_for(&menu(customer).await?, "Almond croissant")?;
    for _ in 0..3 {
        let placed = customer.place(&wish, &fresh()).await?;
        Order::read(&placed.expect(StatusCode::ACCEPTED)?.json()?)?;
    }
    // Somebody else's is not touched.
    order_by_card(customer, "tok_visa").await.map(drop)
}
