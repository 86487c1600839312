//! The `OpenAPI` 3.1 document of a service, made of the table that it serves.
//!
//! Invariant: paths, methods, scopes, parameters and bodies are read from the table and its handlers' own arguments, so
//! they can't differ from what runs; what only the code of a handler knows, its answers, is said row by row, and a row
//! of which nothing is said makes no document.

mod arguments;
mod operation;

use std::collections::BTreeMap;

use http::Method;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

pub use arguments::{Argument, Arguments, Request};
pub use operation::Operation;

use crate::problem::TYPE_PREFIX;
use crate::routes::{Access, Route};

/// Where a schema with a name stands.
const SCHEMAS: &str = "#/components/schemas";
/// Where an answer with a name stands.
const RESPONSES: &str = "#/components/responses/";

/// A text that is not empty without the blanks around it, as a pattern: Unicode's white space, spelt out, because
/// engines differ in what they call so.
pub const NOT_BLANK: &str =
    "[^\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

/// A table and what is said of it do not agree.
#[derive(Debug, thiserror::Error)]
#[error("{service}: no word about {unsaid:?}, and no route for {unserved:?}")]
pub struct Mismatch {
    service: &'static str,
    unsaid: Vec<String>,
    unserved: Vec<String>,
}

/// A document, being written.
pub struct Document {
    service: &'static str,
    about: &'static str,
    table: Vec<Route>,
    /// Of what is read from callers. Its schemas stand where they are used: a type may be read otherwise than written.
    read: SchemaGenerator,
    /// Of what is written to them.
    written: SchemaGenerator,
    operations: BTreeMap<(&'static str, String), Value>,
    unserved: Vec<String>,
}

impl Document {
    /// A document of `service`, of which no row is described yet.
    #[must_use]
    pub fn of(service: &'static str, about: &'static str, table: &[Route]) -> Self {
        let mut settings = SchemaSettings::draft2020_12();
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        let mut inline = settings.clone();
        inline.inline_subschemas = true;
        Self {
            service,
            about,
            table: table.to_vec(),
            read: inline.for_deserialize().into_generator(),
            written: settings.for_serialize().into_generator(),
            operations: BTreeMap::new(),
            unserved: Vec::new(),
        }
    }

    /// Begins the row of `method` and `path`: `id` is unique in the service, `summary` one sentence.
    pub fn row<'d>(
        &'d mut self,
        method: Method,
        path: &'static str,
        id: &str,
        summary: &str,
    ) -> Operation<'d> {
        let found = self
            .table
            .iter()
            .find(|row| row.method == method && row.path == path);
        let route = found.cloned().unwrap_or_else(|| {
            self.unserved.push(format!("{method} {path}"));
            Route::public(method, path, Access::Public)
        });
        Operation::begin(self, &route, id, summary)
    }

    /// Adds a row at which our sidecar delivers events.
    pub fn events(&mut self, path: &'static str, id: &str, summary: &str) {
        self.row(Method::POST, path, id, summary)
            .bare(204, "Taken, or nothing to this service.")
            .bare(404, "It can't be handled: to the dead letters with it.")
            .bare(503, "Not now: deliver it again.");
    }

    /// Adds the row at which every service hears of sessions that ended.
    pub fn ended_sessions(&mut self) {
        self.events(
            "/events/identity",
            "hearEndedSession",
            "Refuses the tokens of a session that ended.",
        );
    }

    /// The document as JSON.
    pub fn finish(self) -> Result<Value, Mismatch> {
        let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        for ((path, method), operation) in self.operations {
            paths.entry(path).or_default().insert(method, operation);
        }
        let unsaid: Vec<_> = self
            .table
            .iter()
            .filter(|row| {
                let said = paths.get(row.path);
                said.is_none_or(|said| !said.contains_key(&verb(&row.method)))
            })
            .map(|row| format!("{} {}", row.method, row.path))
            .collect();
        if !unsaid.is_empty() || !self.unserved.is_empty() {
            return Err(Mismatch {
                service: self.service,
                unsaid,
                unserved: self.unserved,
            });
        }
        let mut written = self.written;
        let mut schemas = written.take_definitions(true);
        schemas.insert("Problem".to_owned(), problem());
        let mut document = json!({
            "openapi": "3.1.0",
            "info": { "title": format!("Crema {}", self.service), "description": self.about, "version": "1" },
            "tags": [{ "name": self.service }],
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "bearer": {
                        "type": "http",
                        "scheme": "bearer",
                        "bearerFormat": "at+jwt",
                        "description": "An access token for this service (RFC 9068), with the named scope.",
                    },
                    "sidecar": {
                        "type": "apiKey",
                        "in": "header",
                        "name": "dapr-api-token",
                        "description": "Sent by this service's own sidecar alone.",
                    },
                },
            },
        });
        share_refusals(&mut document);
        Ok(document)
    }
}

/// Says once what many operations answer alike: each answer that is nothing but problems gets a name of its status and
/// their types, and stands among the components.
pub fn share_refusals(document: &mut Value) {
    let mut shared = Map::new();
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let operations = paths.flat_map(|(_, path)| path.as_object_mut().into_iter().flatten());
    for (_, operation) in operations {
        let answers = operation
            .get_mut("responses")
            .and_then(Value::as_object_mut);
        for (status, answer) in answers.into_iter().flatten() {
            let Some(types) = only_problems(answer) else {
                continue;
            };
            let name = format!("{status}.{}", types.join("."));
            let reference = json!({ "$ref": format!("{RESPONSES}{name}") });
            shared.insert(name, std::mem::replace(answer, reference));
        }
    }
    document["components"]["responses"] = Value::Object(shared);
}

