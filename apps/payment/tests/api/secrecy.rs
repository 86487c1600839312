//! What stands for a card is kept no longer than it is needed, and shown to nobody but the provider.

use payment::provider::Provider;
use testkit::log;

use crate::provider::Mood;
use crate::world::{OfPayment as _, TOKEN, World};

for_each_provider![the_token_is_stored_until_the_provider_has_decided_and_never_told,];

/// Everything that the database holds, as text.
async fn stored(world: &World) -> String {
    let mut all = String::new();
    for table in [
        "payments",
        "operations",
        "ledger",
        "tombstones",
        "webhook_events",
        "replays",
        "outbox.events",
        "inbox.messages",
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

async fn the_token_is_stored_until_the_provider_has_decided_and_never_told(provider: Provider) {
    let world = World::of(provider).await;
    let (good, declined, voided) = (world.new_order(), world.new_order(), world.new_order());
    world.provider.will(
        "authorisation",
        &[Mood::Away, Mood::Good, Mood::Decline, Mood::Away],
    );
    assert_eq!(world.authorise(good).await.problem().0, 503);
    assert!(
        stored(&world).await.contains(TOKEN),
        "to ask again it is needed"
    );
    let answer = world.authorise(good).await;
    assert_eq!(answer.payment().1, "authorised");
    assert!(!answer.body.to_string().contains(TOKEN));
    assert!(!stored(&world).await.contains(TOKEN));

    assert_eq!(world.authorise(declined).await.problem().0, 402);
    assert!(!stored(&world).await.contains(TOKEN));

    assert_eq!(world.authorise(voided).await.problem().0, 503);
    assert_eq!(world.void(voided).await.payment().1, "voided");
    assert!(!stored(&world).await.contains(TOKEN));

    world.capture(good).await;
    let history = format!("/v1/payments/{}/transactions", good.0);
    let history = world.get(&world.manager(), &history).await;
    assert!(!history.body.to_string().contains(TOKEN));
    let logged = log::kept();
    assert!(logged.contains(&good.0.to_string()), "something was logged");
    assert!(!logged.contains(TOKEN));
    for secret in ["newest", "of-a-test"] {
        assert!(!logged.contains(&format!("\"{secret}\"")), "{secret}");
    }
}

#[tokio::test]
async fn a_command_that_is_shown_hides_its_token() {
    let body = crate::world::authorisation(1);
    let command: payment::ops::authorise::Authorise =
        serde_json::from_value(body).expect("a command");
    assert!(!format!("{command:?}").contains(TOKEN));
}
