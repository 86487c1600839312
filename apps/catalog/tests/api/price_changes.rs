//! `/v1/stores/{store}/price-changes`: a planned price is in effect from its instant on, whoever looks and however.

use ::catalog::settling;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::catalog::{Catalog, Menu, RYNEK, STATION};

const PLANS: &str = "/v1/stores/0190a000-0000-7000-8000-000000000001/price-changes";

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

async fn flat_white(catalog: &Catalog) -> String {
    let menu = catalog.menu(RYNEK).await;
    let id = &menu.variation("Flat white", "Regular")["id"];
    id.as_str().expect("an id").to_owned()
}

fn plan(item: &str, amount: Option<i64>, at: DateTime<Utc>) -> Value {
    let price = amount.map(|amount| json!({"amount": amount, "currency": "EUR"}));
    json!({"item_id": item, "price": price, "takes_effect_at": instant(at)})
}

fn asked(menu: &Menu) -> Option<i64> {
    let product = menu.product("Flat white")?;
    let variations = product["variations"].as_array()?.iter();
    let mut regular = variations.filter(|it| it["name"] == "Regular");
    regular.next()?["price"]["amount"].as_i64()
}

async fn quoted(catalog: &Catalog, item: &str) -> Value {
    let milk = "0190a000-0000-7000-8000-000000004001";
    let lines = json!([{"variation_id": item, "quantity": 1, "option_ids": [milk]}]);
    catalog.quote(RYNEK, lines).await.json()["total"]["amount"].clone()
}

