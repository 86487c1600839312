//! `/v1/categories`: what every resource of the company does alike is tried here on the smallest one.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::catalog::{Catalog, RYNEK, STATION, list};

const ALL: &str = "/v1/categories";

fn edit(name: &str, position: i64) -> Value {
    json!({"name": name, "position": position})
}

#[tokio::test]
async fn one_is_added_read_changed_and_taken_away() {
    let catalog = Catalog::start().await;
    let made = catalog.add(ALL, edit(" Seasonal ", 9)).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(made.tag(), "\"1\"");
    let address = made.headers["location"].to_str().expect("text").to_owned();
    let shown = made.json();
    assert_eq!(
        address,
        format!("{ALL}/{}", shown["id"].as_str().expect("an id"))
    );
    assert_eq!(shown["name"], "Seasonal");
    assert_eq!(catalog.read(&address).await.json(), shown);
    assert_eq!(
        catalog.read(&address).await.headers["cache-control"],
        "no-store"
    );

    let changed = catalog.edit(&address, edit("Winter", 0)).await;
    assert_eq!(
        (changed.status, changed.tag()),
        (StatusCode::OK, "\"2\"".to_owned())
    );
    assert_eq!(catalog.read(&address).await.json()["name"], "Winter");

    let gone = catalog.remove(&address).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let missing = (404, "category-not-found".to_owned());
    assert_eq!(catalog.read(&address).await.problem(), missing);
}

#[tokio::test]
async fn an_edit_names_the_version_that_it_is_of() {
    let catalog = Catalog::start().await;
    let made = catalog.add(ALL, edit("Seasonal", 9)).await;
    let address = made.headers["location"].to_str().expect("text").to_owned();
    for method in [Method::PUT, Method::DELETE] {
        let body = (method == Method::PUT).then(|| edit("Winter", 1));
        for (version, status, slug) in [
            (None, 428, "precondition-required"),
            (Some("\"7\""), 412, "stale-version"),
            (Some("*"), 412, "stale-version"),
            (Some("W/\"1\""), 412, "stale-version"),
        ] {
            let call = (method.clone(), address.as_str());
            let answer = catalog.manage(&[RYNEK], call, version, body.clone()).await;
            assert_eq!(
                answer.problem(),
                (status, slug.to_owned()),
                "{method} {version:?}"
            );
        }
    }
    assert_eq!(catalog.read(&address).await.json()["name"], "Seasonal");
}

/// The lost update: of all who have read the same version one writes.
#[tokio::test]
async fn of_many_who_edit_at_once_one_wins() {
    let catalog = Catalog::start().await;
    let made = catalog.add(ALL, edit("Seasonal", 9)).await;
    let address = made.headers["location"].to_str().expect("text").to_owned();
    let tries = (0..8).map(|number| {
        let (catalog, address) = (&catalog, address.as_str());
        async move {
            let call = (Method::PUT, address);
            let body = Some(edit(&format!("Try {number}"), number));
            catalog
                .manage(&[RYNEK], call, Some("\"1\""), body)
                .await
                .status
                .as_u16()
        }
    });
    let mut answers = futures::future::join_all(tries).await;
    answers.sort_unstable();
    assert_eq!(answers, [200, 412, 412, 412, 412, 412, 412, 412]);
    assert_eq!(catalog.read(&address).await.tag(), "\"2\"");
}

#[tokio::test]
async fn one_with_products_stays() {
    let catalog = Catalog::start().await;
    let menu = catalog.menu(RYNEK).await;
    let id = menu.0["categories"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let answer = catalog.remove(&format!("{ALL}/{id}")).await;
    assert_eq!(answer.problem(), (409, "category-in-use".to_owned()));
}

#[tokio::test]
async fn a_name_is_there_once_so_a_repeated_creation_adds_nothing() {
    let catalog = Catalog::start().await;
    assert_eq!(
        catalog.add(ALL, edit("Seasonal", 9)).await.status,
        StatusCode::CREATED
    );
    for name in ["Seasonal", "seasonal", " SEASONAL"] {
        let again = catalog.add(ALL, edit(name, 9)).await;
        assert_eq!(again.problem(), (409, "name-taken".to_owned()));
        assert_eq!(again.pointers(), ["/name"]);
    }
}

#[tokio::test]
async fn what_can_not_be_stored_is_refused_with_its_place() {
    let catalog = Catalog::start().await;
    let long = "x".repeat(81);
    for (body, pointer) in [
        (edit("", 1), "/name"),
        (edit("  ", 1), "/name"),
        (edit("a\u{0}b", 1), "/name"),
        (edit(&long, 1), "/name"),
        (edit("Winter", -1), "/position"),
        (edit("Winter", 10_000), "/position"),
        (
            json!({"name": "Winter", "position": 1, "version": 9}),
            "/version",
        ),
    ] {
        let answer = catalog.add(ALL, body.clone()).await;
        assert_eq!(answer.problem(), (422, "invalid-body".to_owned()), "{body}");
        assert_eq!(answer.pointers(), [pointer], "{body}");
    }
}

#[tokio::test]
async fn they_are_listed_page_by_page_each_once() {
    let catalog = Catalog::start().await;
    for number in 0..5 {
        catalog
            .add(ALL, edit(&format!("More {number}"), number))
            .await;
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = catalog.read(&format!("{ALL}?limit=3{cursor}")).await.json();
        let items = list(&page["items"]);
        assert!(items.len() <= 3);
        seen.extend(
            items
                .iter()
                .map(|it| it["id"].as_str().expect("an id").to_owned()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen.len(), 10);
    assert!(seen.is_sorted_by(|a, b| a < b));
    let refused = catalog.read(&format!("{ALL}?limit=0")).await;
    assert_eq!(refused.problem(), (422, "invalid-query".to_owned()));
}

#[tokio::test]
async fn its_place_and_its_name_are_every_stores() {
    let catalog = Catalog::start().await;
    let menu = catalog.menu(STATION).await;
    let beans = list(&menu.0["categories"])
        .last()
        .expect("the last one")
        .clone();
    assert_eq!(beans["name"], "Beans");
    let address = format!("{ALL}/{}", beans["id"].as_str().expect("an id"));
    assert_eq!(
        catalog.edit(&address, edit("To take home", 0)).await.status,
        StatusCode::OK
    );
    for store in [RYNEK, STATION] {
        catalog.wait(chrono::TimeDelta::seconds(1));
        let menu = catalog.menu(store).await;
        let names: Vec<_> = list(&menu.0["categories"])
            .iter()
            .map(|it| it["name"].clone())
            .collect();
        assert_eq!(
            names[..2],
            ["Espresso", "To take home"],
            "equal places go by name"
        );
    }
}
