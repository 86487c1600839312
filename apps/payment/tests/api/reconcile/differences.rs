//! What is planted is found with its remedy, and nothing else is.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use chrono::TimeDelta;
use payment::payment::OrderId;
use payment::provider::Provider;
use payment::reconcile::run;
use serde_json::{Value, json};
use service::database;

use super::{divergences, instant, look, open, post, reconciled, word};
use crate::provider::Mood;
use crate::world::{AMOUNT, World, morning};

for_each_provider![
    a_day_of_all_kinds_differs_in_nothing,
    each_planted_difference_is_found_with_its_remedy,
    what_vanished_is_mended_and_what_comes_back_is_open_again,
    what_the_list_can_not_have_is_asked_for_by_itself,
    a_list_of_many_pages_is_read_to_its_end,
];

async fn a_day_of_all_kinds_differs_in_nothing(spoken: Provider) {
    let world = World::of(spoken).await;
    world.captured().await;
    let order = world.captured().await;
    assert_eq!(world.refund(order, "some", 90).await.status, 201);
    world.undo(world.captured().await).await;
    let held = world.new_order();
    world.authorise(held).await;
    let voided = world.new_order();
    world.authorise(voided).await;
    world.void(voided).await;
    world.provider.will("authorisation", &[Mood::Decline]);
    world.authorise(world.new_order()).await;
    world.provider.will("capture", &[Mood::Lost]);
    world.captured().await;
    // What is not decided yet differs in nothing either.
    let lost = world.new_order();
    world.provider.will("authorisation", &[Mood::Lost]);
    world.provider.is_silent(true);
    assert_eq!(world.authorise(lost).await.problem().0, 503);
    world.provider.is_silent(false);

    let made = reconciled(&world).await;
    assert_eq!(made["found"], json!([]));
    assert_eq!(open(&world).await, [] as [Value; 0]);
    let eur = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    let sums = json!([{
        "captures": 4, "captured": eur(4 * AMOUNT), "refunds": 2, "refunded": eur(90 + AMOUNT),
    }]);
    assert_eq!(made["ours"], sums);
    assert_eq!(made["theirs"], sums);
}

/// Plants one difference of each kind; the kind, the order, and what the remedy has to name.
async fn plant_all(world: &World) -> Vec<(&'static str, OrderId, String)> {
    let provider = &world.provider;
    let id_of = |kind: &str, order: OrderId| {
        let done = provider.done().into_iter();
        let mut of_order = done.filter(|one| one.reference == order.0.to_string());
        let found = of_order.find(|one| one.kind == kind);
        found.expect("something that was done").id
    };
    let of = |order: OrderId| order.0.to_string();
    let mut planted = Vec::new();

    let order = world.new_order();
    let sale = provider.plant("authorisation", &of(order), None, 500);
    provider.plant("capture", &of(order), Some(&sale), 500);
    planted.push(("unknown_here", order, sale));

    let order = world.captured().await;
    let capture = id_of("capture", order);
    provider.forget(|one| one.reference == of(order));
    let known = match provider.spoken {
        Provider::Acquirer => capture,
        // A capture has no id of its own there.
        Provider::Stripe => "890 EUR".to_owned(),
    };
    planted.push(("unknown_there", order, known));

    let order = world.captured().await;
    provider.falsify(|one| {
        if one.reference == of(order) && one.kind == "capture" {
            one.amount = 889;
        }
    });
    planted.push(("amount_differs", order, "889 EUR".to_owned()));

    let order = world.captured().await;
    provider.falsify(|one| {
        if one.reference == of(order) {
            one.currency = "USD";
        }
    });
    planted.push(("currency_differs", order, "890 USD".to_owned()));

    let order = world.captured().await;
    provider.falsify(|one| {
        if one.reference == of(order) && one.kind == "capture" {
            one.kind = "void";
        }
    });
    planted.push(("state_differs", order, id_of("authorisation", order)));

    let order = world.captured().await;
    let sale = provider.plant("authorisation", &of(order), None, AMOUNT);
    provider.plant("capture", &of(order), Some(&sale), AMOUNT);
    planted.push(("captured_twice", order, sale));

    let order = world.captured().await;
    let refund = provider.plant("refund", &of(order), Some(&id_of("capture", order)), 90);
    planted.push(("refunded_there", order, refund));

    let order = world.captured().await;
    assert_eq!(world.refund(order, "lost-there", 90).await.status, 201);
    let refund = id_of("refund", order);
    provider.forget(|one| one.id == refund);
    planted.push(("refunded_here", order, refund));

    let order = world.captured().await;
    let mut transaction = database::begin(world.db()).await.expect("a transaction");
    // Without which the ledger can't be changed.
    sqlx::query("SET LOCAL session_replication_role = replica")
        .execute(&mut *transaction)
        .await
        .expect("a superuser");
    sqlx::query("UPDATE ledger SET amount = amount / 2 WHERE payment_id = $1")
        .bind(world.payment(order).await.id.0)
        .execute(&mut *transaction)
        .await
        .expect("a change");
    transaction.commit().await.expect("a commit");
    planted.push(("ledger_differs", order, "445 EUR".to_owned()));
    planted
}

