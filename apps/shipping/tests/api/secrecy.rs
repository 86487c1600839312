//! An address is known to the carrier and to whom it concerns, and to nobody else.

use serde_json::json;
use shipping::upkeep;
use testkit::log;

use crate::carrier::Mood;
use crate::world::{STORE, World, address, announcement};

/// Everything that the database holds but for the two columns that are meant to, as text.
async fn stored(world: &World) -> String {
    let mut all = String::new();
    for table in [
        "(SELECT to_jsonb(s) - 'address' FROM shipments AS s)",
        "tracking",
        "feed",
        "outbox.events",
        "inbox.messages",
        "inbox.late",
        "inbox.dead_letters",
    ] {
        let sql = format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} AS t");
        let rows: String = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(world.db())
            .await
            .expect("rows");
        all.push_str(&rows);
    }
    all
}

#[tokio::test]
async fn no_log_no_event_and_no_problem_says_where_somebody_lives() {
    let world = World::new().await;
    world.quote(STORE, &address()).await;
    let order = world.booked().await;
    world.hear("ready", order, 4).await;
    world.drive().await;
    for state in ["collected", "on_the_way", "failed"] {
        world.carrier.tells(&order.to_string(), state);
    }
    world.read_feed().await;
    world.carrier.will(
        "book",
        &[Mood::Away, Mood::Babble, Mood::Refuses("invalid")],
    );
    let refused = world.searching().await;
    for _ in 0..3 {
        world.drive().await;
    }
    assert_eq!(world.status(refused).await, "failed");
    upkeep::once(&world.app).await.expect("upkeep");
    let mut odd = address();
    odd["postcode"] = json!("Canary");
    let problems = [
        world.quote(STORE, &odd).await,
        world.announce(order, &announcement(&odd)).await,
        world
            .announce(order, &json!({"address": "Canary Row 7"}))
            .await,
        world.announce(refused, &announcement(&address())).await,
    ];
    for problem in problems {
        assert!(
            !problem.body.to_string().contains("Canary"),
            "{}",
            problem.body
        );
    }
    let stored = stored(&world).await;
    assert!(stored.contains(&order.to_string()));
    let logged = log::kept();
    assert!(logged.contains(&order.to_string()), "something was logged");
    // A postcode alone may stand in an id or an instant too.
    for private in ["Canary", "341 2273", "\"04109\""] {
        assert!(!stored.contains(private), "{private}");
        assert!(!logged.contains(private), "{private}");
    }
    assert!(!logged.contains("of-a-test"));
}
