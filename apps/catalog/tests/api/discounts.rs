//! `/v1/discounts`, and what a code takes off. What every resource does alike is tried in `categories.rs`.

use chrono::{SecondsFormat, TimeDelta};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::catalog::{Answer, Catalog, RYNEK, STATION, list};
use crate::quotes::flat_white;

const ALL: &str = "/v1/discounts";

/// A tenth off everywhere, from now on.
fn tenth(catalog: &Catalog, code: &str) -> Value {
    let now = catalog.clock.now();
    let now = now.to_rfc3339_opts(SecondsFormat::Millis, true);
    json!({"code": code, "percent_bp": 1000, "starts_at": now, "active": true})
}

fn with(mut edit: Value, field: &str, value: Value) -> Value {
    edit[field] = value;
    edit
}

fn euro(amount: i64) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

fn address(made: &Answer) -> String {
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    made.headers["location"].to_str().expect("text").to_owned()
}

/// The price with a code.
async fn with_code(catalog: &Catalog, store: &str, lines: &Value, code: &str) -> Answer {
    let body = json!({"store_id": store, "lines": lines, "discount_code": code});
    catalog.quote_bytes(body.to_string()).await
}

/// A flat white of 3.80 at 8 % and three croissants of 2.60 at 5 %.
async fn breakfast(catalog: &Catalog) -> Value {
    let menu = catalog.menu(RYNEK).await;
    let croissant = json!({
        "variation_id": menu.variation("Butter croissant", "Piece")["id"],
        "quantity": 3,
        "option_ids": [menu.option("Butter croissant", "Served", "As it is")],
    });
    json!([flat_white(&menu), croissant])
}

#[tokio::test]
async fn a_code_is_made_read_changed_and_taken_away() {
    let catalog = Catalog::start().await;
    let edit = with(tenth(&catalog, "Spring-10"), "minimum", euro(500));
    let made = catalog.add(ALL, edit.clone()).await;
    let address = address(&made);
    let shown = made.json();
    assert_eq!(
        shown,
        json!({
            "id": shown["id"], "code": "SPRING-10", "store_id": null, "percent_bp": 1000, "amount": null,
            "minimum": euro(500), "starts_at": edit["starts_at"], "ends_at": null, "active": true, "version": 1,
        })
    );
    assert_eq!(catalog.read(&address).await.json(), shown);
    assert_eq!(list(&catalog.read(ALL).await.json()["items"]), [shown]);

    let other = with(with(edit, "percent_bp", Value::Null), "amount", euro(150));
    let changed = catalog.edit(&address, other).await;
    assert_eq!(
        (changed.status, changed.tag()),
        (StatusCode::OK, "\"2\"".to_owned())
    );
    assert_eq!(catalog.read(&address).await.json()["amount"], euro(150));
    let call = (Method::DELETE, address.as_str());
    let stale = catalog.manage(&[RYNEK], call, Some("\"1\""), None).await;
    assert_eq!(stale.problem(), (412, "stale-version".to_owned()));

    assert_eq!(
        catalog.remove(&address).await.status,
        StatusCode::NO_CONTENT
    );
    let gone = catalog.read(&address).await;
    assert_eq!(gone.problem(), (404, "discount-not-found".to_owned()));
}

#[tokio::test]
async fn a_code_is_there_once_however_it_is_typed() {
    let catalog = Catalog::start().await;
    address(&catalog.add(ALL, tenth(&catalog, "SPRING")).await);
    let again = catalog.add(ALL, tenth(&catalog, "spring")).await;
    assert_eq!(again.problem(), (409, "code-taken".to_owned()));
    assert_eq!(again.pointers(), ["/code"]);
}

#[tokio::test]
async fn a_stores_codes_are_for_its_own_managers() {
    let catalog = Catalog::start().await;
    let here = with(tenth(&catalog, "RYNEK"), "store_id", json!(RYNEK));
    let address = address(&catalog.add(ALL, here.clone()).await);
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let body = (method == Method::PUT).then(|| here.clone());
        let call = (method, address.as_str());
        let answer = catalog.manage(&[STATION], call, Some("\"1\""), body).await;
        assert_eq!(answer.problem(), (404, "discount-not-found".to_owned()));
    }
    let all = catalog
        .manage(&[STATION], (Method::GET, ALL), None, None)
        .await;
    assert_eq!(all.json()["items"], json!([]));
    let theirs = with(tenth(&catalog, "THEIRS"), "store_id", json!(STATION));
    let refused = catalog.add(ALL, theirs).await;
    assert_eq!(refused.problem(), (422, "inconsistent-fields".to_owned()));
    assert_eq!(refused.pointers(), ["/store_id"]);
}

