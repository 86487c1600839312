//! Receipts and credit notes: made of what was stored, on the store's clock, for whom the order is.

use axum::body::{Body, to_bytes};
use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::timeline::payment;
use crate::world::{Answer, World, by_card, order_of, request, until};

fn eur(amount: i64) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

/// The tax of the one rate there is.
fn tax(gross: i64, tax: i64) -> Value {
    json!([{"rate_bp": 800, "gross": eur(gross), "tax": eur(tax), "net": eur(gross - tax)}])
}

/// What payment tells of one refund.
fn refund(order: Uuid, sequence: i64, amount: &Value, cause: &str, time: &str) -> Value {
    let kind = "payment.refund_processed.v1";
    let mut event = payment(order, sequence, kind, "captured", time);
    let id = Uuid::from_u128(0x200 + u128::try_from(sequence).expect("positive"));
    event["data"]["refund"] = json!({"refund_id": id, "amount": amount, "cause": cause});
    event
}

impl World {
    async fn hears_of(&self, refund: &Value) {
        let statuses = self.hear("payment", std::slice::from_ref(refund)).await;
        assert_eq!(statuses, ["SUCCESS"], "{refund}");
    }

    async fn given_back(&self, order: Uuid) -> Value {
        let path = format!("/v1/orders/{order}/receipt");
        let read = self.get(&self.customer(), &path).await;
        assert_eq!(read.status, StatusCode::OK, "{}", read.body);
        read.body["given_back"].clone()
    }

    async fn handed_over(&self, body: &Value) -> Uuid {
        let key = self.app.ids.next().to_string();
        let id = self.place(&key, body).await.id();
        let barista = self.barista();
        for (version, status) in [(2, "preparation"), (3, "ready"), (4, "delivered")] {
            self.fulfil(&barista, id, version, status).await;
        }
        id
    }

    async fn returned(&self, order: Uuid, body: &Value) -> Uuid {
        let path = format!("/v1/orders/{order}/returns");
        let request = request(Method::POST, &path, &self.barista())
            .header("idempotency-key", self.app.ids.next().to_string())
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into());
        self.send(request.expect("a request")).await.id()
    }

    async fn is_done(&self, id: Uuid) {
        let (token, path) = (self.barista(), format!("/v1/returns/{id}"));
        until("done", || async {
            self.get(&token, &path).await.body["state"] == "done"
        })
        .await;
    }

    async fn printed(&self, path: &str) -> String {
        let request = request(Method::GET, path, &self.customer())
            .header(header::ACCEPT, "text/plain")
            .body(Body::empty())
            .expect("a request");
        let response = self.sibling().oneshot(request).await.expect("an answer");
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/plain; charset=utf-8"
        );
        assert_eq!(response.headers()[header::VARY], "accept");
        let body = to_bytes(response.into_body(), usize::MAX).await;
        String::from_utf8(body.expect("a body").to_vec()).expect("text")
    }
}

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.problem().0)
}

