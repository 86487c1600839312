//! When it is made, by whom, and what becomes of one that can't be.

use chrono::TimeDelta;
use payment::provider::Provider;
use payment::reconcile::{run, schedule};
use payment::store;
use serde_json::{Value, json};

use super::{instant, look, open, want, word};
use crate::world::{World, morning};

for_each_provider![a_silent_provider_is_asked_again_later_and_given_up_at_last];

async fn a_silent_provider_is_asked_again_later_and_given_up_at_last(spoken: Provider) {
    let world = World::of(spoken).await;
    let planted = world.new_order().0.to_string();
    world.provider.plant("authorisation", &planted, None, 500);
    world.provider.is_silent(true);
    let id = want(&world).await;
    assert!(run::pass(&world.app).await.expect("a pass"));
    assert_eq!(look(&world, &id).await["state"], "waiting");
    assert!(
        !run::pass(&world.app).await.expect("a pass"),
        "it is put off"
    );
    world.provider.is_silent(false);
    let due = || async {
        sqlx::query("UPDATE reconciliations SET due_at = '-infinity'")
            .execute(world.db())
            .await
            .expect("a change");
    };
    due().await;
    assert!(run::pass(&world.app).await.expect("a pass"));
    assert_eq!(look(&world, &id).await["state"], "finished");
    assert_eq!(open(&world).await.len(), 1);

    world.provider.is_silent(true);
    let id = want(&world).await;
    for _ in 0..10 {
        due().await;
        // What cut the provider off between two tries lets it be asked again.
        while look(&world, &id).await["state"] == "waiting"
            && run::pass(&world.app).await.expect("a pass")
        {}
    }
    let given_up = look(&world, &id).await;
    assert_eq!(
        (&given_up["state"], &given_up["ours"]),
        (&json!("failed"), &Value::Null)
    );
    assert_eq!(open(&world).await.len(), 1, "nothing counts as mended");
}

#[tokio::test]
async fn it_is_made_once_and_whoever_lost_its_lease_writes_nothing() {
    let world = World::new().await;
    let planted = world.new_order().0.to_string();
    world.provider.plant("authorisation", &planted, None, 500);
    let id = want(&world).await;
    let mut connection = world.db().acquire().await.expect("a connection");
    let frozen = store::reconciliations::lease_due(&mut connection).await;
    let frozen = frozen.expect("a row").expect("it is due");
    assert!(
        !run::pass(&world.app).await.expect("a pass"),
        "it is leased"
    );
    sqlx::query("UPDATE reconciliations SET leased_until = '-infinity'")
        .execute(world.db())
        .await
        .expect("a change");
    let (one, other) = tokio::join!(run::pass(&world.app), run::pass(&world.app));
    assert_ne!(one.expect("a pass"), other.expect("a pass"));
    assert_eq!(look(&world, &id).await["state"], "finished");
    let renewed = store::reconciliations::renew(&mut connection, &frozen).await;
    assert!(!renewed.expect("an answer"));
    let now = world.app.clock.now();
    let finished = store::reconciliations::finish(&mut connection, &frozen, &[], &[], now).await;
    assert!(!finished.expect("an answer"));
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM provider_entries")
        .fetch_one(world.db())
        .await
        .expect("a count");
    assert_eq!(left, 0, "the lists are gone");
    assert_eq!(open(&world).await[0]["times_seen"], 1);
}

#[tokio::test]
async fn one_a_day_comes_by_itself() {
    let world = World::new().await;
    let want = || async { schedule::want_todays(&world.app).await.expect("an answer") };
    assert!(!want().await, "nothing has happened yet");
    world.captured().await;
    world.app.clock.advance(TimeDelta::hours(1));
    let (one, other) = tokio::join!(want(), want());
    assert_ne!(one, other, "two replicas want the same one");
    assert!(run::pass(&world.app).await.expect("a pass"));
    world.app.clock.advance(TimeDelta::hours(10));
    assert!(!want().await, "not twice a day");
    world.app.clock.advance(TimeDelta::hours(14));
    assert!(want().await);
    assert!(run::pass(&world.app).await.expect("a pass"));
    let page = world
        .get(&world.operator(), "/v1/reconciliations")
        .await
        .body;
    let made = page["items"].as_array().expect("a list");
    let periods: Vec<_> = made
        .iter()
        .map(|one| (word(one, "from").to_owned(), word(one, "to").to_owned()))
        .collect();
    let minute = |minutes| instant(morning() + TimeDelta::minutes(minutes));
    assert_eq!(
        periods,
        [
            // Two days from before the first one's end.
            (minute(55 - 48 * 60), minute(25 * 60 - 5)),
            (minute(0), minute(55)),
        ]
    );
    assert!(made.iter().all(|one| one["requested_by"] == "payment"));
}
