//! Photographs: `/v1/products/{product}/image` and `/v1/images/{hash}`.

use std::io::Cursor;

use ::catalog::routes::PICTURE;
use axum::body::Body;
use chrono::TimeDelta;
use futures::future::join_all;
use http::{Method, Request, StatusCode};
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use testkit::APP_TOKEN;

use crate::catalog::{Answer, Catalog, RYNEK, list};

const LATTE: &str = "Flat white";
const OTHER: &str = "Cappuccino";

/// A picture of one colour.
fn picture(colour: [u8; 3], format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_pixel(600, 300, Rgb(colour));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("a picture");
    bytes.into_inner()
}

fn jpeg(shade: u8) -> Vec<u8> {
    picture([shade, 90, 40], ImageFormat::Jpeg)
}

async fn product(catalog: &Catalog, name: &str) -> String {
    let menu = catalog.menu(RYNEK).await;
    let product = menu.product(name).expect("a product");
    format!("/v1/products/{}", product["id"].as_str().expect("an id"))
}

/// Sends a picture as a manager, naming a version if there is one.
async fn send(
    catalog: &Catalog,
    product: &str,
    version: Option<&str>,
    kind: &str,
    bytes: Vec<u8>,
) -> Answer {
    let token = catalog.issuer.token("catalog", |claims| {
        claims.scope = "catalog:manage".into();
        claims.roles = vec!["manager".into()];
    });
    let mut request = Request::put(format!("{product}/image"))
        .header("dapr-api-token", APP_TOKEN)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", kind);
    if let Some(version) = version {
        request = request.header("if-match", version);
    }
    catalog
        .send(request.body(Body::from(bytes)).expect("a request"))
        .await
}

/// Sends a picture for what was just read.
async fn show(catalog: &Catalog, product: &str, bytes: Vec<u8>) -> Answer {
    let tag = catalog.read(product).await.tag();
    send(catalog, product, Some(&tag), "image/jpeg", bytes).await
}

async fn take_away(catalog: &Catalog, product: &str) -> Answer {
    let tag = catalog.read(product).await.tag();
    let path = format!("{product}/image");
    let call = (Method::DELETE, path.as_str());
    catalog.manage(&[RYNEK], call, Some(&tag), None).await
}

fn hashes(photo: &Value) -> Vec<String> {
    let hashes = list(&photo["renditions"]).iter();
    hashes
        .map(|it| it["hash"].as_str().expect("a hash").to_owned())
        .collect()
}

async fn kept(catalog: &Catalog) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM renditions")
        .fetch_one(&catalog.db)
        .await
        .expect("a count")
}

#[tokio::test]
async fn a_photograph_is_on_the_menu_and_its_bytes_are_had_by_their_hashes() {
    let catalog = Catalog::start().await;
    let path = product(&catalog, LATTE).await;
    assert!(catalog.read(&path).await.json().get("photo").is_none());
    let answer = show(&catalog, &path, jpeg(200)).await;
    assert_eq!(
        (answer.status, answer.tag()),
        (StatusCode::OK, "\"2\"".to_owned()),
        "{answer:?}"
    );
    let shown = answer.json();
    assert_eq!(catalog.read(&path).await.json(), shown);
    let photo = &shown["photo"];
    assert_eq!(
        (&photo["width"], &photo["height"]),
        (&json!(600), &json!(300))
    );
    let widths: Vec<_> = list(&photo["renditions"])
        .iter()
        .map(|it| it["width"].clone())
        .collect();
    assert_eq!(widths, [160, 480, 600]);

    catalog.wait(TimeDelta::seconds(1));
    let menu = catalog.menu(RYNEK).await;
    assert_eq!(&menu.product(LATTE).expect("it")["photo"], photo);
    assert!(menu.product(OTHER).expect("it").get("photo").is_none());
    let found = catalog
        .get(&format!("/v1/stores/{RYNEK}/search?q=flat%20white"), None)
        .await;
    assert_eq!(&found.json()["items"][0]["product"]["photo"], photo);

    for (hash, width) in hashes(photo).iter().zip([160, 480, 600]) {
        let path = format!("/v1/images/{hash}");
        let read = catalog.get(&path, None).await;
        assert_eq!(read.status, StatusCode::OK);
        assert_eq!(read.headers["content-type"], "image/jpeg");
        assert_eq!(read.headers["x-content-type-options"], "nosniff");
        assert_eq!(
            read.headers["cache-control"],
            "public, max-age=31536000, immutable"
        );
        assert_eq!(read.tag(), format!("\"{hash}\""));
        let drawn = image::load_from_memory(&read.body).expect("a picture");
        assert_eq!((drawn.width(), drawn.height()), (width, width / 2));
        let again = catalog.get(&path, Some(&read.tag())).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
        assert!(again.body.is_empty());
        assert_eq!(
            again.headers["cache-control"],
            read.headers["cache-control"]
        );
    }
}

