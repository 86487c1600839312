//! Checkouts from the order's placing to their end: what is called, what is answered, what is stored.

use std::time::Duration;

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::saga::over;
use crate::shop::problem;
use crate::world::{
    FLAT_WHITE, PRICE, STORE, World, by_card, morning, one_flat_white, place, waiting,
};

#[tokio::test]
async fn paid_at_the_counter_it_needs_stock_alone() {
    let world = World::new().await;
    let answer = world.place("k1", &one_flat_white()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(
        (&answer.body["checkout"], &answer.body["payment"]),
        (
            &json!("confirmed"),
            &json!({"method": "counter", "status": "due"})
        )
    );
    assert_eq!(world.shop.called(), ["reserve"]);
    assert_eq!(world.saga(answer.id()).await, over("forward", "confirm"));
    let (version, fence) = world.versions(answer.id()).await;
    assert_eq!((version, fence), (2, 1), "the hold that it was placed with");
    let asked = &world.sidecar.received("inventory").await[0];
    assert_eq!(
        asked.path_and_query,
        format!("/v1/reservations/{}", answer.id())
    );
    assert_eq!(asked.headers["authorization"], "Bearer for-inventory");
    assert_eq!(
        asked.json(),
        json!({"store_id": STORE, "lines": [
            {"variation_id": FLAT_WHITE, "quantity": 1, "option_ids": [Uuid::from_u128(9)]}
        ]})
    );
}

#[tokio::test]
async fn by_card_it_is_paid_before_it_is_confirmed() {
    let world = World::new().await;
    let answer = world.place("k1", &by_card("tok_visa")).await;
    assert_eq!(
        (
            &answer.body["checkout"],
            &answer.body["payment"],
            &answer.body["version"]
        ),
        (
            &json!("confirmed"),
            &json!({"method": "card", "status": "captured"}),
            &json!(2)
        )
    );
    assert_eq!(world.shop.called(), ["reserve", "authorise", "capture"]);
    let id = answer.id();
    assert_eq!(world.saga(id).await, over("forward", "confirm"));
    assert_eq!(
        world.told(id).await,
        [
            "reserve done",
            "authorise done",
            "capture done",
            "confirm done"
        ]
    );
    let asked = &world.sidecar.received("payment").await;
    assert_eq!(asked[0].headers["authorization"], "Bearer for-payment");
    assert_eq!(
        asked[0].json(),
        json!({"store_id": STORE, "amount": {"amount": PRICE, "currency": "EUR"}, "token": "tok_visa"})
    );
    // The token is in no answer, no event and no replay.
    let traces: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM outbox.events WHERE data::text LIKE '%tok_%')
              + (SELECT count(*) FROM replays WHERE response::text LIKE '%tok_%')
              + (SELECT count(*) FROM checkouts WHERE checkouts::text LIKE '%tok_%')
              + (SELECT count(*) FROM checkout_history WHERE note LIKE '%tok_%')",
    )
    .fetch_one(world.db())
    .await
    .expect("a count");
    assert_eq!(traces, 0);
    assert!(!answer.body.to_string().contains("tok_"));
}

#[tokio::test]
async fn for_nothing_no_card_is_charged() {
    let world = World::without_catalog().await;
    world.catalog_asks(0, "Europe/Warsaw", Duration::ZERO).await;
    let answer = world.place("k1", &by_card("tok_visa")).await;
    assert_eq!(
        (&answer.body["checkout"], &answer.body["payment"]["status"]),
        (&json!("confirmed"), &json!("captured"))
    );
    assert_eq!(world.shop.called(), ["reserve"]);
}

#[tokio::test]
async fn what_is_refused_for_certain_is_undone_at_once_and_says_why() {
    for (call, status, slug, reason, called) in [
        ("reserve", 409, "sold-out", "sold_out", vec!["reserve"]),
        (
            "authorise",
            402,
            "payment-declined",
            "payment_declined",
            vec!["reserve", "authorise", "release"],
        ),
        (
            "capture",
            402,
            "payment-declined",
            "payment_declined",
            vec!["reserve", "authorise", "capture", "void", "release"],
        ),
    ] {
        let world = World::new().await;
        world.shop.next(call, [problem(status, slug)]);
        let answer = world.place("k1", &by_card("tok_declined")).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        assert_eq!(
            (
                &answer.body["checkout"],
                &answer.body["reason"],
                &answer.body["payment"]["status"]
            ),
            (&json!("cancelled"), &json!(reason), &json!("void")),
            "{call}"
        );
        assert_eq!(world.shop.called(), called);
        assert_eq!(world.steps(answer.id()).await, ["pending", "cancelled"]);
        assert_eq!(world.saga(answer.id()).await, over("back", "place"));
    }
}

