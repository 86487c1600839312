//! Returns: what may come back, what is given for it, and that each of it happens once.

use axum::http::{Method, StatusCode, header};
use order::returns::ReturnId;
use order::returns::process::Process;
use order::store::return_holds::{self, Hold, Lease, Told};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::shop::problem;
use crate::world::{Answer, OTHER_STORE, PRICE, STORE, World, order_of, request, send, until};

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

#[tokio::test]
async fn one_of_two_pieces_is_refunded_restocked_and_told() {
    let world = World::new().await;
    let order = completed(&world, 2).await;
    let asked = world.ask(order, &pieces(1, "restocked")).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.body);
    let id = asked.id();
    assert_eq!(asked.headers[header::LOCATION], format!("/v1/returns/{id}"));
    assert_eq!(
        (
            &asked.body["number"],
            &asked.body["amount"],
            &asked.body["state"]
        ),
        (&json!("A-001-R1"), &eur(PRICE), &json!("running"))
    );
    let done = world.reaches(id, "done").await;
    assert_eq!(
        done["lines"],
        json!([{
            "line": 1, "product": "Flat white", "variation": "Large", "quantity": 1, "amount": eur(PRICE),
            "goods": "restocked",
        }])
    );
    assert_eq!(
        world.called_for_returns(),
        ["return_refund", "return_stock"]
    );
    assert_eq!(
        world.deeds(id).await,
        ["ask done", "refund done", "stock done", "finish done"]
    );
    let refund = &world.sidecar.received("payment").await[0];
    assert_eq!(
        refund.path_and_query,
        format!("/v1/payments/{order}/returns/{id}")
    );
    assert_eq!(refund.headers["authorization"], "Bearer for-payment");
    assert_eq!(
        refund.json(),
        json!({"amount": eur(PRICE), "reason": "quality"})
    );
    let stock = world.sidecar.received("inventory").await;
    let stock = stock.last().expect("a call");
    assert_eq!(stock.path_and_query, format!("/v1/returns/{id}"));
    assert_eq!(
        stock.json(),
        json!({"order_id": order, "lines": [{
            "variation_id": crate::world::FLAT_WHITE, "quantity": 1, "option_ids": [Uuid::from_u128(9)],
            "goods": "restocked",
        }]})
    );
    assert_eq!(world.back(order).await, (1, PRICE));
}

#[tokio::test]
async fn the_event_is_the_golden_sample() {
    let world = World::new().await;
    let order = completed(&world, 2).await;
    let id = world.ask(order, &pieces(1, "restocked")).await.id();
    world.reaches(id, "done").await;
    let stored: (String, i64, Value) = sqlx::query_as(
        "SELECT subject, sequence, data FROM outbox.events WHERE type = 'order.returned.v1'",
    )
    .fetch_one(world.db())
    .await
    .expect("one event");
    let (subject, sequence, mut data) = stored;
    assert_eq!((subject, sequence), (id.to_string(), 1));
    assert_eq!(
        (&data["order_id"], &data["return_id"]),
        (&json!(order), &json!(id))
    );
    let sample = include_str!("../../events/order.returned.v1.json");
    let sample: Value = serde_json::from_str(sample).expect("JSON");
    for name in ["order_id", "return_id", "number", "occurred_at"] {
        data[name] = sample["data"][name].clone();
    }
    assert_eq!(data, sample["data"]);
    assert_eq!(sample["subject"], sample["data"]["return_id"]);
}

#[tokio::test]
async fn who_did_what_is_staffs_to_see_and_what_came_back_the_customers_too() {
    let world = World::new().await;
    let order = completed(&world, 2).await;
    let id = world.ask(order, &pieces(1, "wasted")).await.id();
    world.reaches(id, "done").await;
    let (one, all) = (
        format!("/v1/returns/{id}"),
        format!("/v1/orders/{order}/returns"),
    );
    for (token, note) in [
        (world.customer(), Value::Null),
        (world.barista(), json!("It was cold.")),
    ] {
        let read = world.get(&token, &one).await;
        assert_eq!(read.status, StatusCode::OK);
        assert_eq!(
            (&read.body["note"], &read.body["state"]),
            (&note, &json!("done"))
        );
        assert_eq!(
            world.get(&token, &all).await.body["items"],
            json!([read.body])
        );
        assert_eq!(read.body.get("asked_by").is_some(), note != Value::Null);
    }
    for token in [world.stranger(), world.other_barista(), world.operator()] {
        let answer = world.get(&token, &one).await;
        assert_eq!(answer.problem().0, "return-not-found");
        assert_eq!(world.get(&token, &all).await.problem().0, "order-not-found");
    }
    let unknown = format!("/v1/returns/{}", Uuid::from_u128(5));
    let answer = world.get(&world.customer(), &unknown).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().0.as_str()),
        (404, "return-not-found")
    );
}

