//! `POST /v1/quotes`.

use http::StatusCode;
use serde_json::{Value, json};

use crate::catalog::{Catalog, Menu, RYNEK, STATION};

/// A flat white with its milk, and what a test changes about it.
pub fn flat_white(menu: &Menu) -> Value {
    json!({
        "variation_id": menu.variation("Flat white", "Regular")["id"],
        "quantity": 1,
        "option_ids": [menu.option("Flat white", "Milk", "Whole milk")],
    })
}

#[tokio::test]
async fn prices_an_order_from_the_menu() {
    let catalog = Catalog::start().await;
    let menu = catalog.menu(RYNEK).await;
    let large = &menu.variation("Flat white", "Large")["id"];
    let oat = menu.option("Flat white", "Milk", "Oat drink");
    let vanilla = menu.option("Flat white", "Syrup", "Vanilla");
    let croissant = &menu.variation("Butter croissant", "Piece")["id"];
    let as_is = menu.option("Butter croissant", "Served", "As it is");
    let lines = json!([
        {"variation_id": large, "quantity": 2, "option_ids": [vanilla, oat]},
        {"variation_id": croissant, "quantity": 3, "option_ids": [as_is]},
    ]);
    let answer = catalog.quote(RYNEK, lines).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let euro = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    assert_eq!(
        answer.json(),
        json!({
            "store_id": RYNEK,
            "store_name": "Crema Rynek",
            "timezone": "Europe/Warsaw",
            "currency": "EUR",
            "lines": [
                {
                    "variation_id": large, "product": "Flat white", "variation": "Large",
                    "options": [
                        {"id": oat, "group": "Milk", "name": "Oat drink", "price": euro(50)},
                        {"id": vanilla, "group": "Syrup", "name": "Vanilla", "price": euro(50)},
                    ],
                    "quantity": 2, "unit_price": euro(540), "line_total": euro(1080), "discount": euro(0), "tax_rate_bp": 800,
                },
                {
                    "variation_id": croissant, "product": "Butter croissant", "variation": "Piece",
                    "options": [{"id": as_is, "group": "Served", "name": "As it is", "price": euro(0)}],
                    "quantity": 3, "unit_price": euro(260), "line_total": euro(780), "discount": euro(0), "tax_rate_bp": 500,
                },
            ],
            "discount": null,
            "total": euro(1860),
            "tax": [
                {"rate_bp": 500, "gross": euro(780), "tax": euro(37)},
                {"rate_bp": 800, "gross": euro(1080), "tax": euro(80)},
            ],
            // See `quoted.rs` and `hours.rs`.
            "quote": answer.json()["quote"],
            "expires_at": answer.json()["expires_at"],
            "openings": answer.json()["openings"],
        })
    );
}

#[tokio::test]
async fn a_new_price_counts_at_once() {
    let catalog = Catalog::start().await;
    let menu = catalog.menu(RYNEK).await;
    let lines = json!([flat_white(&menu)]);
    let before = catalog.quote(RYNEK, lines.clone()).await.json();
    catalog
        .change("UPDATE variation_prices SET amount = amount + 10")
        .await;
    let after = catalog.quote(RYNEK, lines).await.json();
    let amount = |quote: &Value| quote["total"]["amount"].as_i64().expect("an amount");
    assert_eq!(amount(&after), amount(&before) + 10);
}

