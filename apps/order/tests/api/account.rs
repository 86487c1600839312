//! A customer's account is closed: what nobody has begun to make is undone, the rest is finished.

use axum::http::StatusCode;
use chrono::TimeDelta;
use order::closed_accounts::{self, KEPT};
use serde_json::{Value, json};
use sqlx::Executor as _;
use uuid::Uuid;

use crate::world::{Answer, CUSTOMER, World, by_card, one_flat_white, place, waiting};

const TOPIC: &str = "identity-events";
const DEAD: &str = "identity-events.order.dead";

/// An event of identity's about the customer, made from its golden sample.
fn told(kind: &str, sequence: i64, active: bool) -> Value {
    let sample = match kind {
        "user.updated.v1" => include_str!("../../../identity/events/user.updated.v1.json"),
        "user.deleted.v1" => include_str!("../../../identity/events/user.deleted.v1.json"),
        _ => include_str!("../../../identity/events/user.logged_in.v1.json"),
    };
    let mut event: Value = serde_json::from_str(sample).expect("the golden sample");
    event["id"] = json!(Uuid::from_u128(sequence.unsigned_abs().into()));
    event["subject"] = json!(CUSTOMER);
    event["sequence"] = json!(sequence.to_string());
    event["data"]["user_id"] = json!(CUSTOMER);
    event["data"]["active"] = json!(active);
    event
}

fn closed(sequence: i64) -> Value {
    told("user.updated.v1", sequence, false)
}

fn open(sequence: i64) -> Value {
    told("user.updated.v1", sequence, true)
}

async fn hear(world: &World, event: &Value) {
    let answer = world.deliver("/events/account", TOPIC, event).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{event}");
}

async fn cancel_orders(world: &World) -> usize {
    let cancelled = closed_accounts::cancel_orders(&world.app).await;
    cancelled.expect("the database is there")
}

async fn noted(world: &World) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM closed_accounts")
        .fetch_one(world.db())
        .await
        .expect("a count")
}

fn cancelled(order: &Value) -> bool {
    order["checkout"] == "cancelled"
}

async fn status(world: &World, order: Uuid) -> Value {
    let path = format!("/v1/orders/{order}");
    let read = world.get(&world.customer(), &path).await;
    read.body["checkout"].clone()
}

/// An order that the runner has not seen.
async fn placed(world: &World) -> Answer {
    let placed = world
        .send(place(&world.customer(), "pending", &one_flat_white()))
        .await;
    assert_eq!(placed.status, StatusCode::ACCEPTED, "{}", placed.body);
    placed
}

#[tokio::test]
async fn an_order_that_nobody_has_begun_is_undone_with_its_money_and_its_stock() {
    let world = World::new().await;
    let id = world.place("k1", &by_card("tok_visa")).await.id();
    hear(&world, &closed(4)).await;
    assert_eq!(cancel_orders(&world).await, 1);
    let order = world.until(id, cancelled).await;
    assert_eq!(order["reason"], "account_closed");
    assert_eq!(
        order["payment"],
        json!({"method": "card", "status": "refunded"})
    );
    assert_eq!(
        world.shop.called(),
        ["reserve", "authorise", "capture", "refund", "release"]
    );
    assert_eq!(cancel_orders(&world).await, 0);
}

#[tokio::test]
async fn an_account_that_is_removed_is_closed_whatever_else_is_said_of_it() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    hear(&world, &told("user.deleted.v1", 5, true)).await;
    assert_eq!(cancel_orders(&world).await, 1);
    let order = world.until(id, cancelled).await;
    assert_eq!(order["reason"], "account_closed");
    // What is kept of the order names its person by the id alone.
    assert_eq!(order["id"], json!(id));
}

#[tokio::test]
async fn what_is_being_made_is_finished() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    let barista = world.barista();
    world.fulfil(&barista, id, 2, "preparation").await;
    hear(&world, &closed(4)).await;
    assert_eq!(cancel_orders(&world).await, 0);
    for (version, next) in [(3, "ready"), (4, "delivered")] {
        let made = world.fulfil(&barista, id, version, next).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.body);
        assert_eq!(cancel_orders(&world).await, 0);
    }
    assert_eq!(status(&world, id).await, "completed");
}

#[tokio::test]
async fn an_order_in_its_checkout_turns_round() {
    let world = World::without_runner().await;
    world
        .catalog_sells("Europe/Warsaw", std::time::Duration::ZERO)
        .await;
    let id = placed(&world).await.id();
    hear(&world, &closed(4)).await;
    assert_eq!(cancel_orders(&world).await, 1);
    // It is asked for once, however long it takes.
    assert_eq!(cancel_orders(&world).await, 0);
    world.start_runner(&world.app);
    let order = world.until(id, cancelled).await;
    assert_eq!(order["reason"], "account_closed");
    assert!(!world.shop.called().contains(&"authorise"));
}

