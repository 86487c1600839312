//! Orders that are brought: what they cost, when they may be made, and what shipping's events do to them.

mod couriers;
mod events;
mod fee;
mod placing;

use axum::http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{Answer, FEE, STORE, World, by_card};

const TOPIC: &str = "shipping-events";

fn money(amount: i64) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

fn address() -> Value {
    json!({
        "name": "Ada Lovelace", "street": "Karl-Liebknecht-Straße 1", "postcode": "04107", "city": "Leipzig",
        "country": "DE", "note": "second floor",
    })
}

fn brought(mut body: Value) -> Value {
    body["delivery"] = json!({"address": address(), "fee": money(FEE)});
    body
}

/// An event of shipping, as it has promised it.
pub fn shipment(
    order: Uuid,
    sequence: i64,
    kind: &str,
    status: &str,
    reason: Option<&str>,
) -> Value {
    json!({
        "specversion": "1.0", "id": Uuid::from_u128(0x200 + u128::try_from(sequence).expect("positive")),
        "source": "/shipping", "type": kind, "subject": order, "time": "2026-03-02T07:31:00.000Z",
        "datacontenttype": "application/json", "sequence": sequence.to_string(),
        "crematraceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "data": {
            "order_id": order, "store_id": STORE, "status": status, "reason": reason,
            "expected_at": "2026-03-02T07:55:00.000Z", "occurred_at": "2026-03-02T07:31:00.000Z",
        },
    })
}

fn booked(order: Uuid) -> Value {
    shipment(order, 3, "shipment.created.v1", "booked", None)
}

fn dispatched(order: Uuid) -> Value {
    shipment(order, 5, "shipment.dispatched.v1", "dispatched", None)
}

fn delivered(order: Uuid) -> Value {
    shipment(order, 7, "shipment.delivered.v1", "delivered", None)
}

fn failed(order: Uuid, sequence: i64, reason: &str) -> Value {
    shipment(
        order,
        sequence,
        "shipment.failed.v1",
        "failed",
        Some(reason),
    )
}

impl World {
    /// A confirmed order that is brought.
    pub async fn brought(&self) -> Uuid {
        let key = self.app.ids.next().to_string();
        let placed = self.place(&key, &brought(by_card("tok_visa"))).await;
        assert_eq!(placed.body["checkout"], "confirmed", "{}", placed.body);
        placed.id()
    }

    async fn hears(&self, event: &Value) -> StatusCode {
        self.deliver("/events/shipping", TOPIC, event).await.status
    }

    async fn heard(&self, event: &Value) {
        assert_eq!(self.hears(event).await, StatusCode::NO_CONTENT, "{event}");
    }

    async fn order(&self, id: Uuid) -> Value {
        let path = format!("/v1/orders/{id}");
        self.get(&self.customer(), &path).await.body
    }

    /// Staff makes it, as far as the counter.
    async fn made(&self, id: Uuid) {
        for (version, status) in [(2, "preparation"), (3, "ready")] {
            let answer = self.fulfil(&self.barista(), id, version, status).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        }
    }

    async fn actors(&self, id: Uuid) -> Vec<(Value, Value)> {
        let path = format!("/v1/orders/{id}/history");
        let history = self.get(&self.customer(), &path).await.body;
        let rows = history["items"].as_array().expect("items").iter();
        rows.map(|row| (row["to"].clone(), row["actor"].clone()))
            .collect()
    }
}

fn refusal(answer: &Answer) -> (u16, String, Vec<String>) {
    let (slug, pointers) = answer.problem();
    (answer.status.as_u16(), slug, pointers)
}

fn refused(status: u16, slug: &str, pointers: &[&str]) -> (u16, String, Vec<String>) {
    let pointers = pointers.iter().map(ToString::to_string).collect();
    (status, slug.to_owned(), pointers)
}
