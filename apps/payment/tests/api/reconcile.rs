//! Our books held against the provider's: what is planted is found with its remedy, and nothing else is.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use payment::payment::OrderId;
use payment::provider::Provider;
use payment::reconcile::{run, schedule};
use payment::store;
use serde_json::{Value, json};
use service::database;

use crate::provider::Mood;
use crate::world::{AMOUNT, Answer, World, morning, request};

for_each_provider!(
    a_day_of_all_kinds_differs_in_nothing,
    each_planted_difference_is_found_with_its_remedy,
    what_vanished_is_mended_and_what_comes_back_is_open_again,
    what_the_list_can_not_have_is_asked_for_by_itself,
    a_list_of_many_pages_is_read_to_its_end,
    a_silent_provider_is_asked_again_later_and_given_up_at_last,
);

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

async fn post(world: &World, path: &str, body: &Value) -> Answer {
    let request = request(Method::POST, path, &world.operator())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()));
    world.send(request.expect("a request")).await
}

/// Lets an hour pass, and wants what happened since the beginning compared.
async fn want(world: &World) -> String {
    world.app.clock.advance(TimeDelta::hours(1));
    let body = json!({"from": instant(morning() - TimeDelta::hours(1))});
    let wanted = post(world, "/v1/reconciliations", &body).await;
    assert_eq!(wanted.status, StatusCode::ACCEPTED, "{}", wanted.body);
    assert_eq!(wanted.body["state"], "waiting");
    let id = wanted.body["reconciliation_id"].as_str().expect("an id");
    assert_eq!(
        wanted.headers[header::LOCATION],
        format!("/v1/reconciliations/{id}")
    );
    id.to_owned()
}

async fn look(world: &World, id: &str) -> Value {
    let path = format!("/v1/reconciliations/{id}");
    world.get(&world.operator(), &path).await.body
}

/// One that was made.
pub async fn reconciled(world: &World) -> Value {
    let id = want(world).await;
    assert!(run::pass(&world.app).await.expect("a pass"));
    let made = look(world, &id).await;
    assert_eq!(made["state"], "finished");
    made
}

async fn divergences(world: &World, query: &str) -> Vec<Value> {
    let path = format!("/v1/divergences?limit=100{query}");
    let page = world.get(&world.operator(), &path).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    page.body["items"].as_array().expect("a list").clone()
}

async fn open(world: &World) -> Vec<Value> {
    divergences(world, "").await
}

fn word<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

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

#[tokio::test]
async fn a_note_settles_a_divergence_until_it_differs_otherwise() {
    let world = World::new().await;
    let order = world.new_order().0.to_string();
    let sale = world.provider.plant("authorisation", &order, None, 500);
    reconciled(&world).await;
    let found = open(&world).await;
    let path = format!(
        "/v1/divergences/{}/settle",
        word(&found[0], "divergence_id")
    );
    for (body, expected) in [
        (json!({}), (422, "invalid-body".to_owned())),
        (json!({"note": " "}), (422, "invalid-body".to_owned())),
    ] {
        assert_eq!(post(&world, &path, &body).await.problem(), expected);
    }
    let note = json!({"note": " It is the landlord's deposit. "});
    let settled = post(&world, &path, &note).await;
    assert_eq!(settled.status, StatusCode::OK);
    assert_eq!(settled.body["note"], "It is the landlord's deposit.");
    assert_eq!(settled.body["settled_at"], instant(world.app.clock.now()));
    let again = post(&world, &path, &json!({"note": "Or was it?"})).await;
    assert_eq!(
        again.body["note"], settled.body["note"],
        "the first one stays"
    );
    reconciled(&world).await;
    assert_eq!(open(&world).await.len(), 0);

    world.provider.plant("capture", &order, Some(&sale), 500);
    reconciled(&world).await;
    let open = open(&world).await;
    assert_eq!(open[0]["divergence_id"], found[0]["divergence_id"]);
    assert_eq!(
        (&open[0]["note"], &open[0]["times_seen"]),
        (&Value::Null, &json!(3))
    );
}

#[tokio::test]
async fn what_can_not_be_compared_or_is_not_there_is_refused() {
    let world = World::new().await;
    let at = |hours| instant(morning() + TimeDelta::hours(hours));
    for (body, expected) in [
        (json!({"from": at(1)}), "period-unusable"),
        (json!({"from": at(0)}), "period-unusable"),
        (json!({"from": at(-2), "to": at(-2)}), "period-unusable"),
        (json!({"from": at(-2), "to": at(1)}), "period-unusable"),
        (
            json!({"from": at(-32 * 24), "to": at(0)}),
            "period-unusable",
        ),
        (json!({"to": at(0)}), "invalid-body"),
        (json!({"from": "yesterday"}), "invalid-body"),
    ] {
        let answer = post(&world, "/v1/reconciliations", &body).await;
        assert_eq!(answer.problem(), (422, expected.to_owned()), "{body}");
    }
    // A period may end now.
    let body = json!({"from": at(-31 * 24), "to": at(0)});
    let wanted = post(&world, "/v1/reconciliations", &body).await;
    assert_eq!(wanted.status, StatusCode::ACCEPTED);
    assert_eq!(
        (&wanted.body["from"], &wanted.body["to"]),
        (&body["from"], &body["to"])
    );

    let nothing = "00000000-0000-0000-0000-000000000001";
    let path = format!("/v1/reconciliations/{nothing}");
    let answer = world.get(&world.operator(), &path).await;
    assert_eq!(answer.problem(), (404, "reconciliation-not-found".into()));
    let path = format!("/v1/divergences/{nothing}/settle");
    let answer = post(&world, &path, &json!({"note": "?"})).await;
    assert_eq!(answer.problem(), (404, "divergence-not-found".into()));
    for path in ["/v1/divergences?state=shut", "/v1/reconciliations?limit=0"] {
        let answer = world.get(&world.operator(), path).await;
        assert_eq!(answer.problem(), (422, "invalid-query".into()), "{path}");
    }
}

#[tokio::test]
async fn both_lists_are_read_page_by_page_newest_first() {
    let world = World::new().await;
    for _ in 0..3 {
        let order = world.new_order().0.to_string();
        world.provider.plant("authorisation", &order, None, 500);
        reconciled(&world).await;
    }
    for (path, id) in [
        ("/v1/reconciliations", "reconciliation_id"),
        ("/v1/divergences", "divergence_id"),
    ] {
        let mut ids = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = world
                .get(&world.operator(), &format!("{path}?limit=1{cursor}"))
                .await
                .body;
            let items = page["items"].as_array().expect("a list");
            ids.extend(items.iter().map(|one| word(one, id).to_owned()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(ids.len(), 3, "{path}");
        assert!(ids.is_sorted_by(|one, next| one > next), "{path}: {ids:?}");
    }
}
