//! `POST /v1/quotes` with the quote of before.
//!
//! Invariant: an order is priced by a quote as it was then, or it is refused; it never gets another price by one.

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use serde_json::{Value, json};

use crate::catalog::{Catalog, Menu, RYNEK, STATION};
use crate::quotes::flat_white;

/// A flat white with oat and a syrup, and a croissant.
fn breakfast(menu: &Menu) -> Value {
    let mut coffee = flat_white(menu);
    coffee["option_ids"] = json!([
        menu.option("Flat white", "Syrup", "Vanilla"),
        menu.option("Flat white", "Milk", "Oat drink"),
    ]);
    let croissant = json!({
        "variation_id": menu.variation("Butter croissant", "Piece")["id"],
        "quantity": 2,
        "option_ids": [menu.option("Butter croissant", "Served", "As it is")],
    });
    json!([coffee, croissant])
}

#[tokio::test]
async fn a_price_that_was_quoted_stands_although_everything_costs_more_by_now() {
    let catalog = Catalog::start().await;
    let lines = breakfast(&catalog.menu(RYNEK).await);
    let quoted = catalog.quote(RYNEK, lines.clone()).await.json();
    for sql in [
        "UPDATE variation_prices SET amount = amount + 10",
        "UPDATE option_prices SET amount = amount + 7",
        "UPDATE tax_rates SET rate_bp = rate_bp + 100",
    ] {
        catalog.change(sql).await;
    }
    let now = catalog.quote(RYNEK, lines.clone()).await.json();
    assert_ne!(now["total"], quoted["total"]);
    assert_ne!(now["tax"], quoted["tax"]);
    // Nor does asking again make its time longer.
    catalog.wait(TimeDelta::minutes(5));
    let again = catalog.quote_again(RYNEK, &lines, &quoted["quote"]).await;
    assert_eq!(again.status, StatusCode::OK, "{again:?}");
    let mut again = again.json();
    again["openings"] = quoted["openings"].clone();
    assert_eq!(again, quoted);
}

#[tokio::test]
async fn a_quote_is_good_for_ten_minutes() {
    let catalog = Catalog::start().await;
    let lines = breakfast(&catalog.menu(RYNEK).await);
    let quoted = catalog.quote(RYNEK, lines.clone()).await.json();
    let text = quoted["expires_at"].as_str().expect("an instant");
    let end: DateTime<Utc> = text.parse().expect("RFC 3339");
    let left = end - catalog.clock.now();
    assert!(left > TimeDelta::seconds(598) && left <= TimeDelta::minutes(10));

    catalog.wait(left - TimeDelta::milliseconds(1));
    let last = catalog.quote_again(RYNEK, &lines, &quoted["quote"]).await;
    assert_eq!(last.status, StatusCode::OK, "{last:?}");
    catalog.wait(TimeDelta::milliseconds(1));
    let late = catalog.quote_again(RYNEK, &lines, &quoted["quote"]).await;
    assert_eq!(late.problem(), (409, "quote-expired".to_owned()));
    assert_eq!(late.pointers(), ["/quote"]);
}

#[tokio::test]
async fn a_quote_is_for_these_lines_at_this_store_alone() {
    let catalog = Catalog::start().await;
    let lines = breakfast(&catalog.menu(RYNEK).await);
    let quote = catalog.quote(RYNEK, lines.clone()).await.json()["quote"].clone();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut other = lines.clone();
        change(&mut other);
        other
    };
    let milk = catalog
        .menu(RYNEK)
        .await
        .option("Flat white", "Milk", "Whole milk");
    for (store, other) in [
        (RYNEK, with(&|it| it[0]["quantity"] = json!(2))),
        (RYNEK, with(&|it| it[0]["option_ids"][1] = milk.clone())),
        (
            RYNEK,
            with(&|it| it.as_array_mut().expect("lines").reverse()),
        ),
        (RYNEK, json!([lines[0]])),
        (RYNEK, json!([lines[0], lines[1], lines[1]])),
        (STATION, lines.clone()),
    ] {
        let plain = catalog.quote(store, other.clone()).await;
        assert_eq!(plain.status, StatusCode::OK, "{other}");
        let refused = catalog.quote_again(store, &other, &quote).await;
        let problem = (422, "quote-invalid".to_owned());
        assert_eq!(refused.problem(), problem, "{store} {other}");
        assert_eq!(refused.pointers(), ["/quote"]);
    }
    // The same options in another order are the same order.
    let same = with(&|it| it[0]["option_ids"].as_array_mut().expect("ids").reverse());
    let same = catalog.quote_again(RYNEK, &same, &quote).await;
    assert_eq!(same.status, StatusCode::OK, "{same:?}");
}

#[tokio::test]
async fn what_we_did_not_sign_is_no_quote() {
    let catalog = Catalog::start().await;
    let lines = breakfast(&catalog.menu(RYNEK).await);
    let quote = catalog.quote(RYNEK, lines.clone()).await.json()["quote"].clone();
    let quote = quote.as_str().expect("text");
    let (head, tag) = quote.rsplit_once('.').expect("a tag");
    let (_, payload) = head.split_once('.').expect("a payload");
    let changed = payload.replacen("ey", "eA", 1);
    assert_ne!(changed, payload);
    for forged in [
        String::new(),
        "q1..".to_owned(),
        head.to_owned(),
        format!("{head}."),
        format!("{quote}="),
        format!("{quote}."),
        format!(" {quote}"),
        format!("q2.{payload}.{tag}"),
        format!("q1.{changed}.{tag}"),
        "q".repeat(70_000),
    ] {
        let refused = catalog.quote_again(RYNEK, &lines, &json!(forged)).await;
        let problem = (422, "quote-invalid".to_owned());
        assert_eq!(refused.problem(), problem, "{forged}");
    }
    let shape = catalog.quote_again(RYNEK, &lines, &json!(7)).await;
    assert_eq!(shape.problem(), (422, "invalid-body".to_owned()));
}

#[tokio::test]
async fn what_is_sold_no_more_is_refused_although_it_was_quoted() {
    let catalog = Catalog::start().await;
    let menu = catalog.menu(RYNEK).await;
    let lines = json!([flat_white(&menu)]);
    let quote = catalog.quote(RYNEK, lines.clone()).await.json()["quote"].clone();
    let id = menu.variation("Flat white", "Regular")["id"].clone();
    let id = id.as_str().expect("an id");
    catalog
        .change(&format!(
            "DELETE FROM variation_prices WHERE variation_id = '{id}'"
        ))
        .await;
    let refused = catalog.quote_again(RYNEK, &lines, &quote).await;
    assert_eq!(refused.problem(), (422, "unknown-product".to_owned()));
}
