//! Dead letters: kept whatever is in them, listed newest first, redriven once.

use axum::http::StatusCode;
use serde_json::{Value, json};
use sqlx::Executor as _;
use uuid::Uuid;

use crate::timeline::{payment, stock};
use crate::world::World;

const TOPIC: &str = "payment-events.order.dead";
const AT: &str = "2026-03-02T07:30:01.000Z";

async fn bury(world: &World, topic: &str, event: &Value) {
    let answer = world.deliver("/events/dead", topic, event).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{event}");
}

async fn redrive(world: &World, letter: &Value) -> crate::world::Answer {
    let id = letter["id"].as_str().expect("an id");
    let path = format!("/v1/dead-letters/{id}/redrive");
    world.post(&world.operator(), &path, &json!({})).await
}

async fn entries(world: &World) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM timeline")
        .fetch_one(world.db())
        .await
        .expect("a count")
}

#[tokio::test]
async fn a_letter_is_kept_once_and_shown_whole() {
    let world = World::new().await;
    let mut event = payment(
        Uuid::from_u128(1),
        1,
        "payment.initiated.v1",
        "initiated",
        AT,
    );
    // As Dapr leaves it: the topic that it was published to first.
    event["topic"] = json!("payment-events");
    bury(&world, TOPIC, &event).await;
    bury(&world, TOPIC, &event).await;
    let kept = world.letters().await;
    assert_eq!(kept.len(), 1);
    let mut letter = kept[0].clone();
    letter["id"] = Value::Null;
    assert_eq!(
        letter,
        json!({
            "id": null, "topic": TOPIC, "type": "payment.initiated.v1", "source": "/payment",
            "subject": Uuid::from_u128(7), "event_id": event["id"], "received_at": "2026-03-02T07:30:00.000Z",
            "redriven_at": null, "event": event,
        })
    );
}

#[tokio::test]
async fn whatever_comes_is_kept() {
    let world = World::new().await;
    for text in [
        "no JSON \u{0} at all",
        "",
        "[1]",
        "null",
        r#"{"id": "\u0000", "data": ["\u0000"]}"#,
    ] {
        let request = axum::http::Request::post("/events/dead")
            .header("dapr-api-token", testkit::APP_TOKEN)
            .body(text.to_owned().into());
        let answer = world.send(request.expect("a request")).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{text:?}");
    }
    let kept = world.letters().await;
    assert_eq!(kept.len(), 5);
    for letter in kept {
        let answer = redrive(&world, &letter).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (409, "dead-letter-unusable")
        );
    }
}

#[tokio::test]
async fn they_come_page_by_page_newest_first() {
    let world = World::new().await;
    for n in 1..=3 {
        bury(
            &world,
            TOPIC,
            &payment(
                Uuid::from_u128(1),
                n,
                "payment.initiated.v1",
                "initiated",
                AT,
            ),
        )
        .await;
        world.app.clock.advance(chrono::TimeDelta::seconds(1));
    }
    let operator = world.operator();
    let first = world.get(&operator, "/v1/dead-letters?limit=2").await.body;
    let next = first["next"].as_str().expect("more");
    let rest = world
        .get(
            &operator,
            &format!("/v1/dead-letters?limit=2&cursor={next}"),
        )
        .await
        .body;
    let ids: Vec<_> = [&first, &rest]
        .iter()
        .flat_map(|page| page["items"].as_array().expect("items"))
        .map(|letter| {
            letter["event"]["sequence"]
                .as_str()
                .expect("a sequence")
                .to_owned()
        })
        .collect();
    assert_eq!(ids, ["3", "2", "1"]);
    assert_eq!(rest["next"], Value::Null);
    let bad = world.get(&operator, "/v1/dead-letters?limit=0").await;
    assert_eq!(bad.problem().0, "invalid-query");
}

#[tokio::test]
async fn redriven_it_has_its_effect_once() {
    let world = World::new().await;
    let order = world.ordered().await.id();
    bury(
        &world,
        TOPIC,
        &payment(order, 1, "payment.processed.v1", "captured", AT),
    )
    .await;
    bury(
        &world,
        "inventory-events.order.dead",
        &stock(order, 1, "inventory.reserved.v1", "held", AT),
    )
    .await;
    world.app.clock.advance(chrono::TimeDelta::minutes(1));
    for letter in world.letters().await {
        let answer = redrive(&world, &letter).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.body["redriven_at"], "2026-03-02T07:31:00.000Z");
    }
    assert_eq!(entries(&world).await, 2);
    let once = world.letters().await;
    assert!(
        once.iter()
            .all(|letter| letter["redriven_at"] == "2026-03-02T07:31:00.000Z")
    );

    world.app.clock.advance(chrono::TimeDelta::minutes(1));
    for letter in &once {
        assert_eq!(redrive(&world, letter).await.body, *letter);
    }
    assert_eq!((entries(&world).await, world.letters().await), (2, once));
}

#[tokio::test]
async fn a_letter_that_still_fails_stays() {
    let world = World::new().await;
    let mut poison = payment(
        Uuid::from_u128(1),
        1,
        "payment.processed.v1",
        "captured",
        AT,
    );
    poison["data"]["amount"] = json!("four");
    let mut stranger = payment(
        Uuid::from_u128(1),
        2,
        "payment.processed.v1",
        "captured",
        AT,
    );
    stranger["source"] = json!("/catalog");
    for event in [&poison, &stranger] {
        bury(&world, TOPIC, event).await;
    }
    for letter in world.letters().await {
        let answer = redrive(&world, &letter).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().0.as_str()),
            (409, "dead-letter-unusable")
        );
    }
    assert!(
        world
            .letters()
            .await
            .iter()
            .all(|letter| letter["redriven_at"].is_null())
    );
    let none = json!({"id": Uuid::from_u128(404)});
    let answer = redrive(&world, &none).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().0.as_str()),
        (404, "dead-letter-not-found")
    );
}

#[tokio::test]
async fn effect_and_mark_are_one() {
    let world = World::new().await;
    bury(
        &world,
        TOPIC,
        &payment(
            Uuid::from_u128(1),
            1,
            "payment.processed.v1",
            "captured",
            AT,
        ),
    )
    .await;
    let broken = "
        CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = '53100'; END $$;
        CREATE TRIGGER broken BEFORE UPDATE ON inbox.dead_letters FOR EACH ROW EXECUTE FUNCTION broken();";
    world.db().execute(broken).await.expect("a trigger");
    let letter = &world.letters().await[0];
    assert_eq!(
        redrive(&world, letter).await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(entries(&world).await, 0);
}