#[tokio::test]
async fn only_the_stores_staff_and_only_of_what_was_handed_over() {
    let world = World::new().await;
    let open = world.ordered().await.id();
    let early = world.ask(open, &pieces(1, "restocked")).await;
    assert_eq!(
        (early.status.as_u16(), early.problem().0.as_str()),
        (409, "not-returnable")
    );
    let order = completed(&world, 1).await;
    for (token, status, slug) in [
        (world.customer(), 403, "forbidden"),
        (world.other_barista(), 404, "order-not-found"),
        (world.operator(), 404, "order-not-found"),
    ] {
        let answer = world
            .send(asking(order, &token, "k", &pieces(1, "restocked")))
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (status, slug)
        );
    }
    assert_eq!(world.back(order).await, (0, 0));
    assert_eq!(world.called_for_returns(), [""; 0]);
}

#[tokio::test]
async fn lines_that_can_not_be_are_refused_by_their_place() {
    let world = World::new().await;
    let order = completed(&world, 2).await;
    let usd = json!({"amount": 1, "currency": "USD"});
    for (lines, status, slug, pointer) in [
        (json!([]), 422, "invalid-body", "/lines"),
        (
            json!([{"line": 1, "quantity": 1}]),
            422,
            "inconsistent-fields",
            "/lines/0",
        ),
        (
            json!([{"line": 1, "quantity": 1, "goods": "kept", "amount": eur(1)}]),
            422,
            "inconsistent-fields",
            "/lines/0",
        ),
        (
            json!([{"line": 2, "quantity": 1, "goods": "kept"}]),
            422,
            "inconsistent-fields",
            "/lines/0/line",
        ),
        (
            json!([{"line": 1, "quantity": 1, "goods": "kept"}, {"line": 1, "amount": eur(1)}]),
            422,
            "inconsistent-fields",
            "/lines/1/line",
        ),
        (
            json!([{"line": 1, "amount": usd}]),
            422,
            "currency-differs",
            "/lines/0/amount/currency",
        ),
        (
            json!([{"line": 1, "quantity": 3, "goods": "kept"}]),
            409,
            "return-exceeds-order",
            "/lines/0",
        ),
        (
            json!([{"line": 1, "amount": eur(2 * PRICE + 1)}]),
            409,
            "return-exceeds-order",
            "/lines/0",
        ),
    ] {
        let body = json!({"lines": lines, "reason": "late"});
        let answer = world.ask(order, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{body}");
        assert_eq!(
            answer.problem(),
            (slug.into(), vec![pointer.into()]),
            "{body}"
        );
    }
    let silent = json!({"lines": [{"line": 1, "quantity": 1, "goods": "kept"}], "reason": "other"});
    assert_eq!(
        world.ask(order, &silent).await.problem(),
        ("inconsistent-fields".into(), vec!["/note".into()])
    );
    assert_eq!(world.back(order).await, (0, 0));
}

#[tokio::test]
async fn a_part_of_the_price_moves_no_goods_and_goods_without_a_price_no_money() {
    let world = World::without_catalog().await;
    world
        .catalog_asks(0, "Europe/Warsaw", std::time::Duration::ZERO)
        .await;
    let free = completed(&world, 1).await;
    let id = world.ask(free, &pieces(1, "restocked")).await.id();
    world.reaches(id, "done").await;
    assert_eq!(world.called_for_returns(), ["return_stock"]);

    let world = World::new().await;
    let order = completed(&world, 2).await;
    let goodwill = json!({"lines": [{"line": 1, "amount": eur(100)}], "reason": "late"});
    let id = world.ask(order, &goodwill).await.id();
    world.reaches(id, "done").await;
    let kept = world.ask(order, &pieces(2, "kept")).await;
    assert_eq!(kept.body["amount"], eur(2 * PRICE - 100));
    world.reaches(kept.id(), "done").await;
    assert_eq!(
        world.called_for_returns(),
        ["return_refund", "return_refund"]
    );
    assert_eq!(world.back(order).await, (2, 2 * PRICE));
}

#[tokio::test]
async fn one_key_is_one_return() {
    let world = World::new().await;
    let order = completed(&world, 3).await;
    let body = pieces(1, "restocked");
    let barista = world.barista();
    let rush = (0..12).map(|_| world.send(asking(order, &barista, "once", &body)));
    let ids: std::collections::HashSet<_> = futures::future::join_all(rush)
        .await
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
            answer.id()
        })
        .collect();
    assert_eq!(ids.len(), 1);
    for id in ids {
        world.reaches(id, "done").await;
    }
    let other = world
        .send(asking(order, &barista, "once", &pieces(2, "restocked")))
        .await;
    assert_eq!(other.problem().0, "idempotency-key-reused");
    let elsewhere = completed(&world, 1).await;
    let other = world.send(asking(elsewhere, &barista, "once", &body)).await;
    assert_eq!(other.problem().0, "idempotency-key-reused");
    let mut blind = asking(order, &barista, "x", &body);
    blind.headers_mut().remove("idempotency-key");
    assert_eq!(
        world.send(blind).await.problem().0,
        "idempotency-key-missing"
    );
    assert_eq!(world.back(order).await, (1, PRICE));
}

