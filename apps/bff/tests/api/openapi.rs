//! `openapi.json`: the public listener's table, each row in the words of the service behind it.
//!
//! Invariant: services are known here by their committed documents alone, and a row about which there is no word fails.

mod own;
mod shelf;
mod surface;

use std::collections::BTreeSet;
use std::path::Path;

use axum::http::{Method, StatusCode};
use bff::ops::{pass_bearer, to_identity};
use bff::passed::PASSED;
use serde_json::{Map, Value, json};
use service::openapi::share_refusals;
use service::routes::{Access, Route};

use crate::stage::Stage;
use surface::Surface;

const SERVICES: [&str; 6] = [
    "catalog",
    "identity",
    "inventory",
    "order",
    "payment",
    "shipping",
];

/// A service's committed document.
fn document_of(app: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(app);
    let text = std::fs::read_to_string(folder.join("openapi.json")).expect("a document");
    serde_json::from_str(&text).expect("JSON")
}

/// What is said of a row, by the service behind it or by us.
fn operation(row: &Route) -> (String, Value) {
    let passed = match row.access {
        Access::Session => PASSED
            .iter()
            .find(|it| it.path == row.path && it.method == row.method),
        Access::Bearer => pass_bearer::TABLE
            .iter()
            .find(|(path, it)| path == row.path && it.method == row.method)
            .map(|(_, it)| *it),
        _ => None,
    };
    if let Some(it) = passed {
        let surface = Surface::of(row.access);
        let said = surface::of_service(it.app, &row.method, it.upstream);
        return surface.pass(it, row.path, said);
    }
    let published = (row.method.clone(), row.path);
    if to_identity::TABLE.contains(&published) {
        let said = surface::of_service("identity", &row.method, row.path);
        return surface::publish(said);
    }
    own::row(row)
}

/// Every `$ref` in a document.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(name)) = object.get("$ref") {
                found.insert(name.trim_start_matches("#/components/schemas/").to_owned());
            }
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// The schemas that are referred to, with those that these refer to.
fn schemas(paths: &Value) -> Map<String, Value> {
    let mut all = Map::new();
    for app in SERVICES {
        let document = document_of(app);
        for (name, schema) in document["components"]["schemas"]
            .as_object()
            .expect("schemas")
        {
            let mut schema = schema.clone();
            surface::rename(app, &mut schema);
            all.insert(surface::name_of(app, name), schema);
        }
    }
    let mut wanted = BTreeSet::new();
    references(paths, &mut wanted);
    loop {
        let mut more = wanted.clone();
        for name in &wanted {
            references(&all[name], &mut more);
        }
        if more == wanted {
            break;
        }
        wanted = more;
    }
    all.retain(|name, _| wanted.contains(name));
    all
}

fn document(table: &[Route]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut ids = BTreeSet::new();
    for row in table {
        let (id, mut said) = operation(row);
        assert!(ids.insert(id.clone()), "{id} twice");
        said["operationId"] = json!(id);
        let path = row.path.replace("{*", "{");
        let verb = row.method.as_str().to_ascii_lowercase();
        let there = paths.entry(path).or_insert_with(|| json!({}));
        there[verb] = said;
    }
    let paths = Value::Object(paths);
    let schemas = schemas(&paths);
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Crema",
            "description": "All that is served at the public address: `/api` for the shop's own pages by the session's \
                cookie, `/v1` for registered clients by a token, identity's endpoints and pages.",
            "version": "1",
        },
        "paths": paths,
        "components": { "schemas": schemas, "securitySchemes": surface::schemes() },
    });
    share_refusals(&mut document);
    document
}

#[tokio::test]
async fn the_committed_document_is_the_one_that_is_served() {
    let stage = Stage::set().await;
    testkit::openapi::is_committed(env!("CARGO_MANIFEST_DIR"), &document(&stage.table));
}

#[tokio::test]
async fn anybody_reads_it_once() {
    let stage = Stage::set().await;
    let mut visitor = stage.browser();
    let first = visitor.get("/v1/openapi.json").await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.json()["openapi"], "3.1.0");
    let tag = first.headers["etag"].to_str().expect("a tag").to_owned();
    let again = [("if-none-match", tag.as_str())];
    let again = visitor
        .ask(Method::GET, "/v1/openapi.json", &again, "".into())
        .await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}
