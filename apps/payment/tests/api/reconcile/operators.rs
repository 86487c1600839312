//! What an operator asks for, reads and settles.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{instant, open, post, reconciled, word};
use crate::world::{World, morning};

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