#[tokio::test]
async fn every_refusal_has_its_type_and_its_place() {
    let catalog = Catalog::start().await;
    let menu = catalog.menu(RYNEK).await;
    let good = flat_white(&menu);
    let with = |field: &str, value: Value| {
        let mut line = good.clone();
        line[field] = value;
        line
    };
    let option = |group: &str, name: &str| menu.option("Flat white", group, name);
    let whole = option("Milk", "Whole milk");
    let oat = option("Milk", "Oat drink");
    let ice = menu.option("Iced latte", "Ice", "Plenty of ice");
    let syrups = ["Vanilla", "Caramel", "Hazelnut"].map(|name| option("Syrup", name));
    let three_syrups: Vec<_> = [whole.clone()].into_iter().chain(syrups).collect();
    let nobody = "0190a000-0000-7000-8000-0000000000ff";

    let quantity = |value: i64| json!([with("quantity", json!(value))]);
    let options = |value: Value| json!([with("option_ids", value)]);
    let out = ("quantity-out-of-range", "/lines/0/quantity");
    let choice = ("option-not-allowed", "/lines/0/option_ids");
    let cases = [
        (
            json!([good, with("variation_id", json!(nobody))]),
            ("unknown-product", "/lines/1/variation_id"),
        ),
        (quantity(0), out),
        (quantity(-1), out),
        (quantity(100), out),
        (quantity(1_000_000), out),
        (
            options(json!([whole, ice])),
            ("option-not-allowed", "/lines/0/option_ids/1"),
        ),
        (
            options(json!([whole, nobody])),
            ("option-not-allowed", "/lines/0/option_ids/1"),
        ),
        (
            options(json!([whole, whole])),
            ("option-not-allowed", "/lines/0/option_ids/1"),
        ),
        (options(json!([])), choice),
        (options(json!([whole, oat])), choice),
        (options(json!(three_syrups)), choice),
        (json!([]), ("empty-order", "/lines")),
        (json!(vec![good.clone(); 51]), ("too-many-lines", "/lines")),
    ];
    for (lines, (slug, pointer)) in cases {
        let answer = catalog.quote(RYNEK, lines.clone()).await;
        assert_eq!(answer.problem(), (422, slug.to_owned()), "{lines}");
        assert_eq!(answer.pointers(), [pointer], "{lines}");
    }
    let elsewhere = catalog.quote(nobody, json!([good])).await;
    assert_eq!(elsewhere.problem(), (422, "unknown-store".to_owned()));
    assert_eq!(elsewhere.pointers(), ["/store_id"]);
}

#[tokio::test]
async fn what_another_store_sells_is_unknown_here() {
    let catalog = Catalog::start().await;
    let menu = catalog.menu(RYNEK).await;
    let cup = &menu.variation("Pour-over", "Cup")["id"];
    let lines = json!([{"variation_id": cup, "quantity": 1}]);
    assert_eq!(
        catalog.quote(RYNEK, lines.clone()).await.status,
        StatusCode::OK
    );
    let answer = catalog.quote(STATION, lines).await;
    assert_eq!(answer.problem(), (422, "unknown-product".to_owned()));
}

#[tokio::test]
async fn all_faults_are_named_and_the_first_gives_the_type() {
    let catalog = Catalog::start().await;
    let menu = catalog.menu(RYNEK).await;
    let mut line = flat_white(&menu);
    line["quantity"] = json!(0);
    line["option_ids"] = json!([]);
    let answer = catalog.quote(RYNEK, json!([line, line])).await;
    assert_eq!(answer.problem(), (422, "quantity-out-of-range".to_owned()));
    let places = [
        "/lines/0/quantity",
        "/lines/0/option_ids",
        "/lines/1/quantity",
        "/lines/1/option_ids",
    ];
    assert_eq!(answer.pointers(), places);
}

#[tokio::test]
async fn a_body_of_the_wrong_shape_is_refused_before_anything_is_priced() {
    let catalog = Catalog::start().await;
    let menu = catalog.menu(RYNEK).await;
    let good = flat_white(&menu);
    let with = |field: &str, value: Value| {
        let mut line = good.clone();
        line[field] = value;
        json!({"store_id": RYNEK, "lines": [line]})
    };
    let shapes = [
        (
            with("unit_price", json!({"amount": 1, "currency": "EUR"})),
            "/lines/0/unit_price",
        ),
        (with("price", json!(1)), "/lines/0/price"),
        (with("quantity", json!(1.5)), "/lines/0/quantity"),
        (with("quantity", json!("1")), "/lines/0/quantity"),
        (with("quantity", json!(1e30)), "/lines/0/quantity"),
        (
            with("variation_id", json!("flat white")),
            "/lines/0/variation_id",
        ),
        (
            json!({"store_id": RYNEK, "lines": [], "total": 0}),
            "/total",
        ),
        (json!({"store_id": RYNEK}), ""),
    ];
    for (body, pointer) in shapes {
        let answer = catalog.quote_bytes(body.to_string()).await;
        assert_eq!(answer.problem(), (422, "invalid-body".to_owned()), "{body}");
        assert_eq!(answer.pointers(), [pointer], "{body}");
    }
    for body in ["", "{", "{\"store_id\":", "\u{0}", "lines"] {
        let answer = catalog.quote_bytes(body).await;
        assert_eq!(
            answer.problem(),
            (400, "malformed-json".to_owned()),
            "{body}"
        );
    }
}
