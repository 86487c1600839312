//! A manager changes the menu, and everybody sees it at once: by events, for kept menus are good for thirty seconds.
//!
//! Invariant: what is put on the menu here is taken off again, and nothing else on it changes.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use e2e::client::fresh;
use e2e::order::list;
use e2e::patience::until;
use e2e::{Client, Role};
use reqwest::header::{ETAG, IF_MATCH, LOCATION};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::stack::{self, browser, word};

/// Far shorter than a kept menu is new.
const AT_ONCE: Duration = Duration::from_secs(8);

/// Changes what a path names, as it was read just now.
pub async fn change(
    manager: &Client,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<()> {
    let read = manager.get(path).await?.expect(StatusCode::OK)?;
    let (request, trace) = manager.request(&method, path)?;
    let request = request.header(IF_MATCH, read.header(ETAG));
    let request = body.map_or(request.try_clone().context("a clone")?, |body| {
        request.json(body)
    });
    let answer = manager.send((request, trace)).await?;
    ensure!(answer.status.is_success(), "{method} {path}: {answer:?}");
    Ok(())
}

/// What a customer is shown of a product, when it is as wanted.
async fn shows(visitor: &Client, menu: &str, name: &str, wanted: Option<i64>) -> Option<()> {
    let menu = visitor.get(menu).await.ok()?.json().ok()?;
    let categories = list(&menu["categories"]).iter();
    let mut products = categories.flat_map(|category| list(&category["products"]));
    let product = products.find(|product| product["name"] == name);
    let price = product.and_then(|it| it["variations"][0]["price"]["amount"].as_i64());
    (price == wanted).then_some(())
}

#[tokio::test]
async fn what_a_manager_changes_is_on_the_menu_at_once() -> Result<()> {
    let stack = stack::shared().await?;
    let (manager, visitor) = (browser(&stack, Role::Manager).await?, Client::new(&stack)?);
    let session = manager.session().await?;
    let store = session["user"]["stores"][0]
        .as_str()
        .context("a store")?
        .to_owned();
    let menu = format!("/api/stores/{store}/menu");
    let currency = visitor.get(&menu).await?.expect(StatusCode::OK)?.json()?["currency"].clone();
    let name = format!("Marzipan potato {}", &fresh()[..8]);

    let heading = json!({ "name": format!("Tried {}", fresh()), "position": 9999 });
    let heading = manager.post("/api/categories", &heading, &[]).await?;
    let heading = heading.expect(StatusCode::CREATED)?;
    let product = json!({
        "category_id": heading.json()?["id"], "name": name, "description": "Marzipan in cocoa.",
        "image": "cinnamon-bun", "allergens": ["nuts"], "tax_class": "food", "position": 0,
        "option_group_ids": [], "variations": [{ "name": "Piece" }],
    });
    let product = manager.post("/api/products", &product, &[]).await?;
    let product = product.expect(StatusCode::CREATED)?;
    let made = product.json()?;
    let item = word(&made["variations"][0], "id").to_owned();
    let row = format!("/api/stores/{store}/prices/{item}");
    let price = |amount: i64| json!({ "amount": amount, "currency": currency });

    shows(&visitor, &menu, &name, None)
        .await
        .context("too early")?;
    change(
        &manager,
        Method::PUT,
        &row,
        Some(&json!({ "price": price(310) })),
    )
    .await?;
    let shown = |wanted| {
        let (visitor, menu, name) = (&visitor, &menu, &name);
        until("the menu", AT_ONCE, move || {
            shows(visitor, menu, name, wanted)
        })
    };
    shown(Some(310)).await?;
    let found = visitor
        .get(&format!(
            "/api/stores/{store}/search?q=marcipan%20potatoe&limit=3"
        ))
        .await?;
    let found = found.expect(StatusCode::OK)?.json()?;
    ensure!(
        list(&found["items"])
            .iter()
            .any(|it| it["product"]["name"] == *name),
        "{found}"
    );

    let soon = DateTime::<Utc>::from(SystemTime::now()) + TimeDelta::seconds(2);
    let plan =
        json!({ "item_id": item, "price": price(290), "takes_effect_at": soon.to_rfc3339() });
    let plans = format!("/api/stores/{store}/price-changes");
    manager
        .post(&plans, &plan, &[])
        .await?
        .expect(StatusCode::CREATED)?;
    shown(Some(290)).await?;

    change(&manager, Method::DELETE, &row, None).await?;
    shown(None).await?;
    for made in [product, heading] {
        change(&manager, Method::DELETE, made.header(LOCATION), None).await?;
    }
    Ok(())
}