#[tokio::test]
async fn what_contradicts_itself_is_no_discount() {
    let catalog = Catalog::start().await;
    let edit = tenth(&catalog, "SPRING");
    let zloty = json!({"amount": 100, "currency": "PLN"});
    let amount = with(
        with(edit.clone(), "percent_bp", Value::Null),
        "amount",
        euro(100),
    );
    let local = with(amount.clone(), "store_id", json!(RYNEK));
    for (edit, pointer) in [
        (with(edit.clone(), "amount", euro(100)), "/percent_bp"),
        (with(edit.clone(), "percent_bp", Value::Null), "/percent_bp"),
        (
            with(edit.clone(), "ends_at", edit["starts_at"].clone()),
            "/ends_at",
        ),
        (with(edit.clone(), "minimum", euro(-1)), "/minimum/amount"),
        (with(amount.clone(), "amount", euro(0)), "/amount/amount"),
        (with(amount, "minimum", zloty.clone()), "/minimum/currency"),
        (with(local, "amount", zloty), "/amount/currency"),
    ] {
        let refused = catalog.add(ALL, edit.clone()).await;
        assert_eq!(
            refused.problem(),
            (422, "inconsistent-fields".to_owned()),
            "{edit}"
        );
        assert_eq!(refused.pointers(), [pointer], "{edit}");
    }
    for (field, value) in [("code", json!("ABC")), ("percent_bp", json!(10_001))] {
        let refused = catalog.add(ALL, with(edit.clone(), field, value)).await;
        assert_eq!(
            refused.problem(),
            (422, "invalid-body".to_owned()),
            "{field}"
        );
    }
}

#[tokio::test]
async fn a_code_takes_its_part_off_every_line_and_the_tax_is_of_the_rest() {
    let catalog = Catalog::start().await;
    address(&catalog.add(ALL, tenth(&catalog, "SPRING")).await);
    let lines = breakfast(&catalog).await;
    let plain = catalog.quote(RYNEK, lines.clone()).await.json();
    assert_eq!(
        (&plain["total"], &plain["discount"]),
        (&euro(1160), &Value::Null)
    );
    let quoted = with_code(&catalog, RYNEK, &lines, "sPrInG").await;
    assert_eq!(quoted.status, StatusCode::OK, "{quoted:?}");
    let quoted = quoted.json();
    assert_eq!(
        quoted["discount"],
        json!({"code": "SPRING", "amount": euro(116)})
    );
    assert_eq!(quoted["total"], euro(1044));
    let shares: Vec<_> = list(&quoted["lines"])
        .iter()
        .map(|it| &it["discount"])
        .collect();
    assert_eq!(shares, [&euro(38), &euro(78)]);
    // 702 · 5 / 105 = 33.4…, 342 · 8 / 108 = 25.3…
    assert_eq!(
        quoted["tax"],
        json!([
            {"rate_bp": 500, "gross": euro(702), "tax": euro(33)},
            {"rate_bp": 800, "gross": euro(342), "tax": euro(25)},
        ])
    );

    // What was quoted with it stands, although the code is gone and prices are others.
    catalog.change("DELETE FROM discounts").await;
    catalog
        .change("UPDATE variation_prices SET amount = amount - 200")
        .await;
    let again = catalog.quote_again(RYNEK, &lines, &quoted["quote"]).await;
    assert_eq!(again.json(), quoted);
    let body = json!({"store_id": RYNEK, "lines": lines, "quote": quoted["quote"], "discount_code": "SPRING"});
    let both = catalog.quote_bytes(body.to_string()).await;
    assert_eq!(both.problem(), (422, "inconsistent-fields".to_owned()));
}

#[tokio::test]
async fn a_code_that_is_not_good_here_and_now_is_told_apart_from_none_by_nobody() {
    let catalog = Catalog::start().await;
    let later = catalog.clock.now() + TimeDelta::hours(1);
    let later = json!(later.to_rfc3339_opts(SecondsFormat::Millis, true));
    let edit = |code: &str| tenth(&catalog, code);
    for edit in [
        with(edit("ASLEEP"), "active", json!(false)),
        with(edit("TOMORROW"), "starts_at", later),
    ] {
        address(&catalog.add(ALL, edit).await);
    }
    let there = with(edit("THERE"), "store_id", json!(STATION));
    let call = (Method::POST, ALL);
    address(&catalog.manage(&[STATION], call, None, Some(there)).await);
    let lines = breakfast(&catalog).await;
    let mut answers = Vec::new();
    for code in [
        "ASLEEP",
        "TOMORROW",
        "THERE",
        "NOBODYS",
        "",
        "no code at all",
    ] {
        let refused = with_code(&catalog, RYNEK, &lines, code).await;
        assert_eq!(
            refused.problem(),
            (422, "discount-not-given".to_owned()),
            "{code}"
        );
        assert_eq!(refused.pointers(), ["/discount_code"]);
        answers.push(refused.json()["errors"].clone());
    }
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]),
        "{answers:?}"
    );

    address(
        &catalog
            .add(ALL, with(edit("BIGONE"), "minimum", euro(1161)))
            .await,
    );
    let below = with_code(&catalog, RYNEK, &lines, "BIGONE").await;
    assert_eq!(below.problem(), (422, "discount-not-given".to_owned()));
    assert!(
        below.json()["errors"][0]["detail"]
            .to_string()
            .contains("1161")
    );
}
