//! Crashes in the middle of a journey: what died comes back by itself, nothing else is disturbed, nothing is lost.
//!
//! Invariant: each test has the system for itself, and gives it back whole.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use e2e::client::{fresh, plain};
use e2e::order::{coffee, list};
use e2e::patience::{insist, until};
use e2e::{Answer, Client, Order, Part, Role, Target};
use reqwest::StatusCode;
use serde_json::json;
use tokio::task::JoinSet;

use crate::stack::{self, browser, menu, newcomer, order_one, ready, sidecar_ready, whole, word};

/// How soon what was killed must take requests again.
const BACK: Duration = Duration::from_secs(5);
/// How long people keep pressing a button that does not work.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Presses a button until it works, as people do: not reached, not served and pressed too often is worth another try,
/// refused is not.
pub async fn press<F: Future<Output = Result<Answer>>>(
    what: &str,
    mut button: impl FnMut() -> F,
) -> Result<Answer> {
    until(what, PATIENCE, || {
        let pressed = button();
        async {
            pressed.await.ok().filter(|answer| {
                let status = answer.status;
                !status.is_server_error() && status != StatusCode::TOO_MANY_REQUESTS
            })
        }
    })
    .await
}

/// Brings an order one step on. A step whose answer got lost was perhaps taken: then the order says so.
pub async fn advance(barista: &Client, order: &Order, step: &str) -> Result<Order> {
    let answer = press(step, || barista.advance(&order.id, order.version, step)).await?;
    if answer.status == StatusCode::OK {
        return Order::read(&answer.json()?);
    }
    ensure!(
        answer.status == StatusCode::PRECONDITION_FAILED,
        "{step}: {answer:?}"
    );
    let path = format!("/api/orders/{}", order.id);
    let read = press("the order", || barista.get(&path)).await?;
    let read = Order::read(&read.expect(StatusCode::OK)?.json()?)?;
    ensure!(
        read.fulfilment == step,
        "neither before nor at {step}: {read:?}"
    );
    Ok(read)
}

/// Watches an order's page until it shows this step; a broken stream is opened again, as browsers do.
async fn watch(customer: &Client, order: &str, step: &str) -> Result<()> {
    let path = format!("/api/orders/{order}/events");
    insist(&format!("seeing {step}"), PATIENCE, || async {
        let mut page = customer.events(&path).await?;
        // Past a heartbeat's time without a word a stream counts as broken.
        page.find(Duration::from_secs(20), |event| {
            event.data["fulfilment"] == step
        })
        .await
    })
    .await
    .map(|_| ())
}

/// Every process of the system.
fn instances(target: &Target) -> Vec<(Part, Option<String>)> {
    let of_app = |app: &str| [Part::App(app.to_owned()), Part::Sidecar(app.to_owned())];
    let backing = ["postgres", "redis", "kafka", "vault"].map(Part::Backing);
    let parts = target.apps().into_iter().flat_map(of_app).chain(backing);
    parts
        .map(|part| (part.clone(), target.instance(&part)))
        .collect()
}

/// Kills a part and returns how long it was until it took requests again.
pub async fn killed_and_back(target: &Target, victim: &Part) -> Result<Duration> {
    let before = target
        .instance(victim)
        .with_context(|| format!("{victim} does not run"))?;
    target.kill(victim).await?;
    let start = Instant::now();
    until(&format!("another {victim}"), PATIENCE, || async {
        target
            .instance(victim)
            .filter(|instance| *instance != before)
    })
    .await?;
    match victim {
        Part::App(app) => ready(target, app).await?,
        Part::Sidecar(app) => sidecar_ready(target, app).await?,
        Part::Backing(part) => bail!("nothing brings {part} back by itself"),
    }
    Ok(start.elapsed())
}

/// A journey during which one part dies, between the order and its making.
async fn journey_without(target: &Target, victim: &Part) -> Result<()> {
    let (customer, barista) = (
        browser(target, Role::Customer).await?,
        browser(target, Role::Barista).await?,
    );
    let order = order_one(&customer).await?;
    let before = instances(target);

    let making = async {
        let mut order = order.clone();
        for step in ["preparation", "ready", "delivered"] {
            order = advance(&barista, &order, step).await?;
        }
        Ok(order)
    };
    let watching = watch(&customer, &order.id, "delivered");
    let (back, made, ()) = tokio::try_join!(killed_and_back(target, victim), making, watching)?;
    ensure!(made.is_over(), "{made:?}");
    ensure!(back <= BACK, "it took {back:?} until {victim} was back");

    whole(target).await?;
    for (part, instance) in before {
        let same = target.instance(&part) == instance;
        ensure!(
            same != (part == *victim),
            "{part} was restarted, or {victim} was not"
        );
    }
    // And the next guest notices nothing.
    let order = order_one(&newcomer(target).await?).await?;
    advance(&barista, &order, "preparation").await?;
    Ok(())
}

