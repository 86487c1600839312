//! What may come back, by whom and how often, and what is given for it.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{asking, completed, eur, pieces};
use crate::world::{PRICE, World, send};

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
    let sample = include_str!("../../../events/order.returned.v1.json");
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
        (json!([]), 422, "inconsistent-fields", "/lines"),
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
