//! Returns: what may come back, what is given for it, and that each of it happens once.

mod asked;
mod faults;
mod managers;

use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{Answer, STORE, World, order_of, request, until};

/// An order of one line and two pieces, handed over.
async fn completed(world: &World, quantity: i64) -> Uuid {
    let id = world
        .place(&world.app.ids.next().to_string(), &order_of(quantity))
        .await
        .id();
    hand_over(world, id).await;
    id
}

async fn hand_over(world: &World, id: Uuid) {
    let barista = world.barista();
    for (version, status) in [(2, "preparation"), (3, "ready"), (4, "delivered")] {
        let moved = world.fulfil(&barista, id, version, status).await;
        assert_eq!(moved.status, StatusCode::OK, "{}", moved.body);
    }
}

fn pieces(quantity: i64, goods: &str) -> Value {
    json!({
        "lines": [{"line": 1, "quantity": quantity, "goods": goods}], "reason": "quality", "note": "It was cold.",
    })
}

fn eur(amount: i64) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

fn asking(
    order: Uuid,
    token: &str,
    key: &str,
    body: &Value,
) -> axum::http::Request<axum::body::Body> {
    request(Method::POST, &format!("/v1/orders/{order}/returns"), token)
        .header("idempotency-key", key)
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.to_string().into())
        .expect("a request")
}

impl World {
    async fn ask(&self, order: Uuid, body: &Value) -> Answer {
        let key = self.app.ids.next().to_string();
        self.send(asking(order, &self.barista(), &key, body)).await
    }

    /// Who runs [`STORE`].
    fn runs_the_store(&self) -> String {
        let scope = "order:read order:fulfil order:manage";
        self.token(Uuid::from_u128(0x77), "manager", scope, &[STORE])
    }

    /// The return once it is in this state.
    async fn reaches(&self, id: Uuid, state: &str) -> Value {
        let path = format!("/v1/returns/{id}");
        let barista = self.barista();
        until(state, || async {
            self.get(&barista, &path).await.body["state"] == state
        })
        .await;
        self.get(&barista, &path).await.body
    }

    /// What a return's history tells: action and outcome.
    async fn deeds(&self, id: Uuid) -> Vec<String> {
        let sql = "SELECT action || ' ' || outcome FROM return_history WHERE return_id = $1 ORDER BY position";
        let query = sqlx::query_scalar(sql).bind(id);
        query.fetch_all(self.db()).await.expect("the history")
    }

    /// What was called for returns, in its order.
    fn called_for_returns(&self) -> Vec<&'static str> {
        let mut called = self.shop.called();
        called.retain(|call| call.starts_with("return_"));
        called
    }

    /// What came back of the only line, and what is given for it.
    async fn back(&self, order: Uuid) -> (i32, i64) {
        sqlx::query_as("SELECT returned, refunded FROM order_lines WHERE order_id = $1")
            .bind(order)
            .fetch_one(self.db())
            .await
            .expect("the line")
    }
}