#[tokio::test]
async fn of_many_who_want_the_last_pieces_as_many_get_one_as_there_are() {
    let world = World::new().await;
    let order = completed(&world, 4).await;
    world.warm().await;
    let sibling = world.sibling();
    let barista = world.barista();
    let body = pieces(1, "restocked");
    let rush = (0..20).map(|index| {
        let (world, sibling) = (&world, sibling.clone());
        let asking = asking(order, &barista, &format!("k{index}"), &body);
        async move {
            match index % 2 {
                0 => world.send(asking).await,
                _ => send(sibling, asking).await,
            }
        }
    });
    let answers = futures::future::join_all(rush).await;
    let (taken, refused): (Vec<_>, Vec<_>) = answers
        .iter()
        .partition(|answer| answer.status == StatusCode::ACCEPTED);
    assert_eq!(taken.len(), 4);
    for answer in refused {
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (409, "return-exceeds-order")
        );
    }
    for answer in taken {
        world.reaches(answer.id(), "done").await;
    }
    assert_eq!(world.back(order).await, (4, 4 * PRICE));
    let calls = world.called_for_returns();
    assert_eq!(calls.len(), 8);
}

#[tokio::test]
async fn the_database_keeps_what_comes_back_within_the_line() {
    let world = World::new().await;
    let order = completed(&world, 1).await;
    // As if another version of this service had taken it back and said so nowhere else.
    sqlx::query("UPDATE order_lines SET returned = 1 WHERE order_id = $1")
        .bind(order)
        .execute(world.db())
        .await
        .expect("SQL");
    let answer = world.ask(order, &pieces(1, "restocked")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().0.as_str()),
        (409, "return-exceeds-order")
    );
    for wrong in [
        "returned = 2",
        "returned = -1",
        "refunded = 446",
        "refunded = -1",
    ] {
        let sql = format!("UPDATE order_lines SET {wrong} WHERE order_id = $1");
        let update = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(order);
        let error = update.execute(world.db()).await.expect_err(wrong);
        let constraint = error.as_database_error().and_then(|it| it.constraint());
        assert_eq!(constraint, Some("no_more_back_than_went"));
    }
}

#[tokio::test]
async fn an_unknown_outcome_is_asked_about_under_the_same_return() {
    for call in ["return_refund", "return_stock"] {
        let world = World::new().await;
        let order = completed(&world, 1).await;
        world.shop.next(
            call,
            [
                problem(503, "payment-unknown"),
                problem(404, "payment-not-found"),
                problem(500, "internal"),
                problem(409, "not-sold"),
            ],
        );
        if call == "return_refund" {
            // Inventory's word alone.
            world
                .shop
                .next("return_stock", [problem(503, "unavailable")]);
        }
        let id = world.ask(order, &pieces(1, "restocked")).await.id();
        world.app.clock.advance(chrono::TimeDelta::seconds(1));
        world.reaches(id, "done").await;
        let tries = world.called_for_returns();
        let tries = tries.iter().filter(|name| **name == call).count();
        assert_eq!(tries, 5, "{call}");
        assert_eq!(world.back(order).await, (1, PRICE));
    }
}

/// Whose returns somebody sees to.
async fn queue(world: &World) -> Vec<Value> {
    let page = world.get(&world.operator(), "/v1/returns").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    page.body["items"].as_array().expect("items").clone()
}

