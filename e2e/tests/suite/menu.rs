//! A manager changes the menu, and everybody sees it at once: by events, for kept menus are good for thirty seconds.
//!
//! Invariant: what is put on the menu here is taken off again, and nothing else on it changes.

use std::io::Cursor;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use e2e::client::{Answer, fresh};
use e2e::order::list;
use e2e::patience::until;
use e2e::{Client, Role};
use image::{ImageFormat, Rgb, RgbImage};
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION};
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

/// What a customer is shown of a product; null where it is not on the menu.
async fn shown(visitor: &Client, menu: &str, name: &str) -> Option<Value> {
    let menu = visitor.get(menu).await.ok()?.json().ok()?;
    let categories = list(&menu["categories"]).iter();
    let mut products = categories.flat_map(|category| list(&category["products"]));
    let product = products.find(|product| product["name"] == name);
    Some(product.cloned().unwrap_or_default())
}

/// Whether a customer is shown a product at this price.
async fn shows(visitor: &Client, menu: &str, name: &str, wanted: Option<i64>) -> Option<()> {
    let product = shown(visitor, menu, name).await?;
    let price = product["variations"][0]["price"]["amount"].as_i64();
    (price == wanted).then_some(())
}

/// A new product under a new heading, with one variation that no store sells yet.
async fn new_product(manager: &Client, name: &str) -> Result<[Answer; 2]> {
    let heading = json!({ "name": format!("Tried {}", fresh()), "position": 9999 });
    let heading = manager.post("/api/categories", &heading, &[]).await?;
    let heading = heading.expect(StatusCode::CREATED)?;
    let product = json!({
        "category_id": heading.json()?["id"], "name": name, "description": "Marzipan in cocoa.",
        "image": "cinnamon-bun", "allergens": ["nuts"], "tax_class": "food", "position": 0,
        "option_group_ids": [], "variations": [{ "name": "Piece" }],
    });
    let product = manager.post("/api/products", &product, &[]).await?;
    Ok([product.expect(StatusCode::CREATED)?, heading])
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

    let [product, heading] = new_product(&manager, &name).await?;
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

/// What the catalog takes of a picture, to the byte.
const MOST: usize = 5 * 1024 * 1024;
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A picture of stripes that nobody else has, with as many bytes behind it as are taken: it must pass two sidecars.
fn picture() -> Result<Vec<u8>> {
    let (mut bytes, own) = (Cursor::new(Vec::new()), fresh());
    let mut shades = own.bytes().cycle();
    let mut picture = RgbImage::new(1200, 900);
    for stripe in 0..30 {
        let colour = Rgb([shades.next().unwrap_or_default(), 120, 60]);
        for (x, y) in (0..40).flat_map(|x| (0..900).map(move |y| (x, y))) {
            picture.put_pixel(40 * stripe + x, y, colour);
        }
    }
    picture.write_to(&mut bytes, ImageFormat::Jpeg)?;
    let mut bytes = bytes.into_inner();
    bytes.resize(MOST, 0);
    Ok(bytes)
}

/// Sends a picture of a product, as it was read just now.
async fn show(manager: &Client, product: &str, bytes: Vec<u8>) -> Result<Answer> {
    let read = manager.get(product).await?.expect(StatusCode::OK)?;
    let (request, trace) = manager.request(&Method::PUT, &format!("{product}/image"))?;
    let request = request
        .header(IF_MATCH, read.header(ETAG))
        .header(CONTENT_TYPE, "image/jpeg");
    manager.send((request.body(bytes), trace)).await
}

fn widest(photo: &Value) -> String {
    let rendition = list(&photo["renditions"]).last();
    rendition.map_or_else(String::new, |it| format!("/images/{}", word(it, "hash")))
}

#[tokio::test]
async fn a_photograph_is_on_the_menu_at_once_and_its_bytes_are_the_same_for_ever() -> Result<()> {
    let stack = stack::shared().await?;
    let (manager, visitor) = (browser(&stack, Role::Manager).await?, Client::new(&stack)?);
    let session = manager.session().await?;
    let store = session["user"]["stores"][0].as_str().context("a store")?;
    let menu = format!("/api/stores/{store}/menu");
    let currency = visitor.get(&menu).await?.expect(StatusCode::OK)?.json()?["currency"].clone();
    let name = format!("Marzipan photo {}", &fresh()[..8]);
    let [product, heading] = new_product(&manager, &name).await?;
    let made = product.json()?;
    let path = format!("/api/products/{}", word(&made, "id"));
    let row = format!(
        "/api/stores/{store}/prices/{}",
        word(&made["variations"][0], "id")
    );
    let price = json!({ "price": { "amount": 310, "currency": currency } });
    change(&manager, Method::PUT, &row, Some(&price)).await?;

    let mut before = String::new();
    for _ in 0..2 {
        let answer = show(&manager, &path, picture()?).await?;
        let answer = answer.expect(StatusCode::OK)?;
        let photo = answer.json()?["photo"].clone();
        ensure!(photo["width"] == 960 && photo["height"] == 720, "{photo}");
        until("the photograph on the menu", AT_ONCE, || async {
            let product = shown(&visitor, &menu, &name).await?;
            (product["photo"] == photo).then_some(())
        })
        .await?;
        let address = widest(&photo);
        ensure!(address != before, "another picture under {address}");
        let (request, _) = visitor.request(&Method::GET, &address)?;
        let read = request.send().await?.error_for_status()?;
        ensure!(read.headers()[CACHE_CONTROL] == FOR_EVER, "{read:?}");
        ensure!(read.headers()[CONTENT_TYPE] == "image/jpeg", "{read:?}");
        ensure!(read.headers()["x-content-type-options"] == "nosniff");
        let tag = read.headers()[ETAG].clone();
        let drawn = image::load_from_memory(&read.bytes().await?)?;
        ensure!((drawn.width(), drawn.height()) == (960, 720));
        let (request, trace) = visitor.request(&Method::GET, &address)?;
        let again = visitor.send((request.header(IF_NONE_MATCH, tag), trace));
        again.await?.expect(StatusCode::NOT_MODIFIED)?;
        if !before.is_empty() {
            visitor.get(&before).await?.expect(StatusCode::NOT_FOUND)?;
        }
        before = address;
    }
    let mut too_large = picture()?;
    too_large.push(0);
    let refused = show(&manager, &path, too_large).await?;
    refused.expect(StatusCode::PAYLOAD_TOO_LARGE)?;
    // A small one: who is refused before all of a large one was sent may only see that nobody reads on.
    let mut small = picture()?;
    small.truncate(1024);
    let guest = browser(&stack, Role::Customer).await?;
    let (request, trace) = guest.request(&Method::PUT, &format!("{path}/image"))?;
    let request = request
        .header(IF_MATCH, "\"1\"")
        .header(CONTENT_TYPE, "image/jpeg");
    let refused = guest.send((request.body(small), trace)).await?;
    refused.expect(StatusCode::FORBIDDEN)?;

    change(&manager, Method::DELETE, &row, None).await?;
    for made in [product, heading] {
        change(&manager, Method::DELETE, made.header(LOCATION), None).await?;
    }
    // With the product, which was the last to show it.
    visitor.get(&before).await?.expect(StatusCode::NOT_FOUND)?;
    Ok(())
}
