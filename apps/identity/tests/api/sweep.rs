//! Removing what has expired.

use chrono::TimeDelta;
use identity::sweep;

use crate::world::World;

#[tokio::test]
async fn expired_sessions_go_with_all_that_came_from_them() {
    let world = World::new().await;
    let old = world.customer_tokens().await.text("refresh_token");
    world.bff().refresh(&old).await;
    world
        .clock
        .advance(TimeDelta::hours(12) + TimeDelta::days(7));
    assert_eq!(sweep::sweep(&world.app).await.expect("swept"), 0);
    let new = world.customer_tokens().await.text("refresh_token");
    world.clock.advance(TimeDelta::seconds(1));
    assert_eq!(sweep::sweep(&world.app).await.expect("swept"), 1);
    let left: i64 = sqlx::query_scalar("select count(*) from refresh_tokens")
        .fetch_one(&world.app.db)
        .await
        .expect("a count");
    assert_eq!(left, 1);
    assert_eq!(world.bff().refresh(&new).await.status, 200);
}
