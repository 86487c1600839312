//! A café at random: people order, to the counter and to their doors, change their minds and bring things back, while
//! what they pay changes and two things at a time go wrong.
//!
//! Invariant: what people do, once each has had what is ordered in turn, and what breaks is drawn from one seed, which
//! every failure names and `CREMA_SOAK_SEED` sets; how it interleaves is the machine's. It lasts for [`LASTS`], or as many
//! seconds as `CREMA_SOAK_SECONDS` says, heals what it broke, and is judged by the checker.

mod cafe;
mod customer;
mod faults;
mod people;
mod staff;
mod tally;
mod wishes;

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow, ensure};
use e2e::order::list;
use e2e::{Client, Role, Target, checker};
use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use reqwest::StatusCode;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::shop::{Desk, outcome};
use crate::stack::{self, whole, word};
use cafe::Cafe;
use customer::Customer;
use people::Person;
use tally::Tally;

/// For how long faults come.
const LASTS: Duration = Duration::from_mins(1);
/// How many people order.
const CUSTOMERS: u32 = 4;

/// Somebody's chances: the same ones for the same seed.
struct Chance(TestRunner);

impl Chance {
    fn of(seed: u64, who: u32) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..12].copy_from_slice(&who.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        Self(TestRunner::new_with_rng(Config::default(), rng))
    }

    fn draw<S: Strategy>(&mut self, of: &S) -> Result<S::Value> {
        let tree = of.new_tree(&mut self.0);
        Ok(tree
            .map_err(|reason| anyhow!("nothing to draw: {reason}"))?
            .current())
    }
}

/// A number that the environment sets, if it does.
#[expect(
    clippy::disallowed_methods,
    reason = "a setting of the test, not of a service"
)]
fn said(name: &str) -> Result<Option<u64>> {
    let Ok(text) = std::env::var(name) else {
        return Ok(None);
    };
    let number = text.parse().with_context(|| format!("{name}={text}"))?;
    Ok(Some(number))
}

/// All orders that somebody has placed.
async fn all_orders(customer: &Client) -> Result<BTreeSet<String>> {
    let (mut known, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let page = customer
            .get(&format!("/api/orders?limit=100{cursor}"))
            .await?;
        let page = page.expect(StatusCode::OK)?.json()?;
        let ids = list(&page["items"]).iter().map(|order| word(order, "id"));
        known.extend(ids.map(str::to_owned));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(known),
        }
    }
}

#[tokio::test]
async fn a_day_at_random_loses_nothing_while_two_things_at_a_time_go_wrong() -> Result<()> {
    let stack = stack::alone().await?;
    let seed = match said("CREMA_SOAK_SEED")? {
        Some(seed) => seed,
        None => u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?,
    };
    let lasts = said("CREMA_SOAK_SECONDS")?.map_or(LASTS, Duration::from_secs);
    let (pairs, tally) = day(stack.target(), seed, lasts)
        .await
        .with_context(|| format!("CREMA_SOAK_SEED={seed}"))?;
    println!("CREMA_SOAK_SEED={seed}: {pairs} pairs of faults, {tally:?}");
    Ok(())
}

async fn day(target: &'static Target, seed: u64, lasts: Duration) -> Result<(u32, Tally)> {
    let manager = Person::of(target, Role::Manager).await?;
    let cafe = Cafe::open(&manager).await?;
    let (open, _) = watch::channel(true);
    let (mut customers, mut staff) = (JoinSet::new(), JoinSet::new());
    for who in 0..CUSTOMERS {
        let customer = Customer::new(
            Person::new(target).await?,
            Chance::of(seed, who),
            cafe.clone(),
            usize::try_from(who)?,
        );
        customers.spawn(customer.day(open.subscribe()));
    }
    let barista = Person::of(target, Role::Barista).await?;
    let (chance, till) = (Chance::of(seed, CUSTOMERS), open.subscribe());
    staff.spawn(staff::barista(barista, chance, cafe.clone(), till));
    let (chance, till) = (Chance::of(seed, CUSTOMERS + 1), open.subscribe());
    staff.spawn(staff::manager(
        Person::of(target, Role::Manager).await?,
        chance,
        cafe.clone(),
        till,
    ));

    let mut chance = Chance::of(seed, CUSTOMERS + 2);
    let desk = Desk::of(target).await?;
    let (began, mut pairs) = (Instant::now(), 0);
    let broken = async {
        while began.elapsed() < lasts {
            faults::pair(target, &desk, &mut chance).await?;
            pairs += 1;
        }
        anyhow::Ok(())
    };
    let broken = broken.await;
    open.send_replace(false);
    broken?;
    whole(target).await?;

    let mut tally = Tally::default();
    while let Some(ended) = staff.join_next().await {
        tally += ended??;
    }
    let mut everybody = Vec::new();
    while let Some(ended) = customers.join_next().await {
        let (customer, taken, done) = ended??;
        tally += done;
        everybody.push((customer, taken));
    }
    let all = everybody.iter().flat_map(|(_, taken)| taken);
    let brought = all.filter(|taken| taken.is_brought);
    let brought: Vec<_> = brought.map(|taken| taken.id.clone()).collect();
    let last = Person::of(target, Role::Barista).await?;
    tally += staff::close(&last, &brought).await?;
    for (customer, taken) in everybody {
        let customer = customer.signed_in().await?;
        for order in &taken {
            outcome(customer, &order.id).await?;
        }
        // Each press of a button that nobody answered was of an order that was taken later, or of none.
        let known = all_orders(customer).await?;
        let taken: BTreeSet<_> = taken.into_iter().map(|order| order.id).collect();
        let other: Vec<_> = known.symmetric_difference(&taken).collect();
        ensure!(other.is_empty(), "shown or told alone: {other:?}");
    }
    cafe.tidy(&manager).await?;
    tally.is_a_day(CUSTOMERS, pairs, lasts)?;
    let report = checker::judge(target).await?;
    ensure!(report.is_sound(), "{report}");
    Ok((pairs, tally))
}