#[tokio::test]
async fn every_type_is_taken_by_what_it_is_and_not_by_what_it_is_said_to_be() {
    let catalog = Catalog::start().await;
    let path = product(&catalog, LATTE).await;
    let invalid = (422, "image-invalid".to_owned());
    for (format, kind, other) in [
        (ImageFormat::Png, "image/png", "image/jpeg"),
        (ImageFormat::WebP, "image/webp", "image/png"),
        (ImageFormat::Jpeg, "IMAGE/JPEG; name=a.jpg", "image/webp"),
    ] {
        let bytes = picture([9, 99, 199], format);
        let tag = catalog.read(&path).await.tag();
        let refused = send(&catalog, &path, Some(&tag), other, bytes.clone()).await;
        assert_eq!(refused.problem(), invalid, "{other}");
        let taken = send(&catalog, &path, Some(&tag), kind, bytes).await;
        assert_eq!(taken.status, StatusCode::OK, "{kind}: {taken:?}");
    }
    let tag = catalog.read(&path).await.tag();
    let half = jpeg(1).drain(..500).collect::<Vec<_>>();
    for nothing in [half, Vec::new(), b"<svg/>".to_vec()] {
        let refused = send(&catalog, &path, Some(&tag), "image/jpeg", nothing).await;
        assert_eq!(refused.problem(), invalid);
    }
    for kind in ["application/json", "image/gif", "text/plain", ""] {
        let refused = send(&catalog, &path, Some(&tag), kind, jpeg(1)).await;
        assert_eq!(
            refused.problem(),
            (415, "unsupported-media-type".to_owned()),
            "{kind}"
        );
    }
    let wide = RgbImage::new(6001, 2000);
    let mut large = Cursor::new(Vec::new());
    wide.write_to(&mut large, ImageFormat::Png)
        .expect("a picture");
    let refused = send(&catalog, &path, Some(&tag), "image/png", large.into_inner()).await;
    assert_eq!(refused.problem(), (422, "image-too-large".to_owned()));
    assert_eq!(catalog.read(&path).await.tag(), tag, "nothing has changed");
}

#[tokio::test]
async fn five_mebibytes_are_read_and_not_one_byte_more() {
    let catalog = Catalog::start().await;
    let path = product(&catalog, LATTE).await;
    let tag = catalog.read(&path).await.tag();
    assert_eq!(PICTURE.most, 5 * 1024 * 1024);
    let mut bytes = jpeg(7);
    // What is behind a picture is nobody's business.
    bytes.resize(PICTURE.most, 0);
    let taken = send(&catalog, &path, Some(&tag), "image/jpeg", bytes.clone()).await;
    assert_eq!(taken.status, StatusCode::OK);
    bytes.push(0);
    let refused = send(
        &catalog,
        &path,
        Some(&taken.tag()),
        "image/jpeg",
        bytes.clone(),
    )
    .await;
    assert_eq!(refused.problem(), (413, "body-too-large".to_owned()));
    // Elsewhere, also at the same path, the limit is the one of JSON.
    bytes.truncate(PICTURE.most / 2);
    let edit = Request::put(&path).header("dapr-api-token", APP_TOKEN);
    let edit = edit.body(Body::from(bytes)).expect("a request");
    let refused = catalog.send(edit).await;
    assert_eq!(refused.problem(), (413, "body-too-large".to_owned()));
}

#[tokio::test]
async fn an_edit_names_its_version_and_the_same_picture_changes_nothing() {
    let catalog = Catalog::start().await;
    let path = product(&catalog, LATTE).await;
    let unsaid = send(&catalog, &path, None, "image/jpeg", jpeg(1)).await;
    assert_eq!(unsaid.problem(), (428, "precondition-required".to_owned()));
    let first = show(&catalog, &path, jpeg(1)).await;
    assert_eq!(first.tag(), "\"2\"");
    let told = catalog.told().await.len();
    // Its answer was lost: it is sent again, of the version before.
    for version in ["\"1\"", "\"2\""] {
        let again = send(&catalog, &path, Some(version), "image/jpeg", jpeg(1)).await;
        assert_eq!((again.status, again.tag()), (StatusCode::OK, first.tag()));
    }
    assert_eq!(catalog.told().await.len(), told);
    let stale = send(&catalog, &path, Some("\"1\""), "image/jpeg", jpeg(250)).await;
    assert_eq!(stale.problem(), (412, "stale-version".to_owned()));
    let gone = format!("/v1/products/{RYNEK}");
    let nowhere = send(&catalog, &gone, Some("\"1\""), "image/jpeg", jpeg(1)).await;
    assert_eq!(nowhere.problem(), (404, "product-not-found".to_owned()));

    // An edit of the rest leaves it.
    let mut edit = catalog.read(&path).await.json();
    let fields = edit.as_object_mut().expect("an object");
    for field in ["id", "version", "photo"] {
        fields.remove(field);
    }
    let edited = catalog.edit(&path, edit).await.json();
    assert_eq!(edited["photo"], first.json()["photo"]);
}

