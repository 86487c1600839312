//! What is said of baskets and favourites, whose bodies are held against it.

use bff_api::{LONGEST_NAME, MOST_FAVOURITES, MOST_LINES, MOST_OF_ONE, MOST_OPTIONS};
use serde_json::{Value, json};
use service::openapi::NOT_BLANK;

use super::surface::refuse;

/// The words about a row, and its id.
pub fn row(method: &str, path: &str) -> Option<(String, Value)> {
    let (id, mut said) = match (method, path) {
        ("GET", "/api/basket") => ("readBasket", read("What is to be ordered.", &basket(true))),
        ("PUT", "/api/basket") => (
            "writeBasket",
            written("Replaces the basket.", &basket(false), &basket(true)),
        ),
        ("DELETE", "/api/basket") => ("removeBasket", removed("Empties the basket.")),
        ("GET", "/api/favourites") => (
            "readFavourites",
            read("The choices that have names.", &favourites()),
        ),
        ("PUT", "/api/favourites") => (
            "writeFavourites",
            written("Replaces the favourites.", &favourites(), &favourites()),
        ),
        _ => return None,
    };
    refuse(&mut said, 503, &["unavailable"]);
    Some((id.to_owned(), said))
}

fn uuid() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

fn options() -> Value {
    json!({ "type": "array", "maxItems": MOST_OPTIONS, "items": uuid() })
}

/// A basket may be empty when it is read, not when it is written.
fn basket(may_be_empty: bool) -> Value {
    let mut store = uuid();
    if may_be_empty {
        store["type"] = json!(["string", "null"]);
    }
    let line = json!({
        "type": "object",
        "required": ["variation_id", "quantity", "option_ids"],
        "properties": {
            "variation_id": uuid(),
            "quantity": { "type": "integer", "minimum": 1, "maximum": MOST_OF_ONE },
            "option_ids": options(),
        },
        "additionalProperties": false,
    });
    json!({
        "type": "object",
        "required": ["store_id", "lines"],
        "properties": {
            "store_id": store,
            "lines": { "type": "array", "minItems": u8::from(!may_be_empty), "maxItems": MOST_LINES, "items": line },
        },
        "additionalProperties": false,
    })
}

fn favourites() -> Value {
    let name = json!({
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_NAME,
        "allOf": [{ "pattern": NOT_BLANK }, { "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$" }],
    });
    let favourite = json!({
        "type": "object",
        "required": ["name", "store_id", "variation_id", "option_ids"],
        "properties": {
            "name": name,
            "store_id": uuid(),
            "variation_id": uuid(),
            "option_ids": options(),
        },
        "additionalProperties": false,
    });
    json!({
        "type": "object",
        "required": ["items"],
        "properties": { "items": { "type": "array", "maxItems": MOST_FAVOURITES, "items": favourite } },
        "additionalProperties": false,
    })
}

/// The version is there if something is kept.
fn answer(means: &str, schema: &Value) -> Value {
    json!({
        "description": means,
        "headers": { "ETag": { "schema": { "type": "string" }, "description": "The version, if something is kept." } },
        "content": { "application/json": { "schema": schema } },
    })
}

fn read(summary: &str, schema: &Value) -> Value {
    json!({ "summary": summary, "responses": { "200": answer(summary, schema) } })
}

fn basis() -> Value {
    let header = |name: &str, means: &str| json!({ "name": name, "in": "header", "schema": { "type": "string" }, "description": means });
    json!([
        header("If-Match", "The `ETag` of what was read."),
        header(
            "If-None-Match",
            "`*`, if nothing was kept: one of the two must be there."
        ),
    ])
}

fn refused(said: &mut Value) {
    refuse(said, 412, &["stale-version"]);
    let header = json!({ "ETag": { "schema": { "type": "string" }, "description": "The present version, if something is kept." } });
    said["responses"]["412"]["headers"] = header;
    refuse(said, 428, &["precondition-required"]);
}

fn written(summary: &str, body: &Value, after: &Value) -> Value {
    let mut said = json!({
        "summary": summary,
        "parameters": basis(),
        "requestBody": { "required": true, "content": { "application/json": { "schema": body } } },
        "responses": {
            "200": answer("What is kept now.", after),
            "201": answer("What is kept now, where nothing was.", after),
        },
    });
    refused(&mut said);
    refuse(&mut said, 400, &["malformed-json"]);
    refuse(&mut said, 408, &["body-too-slow"]);
    refuse(&mut said, 413, &["body-too-large"]);
    refuse(&mut said, 422, &["invalid-body"]);
    said
}

fn removed(summary: &str) -> Value {
    let mut said = json!({
        "summary": summary,
        "parameters": basis(),
        "responses": { "204": { "description": "Nothing is kept any more." } },
    });
    refused(&mut said);
    said
}