/// The answer that a reference stands for; another is itself.
#[must_use]
pub fn resolve<'d>(document: &'d Value, answer: &'d Value) -> &'d Value {
    let name = answer["$ref"]
        .as_str()
        .and_then(|there| there.strip_prefix(RESPONSES));
    name.map_or(answer, |name| &document["components"]["responses"][name])
}

/// The types of problems that an answer may be, if it may be nothing else.
fn only_problems(answer: &Value) -> Option<Vec<String>> {
    let content = answer["content"].as_object()?;
    // What has words of its own is an answer without a body too.
    let own = answer["description"].as_str()?.contains(" Or `");
    if content.len() != 1 || answer.get("headers").is_some() || own {
        return None;
    }
    let types = &content.get("application/problem+json")?["schema"]["properties"]["type"]["enum"];
    let slugs = types.as_array()?.iter().filter_map(Value::as_str);
    Some(
        slugs
            .map(|one| one.trim_start_matches(TYPE_PREFIX).to_owned())
            .collect(),
    )
}

/// What a method is called in a document.
fn verb(method: &Method) -> String {
    method.as_str().to_ascii_lowercase()
}

/// Every failure (RFC 9457).
fn problem() -> Value {
    json!({
        "type": "object",
        "description": "Why the request failed (RFC 9457); docs/problems.md lists the types.",
        "required": ["type", "title", "status"],
        "properties": {
            "type": { "type": "string", "format": "uri", "pattern": format!("^{TYPE_PREFIX}[a-z0-9-]+$") },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string" },
            "errors": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["pointer", "detail"],
                    "properties": {
                        "pointer": { "type": "string", "format": "json-pointer" },
                        "detail": { "type": "string" },
                    },
                    "additionalProperties": false,
                },
            },
            "trace_id": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
        },
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::{Json, Path, Query};
    use crate::page::{Page, PageQuery};
    use crate::routes::{Routes, Upload};
    use axum::body::Bytes;
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use uuid::Uuid;

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Cup {
        #[schemars(range(min = 1, max = 9))]
        size: i64,
        #[serde(default)]
        note: Option<String>,
    }

    async fn list(Path(_): Path<Uuid>, Query(_): Query<PageQuery>) -> String {
        String::new()
    }

    async fn fill(Json(_): Json<Cup>) {}

    async fn paint(_: Bytes) {}

    const PICTURE: Upload = Upload {
        kinds: &["image/png", "image/webp"],
        most: 9,
    };

    fn table() -> Routes<()> {
        Routes::new()
            .route(
                Method::GET,
                "/v1/shops/{shop}/cups",
                Access::Scope("cups:read"),
                list,
            )
            .route(Method::POST, "/v1/cups", Access::Public, fill)
            .upload(Method::PUT, "/v1/cups/art", Access::Public, PICTURE, paint)
    }

    #[test]
    fn what_a_handler_takes_is_in_the_document() {
        let mut it = Document::of("cups", "Cups.", table().table());
        it.row(
            Method::GET,
            "/v1/shops/{shop}/cups",
            "listCups",
            "The cups.",
        )
        .json::<Page<Cup>>(200, "A page.");
        it.row(Method::POST, "/v1/cups", "fillCup", "Fills one.")
            .bare(204, "It is full.")
            .refuses(409, "cup-full");
        it.row(Method::PUT, "/v1/cups/art", "paintCup", "Paints them.")
            .bytes(200, "As it is.", "image/png");
        let document = it.finish().expect("a document");
        let list = &document["paths"]["/v1/shops/{shop}/cups"]["get"];
        assert_eq!(
            list["security"],
            json!([{ "sidecar": [], "bearer": ["cups:read"] }])
        );
        let parameter = |name: &str| {
            let all = list["parameters"].as_array().expect("parameters");
            all.iter()
                .find(|one| one["name"] == name)
                .expect("it")
                .clone()
        };
        assert_eq!(parameter("shop")["schema"]["format"], "uuid");
        assert_eq!(parameter("limit")["schema"]["maximum"], 100);
        for status in ["200", "401", "403", "404", "422", "500", "503"] {
            assert!(list["responses"].get(status).is_some(), "{status}: {list}");
        }
        let fill = &document["paths"]["/v1/cups"]["post"];
        let body = &fill["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(
            (&body["required"], &body["additionalProperties"]),
            (&json!(["size"]), &json!(false))
        );
        assert_eq!(body["properties"]["size"]["maximum"], 9);
        for status in ["204", "400", "409", "413", "415", "422"] {
            assert!(fill["responses"].get(status).is_some(), "{status}: {fill}");
        }
        let paint = &document["paths"]["/v1/cups/art"]["put"];
        let bytes = json!({ "type": "string", "format": "binary", "maxLength": 9 });
        for kind in PICTURE.kinds {
            assert_eq!(paint["requestBody"]["content"][kind]["schema"], bytes);
        }
        assert!(paint["responses"].get("415").is_some(), "{paint}");
        let shown = &paint["responses"]["200"]["content"]["image/png"]["schema"];
        assert_eq!(shown["format"], "binary");
    }

    #[test]
    fn a_route_of_which_nothing_is_said_makes_no_document() {
        let mut it = Document::of("cups", "Cups.", table().table());
        it.row(Method::POST, "/v1/cups", "fillCup", "Fills one.");
        it.row(Method::PUT, "/v1/cups", "breakCup", "Is not served.");
        let error = it.finish().expect_err("a mismatch").to_string();
        assert!(
            error.contains("GET /v1/shops/{shop}/cups") && error.contains("PUT /v1/cups"),
            "{error}"
        );
    }
}
