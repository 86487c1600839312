//! Opening hours: read and set by who runs a store, and told with every quote.

use axum::body::Body;
use chrono::{DateTime, TimeDelta, Utc};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use testkit::APP_TOKEN;

use crate::catalog::{Answer, Catalog, RYNEK, STATION, list};

fn hours_of(store: &str) -> String {
    format!("/v1/stores/{store}/hours")
}

/// Somebody who runs the first store.
async fn manage(
    catalog: &Catalog,
    method: Method,
    path: &str,
    version: Option<&str>,
    body: Option<&Value>,
) -> Answer {
    let token = catalog.issuer.token("catalog", |claims| {
        claims.scope = "catalog:manage".into();
        claims.stores = vec![RYNEK.parse().expect("an id")];
    });
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("dapr-api-token", APP_TOKEN)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    if let Some(version) = version {
        request = request.header("if-match", version);
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    catalog.send(request.body(body).expect("a request")).await
}

async fn put(catalog: &Catalog, version: &str, body: &Value) -> Answer {
    manage(
        catalog,
        Method::PUT,
        &hours_of(RYNEK),
        Some(version),
        Some(body),
    )
    .await
}

fn weekdays(opens: &str, closes: &str) -> Value {
    (1..=7)
        .map(|day| json!({"weekday": day, "opens": opens, "closes": closes}))
        .collect()
}

fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().expect("a text").parse().expect("an instant")
}

/// The openings of the first store, as the order service learns them.
async fn openings(catalog: &Catalog) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let menu = catalog.menu(RYNEK).await;
    let water = menu
        .products()
        .find(|it| list(&it["option_groups"]).is_empty())
        .expect("something simple");
    let line = json!([{"variation_id": water["variations"][0]["id"], "quantity": 1}]);
    let quoted = catalog.quote(RYNEK, line).await.json();
    let token = catalog
        .issuer
        .token("catalog", |claims| claims.scope = "catalog:quote".into());
    let asked = Request::get(format!("/v1/stores/{RYNEK}/openings"))
        .header("dapr-api-token", APP_TOKEN)
        .header("authorization", format!("Bearer {token}"));
    catalog.wait(TimeDelta::seconds(1));
    let asked = catalog
        .send(asked.body(Body::empty()).expect("a request"))
        .await;
    assert_eq!(asked.status, StatusCode::OK);
    assert_eq!(asked.json()["timezone"], "Europe/Warsaw");
    assert_eq!(asked.json()["openings"], quoted["openings"]);
    let openings = list(&quoted["openings"]).iter();
    openings
        .map(|it| (instant(&it["from"]), instant(&it["until"])))
        .collect()
}

#[tokio::test]
async fn the_demonstrations_stores_are_open_round_the_clock() {
    let catalog = Catalog::start().await;
    let answer = manage(&catalog, Method::GET, &hours_of(RYNEK), None, None).await;
    assert_eq!(answer.status, StatusCode::OK);
    let body = answer.json();
    assert_eq!(body["timezone"], "Europe/Warsaw");
    assert_eq!(body["weekly"], weekdays("00:00", "24:00"));
    assert_eq!(body["closures"], json!([]));
    assert_eq!(answer.tag(), format!("\"{}\"", body["version"]));
    let [(from, until)] = openings(&catalog).await[..] else {
        panic!("one opening")
    };
    assert!(until - from >= TimeDelta::days(8) - TimeDelta::hours(1));
}

#[tokio::test]
async fn what_is_set_is_read_and_holds_for_the_next_quote() {
    let catalog = Catalog::start().await;
    let before = manage(&catalog, Method::GET, &hours_of(RYNEK), None, None).await;
    assert_eq!(openings(&catalog).await.len(), 1);
    let tomorrow = openings(&catalog).await[0].1 - TimeDelta::days(1);
    let tomorrow = tomorrow.date_naive().to_string();
    let wanted = json!({
        "weekly": weekdays("07:00", "19:30"),
        "closures": [{"day": tomorrow, "reason": "  Stocktaking "}],
    });
    let set = put(&catalog, &before.tag(), &wanted).await;
    assert_eq!(set.status, StatusCode::OK, "{:?}", set.json());
    assert_ne!(set.tag(), before.tag());
    let read = manage(&catalog, Method::GET, &hours_of(RYNEK), None, None).await;
    assert_eq!(read.json(), set.json());
    assert_eq!(read.tag(), set.tag());
    assert_eq!(read.json()["weekly"], wanted["weekly"]);
    assert_eq!(
        read.json()["closures"],
        json!([{"day": tomorrow, "reason": "Stocktaking"}])
    );
    let told = openings(&catalog).await;
    assert_eq!(told.len(), 7, "eight days but for the closed one");
    assert!(
        told.iter()
            .all(|(from, until)| *until - *from == TimeDelta::minutes(12 * 60 + 30))
    );

    // Leaving a closure out removes it, and no hours at all are hours too.
    let nothing = json!({"weekly": [], "closures": []});
    assert_eq!(
        put(&catalog, &set.tag(), &nothing).await.status,
        StatusCode::OK
    );
    assert_eq!(openings(&catalog).await, []);
}