#[tokio::test]
async fn an_unknown_outcome_is_asked_again_and_never_guessed() {
    for call in ["reserve", "authorise", "capture"] {
        let world = World::new().await;
        world.shop.next(
            call,
            [problem(503, "payment-unknown"), problem(500, "internal")],
        );
        let answer = world.place("k1", &by_card("tok_visa")).await;
        assert_eq!(answer.body["checkout"], "confirmed", "{call}");
        let tries = world
            .shop
            .called()
            .iter()
            .filter(|name| **name == call)
            .count();
        assert_eq!(tries, 3);
        let told = world.told(answer.id()).await;
        assert_eq!(
            told.iter()
                .filter(|line| **line == format!("{call} unknown"))
                .count(),
            2
        );
        assert_eq!(told.len(), 6);
    }
}

#[tokio::test]
async fn after_a_doubt_even_a_refused_step_is_undone() {
    let world = World::new().await;
    world.shop.next(
        "authorise",
        [
            problem(503, "payment-unknown"),
            problem(402, "payment-declined"),
        ],
    );
    let answer = world.place("k1", &by_card("tok_visa")).await;
    assert_eq!(answer.body["reason"], "payment_declined");
    assert_eq!(
        world.shop.called(),
        ["reserve", "authorise", "authorise", "void", "release"]
    );
}

#[tokio::test]
async fn past_its_deadline_it_is_undone() {
    for (call, reason, undone) in [
        ("reserve", "stock_unavailable", vec!["release"]),
        ("authorise", "payment_unavailable", vec!["void", "release"]),
        (
            "capture",
            "payment_unavailable",
            vec!["refund", "void", "release"],
        ),
    ] {
        let world = World::new().await;
        world.shop.always(call, problem(503, "unavailable"));
        let answer = world
            .send(place(&world.customer(), "k1", &by_card("tok_visa")))
            .await;
        let id = answer.id();
        world.until_told(id, &format!("{call} unknown")).await;
        world.app.clock.advance(TimeDelta::seconds(30));
        let order = world
            .until(id, |order| order["checkout"] != "pending")
            .await;
        assert_eq!(
            (&order["checkout"], &order["reason"]),
            (&json!("cancelled"), &json!(reason))
        );
        let called = world.shop.called();
        assert!(called.ends_with(&undone), "{called:?}");
    }
}

