//! The manual queue: what can't be undone by itself waits, visibly, until an operator retries or settles it.

use axum::http::StatusCode;
use order::lifecycle::Step;
use order::order::{OrderId, Reason};
use serde_json::{Value, json};
use service::database;
use uuid::Uuid;

use crate::shop::problem;
use crate::world::{Answer, World, by_card, place};

/// A service without a runner, with an order whose money can't be given back.
pub async fn with_parked(key: &str) -> (World, Uuid) {
    let world = World::without_runner().await;
    world
        .catalog_sells("Europe/Warsaw", std::time::Duration::ZERO)
        .await;
    let id = parked(&world, key).await;
    (world, id)
}

async fn parked(world: &World, key: &str) -> Uuid {
    let id = world
        .send(place(&world.customer(), key, &by_card("tok_undo_fails")))
        .await
        .id();
    let mut transaction = database::begin(world.db()).await.expect("a transaction");
    let order = order::store::orders::find_for_update(&mut transaction, OrderId(id)).await;
    let order = order
        .expect("the database")
        .expect("the order")
        .because(Reason::ByCustomer);
    let (order, transition) = order
        .take(Step::Park, "order", world.app.clock.now())
        .expect("a step");
    order::store::orders::update(&mut transaction, &order, &[transition])
        .await
        .expect("stored");
    sqlx::query(
        "WITH told AS (
             INSERT INTO checkout_history (order_id, at, fence, action, outcome, note)
             VALUES ($1, $2, 1, 'refund', 'unavailable', '500')
         )
         UPDATE checkouts
         SET state = 'manual', direction = 'back', step = 'capture', tries = 8, captured = true, reason = 'by_customer',
             last_error = '500', owner = NULL, card_token = NULL, parked_at = $2
         WHERE order_id = $1",
    )
    .bind(id)
    .bind(world.app.clock.now())
    .execute(&mut *transaction)
    .await
    .expect("parked");
    transaction.commit().await.expect("a commit");
    id
}

/// Not the runner of the process that placed the order, which still has a hold in hand that no parked saga has.
fn start_runner(world: &World) {
    drop(world.sibling());
}

async fn queue(world: &World) -> Vec<Value> {
    let page = world
        .get(&world.operator(), "/v1/checkouts?state=manual")
        .await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    page.body["items"].as_array().expect("items").clone()
}

async fn story(world: &World, order: Uuid) -> Value {
    let answer = world
        .get(&world.operator(), &format!("/v1/checkouts/{order}"))
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.body
}

async fn retry(world: &World, order: Uuid) -> Answer {
    let path = format!("/v1/checkouts/{order}/retry");
    world.post(&world.operator(), &path, &json!({})).await
}

/// What the service answers an operator who settles a checkout by hand.
pub async fn settle(world: &World, order: Uuid, body: &Value) -> Answer {
    let path = format!("/v1/checkouts/{order}/settle");
    world.post(&world.operator(), &path, body).await
}

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.problem().0)
}

#[tokio::test]
async fn a_parked_checkout_is_seen_with_its_story() {
    let (world, id) = with_parked("k1").await;
    let waiting = queue(&world).await;
    assert_eq!(
        waiting,
        [json!({
            "order_id": id, "number": "A-001", "store_id": crate::world::STORE, "store_name": "Crema Rynek",
            "placed_at": "2026-03-02T07:30:00.000Z", "total": {"amount": 445, "currency": "EUR"},
            "payment_method": "card", "payment_status": "due", "state": "manual", "direction": "back",
            "step": "capture", "attempts": 8, "doubt": false, "captured": true, "reason": "by_customer",
            "last_error": "500", "deadline": "2026-03-02T07:30:30.000Z", "parked_at": "2026-03-02T07:30:00.000Z",
            "settled_at": null,
        })]
    );
    let mut told = story(&world, id).await;
    assert_eq!(
        told["history"],
        json!([{"at": "2026-03-02T07:30:00.000Z", "action": "refund", "outcome": "unavailable", "note": "500"}])
    );
    told.as_object_mut().expect("an object").remove("history");
    assert_eq!(told, waiting[0]);
    assert!(!story(&world, id).await.to_string().contains("tok_"));
}