#[tokio::test]
async fn it_takes_effect_exactly_then_without_a_hand() {
    let catalog = Catalog::start().await;
    let item = flat_white(&catalog).await;
    let menu_path = format!("/v1/stores/{RYNEK}/menu");
    let price_path = format!("/v1/stores/{RYNEK}/prices/{item}");
    let at = catalog.clock.now() + TimeDelta::seconds(10);
    let made = catalog.add(PLANS, plan(&item, Some(400), at)).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let address = made.headers["location"].to_str().expect("text").to_owned();
    assert_eq!(catalog.read(&address).await.json(), made.json());
    assert_eq!(made.json()["takes_effect_at"], instant(at));
    let second = at + TimeDelta::seconds(5);
    catalog.add(PLANS, plan(&item, None, second)).await;
    assert_eq!(
        catalog.read(PLANS).await.json()["items"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );

    catalog.wait(TimeDelta::milliseconds(9_999));
    let before = catalog.get(&menu_path, None).await;
    assert_eq!(asked(&Menu(before.json())), Some(380));
    assert_eq!(quoted(&catalog, &item).await, 380);
    let old = catalog.read(&price_path).await;

    catalog.wait(TimeDelta::milliseconds(1));
    let after = catalog.get(&menu_path, Some(&before.tag())).await;
    assert_eq!(
        after.status,
        StatusCode::OK,
        "not a millisecond later, though menus are kept for a second"
    );
    assert_eq!(asked(&Menu(after.json())), Some(400));
    assert_ne!(after.tag(), before.tag());
    assert_eq!(quoted(&catalog, &item).await, 400);
    let new = catalog.read(&price_path).await;
    assert_eq!(
        (&new.json()["price"]["amount"], new.tag()),
        (&json!(400), "\"2\"".to_owned())
    );
    assert_eq!(old.tag(), "\"1\"");
    assert_eq!(asked(&catalog.menu(STATION).await), Some(430));
    assert_eq!(
        catalog.read(&address).await.problem(),
        (404, "price-change-not-found".to_owned())
    );

    catalog.wait(TimeDelta::seconds(5));
    assert_eq!(
        asked(&catalog.menu(RYNEK).await),
        None,
        "and the sale ends with the second"
    );
    assert_eq!(catalog.read(&price_path).await.tag(), "\"3\"");
}

/// Moving what is due into the list changes nothing that anybody reads; it only tells.
#[tokio::test]
async fn settling_changes_nothing_but_tells_once_of_each() {
    let catalog = Catalog::start().await;
    let item = flat_white(&catalog).await;
    let menu_path = format!("/v1/stores/{RYNEK}/menu");
    let price_path = format!("/v1/stores/{RYNEK}/prices/{item}");
    let at = catalog.clock.now() + TimeDelta::seconds(10);
    for (amount, later) in [(410, 2), (400, 0)] {
        catalog
            .add(
                PLANS,
                plan(&item, Some(amount), at + TimeDelta::seconds(later)),
            )
            .await;
    }
    settling::settle(&catalog.app)
        .await
        .expect("nothing is due");
    assert!(catalog.told().await.is_empty());
    catalog.wait(TimeDelta::seconds(12));
    let (menu, price) = (
        catalog.get(&menu_path, None).await,
        catalog.read(&price_path).await,
    );
    let (one, other) = tokio::join!(
        settling::settle(&catalog.app),
        settling::settle(&catalog.app)
    );
    one.expect("one");
    other.expect("the other");
    catalog.wait(TimeDelta::seconds(1));
    assert_eq!(catalog.get(&menu_path, None).await.tag(), menu.tag());
    let settled = catalog.read(&price_path).await;
    assert_eq!((settled.json(), settled.tag()), (price.json(), price.tag()));
    let told: Vec<_> = catalog.told().await;
    let told: Vec<_> = told
        .iter()
        .map(|it| {
            (
                it["type"].as_str(),
                &it["data"]["price"]["amount"],
                it["sequence"].as_str(),
                it["time"].clone(),
            )
        })
        .collect();
    let kind = Some("price.changed.v1");
    assert_eq!(
        told,
        [
            (kind, &json!(400), Some("2"), json!(instant(at))),
            (
                kind,
                &json!(410),
                Some("3"),
                json!(instant(at + TimeDelta::seconds(2)))
            ),
        ]
    );
}

/// A price that is written after a planned one has come into effect wins, settled or not.
#[tokio::test]
async fn what_is_written_later_wins() {
    let catalog = Catalog::start().await;
    let item = flat_white(&catalog).await;
    let price_path = format!("/v1/stores/{RYNEK}/prices/{item}");
    let before = catalog.read(&price_path).await.tag();
    let at = catalog.clock.now() + TimeDelta::seconds(1);
    catalog.add(PLANS, plan(&item, Some(400), at)).await;
    catalog.wait(TimeDelta::seconds(2));
    let by_hand = json!({"price": {"amount": 350, "currency": "EUR"}});
    let call = (Method::PUT, price_path.as_str());
    let stale = catalog
        .manage(&[RYNEK], call, Some(&before), Some(by_hand.clone()))
        .await;
    assert_eq!(stale.problem(), (412, "stale-version".to_owned()));
    let written = catalog.edit(&price_path, by_hand).await;
    assert_eq!(
        (written.status, written.tag()),
        (StatusCode::OK, "\"3\"".to_owned())
    );
    settling::settle(&catalog.app).await.expect("settled");
    catalog.wait(TimeDelta::seconds(1));
    assert_eq!(asked(&catalog.menu(RYNEK).await), Some(350));
    let sequences: Vec<_> = catalog
        .told()
        .await
        .iter()
        .map(|it| it["sequence"].clone())
        .collect();
    assert_eq!(sequences, ["2", "3"]);
}

#[tokio::test]
async fn one_is_taken_back_until_it_is_in_effect() {
    let catalog = Catalog::start().await;
    let item = flat_white(&catalog).await;
    let at = catalog.clock.now() + TimeDelta::seconds(10);
    let made = catalog.add(PLANS, plan(&item, Some(400), at)).await;
    let address = made.headers["location"].to_str().expect("text").to_owned();
    let again = catalog.add(PLANS, plan(&item, Some(999), at)).await;
    assert_eq!(again.problem(), (409, "already-planned".to_owned()));
    let cancel = || catalog.manage(&[RYNEK], (Method::DELETE, &address), None, None);
    assert_eq!(cancel().await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        cancel().await.problem(),
        (404, "price-change-not-found".to_owned())
    );
    catalog.add(PLANS, plan(&item, Some(400), at)).await;
    catalog.wait(TimeDelta::seconds(10));
    assert_eq!(cancel().await.problem().0, 404);
    assert_eq!(asked(&catalog.menu(RYNEK).await), Some(400));
}

#[tokio::test]
async fn a_plan_that_is_none_is_refused_with_its_place() {
    let catalog = Catalog::start().await;
    let item = flat_white(&catalog).await;
    let now = catalog.clock.now();
    let later = now + TimeDelta::days(1);
    let mut pln = plan(&item, Some(1), later);
    pln["price"]["currency"] = json!("PLN");
    for (body, pointer) in [
        (plan(&item, Some(1), now), "/takes_effect_at"),
        (
            plan(&item, Some(1), now + TimeDelta::days(800)),
            "/takes_effect_at",
        ),
        (plan(RYNEK, Some(1), later), "/item_id"),
        (plan(&item, Some(-1), later), "/price/amount"),
        (pln, "/price/currency"),
    ] {
        let answer = catalog.add(PLANS, body.clone()).await;
        assert_eq!(
            answer.problem(),
            (422, "inconsistent-fields".to_owned()),
            "{body}"
        );
        assert_eq!(answer.pointers(), [pointer], "{body}");
    }
    // What is forgotten does not end a sale.
    let mut forgotten = plan(&item, None, later);
    forgotten
        .as_object_mut()
        .expect("an object")
        .remove("price");
    assert_eq!(
        catalog.add(PLANS, forgotten).await.problem(),
        (422, "invalid-body".to_owned())
    );
}
