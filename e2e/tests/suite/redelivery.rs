//! Events that come twice, late, or broken, and what operators do with those that were given up.
//!
//! Invariant: events are published as services publish them; of an order that never was, nobody finds anything to do.

use anyhow::{Context as _, Result, ensure};
use e2e::client::fresh;
use e2e::order::list;
use e2e::patience::{insist, until};
use e2e::{Client, Order, Role, Target};
use reqwest::StatusCode;
use serde_json::Value;

use crate::faults::sold;
use crate::healing::PATIENCE;
use crate::stack::{self, browser, newcomer, word};

/// Publishes a whole event again, or one that was never there, as its service does: through that service's sidecar.
async fn publish(target: &Target, app: &str, key: &str, event: &Value) -> Result<()> {
    let sidecar = target.sidecar(app)?;
    let path = format!("/v1.0/publish/pubsub/{app}-events?metadata.partitionKey={key}");
    let answer = e2e::client::plain(target)?
        .post(sidecar.url.join(&path)?)
        .header("dapr-api-token", &sidecar.token)
        .header("content-type", "application/cloudevents+json")
        .body(event.to_string())
        .send()
        .await?;
    let status = answer.status();
    ensure!(
        status.is_success(),
        "{app}'s sidecar answers {status}: {}",
        answer.text().await?
    );
    Ok(())
}

/// An event of an order that never was. Whoever reacts to it finds nothing to do.
fn invented(order: &str, kind: &str, checkout: &str, sequence: i64) -> Value {
    serde_json::json!({
        "specversion": "1.0", "id": fresh(), "source": "/order", "type": kind, "subject": order,
        "time": "2026-01-01T00:00:00.000Z", "datacontenttype": "application/json",
        "sequence": sequence.to_string(),
        "data": {
            "order_id": order, "store_id": "0190a000-0000-7000-8000-000000000002", "number": "A-999",
            "checkout": checkout, "fulfilment": "waiting", "version": sequence,
            "total": { "amount": 100, "currency": "EUR" },
            "payment": { "method": "card", "status": "void" }, "reason": "by_customer",
            "occurred_at": "2026-01-01T00:00:00.000Z",
        },
    })
}

/// An id in the form that the system's ids have.
fn invented_id() -> String {
    let digits = fresh();
    let parts = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ];
    parts.join("-")
}

/// Returns when a consumer has admitted an event.
async fn admitted(target: &Target, app: &str, event: &Value) -> Result<()> {
    let id = word(event, "id");
    let query = format!("SELECT id FROM inbox.messages WHERE id = '{id}'");
    until(&format!("{app} to admit {event}"), PATIENCE, || async {
        let rows = target.rows(app, &query).await.ok()?;
        (!rows.is_empty()).then_some(())
    })
    .await
}

#[tokio::test]
async fn what_is_told_five_times_happens_once() -> Result<()> {
    let stack = stack::alone().await?;
    let (customer, barista) = (
        newcomer(&stack).await?,
        browser(&stack, Role::Barista).await?,
    );
    let mut order = stack::order_one(&customer).await?;
    for step in ["preparation", "ready", "delivered"] {
        let moved = barista.advance(&order.id, order.version, step).await?;
        order = Order::read(&moved.expect(StatusCode::OK)?.json()?)?;
    }
    sold(&stack, &order.id).await?;
    published_whole(&stack, &order).await?;
    let effects = || async {
        let id = &order.id;
        let moved =
            format!("SELECT item_id, kind, quantity FROM movements WHERE order_id = '{id}'");
        let booked = format!(
            "SELECT account, ledger.amount FROM ledger JOIN payments ON payments.id = payment_id
             WHERE order_id = '{id}'"
        );
        let moved = stack.rows("inventory", &moved).await?;
        anyhow::Ok((moved, stack.rows("payment", &booked).await?))
    };
    let before = insist("booking what was paid", PATIENCE, || async {
        let effects = effects().await?;
        ensure!(effects.1.len() == 2, "{effects:?}");
        Ok(effects)
    })
    .await?;
    let messages = stack.messages("order-events").await?;
    let own: Vec<_> = messages
        .iter()
        .filter(|event| event["subject"] == order.id.as_str())
        .collect();
    for event in &own {
        for _ in 0..5 {
            publish(&stack, "order", &order.id, event).await?;
        }
    }
    // Behind them in the same partition: once these are through, so are those.
    let marker = invented(&invented_id(), "order.cancelled.v1", "cancelled", 2);
    publish(&stack, "order", &order.id, &marker).await?;
    admitted(&stack, "inventory", &marker).await?;
    let broken = broken("order.completed.v1");
    publish(&stack, "order", &order.id, &broken).await?;
    letter(
        &browser(&stack, Role::Admin).await?,
        "payment",
        word(&broken, "id"),
    )
    .await?;
    assert_eq!(effects().await?, before);
    let query = format!(
        "SELECT type FROM inbox.dead_letters WHERE subject = '{}'",
        order.id
    );
    for app in ["order", "inventory", "payment"] {
        let letters = stack.rows(app, &query).await?;
        ensure!(letters.is_empty(), "{app} gave up {letters:?}");
    }
    Ok(())
}

