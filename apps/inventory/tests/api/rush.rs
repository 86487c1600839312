//! Many at once: nobody gets what another has, and nobody waits in a circle.

use axum::http::StatusCode;
use futures::future::join_all;
use serde_json::json;

use crate::world::{BEANS, BUN, BUN_PIECE, FLAT_WHITE, MILK, STORE, WHOLE_MILK, World, buns, line};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_buyers_one_gets_the_last_one() {
    let world = World::with(0, 0, 1).await;
    world.warm().await;
    let last = buns(1);
    let rush = (0..100).map(|_| world.reserve(world.order(), &last));
    let answers = join_all(rush).await;
    let got = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::OK);
    assert_eq!(got.count(), 1);
    for answer in answers
        .iter()
        .filter(|answer| answer.status != StatusCode::OK)
    {
        assert_eq!(answer.problem(), (409, "sold-out".into()));
        assert_eq!(answer.pointers(), ["/lines/0"]);
    }
    assert_eq!(world.stock(BUN).await, (0, 1));
    assert_eq!(world.count("reservations").await, 1);
    world.assert_nothing_lost().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lines_in_opposite_orders_do_not_deadlock() {
    let world = World::with(1_000_000, 10_000_000, 10_000).await;
    world.warm().await;
    let there = json!([line(FLAT_WHITE, 1, &[WHOLE_MILK]), line(BUN_PIECE, 1, &[])]);
    let back = json!([line(BUN_PIECE, 1, &[]), line(FLAT_WHITE, 1, &[WHOLE_MILK])]);
    let one = async |turn: usize| {
        let order = world.order();
        let lines = if turn.is_multiple_of(2) {
            &there
        } else {
            &back
        };
        assert_eq!(world.reserve(order, lines).await.status, StatusCode::OK);
        match turn % 3 {
            0 => assert_eq!(world.release(order).await.status, StatusCode::OK),
            1 => world.hear("order.confirmed.v1", order, 2).await,
            _ => {}
        }
    };
    join_all((0..240).map(one)).await;
    let beans = world.counters(BEANS).await;
    assert_eq!((beans.reserved, beans.sold), (80 * 18, 80 * 18));
    assert_eq!(world.counters(MILK).await.sold, 80 * 150);
    world.assert_nothing_lost().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_order_that_asks_many_times_at_once_takes_once() {
    let world = World::new().await;
    world.warm().await;
    let (order, two) = (world.order(), buns(2));
    let answers = join_all((0..30).map(|_| world.reserve(order, &two))).await;
    for answer in &answers {
        assert_eq!(
            (answer.status, &answer.body),
            (StatusCode::OK, &answers[0].body)
        );
    }
    assert_eq!(world.stock(BUN).await, (998, 2));
    assert_eq!(world.told("").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_reserve_and_release_meet_nothing_stays_held() {
    let world = World::new().await;
    world.warm().await;
    let two = buns(2);
    let meet = async || {
        let order = world.order();
        let (reserved, released, again) = tokio::join!(
            world.reserve(order, &two),
            world.release(order),
            world.release(order),
        );
        assert!(
            reserved.status == StatusCode::OK
                || reserved.problem() == (409, "reservation-over".into()),
            "{reserved:?}"
        );
        assert_eq!(
            (released.status, again.status),
            (StatusCode::OK, StatusCode::OK)
        );
        assert_eq!(world.status(order).await, "released");
    };
    join_all((0..60).map(|_| meet())).await;
    assert_eq!(world.stock(BUN).await, (1_000, 0));
    world.assert_nothing_lost().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn waste_and_orders_compete_for_the_same_stock() {
    let world = World::with(0, 0, 40).await;
    world.warm().await;
    let (manager, one) = (world.manager(), buns(1));
    let path = format!("/v1/stores/{STORE}/waste");
    let waste = json!({"item_id": BUN, "quantity": 1, "reason": "dropped"});
    let round = async |turn: usize| {
        let answer = if turn.is_multiple_of(2) {
            world.reserve(world.order(), &one).await
        } else {
            world
                .command(&manager, &path, &format!("k{turn}"), &waste)
                .await
        };
        match answer.status {
            StatusCode::OK => 1,
            StatusCode::CONFLICT => 0,
            other => panic!("{other}: {}", answer.body),
        }
    };
    let taken: i32 = join_all((0..80).map(round)).await.into_iter().sum();
    assert_eq!(taken, 40);
    let left = world.counters(BUN).await;
    assert_eq!((left.available, left.reserved + left.wasted), (0, 40));
    world.assert_nothing_lost().await;
}