#[tokio::test]
async fn money_that_was_taken_after_all_is_given_back() {
    let world = World::new().await;
    // The capture arrives late: after the first refund found nothing, before the void.
    world.shop.next(
        "capture",
        [
            problem(503, "unavailable"),
            problem(402, "payment-declined"),
        ],
    );
    world.shop.next("void", [problem(409, "payment-captured")]);
    let answer = world.place("k1", &by_card("tok_visa")).await;
    assert_eq!(answer.body["checkout"], "cancelled");
    let called = world.shop.called();
    assert!(
        called.ends_with(&["capture", "refund", "void", "refund", "release"]),
        "{called:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_undone_is_parked_and_goes_on_when_a_person_says_so() {
    let world = World::new().await;
    world.shop.always("void", problem(503, "unavailable"));
    world
        .shop
        .next("capture", [problem(402, "payment-declined")]);
    let answer = world
        .send(place(&world.customer(), "k1", &by_card("tok_visa")))
        .await;
    let id = answer.id();
    let parked = world.until(id, |order| order["checkout"] == "manual").await;
    assert_eq!(
        (&parked["reason"], &parked["payment"]["status"]),
        (&json!("payment_declined"), &json!("due"))
    );
    let expected = (
        "manual".into(),
        "back".into(),
        "authorise".into(),
        false,
        false,
    );
    assert_eq!(world.saga(id).await, expected);
    let tries = world
        .shop
        .called()
        .iter()
        .filter(|name| **name == "void")
        .count();
    assert_eq!(
        tries,
        usize::try_from(order::checkout::MOST_UNDOS).expect("small")
    );
    world.shop.mend("void");
    world.retry(id).await;
    let order = world
        .until(id, |order| order["checkout"] == "cancelled")
        .await;
    assert_eq!(order["payment"]["status"], "void");
    assert_eq!(
        world.steps(id).await,
        ["pending", "manual", "pending", "cancelled"]
    );
    assert!(world.shop.called().ends_with(&["void", "void", "release"]));
}

#[tokio::test]
async fn a_wish_to_cancel_turns_a_pending_order_round() {
    let world = World::new().await;
    world.shop.always("capture", problem(503, "unavailable"));
    let answer = world
        .send(place(&world.customer(), "k1", &by_card("tok_visa")))
        .await;
    let id = answer.id();
    world.until_told(id, "capture unknown").await;
    world.recall(id).await;
    let order = world
        .until(id, |order| order["checkout"] != "pending")
        .await;
    assert_eq!(
        (&order["checkout"], &order["reason"]),
        (&json!("cancelled"), &json!("by_customer"))
    );
    assert!(
        world
            .shop
            .called()
            .ends_with(&["refund", "void", "release"])
    );
    assert_eq!(world.steps(id).await, ["pending", "cancelled"]);
}

#[tokio::test]
async fn a_recalled_order_is_refunded_and_restocked() {
    for (body, undone, status) in [
        (one_flat_white(), vec!["release"], "void"),
        (by_card("tok_visa"), vec!["refund", "release"], "refunded"),
    ] {
        let world = World::new().await;
        let id = world.place("k1", &body).await.id();
        world.recall(id).await;
        let order = world
            .until(id, |order| order["checkout"] == "cancelled")
            .await;
        assert_eq!(
            (
                &order["reason"],
                &order["payment"]["status"],
                &order["version"]
            ),
            (&json!("by_customer"), &json!(status), &json!(4))
        );
        assert!(world.shop.called().ends_with(&undone));
        assert_eq!(
            world.steps(id).await,
            ["pending", "confirmed", "pending", "cancelled"]
        );
    }
}

#[tokio::test]
async fn without_the_wish_to_wait_the_answer_comes_at_once() {
    let world = World::new().await;
    let answer = world
        .send(place(&world.customer(), "k1", &by_card("tok_visa")))
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert!(!answer.headers.contains_key("preference-applied"));
    assert_eq!(
        (&answer.body["checkout"], &answer.body["version"]),
        (&json!("pending"), &json!(1))
    );
    // The same command answers the same order, as it has become.
    let id = answer.id();
    world
        .until(id, |order| order["checkout"] == "confirmed")
        .await;
    let again = world
        .send(place(&world.customer(), "k1", &by_card("tok_visa")))
        .await;
    assert_eq!(
        (again.id(), &again.body["checkout"]),
        (id, &json!("confirmed"))
    );
    // Another card is another command.
    let other = world
        .send(place(&world.customer(), "k1", &by_card("tok_other")))
        .await;
    assert_eq!(other.problem().0, "idempotency-key-reused");
}

#[tokio::test]
async fn the_wish_to_wait_is_honoured_within_bounds() {
    let world = World::without_runner().await;
    world.catalog_sells("Europe/Warsaw", Duration::ZERO).await;
    for (key, wait, applied) in [
        ("k1", "wait=0", "wait=0"),
        ("k2", "respond-async, wait=1", "wait=1"),
    ] {
        let mut request = place(&world.customer(), key, &one_flat_white());
        request
            .headers_mut()
            .insert("prefer", wait.parse().expect("a value"));
        let answer = world.send(request).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        assert_eq!(answer.headers["preference-applied"], applied);
        assert_eq!(answer.body["checkout"], "pending");
    }
    world.start_runner(&world.app);
    let mut request = place(&world.customer(), "k3", &one_flat_white());
    request
        .headers_mut()
        .insert("prefer", "wait=3600".parse().expect("a value"));
    let answer = world.send(request).await;
    assert_eq!(answer.headers["preference-applied"], "wait=8");
    assert_eq!(answer.body["checkout"], "confirmed");
}

#[tokio::test]
async fn what_another_process_settles_is_seen_by_who_waits_here() {
    let world = World::without_runner().await;
    world.catalog_sells("Europe/Warsaw", Duration::ZERO).await;
    // Placed by a process that ends at once: its lease runs out, and another process takes over.
    let body = one_flat_white();
    let (answer, _) = tokio::join!(world.place("k1", &body), async {
        let id = world.until_placed().await;
        world.end_lease(id).await;
        world.sibling()
    });
    assert_eq!(answer.body["checkout"], "confirmed");
}

#[tokio::test]
async fn orders_from_before_the_sagas_can_be_recalled() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    // As the migration leaves an order that was confirmed before there were sagas.
    sqlx::query("DELETE FROM checkout_history")
        .execute(world.db())
        .await
        .expect("SQL");
    sqlx::query("DELETE FROM checkouts")
        .execute(world.db())
        .await
        .expect("SQL");
    let migration = include_str!("../../migrations/0002_checkout.sql");
    let insert = &migration[migration
        .rfind("INSERT INTO checkouts")
        .expect("the last statement")..];
    sqlx::raw_sql(insert)
        .execute(world.db())
        .await
        .expect("the migration");
    world.recall(id).await;
    let order = world
        .until(id, |order| order["checkout"] == "cancelled")
        .await;
    assert_eq!(order["payment"]["status"], "void");
    assert_eq!(world.shop.called(), ["reserve", "release"]);
}

#[tokio::test]
async fn a_number_that_is_taken_is_not_used_twice() {
    let world = World::new().await;
    let first = world.ordered().await;
    // As after a restore: the counter says that nothing has been given out.
    sqlx::query("UPDATE daily_numbers SET last = 0")
        .execute(world.db())
        .await
        .expect("SQL");
    let answer = crate::world::send(
        world.sibling(),
        waiting(place(&world.customer(), "k2", &one_flat_white())),
    )
    .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    assert_eq!(
        (&first.body["number"], &answer.body["number"]),
        (&json!("A-001"), &Value::from("A-009"))
    );
    assert_eq!(
        answer.body["placed_at"],
        Value::from(morning().to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
    );
}
