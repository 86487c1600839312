//! When something breaks: all of a command or nothing, and an answer that says whether to try again.

use axum::http::{StatusCode, header};
use serde_json::json;
use sqlx::Executor as _;

use crate::world::{BUN, STORE, World, buns, order_event};

/// Makes every insert into `table` fail, at once or only at the commit.
async fn break_inserts(world: &World, table: &str, at_commit: bool) {
    let (constraint, deferred) = if at_commit {
        ("CONSTRAINT", "DEFERRABLE INITIALLY DEFERRED")
    } else {
        ("", "")
    };
    let sql = format!(
        "CREATE OR REPLACE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = '53100'; END $$;
         CREATE {constraint} TRIGGER broken AFTER INSERT ON {table} {deferred} FOR EACH ROW EXECUTE FUNCTION broken()"
    );
    world
        .db()
        .execute(sqlx::AssertSqlSafe(sql))
        .await
        .expect("a trigger");
}

async fn mend(world: &World) {
    world
        .db()
        .execute("DROP FUNCTION broken() CASCADE")
        .await
        .expect("the trigger goes");
}

#[tokio::test]
async fn a_command_that_fails_on_its_way_leaves_nothing_and_may_be_repeated() {
    let world = World::new().await;
    let sold = world.reserved(&buns(1)).await;
    for (table, at_commit) in [
        ("movements", false),
        ("outbox.events", false),
        ("outbox.events", true),
        ("movements", true),
    ] {
        let before = (world.counters(BUN).await, world.count("movements").await);
        break_inserts(&world, table, at_commit).await;
        let answer = world.reserve(world.order(), &buns(2)).await;
        assert_eq!(answer.problem(), (503, "unavailable".into()), "{table}");
        assert!(
            !answer.body.to_string().contains("disk"),
            "an outage tells nothing of itself"
        );
        assert_eq!(
            world.release(sold).await.status,
            StatusCode::SERVICE_UNAVAILABLE
        );
        let confirmed = order_event("e-1", "order.confirmed.v1", sold, 2);
        let status = world.deliver("/events/order", &confirmed).await;
        assert_eq!(
            status,
            StatusCode::SERVICE_UNAVAILABLE,
            "Dapr delivers it again"
        );
        assert_eq!(
            (world.counters(BUN).await, world.count("movements").await),
            before
        );
        assert_eq!(world.count("reservations").await, 1);
        assert_eq!(world.count("inbox.messages").await, 0);
        mend(&world).await;
    }
    let confirmed = order_event("e-1", "order.confirmed.v1", sold, 2);
    let status = world.deliver("/events/order", &confirmed).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(world.status(sold).await, "committed");
    world.assert_nothing_lost().await;
}

#[tokio::test]
async fn a_sweep_that_fails_tells_later() {
    let world = World::new().await;
    break_inserts(&world, "outbox.events", true).await;
    assert!(inventory::sweeper::sweep(&world.app).await.is_err());
    assert_eq!(world.count("told").await, 0);
    mend(&world).await;
    assert_eq!(world.sweep().await, 6);
}

#[tokio::test]
async fn without_the_database_trying_again_is_advised() {
    let world = World::new().await;
    world.db().close().await;
    let receipt = json!({"item_id": BUN, "quantity": 1, "reason": "the test"});
    let receipts = format!("/v1/stores/{STORE}/receipts");
    for answer in [
        world.reserve(world.order(), &buns(1)).await,
        world.release(world.order()).await,
        world
            .command(&world.manager(), &receipts, "k1", &receipt)
            .await,
        world
            .get(&world.manager(), &format!("/v1/stores/{STORE}/stock"))
            .await,
    ] {
        assert_eq!(answer.problem(), (503, "unavailable".into()));
        assert!(answer.headers.contains_key(header::RETRY_AFTER));
    }
    let event = order_event("e-1", "order.confirmed.v1", world.order(), 2);
    assert_eq!(
        world.deliver("/events/order", &event).await,
        StatusCode::SERVICE_UNAVAILABLE
    );
}