#[tokio::test]
async fn what_is_refused_waits_for_an_operator_who_tries_again() {
    let world = World::new().await;
    let order = completed(&world, 1).await;
    world
        .shop
        .next("return_refund", [problem(409, "provider-refused")]);
    let id = world.ask(order, &pieces(1, "restocked")).await.id();
    let parked = world.reaches(id, "manual").await;
    assert_eq!(
        parked["last_error"],
        "409 Conflict provider-refused: Because."
    );
    assert_eq!(world.called_for_returns(), ["return_refund"]);
    assert_eq!(queue(&world).await.len(), 1);
    // What may have been given is not free for another return.
    let again = world.ask(order, &pieces(1, "restocked")).await;
    assert_eq!(again.problem().0, "return-exceeds-order");
    let retry = format!("/v1/returns/{id}/retry");
    let answer = world.post(&world.operator(), &retry, &json!({})).await;
    assert_eq!(
        (answer.status, &answer.body["state"]),
        (StatusCode::ACCEPTED, &json!("running"))
    );
    world.reaches(id, "done").await;
    assert_eq!(queue(&world).await, [json!(null); 0]);
    let answer = world.post(&world.operator(), &retry, &json!({})).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().0.as_str()),
        (409, "not-parked")
    );
    assert_eq!(
        world.deeds(id).await,
        [
            "ask done",
            "refund refused",
            "retry done",
            "refund done",
            "stock done",
            "finish done"
        ]
    );
}

#[tokio::test]
async fn a_step_that_was_done_by_other_means_is_settled_and_the_rest_goes_on() {
    let world = World::new().await;
    let order = completed(&world, 1).await;
    world
        .shop
        .always("return_refund", problem(503, "unavailable"));
    let id = world.ask(order, &pieces(1, "restocked")).await.id();
    world.reaches(id, "manual").await;
    let tries = world.called_for_returns().len();
    assert_eq!(
        tries,
        usize::try_from(order::returns::process::MOST_TRIES).expect("small")
    );
    let settle = format!("/v1/returns/{id}/settle");
    for body in [json!({}), json!({"note": " "})] {
        let answer = world.post(&world.operator(), &settle, &body).await;
        assert_eq!(answer.problem().0, "invalid-body");
    }
    let note = json!({"note": "Given back at the provider's desk."});
    let answer = world.post(&world.operator(), &settle, &note).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    world.reaches(id, "done").await;
    assert_eq!(world.called_for_returns().len(), tries + 1);
    let told: Vec<(String, Option<String>)> = sqlx::query_as(
        "SELECT action, note FROM return_history WHERE return_id = $1 AND actor <> 'order' ORDER BY position",
    )
    .bind(id)
    .fetch_all(world.db())
    .await
    .expect("the history");
    assert_eq!(
        told,
        [
            ("ask".into(), None),
            (
                "settle".into(),
                Some("Given back at the provider's desk.".into())
            )
        ]
    );
    let unknown = format!("/v1/returns/{}/settle", Uuid::from_u128(404));
    let answer = world.post(&world.operator(), &unknown, &note).await;
    assert_eq!(answer.problem().0, "return-not-found");
}

#[tokio::test]
async fn a_return_whose_holder_was_lost_is_taken_over_and_the_lost_one_is_fenced() {
    let world = World::new().await;
    let order = completed(&world, 1).await;
    for call in ["return_refund", "return_stock"] {
        world.shop.always(call, problem(503, "unavailable"));
    }
    let id = world.ask(order, &pieces(1, "restocked")).await.id();
    let told = async |line: &str| {
        until(line, || async {
            world.deeds(id).await.iter().any(|told| told == line)
        })
        .await;
    };
    told("refund unknown").await;
    // Somebody has refunded it, holds it, and is not heard of any more.
    sqlx::query(
        "UPDATE returns SET step = 'stock', tries = 0, owner = $2, fence = 100,
                            claimable_at = clock_timestamp() + interval '300 ms'
         WHERE id = $1",
    )
    .bind(id)
    .bind(Uuid::from_u128(3))
    .execute(world.db())
    .await
    .expect("SQL");
    told("stock unknown").await;
    // It comes back with what it believes to hold.
    let stale = Hold {
        id: ReturnId(id),
        fence: 100,
    };
    let mut connection = world.db().acquire().await.expect("a connection");
    let process = Process::begin(true, true);
    let recorded = return_holds::record(
        &mut connection,
        stale,
        &process,
        Told::done("order", "refund", None),
        Lease::GiveUp(std::time::Duration::ZERO),
        world.app.clock.now(),
    );
    assert!(!recorded.await.expect("the database"));
    drop(connection);
    for call in ["return_refund", "return_stock"] {
        world.shop.mend(call);
    }
    let refunds = world.called_for_returns();
    let refunds = refunds.iter().filter(|call| **call == "return_refund");
    let refunds = refunds.count();
    world.reaches(id, "done").await;
    let after = world.called_for_returns();
    let after = after.iter().filter(|call| **call == "return_refund");
    assert_eq!(
        after.count(),
        refunds,
        "what was done is not asked for again"
    );
}