#[tokio::test]
async fn a_receipt_says_what_was_bought_and_what_came_back_since() {
    let world = World::new().await;
    let order = world.handed_over(&order_of(2)).await;
    let path = format!("/v1/orders/{order}/receipt");
    let expected = json!({
        "kind": "receipt", "number": "2026-03-02/A-001", "order_id": order, "store_id": crate::world::STORE,
        "store_name": "Crema Rynek", "at": "2026-03-02T07:30:00.000Z", "local_time": "2026-03-02T08:30:00+01:00",
        "lines": [
            {"name": "Flat white, Large, Oat", "quantity": 2, "amount": eur(890), "tax_rate_bp": 800}
        ],
        "discount": null, "delivery": null, "tip": null, "total": eur(890),
        "tax": [{"rate_bp": 800, "gross": eur(890), "tax": eur(33), "net": eur(857)}],
        "method": "counter", "given_back": [],
    });
    let read = world.get(&world.customer(), &path).await;
    assert_eq!(read.status, StatusCode::OK, "{}", read.body);
    assert_eq!(read.body, expected);
    assert_eq!(read.headers[header::VARY], "accept");

    world.app.clock.advance(chrono::TimeDelta::hours(1));
    let one =
        json!({"lines": [{"line": 1, "quantity": 1, "goods": "wasted"}], "reason": "quality"});
    let id = world.returned(order, &one).await;
    world.is_done(id).await;
    let mut since = expected;
    since["given_back"] = json!([{
        "number": "2026-03-02/A-001/R1", "at": "2026-03-02T08:30:00.000Z",
        "local_time": "2026-03-02T09:30:00+01:00", "amount": eur(445), "tax": tax(445, 17), "reason": "quality",
    }]);
    assert_eq!(world.get(&world.barista(), &path).await.body, since);
    let note = format!("/v1/returns/{id}/receipt");
    let note = world.get(&world.customer(), &note).await;
    assert_eq!(
        note.body,
        json!({
            "kind": "credit_note", "number": "2026-03-02/A-001/R1", "order_id": order,
            "store_id": crate::world::STORE, "store_name": "Crema Rynek", "at": "2026-03-02T08:30:00.000Z",
            "local_time": "2026-03-02T09:30:00+01:00",
            "lines": [
                {"name": "Flat white, Large, Oat", "quantity": 1, "amount": eur(445), "tax_rate_bp": 800}
            ],
            "discount": null, "delivery": null, "tip": null, "total": eur(445),
            "tax": [{"rate_bp": 800, "gross": eur(445), "tax": eur(17), "net": eur(428)}],
            "method": "counter", "given_back": [],
        })
    );
}

#[tokio::test]
async fn a_receipt_tells_every_amount_that_was_given_back_once_and_with_its_tax() {
    let world = World::new().await;
    let order = world.handed_over(&order_of(2)).await;
    let some = refund(order, 5, &eur(100), "amount", "2026-03-02T07:45:00.000Z");
    world.app.clock.advance(chrono::TimeDelta::hours(1));
    let one =
        json!({"lines": [{"line": 1, "quantity": 1, "goods": "wasted"}], "reason": "quality"});
    let id = world.returned(order, &one).await;
    world.is_done(id).await;
    let of_return = refund(order, 6, &eur(445), "return", "2026-03-02T08:29:00.000Z");
    let rest = refund(order, 7, &eur(345), "amount", "2026-03-02T09:00:00.000Z");
    // Each of them twice, the newest first: what a return gave is told by the return alone.
    for event in [&rest, &rest, &of_return, &of_return, &some, &some] {
        world.hears_of(event).await;
    }
    let expected = json!([
        {
            "number": null, "at": "2026-03-02T07:45:00.000Z", "local_time": "2026-03-02T08:45:00+01:00",
            "amount": eur(100), "tax": tax(100, 4), "reason": null,
        },
        {
            "number": "2026-03-02/A-001/R1", "at": "2026-03-02T08:30:00.000Z",
            "local_time": "2026-03-02T09:30:00+01:00", "amount": eur(445), "tax": tax(445, 17), "reason": "quality",
        },
        {
            "number": null, "at": "2026-03-02T09:00:00.000Z", "local_time": "2026-03-02T10:00:00+01:00",
            "amount": eur(345), "tax": tax(345, 12), "reason": null,
        },
    ]);
    assert_eq!(world.given_back(order).await, expected);

    // Timelines may be dropped and filled again; a receipt says the same meanwhile and afterwards.
    let drop = request(Method::DELETE, "/v1/timeline", &world.operator()).body(Body::empty());
    world.send(drop.expect("a request")).await;
    assert_eq!(world.given_back(order).await, expected);
    world.hears_of(&some).await;
    assert_eq!(world.given_back(order).await, expected);
}

#[tokio::test]
async fn a_cancelled_orders_receipt_says_why_its_money_went_back() {
    let world = World::new().await;
    let order = world.place("card", &by_card("tok_visa")).await.id();
    world.recall(order).await;
    world
        .until(order, |order| order["checkout"] == "cancelled")
        .await;
    assert_eq!(world.given_back(order).await, json!([]), "not heard of yet");
    let path = format!("/v1/orders/{order}");
    let read = world.get(&world.customer(), &path).await.body;
    let (why, total) = (&read["reason"], &read["total"]);
    world
        .hears_of(&refund(
            order,
            5,
            total,
            "undone",
            "2026-03-02T07:45:00.000Z",
        ))
        .await;
    let given = world.given_back(order).await;
    assert_eq!(
        (&given[0]["amount"], &given[0]["reason"]),
        (total, why),
        "{given}"
    );
    assert!(why.is_string(), "{why}");
}

