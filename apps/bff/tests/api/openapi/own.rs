//! The rows that are answered here.

use axum::http::Method;
use bff::ops::{images, preflight};
use bff::pages;
use serde_json::{Value, json};
use service::routes::Route;

use super::shelf;
use super::surface::{self, always, asked, refuse, shielded};

/// What is said of a row of ours, and its id.
pub fn row(row: &Route) -> (String, Value) {
    let (id, mut said) = match (row.method.as_str(), row.path) {
        ("GET", "/api/session") => (
            "readSession".to_owned(),
            answers("Who is signed in.", 200, &session()),
        ),
        ("DELETE", "/api/session") => (
            "endSession".to_owned(),
            bare("Signs out.", 204, "Signed out."),
        ),
        ("GET", "/api/session/start") => ("startSession".to_owned(), start()),
        ("GET", "/api/session/callback") => ("finishSession".to_owned(), finish()),
        ("GET", "/api/stores" | "/api/stores/{id}/menu" | "/api/stores/{id}/search") => {
            open_to_all("catalog", row.path)
        }
        ("GET", "/api/stores/{id}/slots") => open_to_all("order", row.path),
        ("GET", images::PATH) => open_to_all("catalog", "/api/images/{hash}"),
        ("GET", "/api/stores/{id}/tickets/events") => (
            "watchTickets".to_owned(),
            stream("A store's board as it changes."),
        ),
        ("GET", "/api/orders/{id}/events") => {
            ("watchOrder".to_owned(), stream("An order as it changes."))
        }
        ("GET", "/v1/openapi.json") => ("readDocument".to_owned(), document()),
        ("POST", "/webhooks/provider") => ("hearProvider".to_owned(), webhook()),
        ("OPTIONS", path) if preflight::PATHS.contains(&path) => preflight_of(path),
        ("GET", path) if pages::PATHS.contains(&path) => page(path),
        ("GET", pages::FILES) => ("getFile".to_owned(), file()),
        (method, path) => {
            shelf::row(method, path).unwrap_or_else(|| panic!("no word about {method} {path}"))
        }
    };
    said["tags"] = json!(["bff"]);
    said["x-access"] = json!(row.access);
    said["security"] = json!([]);
    if row.access == service::routes::Access::Session {
        said["security"] = json!([{ "session": [] }]);
        refuse(&mut said, 401, &["not-signed-in", "session-ended"]);
    }
    always(&mut said);
    if row.path.starts_with("/api/") && row.path != "/api/session/callback" {
        shielded(&mut said, &row.method);
    }
    if row.path.contains("{id}") || row.path.contains("{store}") {
        path_id(&mut said, row.path);
    }
    (format!("bff.{id}"), said)
}

fn path_id(said: &mut Value, path: &str) {
    let parameters = said
        .as_object_mut()
        .expect("an operation")
        .entry("parameters");
    let parameters = parameters
        .or_insert_with(|| json!([]))
        .as_array_mut()
        .expect("parameters");
    if parameters.iter().any(|one| one["in"] == "path") {
        return;
    }
    for name in path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    {
        parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "format": "uuid" } }));
    }
}

fn answers(summary: &str, status: u16, schema: &Value) -> Value {
    json!({
        "summary": summary,
        "responses": { status.to_string(): {
            "description": summary,
            "content": { "application/json": { "schema": schema } },
        } },
    })
}

fn bare(summary: &str, status: u16, means: &str) -> Value {
    json!({ "summary": summary, "responses": { status.to_string(): { "description": means } } })
}

fn session() -> Value {
    let user = json!({
        "type": ["object", "null"],
        "required": ["name", "roles", "stores"],
        "properties": {
            "name": { "type": "string" },
            "roles": { "type": "array", "items": { "enum": ["customer", "barista", "manager", "admin"] } },
            "stores": { "type": "array", "items": { "type": "string", "format": "uuid" } },
        },
        "additionalProperties": false,
    });
    json!({
        "type": "object",
        "required": ["signed_in", "user"],
        "properties": { "signed_in": { "type": "boolean" }, "user": user },
        "additionalProperties": false,
    })
}

fn leads_on(summary: &str) -> Value {
    let location = json!({ "Location": { "required": true, "schema": { "type": "string" }, "description": "Where to." } });
    json!({ "summary": summary, "responses": { "303": { "description": "Goes on there.", "headers": location } } })
}

fn query(name: &str) -> Value {
    json!({ "name": name, "in": "query", "schema": { "type": "string" } })
}

