//! What may be had and when: now, in which slots, and how long it takes.

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{NINE, in_slot};
use crate::world::{STORE, World, one_flat_white};

#[tokio::test]
async fn the_board_shows_what_is_due_first() {
    let world = World::new().await;
    let mut placed = Vec::new();
    for (key, body) in [
        ("tomorrow", in_slot("2026-03-03T08:00:00Z")),
        ("nine", in_slot(NINE)),
        ("now", one_flat_white()),
    ] {
        let answer = world.place(key, &body).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
        placed.push(answer.id().to_string());
        world.app.clock.advance(TimeDelta::seconds(1));
    }
    placed.reverse();
    let (mut seen, mut path) = (Vec::new(), format!("/v1/stores/{STORE}/tickets?limit=1"));
    loop {
        let page = world.get(&world.barista(), &path).await.body;
        seen.push(page["items"][0]["id"].as_str().expect("an id").to_owned());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/v1/stores/{STORE}/tickets?limit=1&cursor={next}");
    }
    assert_eq!(seen, placed);
}

#[tokio::test]
async fn a_closed_store_makes_nothing_now_and_says_when_it_opens() {
    let world = World::new().await;
    world.opens(&[("2026-03-02T08:00:00Z", "2026-03-02T17:00:00Z")]);
    let answer = world.place("k1", &one_flat_white()).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        answer.problem(),
        ("store-closed".into(), vec!["/pickup".into()])
    );
    assert_eq!(
        answer.body["detail"],
        "It opens at 2026-03-02T08:00:00.000Z."
    );
    assert_eq!(world.rows().await, [0; 6]);
    // It takes orders for later all the same.
    assert_eq!(
        world.place("k2", &in_slot(NINE)).await.status,
        StatusCode::ACCEPTED
    );
    let told = world.slots("").await;
    assert_eq!(
        (&told["open"], &told["opens_at"]),
        (&json!(false), &json!(NINE))
    );
    world.opens(&[]);
    let answer = world.place("k1", &one_flat_white()).await;
    assert_eq!(answer.body["detail"], "It does not open within a week.");
    // The refused command's key is free.
    world.opens(&[("2026-03-02T07:00:00Z", "2026-03-02T17:00:00Z")]);
    assert_eq!(
        world.place("k1", &one_flat_white()).await.status,
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn what_is_no_slot_is_refused() {
    let world = World::new().await;
    world.opens(&[
        ("2026-03-02T07:00:00Z", "2026-03-02T17:05:00Z"),
        ("2026-03-09T07:00:00Z", "2026-03-09T17:00:00Z"),
    ]);
    for (what, slot) in [
        ("not aligned", "2026-03-02T08:01:00Z"),
        ("past", "2026-03-02T07:20:00Z"),
        ("sooner than it can be made", "2026-03-02T07:30:00Z"),
        ("only half in the opening", "2026-03-02T17:00:00Z"),
        ("closed", "2026-03-03T08:00:00Z"),
        ("more than seven days ahead", "2026-03-09T07:40:00Z"),
    ] {
        let answer = world.place("k1", &in_slot(slot)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{what}");
        let expected = ("slot-not-offered".to_owned(), vec!["/pickup".to_owned()]);
        assert_eq!(answer.problem(), expected, "{what}");
    }
    let answer = world.place("k1", &in_slot("at noon")).await;
    assert_eq!(
        answer.problem(),
        ("invalid-body".into(), vec!["/pickup".into()])
    );
    assert_eq!(world.rows().await, [0; 6]);
    let last = world.place("k1", &in_slot("2026-03-09T07:30:00Z")).await;
    assert_eq!(
        last.status,
        StatusCode::ACCEPTED,
        "seven days to the minute"
    );
}

#[tokio::test]
async fn the_waiting_time_is_learned_from_the_last_hour() {
    let world = World::new().await;
    let wait = async || world.slots("").await["wait_minutes"].as_i64();
    assert_eq!(wait().await, Some(5), "nothing is known yet");
    let barista = world.barista();
    let make = async |body: &Value, minutes: i64| {
        let id = world
            .place(&world.app.ids.next().to_string(), body)
            .await
            .id();
        world.app.clock.advance(TimeDelta::minutes(minutes));
        world.fulfil(&barista, id, 2, "preparation").await;
        let ready = world.fulfil(&barista, id, 3, "ready").await;
        assert_eq!(ready.status, StatusCode::OK);
    };
    for minutes in [9, 1, 12] {
        make(&one_flat_white(), minutes).await;
    }
    assert_eq!(wait().await, Some(9), "the median of 1, 9 and 12");
    // Made for a slot: it had all the time in the world.
    make(&in_slot("2026-03-02T08:30:00Z"), 15).await;
    make(&in_slot("2026-03-02T09:00:00Z"), 16).await;
    assert_eq!(wait().await, Some(9));
    let due = world.ordered().await.body["pickup"]["due_at"].clone();
    let due: DateTime<Utc> = due.as_str().expect("a text").parse().expect("an instant");
    assert_eq!(due, world.app.clock.now() + TimeDelta::minutes(9));
    // An hour after the first of them it counts no more: of 1 and 12 the lower one, but never less than two minutes.
    world.app.clock.advance(TimeDelta::minutes(16));
    assert_eq!(wait().await, Some(2));
    world.app.clock.advance(TimeDelta::hours(1));
    assert_eq!(wait().await, Some(5));
}

#[tokio::test]
async fn the_list_covers_two_days_from_where_it_is_asked_for() {
    let world = World::new().await;
    world.opens(&[
        ("2026-03-02T07:00:00Z", "2026-03-02T08:00:00Z"),
        ("2026-03-04T07:00:00Z", "2026-03-04T07:25:00Z"),
        ("2026-03-09T07:00:00Z", "2026-03-09T17:00:00Z"),
    ]);
    let at = |answer: &Value| -> Vec<String> {
        let slots = answer["slots"].as_array().expect("slots").iter();
        slots
            .map(|it| it["at"].as_str().expect("an instant")[8..16].to_owned())
            .collect()
    };
    let first = world.slots("").await;
    assert_eq!(at(&first), ["02T07:40", "02T07:50", "04T07:00", "04T07:10"]);
    assert_eq!(
        (&first["open"], &first["opens_at"]),
        (&json!(true), &Value::Null)
    );
    let later = world.slots("?from=2026-03-04T07:05:00Z").await;
    assert_eq!(at(&later), ["04T07:10"]);
    let last = world.slots("?from=2026-03-08T00:00:00Z").await;
    assert_eq!(at(&last), ["09T07:00", "09T07:10", "09T07:20", "09T07:30"]);
    for beyond in ["2026-03-10T00:00:00Z", "%2B262142-12-31T23:59:59Z"] {
        assert_eq!(at(&world.slots(&format!("?from={beyond}")).await), [""; 0]);
    }
    assert_eq!(
        at(&world.slots("?from=1970-01-01T00:00:00Z").await),
        at(&first)
    );
}