#[tokio::test]
async fn refunds_of_nobodys_order_or_in_other_money_are_on_no_receipt() {
    let world = World::new().await;
    let order = world.handed_over(&order_of(2)).await;
    let dollars = json!({"amount": 100, "currency": "USD"});
    let at = "2026-03-02T07:45:00.000Z";
    world
        .hears_of(&refund(order, 5, &dollars, "amount", at))
        .await;
    let nobodys = Uuid::from_u128(99);
    world
        .hears_of(&refund(nobodys, 6, &eur(100), "amount", at))
        .await;
    // One of before says only what all refunds came to.
    let before = payment(order, 7, "payment.refund_processed.v1", "captured", at);
    world.hears_of(&before).await;
    assert_eq!(world.given_back(order).await, json!([]));
}

#[tokio::test]
async fn the_same_is_printed_for_those_who_prefer_text() {
    let world = World::new().await;
    let order = world.handed_over(&order_of(2)).await;
    let part = json!({"lines": [{"line": 1, "amount": eur(100)}], "reason": "late"});
    let id = world.returned(order, &part).await;
    world.is_done(id).await;
    let some = refund(order, 5, &eur(100), "amount", "2026-03-02T07:45:00.000Z");
    world.hears_of(&some).await;
    assert_eq!(
        world.printed(&format!("/v1/orders/{order}/receipt")).await,
        "\
Crema Rynek
Receipt 2026-03-02/A-001
2026-03-02T08:30:00+01:00
------------------------------------------
2 x Flat white, Large, Oat            8.90
------------------------------------------
Total EUR                             8.90
  tax 8 % on 8.57                     0.33
Paid: counter
Credit note 2026-03-02/A-001/R1      -1.00
Given back 2026-03-02                -1.00
  tax 8 % on 0.97                    -0.03
"
    );
    assert_eq!(
        world.printed(&format!("/v1/returns/{id}/receipt")).await,
        "\
Crema Rynek
Credit note 2026-03-02/A-001/R1
2026-03-02T08:30:00+01:00
------------------------------------------
Part of: Flat white, Large, Oat       1.00
------------------------------------------
Given back EUR                        1.00
  tax 8 % on 0.96                     0.04
To: counter
"
    );
}

#[tokio::test]
async fn there_is_none_before_it_is_paid_or_done_and_none_for_others() {
    let world = World::new().await;
    let unpaid = world.ordered().await.id();
    let path = format!("/v1/orders/{unpaid}/receipt");
    let answer = world.get(&world.customer(), &path).await;
    assert_eq!(refusal(&answer), (409, "no-receipt".into()));
    // By card it is paid before it is made.
    let paid = world.place("card", &by_card("tok_visa")).await.id();
    let path = format!("/v1/orders/{paid}/receipt");
    let read = world.get(&world.customer(), &path).await;
    assert_eq!(
        (read.status, &read.body["method"]),
        (StatusCode::OK, &json!("card"))
    );

    let order = world.handed_over(&order_of(6)).await;
    let all = json!({"lines": [{"line": 1, "quantity": 6, "goods": "kept"}], "reason": "late"});
    let waits = world.returned(order, &all).await;
    let note = format!("/v1/returns/{waits}/receipt");
    let answer = world.get(&world.customer(), &note).await;
    assert_eq!(refusal(&answer), (409, "no-receipt".into()));
    for token in [world.stranger(), world.other_barista(), world.operator()] {
        let answer = world.get(&token, &path).await;
        assert_eq!(refusal(&answer), (404, "order-not-found".into()));
        let answer = world.get(&token, &note).await;
        assert_eq!(refusal(&answer), (404, "return-not-found".into()));
    }
}
