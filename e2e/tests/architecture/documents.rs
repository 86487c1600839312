//! The committed `OpenAPI` documents agree with `docs/problems.md`, and every service has one.
//!
//! Invariant: a document names no type of problem that is not in the table, nor with another status.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::repository::{app_ids, root, text};

const PREFIX: &str = "urn:problem-type:crema:";
/// Stand-ins for companies that are not ours.
const STAND_INS: [&str; 2] = ["acquirer", "carrier"];

/// Every operation of a document, with its method and path.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let mut all = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            all.push((format!("{method} {path}"), operation));
        }
    }
    all
}

fn document(app: &str) -> Value {
    let path = root().join("apps").join(app).join("openapi.json");
    serde_json::from_str(&text(&path)).expect("a document is JSON")
}

/// Types of problems with their statuses.
fn listed() -> BTreeMap<String, BTreeSet<String>> {
    let page = text(&root().join("docs/problems.md"));
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| {
        let (slug, rest) = row.split_once("` | ")?;
        let (statuses, _) = rest.split_once(" | ")?;
        let statuses = statuses.split(", ").map(str::to_owned).collect();
        Some((slug.to_owned(), statuses))
    })
    .collect()
}

#[test]
fn every_service_has_a_document_of_which_every_id_is_there_once() {
    for app in app_ids()
        .iter()
        .filter(|app| !STAND_INS.contains(&app.as_str()))
    {
        let document = document(app);
        let mut ids = BTreeSet::new();
        for (row, operation) in operations(&document) {
            let id = operation["operationId"].as_str().expect("an id");
            assert!(ids.insert(id), "{app}: {id} twice, at {row}");
            assert!(
                !operation["x-access"].is_null(),
                "{app} {row}: who may call it?"
            );
            assert!(
                operation["summary"].is_string(),
                "{app} {row}: what is it for?"
            );
        }
        assert!(!ids.is_empty(), "{app} has routes");
    }
}

#[test]
fn documents_name_types_of_problems_as_the_table_does() {
    let listed = listed();
    for app in app_ids()
        .iter()
        .filter(|app| !STAND_INS.contains(&app.as_str()))
    {
        let document = document(app);
        let shared = &document["components"]["responses"];
        for (row, operation) in operations(&document) {
            for (status, answer) in operation["responses"].as_object().expect("answers") {
                let name = answer["$ref"]
                    .as_str()
                    .and_then(|there| there.rsplit('/').next());
                let answer = name.map_or(answer, |name| &shared[name]);
                let problem = &answer["content"]["application/problem+json"]["schema"];
                let types = problem["properties"]["type"]["enum"].as_array();
                for one in types.into_iter().flatten() {
                    let slug = one.as_str().and_then(|one| one.strip_prefix(PREFIX));
                    let slug = slug.expect("a type of ours");
                    let known = listed
                        .get(slug)
                        .is_some_and(|statuses| statuses.contains(status));
                    assert!(
                        known,
                        "{app} {row}: {status} {slug} is not in docs/problems.md"
                    );
                }
            }
        }
    }
}