#[tokio::test]
async fn any_service_may_die_in_the_middle_of_a_journey() -> Result<()> {
    let stack = stack::alone().await?;
    for app in stack.apps() {
        let victim = Part::App(app.to_owned());
        journey_without(&stack, &victim)
            .await
            .with_context(|| format!("without {victim}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn any_sidecar_may_die_in_the_middle_of_a_journey() -> Result<()> {
    let stack = stack::alone().await?;
    for app in stack.apps() {
        let victim = Part::Sidecar(app.to_owned());
        journey_without(&stack, &victim)
            .await
            .with_context(|| format!("without {victim}"))?;
    }
    Ok(())
}

/// Callers go away while an answer is on its way to them: people close pages, services die. No sidecar may mind.
#[tokio::test]
async fn callers_that_hang_up_bring_nothing_down() -> Result<()> {
    let stack = stack::alone().await?;
    let before = instances(&stack);
    // Companies that are not ours call nobody.
    let companies = ["acquirer", "carrier"];
    let ours = stack.apps().into_iter();
    for app in ours.filter(|app| !companies.contains(app)) {
        let sidecar = stack.sidecar(app)?;
        // The largest answer that it may ask for.
        let path = match app {
            "bff" => "identity.css",
            _ => "oauth2/jwks",
        };
        let address = sidecar
            .url
            .join(&format!("/v1.0/invoke/identity/method/{path}"))?;
        let mut callers = JoinSet::new();
        for _ in 0..8 {
            let http = plain(&stack)?;
            let (address, token) = (address.clone(), sidecar.token.clone());
            callers.spawn(async move {
                for _ in 0..50 {
                    // The head of the answer was read, its body was not: this closes the connection.
                    drop(
                        http.get(address.clone())
                            .header("dapr-api-token", &token)
                            .send()
                            .await?,
                    );
                }
                Ok::<_, reqwest::Error>(())
            });
        }
        for ended in callers.join_all().await {
            ended.with_context(|| format!("{app}'s sidecar"))?;
        }
    }
    for (part, instance) in before {
        let same = stack.instance(&part) == instance;
        ensure!(same, "{part} was restarted");
    }
    Ok(())
}

#[tokio::test]
async fn an_order_is_placed_whole_or_not_at_all_and_its_events_reach_kafka() -> Result<()> {
    let stack = stack::alone().await?;
    let customer = newcomer(&stack).await?;
    let wish = coffee(&menu(&customer).await?)?;
    let victim = Part::App("order".to_owned());
    let mut placed = Vec::new();
    // Different moments of one command: still on its way, being priced, being stored, just answered.
    for moment in [0, 15, 40].map(Duration::from_millis) {
        let key = fresh();
        let command = customer.place(&wish, &key);
        let crash = async {
            tokio::time::sleep(moment).await;
            killed_and_back(&stack, &victim).await
        };
        let (_, crashed) = tokio::join!(command, crash);
        crashed?;

        let all = press("the orders", || customer.get("/api/orders"))
            .await?
            .expect(StatusCode::OK)?
            .json()?;
        let known = list(&all["items"]).len();
        ensure!(
            [placed.len(), placed.len() + 1].contains(&known),
            "{known} orders after {} commands",
            placed.len() + 1
        );
        // The same key once more: the order that is there already, or the first one.
        let again = press("ordering again", || customer.place(&wish, &key)).await?;
        let order = Order::read(&again.expect(StatusCode::ACCEPTED)?.json()?)?;
        placed.push(order.id);
        let all = press("the orders", || customer.get("/api/orders"))
            .await?
            .expect(StatusCode::OK)?
            .json()?;
        let ids: Vec<_> = list(&all["items"])
            .iter()
            .rev()
            .map(|order| word(order, "id").to_owned())
            .collect();
        ensure!(ids == placed, "{ids:?} rather than {placed:?}");
        for order in list(&all["items"]) {
            let order = Order::read(order)?;
            ensure!(
                order.checkout == "confirmed" && order.lines.len() == 1 && order.version == 2,
                "half of {order:?}"
            );
        }
    }
    published(&stack, &placed).await
}

/// Returns when Kafka holds both events of each of these orders, created before confirmed, and as they were stored.
pub async fn published(target: &Target, orders: &[String]) -> Result<()> {
    insist("publishing every event", PATIENCE, || async {
        let messages = target.messages("order-events").await?;
        for order in orders {
            // A crash between publishing and noting it repeats an event, under its first id.
            let (mut seen, mut kinds) = (HashSet::new(), Vec::new());
            for message in messages
                .iter()
                .filter(|message| message["subject"] == json!(order))
            {
                if seen.insert(word(message, "id")) {
                    kinds.push(word(message, "type"));
                }
            }
            ensure!(
                kinds == ["order.created.v1", "order.confirmed.v1"],
                "of {order} Kafka has {kinds:?}"
            );
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn orders_are_taken_while_kafka_is_away_and_told_when_it_is_back() -> Result<()> {
    let stack = stack::alone().await?;
    let (customer, barista) = (
        newcomer(&stack).await?,
        browser(&stack, Role::Barista).await?,
    );
    let kafka = Part::Backing("kafka");
    stack.kill(&kafka).await?;
    let order = order_one(&customer).await;
    stack.start(&kafka).await?;
    let order = order.context("while Kafka was away")?;
    published(&stack, std::slice::from_ref(&order.id)).await?;
    let (seen, moved) = tokio::join!(
        watch(&customer, &order.id, "preparation"),
        advance(&barista, &order, "preparation")
    );
    moved?;
    seen
}

#[tokio::test]
async fn the_cafe_opens_again_after_any_loss_of_its_data_stores() -> Result<()> {
    let stack = stack::alone().await?;
    for name in ["redis", "postgres"] {
        let part = Part::Backing(name);
        stack.kill(&part).await?;
        // Everything but static pages may fail now, as long as it says so properly.
        let answer = Client::new(&stack)?.get("/api/orders").await?;
        ensure!(answer.status == StatusCode::UNAUTHORIZED, "{answer:?}");
        stack.start(&part).await?;
        whole(&stack).await?;
        insist(
            &format!("a coffee after the loss of {name}"),
            PATIENCE,
            || async {
                let (customer, barista) = (
                    newcomer(&stack).await?,
                    browser(&stack, Role::Barista).await?,
                );
                let order = order_one(&customer).await?;
                barista
                    .advance(&order.id, order.version, "preparation")
                    .await?
                    .expect(StatusCode::OK)
            },
        )
        .await?;
    }
    Ok(())
}