#[tokio::test]
async fn above_the_limit_another_manager_has_to_let_it_go_on() {
    let world = World::new().await;
    let order = completed(&world, 6).await;
    // 4 × 4.45 are below 20.00; a fifth is not, however it is asked for.
    let small = world.ask(order, &pieces(4, "wasted")).await;
    assert_eq!(small.body["state"], "running");
    world.reaches(small.id(), "done").await;
    let asked = world.ask(order, &pieces(1, "wasted")).await;
    assert_eq!(
        (asked.status, &asked.body["state"]),
        (StatusCode::ACCEPTED, &json!("waiting"))
    );
    let id = asked.id();
    let before = world.called_for_returns().len();
    let manager = world.runs_the_store();
    let board = format!("/v1/stores/{STORE}/returns");
    let waiting = world.get(&manager, &board).await;
    assert_eq!(waiting.body["items"][0]["id"], json!(id));
    let approval = format!("/v1/returns/{id}/approval");
    let elsewhere = world.token(
        Uuid::from_u128(0x78),
        "manager",
        "order:manage",
        &[OTHER_STORE],
    );
    assert_eq!(
        world.get(&elsewhere, &board).await.problem().0,
        "store-not-found"
    );
    let own = world.token(
        Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_2003),
        "manager",
        "order:manage",
        &[STORE],
    );
    for (token, status, slug) in [
        (&world.barista(), 403, "forbidden"),
        (&elsewhere, 404, "return-not-found"),
        (&own, 409, "own-return"),
    ] {
        let answer = world.post(token, &approval, &json!({})).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (status, slug)
        );
    }
    assert_eq!(world.called_for_returns().len(), before, "nothing moved");
    world.warm().await;
    let nothing = json!({});
    let (one, two) = tokio::join!(
        world.post(&manager, &approval, &nothing),
        world.post(&manager, &approval, &nothing)
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 409], "one decision");
    let done = world.reaches(id, "done").await;
    assert_eq!(done["decided_by"], json!(Uuid::from_u128(0x77)));
    assert_eq!(world.get(&manager, &board).await.body["items"], json!([]));
    // Who runs the store needs nobody.
    let asked = world
        .send(asking(order, &manager, "m", &pieces(1, "wasted")))
        .await;
    assert_eq!(asked.body["state"], "running");
    world.reaches(asked.id(), "done").await;
    assert_eq!(world.back(order).await, (6, 6 * PRICE));
}

#[tokio::test]
async fn what_is_rejected_moves_nothing_and_is_free_again() {
    let world = World::new().await;
    let order = completed(&world, 6).await;
    let asked = world.ask(order, &pieces(6, "restocked")).await;
    let id = asked.id();
    assert_eq!(asked.body["state"], "waiting");
    assert_eq!(
        world.ask(order, &pieces(1, "restocked")).await.problem().0,
        "return-exceeds-order",
        "what waits is spoken for"
    );
    let manager = world.runs_the_store();
    let rejection = format!("/v1/returns/{id}/rejection");
    let silent = world.post(&manager, &rejection, &json!({})).await;
    assert_eq!(silent.problem().0, "invalid-body");
    let note = json!({"note": "All six were drunk."});
    let answer = world.post(&manager, &rejection, &note).await;
    assert_eq!(
        (answer.status, &answer.body["state"]),
        (StatusCode::OK, &json!("rejected"))
    );
    for again in [&rejection, &format!("/v1/returns/{id}/approval")] {
        let answer = world.post(&manager, again, &note).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (409, "not-waiting")
        );
    }
    assert_eq!(world.back(order).await, (0, 0));
    assert_eq!(world.called_for_returns(), [""; 0]);
    let one = world.ask(order, &pieces(1, "restocked")).await;
    assert_eq!(
        (&one.body["number"], &one.body["state"]),
        (&json!("A-001-R2"), &json!("running"))
    );
    world.reaches(one.id(), "done").await;
    assert_eq!(world.back(order).await, (1, PRICE));
}
