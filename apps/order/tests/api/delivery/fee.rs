//! What bringing an order cost, when something of it is given back.

use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{booked, delivered, money, refusal, refused};
use crate::world::{Answer, FEE, PRICE, World, order_of, request, until};

impl World {
    /// An order that was brought to the door.
    async fn at_the_door(&self) -> Uuid {
        let id = self.brought().await;
        self.heard(&booked(id)).await;
        self.made(id).await;
        self.heard(&delivered(id)).await;
        id
    }

    async fn asks_back(&self, id: Uuid, token: &str, key: &str, body: &Value) -> Answer {
        let path = format!("/v1/orders/{id}/returns");
        let request = request(Method::POST, &path, token)
            .header("idempotency-key", key)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into());
        self.send(request.expect("a request")).await
    }
}

#[tokio::test]
async fn the_fee_stays_with_the_shop_when_all_items_come_back() {
    let world = World::new().await;
    let id = world.at_the_door().await;
    let all =
        json!({"lines": [{"line": 1, "quantity": 1, "goods": "wasted"}], "reason": "quality"});
    let asked = world.asks_back(id, &world.barista(), "r1", &all).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.body);
    assert_eq!(
        (&asked.body["amount"], &asked.body["delivery_fee"]),
        (&money(PRICE), &json!(null))
    );
    // 445 of 695 are 64 % of the tax; the rest is the fee's.
    assert_eq!(
        asked.body["tax"],
        json!([{"rate_bp": 800, "gross": money(PRICE), "tax": money(33)}])
    );
}

#[tokio::test]
async fn the_fee_comes_back_once_when_staff_gives_it_and_is_on_receipt_and_sales() {
    let world = World::new().await;
    let id = world.at_the_door().await;
    let barista = world.barista();
    let fee = json!({"delivery_fee": true, "reason": "late"});
    let rush = ["r1", "r2", "r3", "r1"].map(|key| world.asks_back(id, &barista, key, &fee));
    let mut asked: Vec<_> = futures::future::join_all(rush).await;
    asked.sort_by_key(|answer| answer.status);
    let accepted = asked.iter().filter(|answer| answer.status == 202);
    let accepted: Vec<_> = accepted.map(Answer::id).collect();
    assert!((1..=2).contains(&accepted.len()), "{accepted:?}");
    assert!(
        accepted.iter().all(|it| *it == accepted[0]),
        "one key, one return"
    );
    for refused in asked.iter().filter(|answer| answer.status != 202) {
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    }
    assert_eq!(
        refusal(&world.asks_back(id, &barista, "r9", &fee).await),
        refused(409, "return-exceeds-order", &["/delivery_fee"])
    );
    let path = format!("/v1/returns/{}", accepted[0]);
    until("done", || async {
        world.get(&barista, &path).await.body["state"] == "done"
    })
    .await;
    let note = world
        .get(&world.customer(), &format!("{path}/receipt"))
        .await;
    // 250 of 695 are 36 % of the tax of both.
    let tax =
        json!([{"rate_bp": 800, "gross": money(FEE), "tax": money(18), "net": money(FEE - 18)}]);
    assert_eq!(
        (
            &note.body["lines"],
            &note.body["delivery"],
            &note.body["total"],
            &note.body["tax"]
        ),
        (&json!([]), &money(FEE), &money(FEE), &tax)
    );
    let paid_back: Vec<_> = world.sidecar.received("payment").await;
    assert_eq!(
        paid_back.last().expect("a call").json()["amount"],
        money(FEE)
    );

    let told: Value =
        sqlx::query_scalar("SELECT data FROM outbox.events WHERE type = 'order.returned.v1'")
            .fetch_one(world.db())
            .await
            .expect("its event");
    assert_eq!(
        (&told["returned"]["delivery"], &told["returned"]["lines"]),
        (&money(FEE), &json!([]))
    );
    // With the goods all of the tax has come back.
    let all =
        json!({"lines": [{"line": 1, "quantity": 1, "goods": "wasted"}], "reason": "quality"});
    let rest = world.asks_back(id, &barista, "r4", &all).await;
    assert_eq!(
        rest.body["tax"],
        json!([{"rate_bp": 800, "gross": money(PRICE), "tax": money(33)}])
    );
}

#[tokio::test]
async fn what_was_fetched_has_no_fee_to_give_back_and_a_return_is_of_something() {
    let world = World::new().await;
    let id = world.place("k1", &order_of(1)).await.id();
    world.made(id).await;
    let barista = world.barista();
    world.fulfil(&barista, id, 4, "delivered").await;
    for (body, pointer) in [
        (
            json!({"delivery_fee": true, "reason": "late"}),
            "/delivery_fee",
        ),
        (json!({"reason": "late"}), "/lines"),
        (
            json!({"lines": [], "delivery_fee": false, "reason": "late"}),
            "/lines",
        ),
    ] {
        let answer = world.asks_back(id, &barista, "r1", &body).await;
        assert_eq!(
            refusal(&answer),
            refused(422, "inconsistent-fields", &[pointer])
        );
    }
}