#[tokio::test]
async fn nobody_elses_order_and_no_other_event_is_touched() {
    let world = World::new().await;
    let mine = world.ordered().await.id();
    let theirs = waiting(place(&world.stranger(), "k2", &one_flat_white()));
    let theirs = world.send(theirs).await;
    assert_eq!(theirs.status, StatusCode::ACCEPTED);
    for event in [
        told("user.logged_in.v1", 2, false),
        open(3),
        told("order.made_up.v1", 9, false),
    ] {
        hear(&world, &event).await;
        assert_eq!(cancel_orders(&world).await, 0, "{event}");
    }
    hear(&world, &closed(4)).await;
    assert_eq!(cancel_orders(&world).await, 1);
    world.until(mine, cancelled).await;
    let read = format!("/v1/orders/{}", theirs.id());
    let theirs = world.get(&world.stranger(), &read).await;
    assert_eq!(theirs.body["checkout"], "confirmed");
}

#[tokio::test]
async fn whether_it_is_closed_is_what_the_newest_event_says_however_they_come() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    // Opened again, of which we hear first.
    hear(&world, &open(5)).await;
    hear(&world, &closed(4)).await;
    assert_eq!((cancel_orders(&world).await, noted(&world).await), (0, 0));
    assert_eq!(status(&world, id).await, "confirmed");

    hear(&world, &closed(6)).await;
    hear(&world, &open(7)).await;
    // What comes twice is not what is newest.
    hear(&world, &closed(6)).await;
    assert_eq!((cancel_orders(&world).await, noted(&world).await), (0, 0));
    assert_eq!(status(&world, id).await, "confirmed");
}

#[tokio::test]
async fn an_order_that_slips_through_is_found_for_as_long_as_a_token_may_live() {
    let world = World::new().await;
    hear(&world, &closed(4)).await;
    let tokens = TimeDelta::minutes(5);
    world.app.clock.advance(tokens);
    assert_eq!((cancel_orders(&world).await, noted(&world).await), (0, 1));
    let id = world.ordered().await.id();
    assert_eq!(cancel_orders(&world).await, 1);
    world.until(id, cancelled).await;

    world.app.clock.advance(KEPT - tokens);
    assert_eq!((cancel_orders(&world).await, noted(&world).await), (0, 1));
    world.app.clock.advance(TimeDelta::milliseconds(1));
    assert_eq!((cancel_orders(&world).await, noted(&world).await), (0, 0));
}

#[tokio::test]
async fn processes_that_look_at_once_undo_it_once() {
    let world = World::new().await;
    let id = world.place("k1", &by_card("tok_visa")).await.id();
    hear(&world, &closed(4)).await;
    world.warm().await;
    futures::future::join_all((0..8).map(|_| cancel_orders(&world))).await;
    world.until(id, cancelled).await;
    let refunds = world.shop.called().into_iter();
    assert_eq!(refunds.filter(|call| *call == "refund").count(), 1);
}

#[tokio::test]
async fn an_account_is_forgotten_only_when_all_its_orders_are_seen_to() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    hear(&world, &closed(4)).await;
    let broken = "
        CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = '53100'; END $$;
        CREATE TRIGGER broken BEFORE UPDATE ON checkouts FOR EACH ROW EXECUTE FUNCTION broken();";
    world.db().execute(broken).await.expect("a trigger");
    world.app.clock.advance(KEPT + TimeDelta::seconds(1));
    assert_eq!((cancel_orders(&world).await, noted(&world).await), (0, 1));
    assert_eq!(status(&world, id).await, "confirmed");
    let mended = world.db().execute("DROP TRIGGER broken ON checkouts");
    mended.await.expect("no trigger");
    assert_eq!((cancel_orders(&world).await, noted(&world).await), (1, 0));
    world.until(id, cancelled).await;
}

#[tokio::test]
async fn what_can_not_be_read_is_put_aside_and_redriven_it_has_its_effect() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    let mut poison = closed(4);
    poison["data"]["active"] = json!("no");
    let refused = world.deliver("/events/account", TOPIC, &poison).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    assert_eq!(noted(&world).await, 0);

    let buried = world.deliver("/events/dead", DEAD, &closed(4)).await;
    assert_eq!(buried.status, StatusCode::NO_CONTENT);
    let letters = world.get(&world.operator(), "/v1/dead-letters").await;
    let letter = letters.body["items"][0]["id"].as_str().expect("a letter");
    let redrive = format!("/v1/dead-letters/{letter}/redrive");
    for _ in 0..2 {
        let redriven = world.post(&world.operator(), &redrive, &json!({})).await;
        assert_eq!(redriven.status, StatusCode::OK, "{}", redriven.body);
    }
    assert_eq!(cancel_orders(&world).await, 1);
    world.until(id, cancelled).await;
}

#[tokio::test]
async fn without_the_database_it_is_delivered_again() {
    let world = World::new().await;
    world.db().close().await;
    let answer = world.deliver("/events/account", TOPIC, &closed(4)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}