#[tokio::test]
async fn another_picture_has_another_hash_and_is_told_of() {
    let catalog = Catalog::start().await;
    let path = product(&catalog, LATTE).await;
    let mut before = Vec::new();
    for shade in [1, 250] {
        let photo = show(&catalog, &path, jpeg(shade)).await.json()["photo"].clone();
        let hashes = hashes(&photo);
        assert!(hashes.iter().all(|it| !before.contains(it)));
        let event = catalog.told().await.pop().expect("an event");
        assert_eq!(event["type"], "product.updated.v1");
        assert_eq!(event["data"]["photo"], photo);
        for hash in &before {
            let gone = catalog.get(&format!("/v1/images/{hash}"), None).await;
            assert_eq!(gone.problem(), (404, "not-found".to_owned()));
        }
        before = hashes;
    }
    let menu = format!("/v1/stores/{RYNEK}/menu");
    let anew = [("cache-control", "no-cache".to_owned())];
    let shown = catalog.get_with(&menu, &anew).await.tag();
    for _ in 0..2 {
        let gone = take_away(&catalog, &path).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT);
    }
    let told = catalog.told().await;
    assert_eq!(told.len(), 3, "the second one took nothing away");
    assert!(told[2]["data"].get("photo").is_none());
    assert_eq!(kept(&catalog).await, 0);
    assert_ne!(catalog.get_with(&menu, &anew).await.tag(), shown);
}

#[tokio::test]
async fn products_with_the_same_picture_share_it_until_the_last_is_gone() {
    let catalog = Catalog::start().await;
    let menu = catalog.menu(RYNEK).await;
    let cake = json!({
        "category_id": menu.0["categories"][0]["id"], "name": "Carrot cake", "description": "", "image": "cake",
        "allergens": [], "tax_class": "food", "position": 3, "option_group_ids": [], "variations": [{"name": "Slice"}],
    });
    let made = catalog.add("/v1/products", cake).await;
    let cake = made.headers["location"].to_str().expect("text").to_owned();
    let latte = product(&catalog, LATTE).await;
    let one = show(&catalog, &cake, jpeg(3)).await.json();
    let other = show(&catalog, &latte, jpeg(3)).await.json();
    assert_eq!(one["photo"], other["photo"]);
    assert_eq!(kept(&catalog).await, 3);
    assert_eq!(
        take_away(&catalog, &latte).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(kept(&catalog).await, 3);
    // With the product itself.
    assert_eq!(catalog.remove(&cake).await.status, StatusCode::NO_CONTENT);
    assert_eq!(kept(&catalog).await, 0);
}

#[tokio::test]
async fn of_many_at_once_one_is_shown_whole() {
    let catalog = Catalog::start().await;
    let path = product(&catalog, LATTE).await;
    let tag = catalog.read(&path).await.tag();
    let shades = [10, 60, 110, 160];
    let all = shades.map(|shade| send(&catalog, &path, Some(&tag), "image/jpeg", jpeg(shade)));
    let answers = join_all(all).await;
    let won: Vec<_> = answers
        .iter()
        .filter(|it| it.status == StatusCode::OK)
        .collect();
    let [won] = won[..] else {
        panic!("{answers:?}");
    };
    for lost in answers.iter().filter(|it| it.status != StatusCode::OK) {
        assert_eq!(lost.problem(), (412, "stale-version".to_owned()));
    }
    assert_eq!(catalog.read(&path).await.json(), won.json());
    assert_eq!(kept(&catalog).await, 3);
}

#[tokio::test]
async fn a_hash_is_whole_or_nothing_and_no_bytes_lie_under_anothers() {
    let catalog = Catalog::start().await;
    for path in [
        "/v1/images/x".to_owned(),
        format!("/v1/images/{}", "0".repeat(64)),
        format!("/v1/images/{}", "A".repeat(64)),
        format!("/v1/images/{}", "a".repeat(65)),
    ] {
        let answer = catalog.get(&path, None).await;
        assert_eq!(answer.problem(), (404, "not-found".to_owned()), "{path}");
    }
    let planted = "INSERT INTO renditions (hash, bytes) VALUES (encode(sha256('a'), 'hex'), 'b')";
    let planted = sqlx::query(planted).execute(&catalog.db).await;
    assert!(planted.is_err(), "the database looks for itself");
}