#[tokio::test]
async fn the_queue_comes_page_by_page_oldest_first() {
    let (world, first) = with_parked("k1").await;
    let mut parked_ids = vec![first.to_string()];
    for key in ["k2", "k3"] {
        world.app.clock.advance(chrono::TimeDelta::seconds(1));
        parked_ids.push(parked(&world, key).await.to_string());
    }
    world
        .send(place(&world.customer(), "k4", &by_card("tok_visa")))
        .await;
    let (mut seen, mut path) = (Vec::new(), "/v1/checkouts?limit=2".to_owned());
    loop {
        let page = world.get(&world.operator(), &path).await.body;
        let items = page["items"].as_array().expect("items");
        seen.extend(
            items
                .iter()
                .map(|item| item["order_id"].as_str().expect("an id").to_owned()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/v1/checkouts?state=manual&limit=2&cursor={next}");
    }
    assert_eq!(seen, parked_ids);
    for bad in ["state=running", "limit=0", "cursor=x", "store=1"] {
        let answer = world
            .get(&world.operator(), &format!("/v1/checkouts?{bad}"))
            .await;
        assert_eq!(refusal(&answer), (422, "invalid-query".into()), "{bad}");
    }
}

#[tokio::test]
async fn retried_it_goes_on_where_it_stopped() {
    let (world, id) = with_parked("k1").await;
    let answer = retry(&world, id).await;
    assert_eq!(
        (answer.status, &answer.body["checkout"]),
        (StatusCode::ACCEPTED, &json!("pending"))
    );
    assert_eq!(queue(&world).await, [json!(null); 0]);
    assert_eq!(
        refusal(&retry(&world, id).await),
        (409, "not-parked".into())
    );

    start_runner(&world);
    let order = world
        .until(id, |order| order["checkout"] == "cancelled")
        .await;
    assert_eq!(order["reason"], "by_customer");
    assert_eq!(world.shop.called(), ["refund", "release"]);
    let told = story(&world, id).await;
    assert_eq!(told["state"], "settled");
    let actions: Vec<_> = told["history"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| &line["action"])
        .collect();
    assert_eq!(actions, ["refund", "retry", "refund", "release", "cancel"]);
}

#[tokio::test]
async fn settled_by_hand_it_is_over() {
    let (world, id) = with_parked("k1").await;
    let answer = settle(
        &world,
        id,
        &json!({"note": "  Refunded in the provider's console.  "}),
    )
    .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.body["checkout"], "cancelled");
    assert_eq!(queue(&world).await, [json!(null); 0]);
    let told = story(&world, id).await;
    assert_eq!(
        (&told["state"], &told["settled_at"]),
        (&json!("settled"), &json!("2026-03-02T07:30:00.000Z"))
    );
    assert_eq!(
        told["history"][1],
        json!({
            "at": "2026-03-02T07:30:00.000Z", "action": "settle", "outcome": "done",
            "note": "Refunded in the provider's console.",
        })
    );
    let history = world
        .get(&world.customer(), &format!("/v1/orders/{id}/history"))
        .await
        .body;
    let last = &history["items"][2];
    assert_eq!(
        (&last["from"], &last["to"]),
        (&json!("manual"), &json!("cancelled"))
    );
    assert_ne!(last["actor"], "order");
    for again in [
        settle(&world, id, &json!({"note": "Again."})).await,
        retry(&world, id).await,
    ] {
        assert_eq!(refusal(&again), (409, "not-parked".into()));
    }
    // Nobody touches it any more.
    start_runner(&world);
    let other = world
        .send(crate::world::waiting(place(
            &world.customer(),
            "k2",
            &by_card("tok_visa"),
        )))
        .await;
    assert_eq!(other.body["checkout"], "confirmed");
    assert_eq!(world.shop.called(), ["reserve", "authorise", "capture"]);
}

#[tokio::test]
async fn nothing_is_settled_without_a_note() {
    let (world, id) = with_parked("k1").await;
    for (body, pointer) in [
        (json!({}), ""),
        (json!({"note": " "}), "/note"),
        (json!({"note": "n".repeat(1001)}), "/note"),
        (json!({"note": "\u{0}"}), "/note"),
        (json!({"note": "done", "refund": 1}), "/refund"),
    ] {
        let answer = settle(&world, id, &body).await;
        assert_eq!(
            answer.problem(),
            ("invalid-body".into(), vec![pointer.into()]),
            "{body}"
        );
    }
    assert_eq!(queue(&world).await.len(), 1);
}

#[tokio::test]
async fn only_what_is_parked_is_an_operators_business() {
    let world = World::new().await;
    let id = world.ordered().await.id();
    let note = json!({"note": "Nothing to do."});
    assert_eq!(
        refusal(&retry(&world, id).await),
        (409, "not-parked".into())
    );
    assert_eq!(
        refusal(&settle(&world, id, &note).await),
        (409, "not-parked".into())
    );
    assert_eq!(story(&world, id).await["state"], "settled");

    let unknown = Uuid::from_u128(404);
    assert_eq!(
        refusal(&retry(&world, unknown).await),
        (404, "order-not-found".into())
    );
    assert_eq!(
        refusal(&settle(&world, unknown, &note).await),
        (404, "order-not-found".into())
    );
    let answer = world
        .get(&world.operator(), &format!("/v1/checkouts/{unknown}"))
        .await;
    assert_eq!(refusal(&answer), (404, "order-not-found".into()));
}

#[tokio::test]
async fn a_customer_can_not_call_off_what_a_person_sees_to() {
    let (world, id) = with_parked("k1").await;
    let path = format!("/v1/orders/{id}/cancellation");
    let answer = world.post(&world.customer(), &path, &json!({})).await;
    assert_eq!(refusal(&answer), (409, "cannot-cancel".into()));
}

#[tokio::test]
async fn retried_in_vain_it_is_tried_again() {
    let (world, id) = with_parked("k1").await;
    world.shop.always("refund", problem(500, "internal"));
    retry(&world, id).await;
    start_runner(&world);
    world.until(id, |_| world.shop.called().len() > 1).await;
    world.shop.mend("refund");
    let order = world
        .until(id, |order| order["checkout"] == "cancelled")
        .await;
    assert_eq!(order["reason"], "by_customer");
}