async fn each_planted_difference_is_found_with_its_remedy(spoken: Provider) {
    let world = World::of(spoken).await;
    world.captured().await;
    let planted = plant_all(&world).await;
    world.captured().await;
    let made = reconciled(&world).await;
    let found = open(&world).await;
    let told: BTreeSet<_> = found
        .iter()
        .map(|one| (word(one, "kind"), word(one, "reference").to_owned()))
        .collect();
    let expected: BTreeSet<_> = planted
        .iter()
        .map(|(kind, order, _)| (*kind, order.0.to_string()))
        .collect();
    assert_eq!(told, expected, "{found:#?}");
    assert_eq!(found.len(), planted.len());
    for (kind, order, named) in &planted {
        let one = found.iter().find(|one| one["kind"] == *kind);
        let one = one.expect("it is there");
        let remedy = word(one, "remedy");
        assert!(remedy.contains(&order.0.to_string()), "{kind}: {remedy}");
        assert!(remedy.contains(named), "{kind}: {remedy} lacks {named}");
        assert_eq!(one["times_seen"], 1);
        assert_eq!(one["at"], instant(morning()));
    }
    let times = |kind: &str| json!({"kind": kind, "count": 1});
    let mut kinds: Vec<_> = planted.iter().map(|(kind, ..)| *kind).collect();
    kinds.sort_unstable();
    let counts: Vec<_> = kinds.into_iter().map(times).collect();
    assert_eq!(made["found"], json!(counts));
    assert_ne!(made["ours"], made["theirs"]);

    // Nothing was mended by it, and nothing is found twice.
    let done = world.provider.done().len();
    reconciled(&world).await;
    let again = open(&world).await;
    assert_eq!(world.provider.done().len(), done);
    let ids = |list: &[Value]| -> Vec<String> {
        let ids = list.iter().map(|one| word(one, "divergence_id").to_owned());
        ids.collect()
    };
    assert_eq!(ids(&again), ids(&found));
    assert!(again.iter().all(|one| one["times_seen"] == 2), "{again:#?}");
    let all = divergences(&world, "&state=all").await;
    assert_eq!(all.len(), planted.len());
    let id = word(&made, "reconciliation_id");
    let of_it = divergences(&world, &format!("&reconciliation={id}")).await;
    assert_eq!(ids(&of_it), ids(&found));
}

async fn what_vanished_is_mended_and_what_comes_back_is_open_again(spoken: Provider) {
    let world = World::of(spoken).await;
    let order = world.new_order().0.to_string();
    let sale = world.provider.plant("authorisation", &order, None, 500);
    let capture = world.provider.plant("capture", &order, Some(&sale), 500);
    reconciled(&world).await;
    let found = open(&world).await;
    assert_eq!(found.len(), 1);
    let refund = world.provider.plant("refund", &order, Some(&capture), 500);
    reconciled(&world).await;
    assert_eq!(open(&world).await.len(), 0);
    let all = divergences(&world, "&state=all").await;
    assert_eq!(all[0]["divergence_id"], found[0]["divergence_id"]);
    assert_eq!(all[0]["mended_at"], instant(world.app.clock.now()));

    world.provider.forget(|one| one.id == refund);
    reconciled(&world).await;
    let back = open(&world).await;
    assert_eq!(back[0]["divergence_id"], found[0]["divergence_id"]);
    assert_eq!(
        (&back[0]["mended_at"], &back[0]["times_seen"]),
        (&Value::Null, &json!(2))
    );
}

async fn what_the_list_can_not_have_is_asked_for_by_itself(spoken: Provider) {
    let world = World::of(spoken).await;
    let order = world.new_order();
    world.authorise(order).await;
    world.app.clock.advance(TimeDelta::hours(3));
    assert_eq!(world.capture(order).await.status, StatusCode::OK);
    world.app.clock.advance(TimeDelta::hours(1));
    // The provider's list of these hours lacks the purchase, which began before.
    let body = json!({"from": instant(morning() + TimeDelta::hours(2))});
    let wanted = post(&world, "/v1/reconciliations", &body).await;
    assert!(run::pass(&world.app).await.expect("a pass"));
    let made = look(&world, word(&wanted.body, "reconciliation_id")).await;
    assert_eq!(
        (&made["state"], &made["found"]),
        (&json!("finished"), &json!([]))
    );

    world.provider.forget(|_| true);
    post(&world, "/v1/reconciliations", &body).await;
    assert!(run::pass(&world.app).await.expect("a pass"));
    let found = open(&world).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["kind"], "unknown_there");
}

async fn a_list_of_many_pages_is_read_to_its_end(spoken: Provider) {
    let world = World::of(spoken).await;
    let first = world.captured().await;
    for _ in 0..220 {
        let order = world.new_order().0.to_string();
        let sale = world.provider.plant("authorisation", &order, None, 1);
        world.provider.plant("void", &order, Some(&sale), 1);
    }
    let last = world.captured().await;
    let before = world.provider.looked_up();
    let made = reconciled(&world).await;
    assert!(world.provider.looked_up() - before > 3);
    assert_eq!(made["found"], json!([]));
    assert_eq!(made["ours"], made["theirs"]);
    assert_eq!(made["ours"][0]["captures"], 2);
    // Both ends of it count.
    for order in [first, last] {
        world
            .provider
            .forget(|one| one.reference == order.0.to_string());
    }
    assert_eq!(
        reconciled(&world).await["found"],
        json!([{"kind": "unknown_there", "count": 2}])
    );
}
