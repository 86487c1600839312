//! The database's own last word: a faulty statement is refused, not stored.

use inventory::stock::{ItemId, Kind, Movement, Posting, StoreId};
use inventory::store::levels::{self, Guard, Posted};

use crate::world::{BUN, STORE, World, buns};

#[tokio::test]
async fn no_counter_falls_below_zero_and_nothing_is_lost_or_made_up() {
    let world = World::with(0, 0, 3).await;
    world.reserved(&buns(1)).await;
    for (change, constraint) in [
        (
            "available = available - 3, reserved = reserved + 3",
            "available_not_negative",
        ),
        (
            "available = available + 2, reserved = reserved - 2",
            "reserved_not_negative",
        ),
        (
            "available = available + 1, sold = sold - 1",
            "sold_not_negative",
        ),
        (
            "available = available + 1, wasted = wasted - 1",
            "wasted_not_negative",
        ),
        ("available = available + 1", "nothing_lost"),
        ("available = 0", "nothing_lost"),
        ("reserved = reserved + 1", "nothing_lost"),
        ("received = received + 1", "nothing_lost"),
        ("sold = sold + 1", "nothing_lost"),
    ] {
        let sql =
            format!("UPDATE levels SET {change} WHERE item_id = '{BUN}' AND store_id = '{STORE}'");
        let error = sqlx::query(sqlx::AssertSqlSafe(sql))
            .execute(world.db())
            .await
            .expect_err(change);
        let refused = error
            .as_database_error()
            .and_then(|error| error.constraint());
        assert_eq!(refused, Some(constraint), "{change}");
    }
    assert_eq!(world.stock(BUN).await, (2, 1));
}

#[tokio::test]
async fn a_movement_or_tombstone_of_an_impossible_form_is_refused() {
    let world = World::new().await;
    let id = world.order();
    for sql in [
        format!(
            "INSERT INTO movements VALUES ('{STORE}', '{STORE}', '{BUN}', 'sale', 0, NULL, 'x', NULL, now())"
        ),
        format!(
            "INSERT INTO movements VALUES ('{STORE}', '{STORE}', '{BUN}', 'sale', -1, NULL, 'x', NULL, now())"
        ),
        format!(
            "INSERT INTO movements VALUES ('{STORE}', '{STORE}', '{BUN}', 'theft', 1, NULL, 'x', NULL, now())"
        ),
        format!(
            "INSERT INTO reservations VALUES ('{id}', NULL, NULL, 'held', '{{}}', '{{}}', 0, now(), NULL)"
        ),
        format!(
            "INSERT INTO reservations VALUES ('{id}', '{STORE}', '', 'held', '{{{BUN}}}', '{{0}}', 1, now(), now())"
        ),
        format!(
            "INSERT INTO reservations VALUES ('{id}', '{STORE}', '', 'held', '{{{BUN}}}', '{{}}', 1, now(), now())"
        ),
    ] {
        let error = sqlx::query(sqlx::AssertSqlSafe(sql.clone()))
            .execute(world.db())
            .await
            .expect_err(&sql);
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        assert_eq!(code.as_deref(), Some("23514"), "{sql}");
    }
}

fn reservation(world: &World, quantity: i64) -> Posting {
    Posting {
        store_id: StoreId(STORE),
        order_id: None,
        return_id: None,
        actor: "the test".to_owned(),
        at: world.app.clock.now(),
        movements: vec![Movement {
            id: world.app.ids.next(),
            item_id: ItemId(BUN),
            kind: Kind::Reservation,
            quantity,
            reason: None,
        }],
    }
}

/// What the mutation of that name switches off. The checks of a test run that has it on must then go red: the level is
/// no longer the sum of its movements.
#[tokio::test]
async fn without_the_stock_guard_more_is_promised_than_there_is() {
    let world = World::with(0, 0, 3).await;
    let mut connection = world.db().acquire().await.expect("a connection");
    let posted = levels::post(&mut connection, &reservation(&world, 5), Guard::On).await;
    assert_eq!(
        posted.expect("an answer"),
        Posted::Nothing([(ItemId(BUN), 3)].into())
    );
    assert_eq!(world.stock(BUN).await, (3, 0));
    let posted = levels::post(&mut connection, &reservation(&world, 5), Guard::Off).await;
    assert_eq!(posted.expect("an answer"), Posted::All);
    let counters = world.counters(BUN).await;
    assert_eq!(
        (counters.available, counters.reserved, counters.adjusted),
        (0, 5, 2)
    );
    let adjusted: i64 =
        sqlx::query_scalar("SELECT count(*) FROM movements WHERE kind = 'adjustment'")
            .fetch_one(world.db())
            .await
            .expect("a count");
    assert_eq!(adjusted, 0, "nothing accounts for what was made up");
}
