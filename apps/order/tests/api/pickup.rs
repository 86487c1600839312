//! Picking up: now or in a slot, what is refused, and slots that are never sold twice nor given back twice.

mod histories;
mod offered;
mod taking;

use axum::http::{Method, StatusCode, header};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{Answer, STORE, World, one_flat_white, request};

/// A slot that begins half an hour after the tests do.
const NINE: &str = "2026-03-02T08:00:00.000Z";

fn in_slot(slot: &str) -> Value {
    let mut body = one_flat_white();
    body["pickup"] = json!(slot);
    body
}

impl World {
    /// Who runs [`STORE`].
    fn manager(&self) -> String {
        self.token(Uuid::from_u128(0x77), "manager", "order:manage", &[STORE])
    }

    async fn slots(&self, query: &str) -> Value {
        let token = self.issuer.token("order", |claims| {
            claims.scope = "order:slots".into();
        });
        let answer = self
            .get(&token, &format!("/v1/stores/{STORE}/slots{query}"))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    }

    /// How many more orders a slot takes, as everybody is told.
    async fn left(&self, slot: &str) -> i64 {
        self.left_of([slot]).await[0]
    }

    async fn left_of<const N: usize>(&self, slots: [&str; N]) -> [i64; N] {
        let told = self.slots("").await;
        let told = told["slots"].as_array().expect("slots");
        slots.map(|slot| {
            let mut found = told.iter().filter(|it| it["at"] == slot);
            let left = found.next().expect(slot)["left"].as_i64();
            assert!(found.next().is_none(), "{slot} twice");
            left.expect("a number")
        })
    }

    async fn set_capacity(&self, version: i64, capacity: i32) -> Answer {
        let path = format!("/v1/stores/{STORE}/pickup");
        let request = request(Method::PUT, &path, &self.manager())
            .header(header::IF_MATCH, format!("\"{version}\""))
            .header(header::CONTENT_TYPE, "application/json")
            .body(json!({ "capacity": capacity }).to_string().into());
        self.send(request.expect("a request")).await
    }

    /// What the slots count, beside what holds them: a checker's invariant.
    async fn assert_slots_are_right(&self) {
        let wrong: Vec<(DateTime<Utc>, i32, i64, i32)> = sqlx::query_as(
            "SELECT starts_at, taken, held, capacity FROM pickup_slots, LATERAL (
                 SELECT count(*) AS held FROM orders
                 WHERE orders.store_id = pickup_slots.store_id AND slot = starts_at AND checkout <> 'cancelled'
             ) AS holders
             WHERE taken <> held OR taken > capacity",
        )
        .fetch_all(self.db())
        .await
        .expect("the slots");
        assert_eq!(wrong, []);
    }

    async fn cancel(&self, token: &str, order: Uuid) -> StatusCode {
        let path = format!("/v1/orders/{order}/cancellation");
        self.post(token, &path, &json!({})).await.status
    }

    async fn cancelled(&self, order: Uuid) {
        self.until(order, |order| order["checkout"] == "cancelled")
            .await;
    }
}