fn start() -> Value {
    let mut said = leads_on("Sends the browser to identity.");
    said["parameters"] = json!([query("return")]);
    refuse(&mut said, 400, &["return-url-refused"]);
    refuse(&mut said, 422, &["invalid-query"]);
    refuse(&mut said, 503, &["unavailable"]);
    said
}

fn finish() -> Value {
    let mut said = leads_on("Identity sends the browser back.");
    said["parameters"] = json!(["state", "code", "iss", "error"].map(query));
    let page = json!({ "text/html": { "schema": { "type": "string" } } });
    said["responses"]["400"] =
        json!({ "description": "The sign-in led to nothing.", "content": page });
    refuse(&mut said, 422, &["invalid-query"]);
    refuse(&mut said, 502, &["upstream-failed"]);
    refuse(&mut said, 503, &["unavailable"]);
    said
}

/// A service's own answers to what anybody may ask; in a menu what is sold out is marked.
fn open_to_all(app: &str, path: &str) -> (String, Value) {
    let upstream = path.replace("/api/", "/v1/").replace("{id}", "{store}");
    let mut said = surface::of_service(app, &Method::GET, &upstream);
    let parameters = said.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        if parameter["in"] == "path" && path.contains("{id}") {
            parameter["name"] = json!("id");
        }
    }
    let answers = said["responses"].as_object_mut().expect("answers");
    answers.retain(|status, _| ["200", "304", "404", "422"].contains(&status.as_str()));
    refuse(&mut said, 502, &["upstream-failed"]);
    refuse(&mut said, 503, &["unavailable"]);
    let id = said["operationId"]
        .as_str()
        .expect("an id")
        .replace(&format!("{app}."), "public.");
    (id, said)
}

fn stream(summary: &str) -> Value {
    let kind = json!({ "text/event-stream": { "schema": { "type": "string" } } });
    let answer = json!({ "description": "What is there, then each change.", "content": kind });
    let mut said = json!({ "summary": summary, "responses": { "200": answer } });
    refuse(&mut said, 403, &["forbidden"]);
    refuse(
        &mut said,
        404,
        &["not-found", "order-not-found", "store-not-found"],
    );
    refuse(&mut said, 429, &["too-many-streams"]);
    refuse(&mut said, 502, &["upstream-failed"]);
    refuse(&mut said, 503, &["too-many-streams", "unavailable"]);
    said
}

fn document() -> Value {
    let mut said = answers(
        "This document.",
        200,
        &json!({ "type": "object", "required": ["openapi", "paths"] }),
    );
    said["responses"]["304"] = json!({ "description": "The caller has it already." });
    said["parameters"] =
        json!([{ "name": "If-None-Match", "in": "header", "schema": { "type": "string" } }]);
    said
}

fn webhook() -> Value {
    let mut said = surface::of_service("payment", &Method::POST, "/v1/webhooks/provider");
    let answers = said["responses"].as_object_mut().expect("answers");
    // What the provider learns is a status, without a body.
    for (status, answer) in answers.iter_mut() {
        *answer = json!({ "description": format!("As the payment service says: {status}.") });
    }
    asked(&mut said);
    said
}

fn preflight_of(path: &str) -> (String, Value) {
    let said = bare(
        "What a browser asks before it lets a script of a registered client.",
        204,
        "Allowed, where it says so.",
    );
    let mut said = said;
    refuse(&mut said, 502, &["upstream-failed"]);
    refuse(&mut said, 503, &["unavailable"]);
    (
        format!("preflight{}", path.replace(['/', '.', '-'], "_")),
        said,
    )
}

fn page(path: &str) -> (String, Value) {
    let html = json!({ "text/html": { "schema": { "type": "string" } } });
    let said = json!({
        "summary": "The shop's page.",
        "responses": {
            "200": { "description": "The page.", "content": html },
            "304": { "description": "The caller has it already." },
        },
    });
    (format!("page{}", path.replace(['/', '{', '}'], "_")), said)
}

fn file() -> Value {
    let any = json!({ "*/*": {} });
    let mut said = json!({
        "summary": "A file of the shop's page.",
        "parameters": [{ "name": "file", "in": "path", "required": true, "schema": { "type": "string" } }],
        "responses": {
            "200": { "description": "The file.", "content": any.clone() },
            "206": { "description": "A part of it.", "content": any },
            "304": { "description": "The caller has it already." },
            "416": { "description": "It has no such part." },
        },
    });
    refuse(&mut said, 404, &["not-found"]);
    said
}