#[tokio::test]
async fn of_two_edits_of_one_version_one_wins() {
    let catalog = Catalog::start().await;
    let seen = manage(&catalog, Method::GET, &hours_of(RYNEK), None, None)
        .await
        .tag();
    let edits = [("07:00", "19:00"), ("08:00", "20:00"), ("09:00", "21:00")];
    let bodies =
        edits.map(|(opens, closes)| json!({"weekly": weekdays(opens, closes), "closures": []}));
    let (one, two, three) = tokio::join!(
        put(&catalog, &seen, &bodies[0]),
        put(&catalog, &seen, &bodies[1]),
        put(&catalog, &seen, &bodies[2]),
    );
    let statuses = [one, two, three].map(|answer| answer.status.as_u16());
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 412).count(),
        2,
        "{statuses:?}"
    );
    let unsaid = manage(
        &catalog,
        Method::PUT,
        &hours_of(RYNEK),
        None,
        Some(&bodies[0]),
    )
    .await;
    assert_eq!(unsaid.problem(), (428, "precondition-required".into()));
}

#[tokio::test]
async fn an_edit_of_a_price_is_none_of_the_hours() {
    let catalog = Catalog::start().await;
    let seen = manage(&catalog, Method::GET, &hours_of(RYNEK), None, None)
        .await
        .tag();
    catalog
        .change("UPDATE variation_prices SET amount = amount + 1")
        .await;
    let body = json!({"weekly": [], "closures": []});
    assert_eq!(put(&catalog, &seen, &body).await.status, StatusCode::OK);
}

#[tokio::test]
async fn hours_that_make_no_sense_name_their_place() {
    let catalog = Catalog::start().await;
    let seen = manage(&catalog, Method::GET, &hours_of(RYNEK), None, None)
        .await
        .tag();
    let period =
        |opens: &str, closes: &str| json!({"weekday": 1, "opens": opens, "closes": closes});
    for (pointer, weekly, closures) in [
        (
            "/weekly",
            json!([period("08:00", "12:00"), period("11:00", "13:00")]),
            json!([]),
        ),
        ("/weekly", json!([period("18:00", "02:00")]), json!([])),
        (
            "/weekly/0/opens",
            json!([period("25:00", "24:00")]),
            json!([]),
        ),
        (
            "/closures/0/reason",
            json!([]),
            json!([{"day": "2026-12-25", "reason": ""}]),
        ),
        (
            "/closures/0/day",
            json!([]),
            json!([{"day": "25.12.2026", "reason": "a"}]),
        ),
    ] {
        let answer = put(
            &catalog,
            &seen,
            &json!({"weekly": weekly, "closures": closures}),
        )
        .await;
        assert_eq!(answer.problem(), (422, "invalid-body".into()));
        assert_eq!(answer.pointers(), [pointer]);
    }
    let unchanged = manage(&catalog, Method::GET, &hours_of(RYNEK), None, None).await;
    assert_eq!(unchanged.tag(), seen);
}

#[tokio::test]
async fn another_store_and_none_are_alike() {
    let catalog = Catalog::start().await;
    let body = json!({"weekly": [], "closures": []});
    for store in [STATION, "0190a000-0000-7000-8000-0000000000ff"] {
        let read = manage(&catalog, Method::GET, &hours_of(store), None, None).await;
        assert_eq!(read.problem(), (404, "store-not-found".into()));
        let set = manage(
            &catalog,
            Method::PUT,
            &hours_of(store),
            Some("\"1\""),
            Some(&body),
        )
        .await;
        assert_eq!(set.problem(), (404, "store-not-found".into()));
    }
}

#[tokio::test]
async fn the_database_itself_refuses_an_overlap_and_counts_every_change() {
    let catalog = Catalog::start().await;
    let run = async |sql: &str| sqlx::query(AssertSqlSafe(sql)).execute(&catalog.db).await;
    let version = async || {
        let read = manage(&catalog, Method::GET, &hours_of(RYNEK), None, None).await;
        read.json()["version"].as_i64().expect("a version")
    };
    let before = version().await;
    run(&format!(
        "DELETE FROM opening_hours WHERE store_id = '{RYNEK}' AND weekday = 1"
    ))
    .await
    .expect("a change");
    run(&format!(
        "INSERT INTO opening_hours VALUES ('{RYNEK}', 1, 480, 720)"
    ))
    .await
    .expect("a change");
    run(&format!(
        "INSERT INTO closures VALUES ('{RYNEK}', '2026-12-25', 'Christmas')"
    ))
    .await
    .expect("a change");
    run("UPDATE closures SET reason = 'Feast'")
        .await
        .expect("a change");
    run("DELETE FROM closures").await.expect("a change");
    let counted = version().await;
    assert_eq!(counted, before + 5);
    let overlaps = async |sql: String| {
        let refused = run(&sql).await.expect_err("an overlap");
        let refused = refused.into_database_error().expect("the database's word");
        assert_eq!(refused.code().as_deref(), Some("23P01"), "{sql}");
    };
    overlaps(format!(
        "INSERT INTO opening_hours VALUES ('{RYNEK}', 1, 719, 800)"
    ))
    .await;
    overlaps(format!(
        "INSERT INTO opening_hours VALUES ('{RYNEK}', 1, 400, 481)"
    ))
    .await;
    run(&format!(
        "INSERT INTO opening_hours VALUES ('{RYNEK}', 1, 720, 800)"
    ))
    .await
    .expect("it only touches");
    overlaps(format!(
        "UPDATE opening_hours SET opens = 700 WHERE store_id = '{RYNEK}' AND opens = 720"
    ))
    .await;
}
