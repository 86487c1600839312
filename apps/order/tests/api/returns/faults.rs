//! What is unknown, refused, or lost on the way: it is asked about, waits for an operator, and happens once.

use axum::http::StatusCode;
use order::returns::ReturnId;
use order::returns::process::Process;
use order::store::return_holds::{self, Hold, Lease, Told};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{completed, pieces};
use crate::shop::problem;
use crate::world::{PRICE, World, until};

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