async fn published_whole(target: &Target, order: &Order) -> Result<()> {
    insist("publishing every event", PATIENCE, || async {
        let messages = target.messages("order-events").await?;
        let own = messages
            .iter()
            .filter(|event| event["subject"] == order.id.as_str());
        let count = own.count();
        ensure!(
            i64::try_from(count)? >= order.version,
            "{count} events of {order:?}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_comes_after_something_newer_is_audited() -> Result<()> {
    let stack = stack::alone().await?;
    let subject = invented_id();
    let newer = invented(&subject, "order.cancelled.v1", "cancelled", 5);
    let older = invented(&subject, "order.confirmed.v1", "confirmed", 2);
    for event in [&newer, &older] {
        publish(&stack, "order", &subject, event).await?;
        admitted(&stack, "inventory", event).await?;
    }
    let query = format!("SELECT id, newest FROM inbox.late WHERE subject = '{subject}'");
    let late = stack.rows("inventory", &query).await?;
    ensure!(
        late.len() == 1 && late[0]["id"] == older["id"] && late[0]["newest"] == 5,
        "{late:?}"
    );
    let query = format!("SELECT status FROM reservations WHERE order_id = '{subject}'");
    let rows = stack.rows("inventory", &query).await?;
    ensure!(
        rows.iter().all(|row| row["status"] == "released"),
        "{rows:?}"
    );
    Ok(())
}

/// An event that nobody can read.
fn broken(kind: &str) -> Value {
    let mut event = invented(&invented_id(), kind, "confirmed", 2);
    event["data"] = Value::String("no order at all".to_owned());
    event
}

/// The dead letter of an event, once it is there.
async fn letter(admin: &Client, app: &str, event: &str) -> Result<Value> {
    let path = format!("/api/dead-letters/{app}?limit=100");
    until(
        &format!("the dead letter of {event} at {app}"),
        PATIENCE,
        || async {
            let page = admin.get(&path).await.ok()?.json().ok()?;
            let letters = list(&page["items"]);
            letters
                .iter()
                .find(|letter| word(letter, "event_id") == event)
                .cloned()
        },
    )
    .await
}

#[tokio::test]
async fn what_can_not_be_read_is_put_aside_and_the_next_event_is_heard() -> Result<()> {
    let stack = stack::alone().await?;
    let admin = browser(&stack, Role::Admin).await?;
    let key = invented_id();
    let broken = broken("order.confirmed.v1");
    publish(&stack, "order", &key, &broken).await?;
    let next = invented(&key, "order.cancelled.v1", "cancelled", 2);
    publish(&stack, "order", &key, &next).await?;
    admitted(&stack, "inventory", &next).await?;
    let letter = letter(&admin, "inventory", word(&broken, "id")).await?;
    ensure!(
        letter["redriven_at"].is_null() && letter["event"]["data"] == broken["data"],
        "{letter}"
    );
    // It can't be read now either.
    let path = format!(
        "/api/dead-letters/inventory/{}/redrive",
        word(&letter, "id")
    );
    let answer = admin.post(&path, &serde_json::json!({}), &[]).await?;
    ensure!(answer.status.is_client_error(), "{answer:?}");
    Ok(())
}

#[tokio::test]
async fn what_was_given_up_is_redriven_once_its_cause_is_mended() -> Result<()> {
    let stack = stack::alone().await?;
    let admin = browser(&stack, Role::Admin).await?;
    let event = invented(&invented_id(), "order.cancelled.v1", "cancelled", 3);
    stack
        .execute("inventory", "ALTER TABLE reservations RENAME TO mislaid")
        .await?;
    let given_up = async {
        publish(&stack, "order", word(&event, "subject"), &event).await?;
        letter(&admin, "inventory", word(&event, "id")).await
    };
    let given_up = given_up.await;
    stack
        .execute("inventory", "ALTER TABLE mislaid RENAME TO reservations")
        .await?;
    let path = format!(
        "/api/dead-letters/inventory/{}/redrive",
        word(&given_up.context("without its table")?, "id")
    );
    // Twice: the second time there is nothing left to do.
    for _ in 0..2 {
        let answer = admin.post(&path, &serde_json::json!({}), &[]).await?;
        let letter = answer.expect(StatusCode::OK)?.json()?;
        ensure!(letter["redriven_at"].is_string(), "{letter}");
    }
    admitted(&stack, "inventory", &event).await?;
    let order = stack::order_one(&newcomer(&stack).await?).await?;
    sold(&stack, &order.id).await
}
