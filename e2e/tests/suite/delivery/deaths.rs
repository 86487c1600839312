//! Every place where a service may die on a delivery's way: it dies there, comes back, and the order ends as it should.
//!
//! Invariant: a place counts only if the process ended while it was armed; then the checker looks at everything.

use anyhow::{Context as _, Result, ensure};
use e2e::patience::until;
use e2e::{Client, Part, Role, Target, checker, failpoints};
use reqwest::StatusCode;

use super::{GOOD, NOBODY, brought, courier, made, ordered, shipment_is, undone};
use crate::healing::{killed_and_back, press};
use crate::shop::times;
use crate::stack::{self, GENEROUS, browser, newcomer, ready, whole};

/// What becomes of an order while a service dies.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// It is brought.
    Brought,
    /// It is called off once a courier is booked.
    CalledOff,
    /// No courier is found.
    Unfound,
}

use Way::{Brought, CalledOff, Unfound};

/// The places of a service, and the way that leads an order there.
type Row = (&'static str, &'static [&'static str], Way);

const AROUND_A_CALL: &[&str] = &["before_call", "before_commit", "after_commit"];
const AROUND_A_COMMIT: &[&str] = &["before_commit", "after_commit"];

const ORDER: &[Row] = &[
    ("order.announce", &["after_call"], Brought),
    ("order.shipping", AROUND_A_COMMIT, Brought),
    ("order.shipping", AROUND_A_COMMIT, Unfound),
];
const SHIPPING: &[Row] = &[
    ("shipping.announce", AROUND_A_COMMIT, Brought),
    ("shipping.confirm", AROUND_A_COMMIT, Brought),
    ("shipping.book", AROUND_A_CALL, Brought),
    ("shipping.ready", AROUND_A_COMMIT, Brought),
    ("shipping.call_in", AROUND_A_CALL, Brought),
    ("shipping.feed", AROUND_A_COMMIT, Brought),
    ("shipping.withdraw", AROUND_A_COMMIT, CalledOff),
    ("shipping.call_off", AROUND_A_CALL, CalledOff),
    ("shipping.give_up", AROUND_A_COMMIT, Unfound),
];

/// Sends an order on its way, to its end. Buttons that don't work are pressed again.
async fn travel(target: &Target, way: Way, customer: &Client, barista: &Client) -> Result<()> {
    match way {
        Brought => {
            let order = ordered(customer, GOOD).await?;
            let order = made(barista, &order).await?;
            let order = brought(customer, &order).await?;
            ensure!(times(target, &order.id, "captured")? == 1, "{order:?}");
        }
        CalledOff => {
            let order = ordered(customer, GOOD).await?;
            courier(customer, &order, "booked").await?;
            let answer = press("the cancellation", || customer.cancel(&order.id)).await?;
            answer.expect(StatusCode::ACCEPTED)?;
            undone(target, customer, &order, "by_customer").await?;
            shipment_is(customer, &order, "cancelled").await?;
        }
        Unfound => {
            let order = ordered(customer, NOBODY).await?;
            undone(target, customer, &order, "no_courier").await?;
        }
    }
    Ok(())
}

/// Kills a service at each of its places while an order comes by, which ends as it should all the same.
async fn lane(
    target: &Target,
    app: &str,
    rows: &[Row],
    customer: &Client,
    barista: &Client,
) -> Result<()> {
    let part = Part::App(app.to_owned());
    for (step, moments, way) in rows {
        for moment in *moments {
            let place = format!("{step}.{moment}");
            ready(target, app).await?;
            let before = target.instance(&part).context("it does not run")?;
            failpoints::arm(target, app, &place, 0).await?;
            let travelled = travel(target, *way, customer, barista);
            travelled
                .await
                .with_context(|| format!("the order that was sent to {place}"))?;
            until(&format!("the end at {place}"), GENEROUS, || async {
                (target.instance(&part)? != before).then_some(())
            })
            .await?;
        }
    }
    ready(target, app).await
}

#[tokio::test]
async fn whoever_dies_on_the_way_it_ends_as_it_should() -> Result<()> {
    let stack = stack::alone().await?;
    let (customer, barista) = (
        newcomer(&stack).await?,
        browser(&stack, Role::Barista).await?,
    );
    // Side by side: each service dies at its own places while the other dies at its.
    tokio::try_join!(
        lane(&stack, "order", ORDER, &customer, &barista),
        lane(&stack, "shipping", SHIPPING, &customer, &barista),
    )?;
    let carrier = Part::App("carrier".to_owned());
    let order = ordered(&customer, GOOD).await?;
    // While a courier is looked for, or just found, and while it is on its way.
    killed_and_back(&stack, &carrier).await?;
    let order = made(&barista, &order).await?;
    killed_and_back(&stack, &carrier).await?;
    brought(&customer, &order).await?;
    whole(&stack).await?;
    let report = checker::judge(&stack).await?;
    ensure!(report.is_sound(), "{report}");
    Ok(())
}
