//! Every place where a service may die in the middle of a checkout: it dies there, comes back, and the order ends well.
//!
//! Invariant: a place counts only if the process ended while it was armed; the orders that were under way are followed to
//! their ends, and then the checker looks at everything.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use e2e::client::fresh;
use e2e::order::coffee;
use e2e::patience::until;
use e2e::{Client, Order, Part, Role, Target, checker, failpoints};
use reqwest::StatusCode;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::healing::{PATIENCE, advance, press};
use crate::shop::{by_card, outcome, times};
use crate::stack::{self, browser, menu, newcomer, ready, whole};

/// What an order goes through.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Paid by card and confirmed.
    Paid,
    /// Paid by card, confirmed, and then undone.
    Recalled,
    /// Held on the card, and the capture is declined.
    Declined,
    /// Paid at the counter when it is handed over.
    HandedOver,
}

use Way::{Declined, HandedOver, Paid, Recalled};

/// The places of a service, and the way that leads an order there.
type Row = (&'static str, &'static [&'static str], Way);

const AROUND_A_CALL: &[&str] = &["before_call", "before_commit", "after_commit"];
const AROUND_A_COMMIT: &[&str] = &["before_commit", "after_commit"];

const ORDER: &[Row] = &[
    ("order.place", AROUND_A_COMMIT, Paid),
    ("order.reserve", AROUND_A_CALL, Paid),
    ("order.authorise", AROUND_A_CALL, Paid),
    ("order.capture", AROUND_A_CALL, Paid),
    ("order.confirm", AROUND_A_COMMIT, Paid),
    ("order.cancel_request", AROUND_A_COMMIT, Recalled),
    ("order.refund", AROUND_A_CALL, Recalled),
    ("order.void", AROUND_A_CALL, Declined),
    ("order.release", AROUND_A_CALL, Recalled),
    ("order.cancel", AROUND_A_COMMIT, Recalled),
];
const INVENTORY: &[Row] = &[
    ("inventory.reserve", AROUND_A_COMMIT, Paid),
    ("inventory.commit", AROUND_A_COMMIT, Paid),
    ("inventory.release", AROUND_A_COMMIT, Recalled),
];
const PAYMENT: &[Row] = &[
    ("payment.authorise", AROUND_A_CALL, Paid),
    ("payment.capture", AROUND_A_CALL, Paid),
    ("payment.webhook", AROUND_A_COMMIT, Paid),
    ("payment.void", AROUND_A_CALL, Declined),
    ("payment.refund", AROUND_A_CALL, Recalled),
    ("payment.counter", AROUND_A_COMMIT, HandedOver),
];

/// When nothing has died by then, another order is sent the same way: the first may have been turned back by a fault
/// elsewhere.
const REACHED: Duration = Duration::from_secs(12);
/// How many orders are sent to a place.
const MOST_ORDERS: usize = 4;

/// People who order and make.
#[derive(Clone)]
struct People {
    customer: Client,
    barista: Client,
    wish: Value,
}

#[tokio::test]
async fn every_service_dies_at_every_place_and_every_order_ends_well() -> Result<()> {
    let stack = stack::alone().await?;
    let customer = newcomer(&stack).await?;
    let people = People {
        wish: coffee(&menu(&customer).await?)?,
        barista: browser(&stack, Role::Barista).await?,
        customer,
    };
    // Side by side: each service dies at its own places while the others die at theirs.
    let (order, inventory, payment) = tokio::try_join!(
        lane(&stack, "order", ORDER, &people),
        lane(&stack, "inventory", INVENTORY, &people),
        lane(&stack, "payment", PAYMENT, &people),
    )?;
    whole(&stack).await?;
    let mut followed = 0;
    for mut lane in [order, inventory, payment] {
        while let Some(ended) = lane.join_next().await {
            let (order, way, place) = ended??;
            verify(&stack, &order, way)
                .with_context(|| format!("the order that was sent to {place}"))?;
            followed += 1;
        }
    }
    ensure!(followed >= 48, "{followed} orders for 48 places");
    let report = checker::judge(&stack).await?;
    ensure!(report.is_sound(), "{report}");
    Ok(())
}

type Orders = JoinSet<Result<(Order, Way, String)>>;

/// Kills a service at each of its places, one after the other; gives the orders that are still under way.
async fn lane(target: &Target, app: &str, rows: &[Row], people: &People) -> Result<Orders> {
    let mut orders = JoinSet::new();
    for (step, moments, way) in rows {
        for moment in *moments {
            let place = format!("{step}.{moment}");
            dies_at(target, app, &place, *way, people, &mut orders)
                .await
                .with_context(|| place.clone())?;
        }
    }
    Ok(orders)
}

async fn dies_at(
    target: &Target,
    app: &str,
    place: &str,
    way: Way,
    people: &People,
    orders: &mut Orders,
) -> Result<()> {
    let part = Part::App(app.to_owned());
    ready(target, app).await?;
    let before = target
        .instance(&part)
        .with_context(|| format!("{app} does not run"))?;
    failpoints::arm(target, app, place, 0).await?;
    for _ in 0..MOST_ORDERS {
        let (people, told) = (people.clone(), place.to_owned());
        orders.spawn(async move {
            let order = travel(&people, way).await;
            let order = order.with_context(|| format!("the order that was sent to {told}"))?;
            Ok((order, way, told))
        });
        let died = until("its end", REACHED, || async {
            (target.instance(&part)? != before).then_some(())
        })
        .await;
        if died.is_ok() {
            return ready(target, app).await;
        }
    }
    // Between two instances there is none, which `until` takes for no answer.
    if target.instance(&part).is_some_and(|now| now == before) {
        failpoints::disarm(target, app).await?;
        bail!("no order came by: {MOST_ORDERS} went the way {way:?}");
    }
    ready(target, app).await
}

/// Sends an order on its way, to its end. Buttons that don't work are pressed again.
async fn travel(people: &People, way: Way) -> Result<Order> {
    let People {
        customer,
        barista,
        wish,
    } = people;
    let (wish, key) = match way {
        Paid | Recalled => (by_card(wish.clone(), "tok_visa"), fresh()),
        Declined => (by_card(wish.clone(), "tok_capture_declined"), fresh()),
        HandedOver => (wish.clone(), fresh()),
    };
    let placed = until("an order", PATIENCE, || async {
        let answer = customer.place(&wish, &key).await.ok()?;
        // 409: the first press is still being served.
        (answer.status == StatusCode::ACCEPTED).then_some(answer)
    })
    .await?;
    let id = Order::read(&placed.json()?)?.id;
    let mut order = outcome(customer, &id).await?;
    if order.checkout != "confirmed" {
        return Ok(order);
    }
    match way {
        Paid | Declined => {}
        Recalled => {
            let answer = press("the cancellation", || customer.cancel(&id)).await?;
            answer.expect(StatusCode::ACCEPTED)?;
            order = outcome(customer, &id).await?;
        }
        HandedOver => {
            for step in ["preparation", "ready", "delivered"] {
                order = advance(barista, &order, step).await?;
            }
        }
    }
    Ok(order)
}

/// Holds an order against its way. Where faults came too thick, it may have been given up in time; never in part.
fn verify(target: &Target, order: &Order, way: Way) -> Result<()> {
    let taken = times(target, &order.id, "captured")?;
    let given = times(target, &order.id, "refunded")?;
    let given_up = ["payment_unavailable", "stock_unavailable"];
    let given_up = order
        .reason
        .as_deref()
        .is_some_and(|reason| given_up.contains(&reason));
    let well = match (way, order.checkout.as_str()) {
        (Paid, "confirmed") => (taken, given) == (1, 0),
        (HandedOver, "completed") => (taken, given) == (0, 0),
        (Recalled | Declined, "cancelled") => taken == given,
        (_, "cancelled") => given_up && taken == given,
        _ => false,
    };
    ensure!(
        well,
        "sent {way:?}, taken {taken} and given back {given} times: {order:?}"
    );
    Ok(())
}
