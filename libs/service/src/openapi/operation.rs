//! One row of a document: what a handler answers.
//!
//! Invariant: what the table and the arguments say is there before the first word of the row.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::{Document, Request, SCHEMAS, verb};
use crate::grpc;
use crate::problem::TYPE_PREFIX;
use crate::routes::{Access, Route};

/// A row, being described; it is in the document when it is dropped.
pub struct Operation<'d> {
    document: &'d mut Document,
    key: (&'static str, String),
    head: Value,
    parameters: Vec<Value>,
    body: Option<Value>,
    answers: BTreeMap<u16, Map<String, Value>>,
    refusals: BTreeSet<(u16, &'static str)>,
    latest: u16,
}

#[expect(
    clippy::return_self_not_must_use,
    clippy::must_use_candidate,
    reason = "a row stands in the document as soon as it is dropped"
)]
impl<'d> Operation<'d> {
    pub(super) fn begin(
        document: &'d mut Document,
        route: &Route,
        id: &str,
        summary: &str,
    ) -> Self {
        let mut request = Request::new(&mut document.read);
        (route.arguments)(&mut request);
        let Request {
            body,
            path,
            query,
            mut refusals,
            ..
        } = request;
        refusals.extend([
            (401, "not-our-sidecar"),
            (413, "body-too-large"),
            (500, "internal"),
        ]);
        if route.method.is_safe() {
            refusals.insert((408, "too-late"));
        }
        let mut security = json!({ "sidecar": [] });
        if let Access::Scope(scope) = route.access {
            security["bearer"] = json!([scope]);
            refusals.extend([
                (401, "unauthenticated"),
                (401, "invalid-token"),
                (403, "forbidden"),
                (503, "unavailable"),
            ]);
        }
        let mut parameters = path_parameters(route.path, path.as_ref());
        parameters.extend(query.iter().flat_map(query_parameters));
        let body = match route.upload {
            Some(upload) => {
                refusals.insert((415, "unsupported-media-type"));
                Some(content_of(upload.kinds, &binary(Some(upload.most))))
            }
            None => body.map(|(kind, schema)| content_of(&[kind], &json!(schema))),
        };
        Self {
            key: (route.path, verb(&route.method)),
            head: json!({
                "operationId": id,
                "summary": summary,
                "tags": [document.service],
                "security": [security],
                "x-access": route.access,
            }),
            document,
            parameters,
            body,
            answers: BTreeMap::new(),
            refusals,
            latest: 200,
        }
    }

    /// Answers with `T` as JSON.
    pub fn json<T: JsonSchema>(self, status: u16, means: &str) -> Self {
        let schema = self.document.written.subschema_for::<T>();
        self.answer(status, means, Some(("application/json", json!(schema))))
    }

    /// Answers without a body.
    pub fn bare(self, status: u16, means: &str) -> Self {
        self.answer(status, means, None)
    }

    /// Answers with text of this media type.
    pub fn text(self, status: u16, means: &str, kind: &str) -> Self {
        self.answer(status, means, Some((kind, json!({ "type": "string" }))))
    }

    /// Answers with bytes of this media type.
    pub fn bytes(self, status: u16, means: &str, kind: &str) -> Self {
        self.answer(status, means, Some((kind, binary(None))))
    }

    /// Answers by gRPC, and refuses by it whoever calls so.
    pub fn called(self) -> Self {
        let means = "The answer's message, as the service's proto/ has it, in one frame, with \
                     `grpc-status` behind it. Whoever calls by gRPC is told of a refusal by that status too.";
        self.text(200, means, grpc::MEDIA_TYPE)
    }

    /// Answers with a page.
    pub fn page(self, status: u16, means: &str) -> Self {
        self.text(status, means, "text/html")
    }

    /// Answers with a JSON object of which a standard says what is in it, these members at least.
    pub fn object(self, status: u16, means: &str, members: &[&str]) -> Self {
        let schema = json!({ "type": "object", "required": members });
        self.answer(status, means, Some(("application/json", schema)))
    }

    /// Leads on to another page.
    pub fn leads_on(self, status: u16, means: &str) -> Self {
        self.bare(status, means).with("Location", "Where to.")
    }

    fn answer(mut self, status: u16, means: &str, content: Option<(&str, Value)>) -> Self {
        let answer = self.answers.entry(status).or_default();
        answer.insert("description".to_owned(), json!(means));
        if let Some((kind, schema)) = content {
            let contents = answer.entry("content").or_insert_with(|| json!({}));
            contents[kind] = json!({ "schema": schema });
        }
        self.latest = status;
        self
    }

    /// Adds a header to the latest answer.
    pub fn with(mut self, header: &str, means: &str) -> Self {
        let answer = self.answers.entry(self.latest).or_default();
        let headers = answer.entry("headers").or_insert_with(|| json!({}));
        headers[header] =
            json!({ "description": means, "required": true, "schema": { "type": "string" } });
        self
    }

    /// Refuses with a problem of this type.
    pub fn refuses(mut self, status: u16, problem: &'static str) -> Self {
        self.refusals.insert((status, problem));
        self
    }

    /// Takes a header.
    pub fn takes(mut self, header: &str, means: &str, required: bool, schema: Value) -> Self {
        let mut schema = schema;
        schema["type"] = json!("string");
        self.parameters.push(json!({
            "name": header,
            "in": "header",
            "description": means,
            "required": required,
            "schema": schema,
        }));
        self
    }

    /// Takes `T` as JSON that the handler reads from the bytes itself.
    pub fn body<T: JsonSchema>(mut self) -> Self {
        let schema = self.document.read.subschema_for::<T>();
        self.body = Some(content_of(&["application/json"], &json!(schema)));
        self
    }

    /// Takes a form (`application/x-www-form-urlencoded`) with these fields.
    pub fn form(mut self, fields: &[&str]) -> Self {
        let fields: Map<String, Value> = fields
            .iter()
            .map(|field| ((*field).to_owned(), json!({ "type": "string" })))
            .collect();
        let schema = json!({ "type": "object", "properties": fields });
        let body = json!({ "application/x-www-form-urlencoded": { "schema": schema } });
        self.body = Some(json!({ "content": body }));
        self
    }

    /// Takes these parameters in the query, as text that the handler itself reads.
    pub fn reads(mut self, names: &[&str]) -> Self {
        self.parameters.extend(
            names
                .iter()
                .map(|name| json!({ "name": name, "in": "query", "schema": { "type": "string" } })),
        );
        self
    }

    /// Gives the latest answer the version as its `ETag`.
    pub fn versioned(self) -> Self {
        self.with("ETag", "The version.")
    }

    /// Gives the answer 200 an `ETag`, and answers 304 to somebody who has it.
    pub fn cached(self) -> Self {
        self.versioned()
            .takes("If-None-Match", "What the caller has.", false, json!({}))
            .bare(304, "The caller has it already.")
            .versioned()
    }

    /// Edits the version that the caller has seen.
    pub fn conditional(self) -> Self {
        self.takes("If-Match", "The `ETag` of what was read.", true, json!({}))
            .refuses(412, "stale-version")
            .refuses(428, "precondition-required")
    }

    /// Is a command that must say which one it is.
    pub fn keyed(self) -> Self {
        let shape = json!({ "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" });
        self.takes(
            "Idempotency-Key",
            "New for each command, the same for each try of it.",
            true,
            shape,
        )
        .refuses(400, "idempotency-key-missing")
        .refuses(400, "idempotency-key-invalid")
        .refuses(422, "idempotency-key-reused")
    }
}

impl Drop for Operation<'_> {
    fn drop(&mut self) {
        let mut operation = std::mem::take(&mut self.head);
        if !self.parameters.is_empty() {
            operation["parameters"] = json!(self.parameters);
        }
        if let Some(body) = self.body.take() {
            operation["requestBody"] = body;
        }
        let mut answers = std::mem::take(&mut self.answers);
        let mut types: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
        for (status, problem) in &self.refusals {
            types.entry(*status).or_default().push(problem);
        }
        for (status, problems) in types {
            add_problems(answers.entry(status).or_default(), &problems);
        }
        let answers: BTreeMap<String, _> = answers
            .into_iter()
            .map(|(status, answer)| (status.to_string(), answer))
            .collect();
        operation["responses"] = json!(answers);
        self.document.operations.insert(self.key.clone(), operation);
    }
}

/// Says of an answer that it may be one of these problems.
fn add_problems(answer: &mut Map<String, Value>, problems: &[&str]) {
    let named: Vec<_> = problems.iter().map(|slug| format!("`{slug}`")).collect();
    let types: Vec<_> = problems
        .iter()
        .map(|slug| format!("{TYPE_PREFIX}{slug}"))
        .collect();
    let named = named.join(", ");
    let description = answer.get("description").and_then(Value::as_str);
    let description = description.map_or(named.clone(), |said| format!("{said} Or {named}."));
    answer.insert("description".to_owned(), json!(description));
    let contents = answer.entry("content").or_insert_with(|| json!({}));
    contents["application/problem+json"] = json!({
        "schema": { "$ref": format!("{SCHEMAS}/Problem"), "properties": { "type": { "enum": types } } },
    });
}

fn content_of(kinds: &[&str], schema: &Value) -> Value {
    let content = kinds
        .iter()
        .map(|kind| ((*kind).to_owned(), json!({ "schema": schema })));
    json!({ "required": true, "content": content.collect::<Map<_, _>>() })
}

/// Bytes that are no text, so many at most.
fn binary(most: Option<usize>) -> Value {
    let mut schema = json!({ "type": "string", "format": "binary" });
    if let Some(most) = most {
        schema["maxLength"] = json!(most);
    }
    schema
}

/// The parameters of a path like `/v1/stores/{store}/menu`: their names are the path's, their schemas the handler's.
fn path_parameters(path: &str, said: Option<&Schema>) -> Vec<Value> {
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let said = said.map(|schema| json!(schema)).unwrap_or_default();
    names
        .enumerate()
        .map(|(place, name)| {
            let schema = match said.get("prefixItems") {
                Some(each) => each[place].clone(),
                None if said.is_null() => json!({ "type": "string" }),
                None => said.clone(),
            };
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        })
        .collect()
}

/// The parameters that are the properties of `query`.
fn query_parameters(query: &Schema) -> Vec<Value> {
    let query = json!(query);
    let is_required = |name: &String| {
        let required = query["required"].as_array();
        required.is_some_and(|required| required.iter().any(|one| one == name.as_str()))
    };
    let properties = query["properties"].as_object().into_iter().flatten();
    properties
        .map(|(name, schema)| {
            let mut schema = schema.clone();
            without_null(&mut schema);
            let mut parameter =
                json!({ "name": name, "in": "query", "required": is_required(name) });
            if let Some(means) = schema
                .as_object_mut()
                .and_then(|schema| schema.remove("description"))
            {
                parameter["description"] = means;
            }
            parameter["schema"] = schema;
            parameter
        })
        .collect()
}

/// A query has no word for nothing: what may be missing is just not there.
fn without_null(schema: &mut Value) {
    if let Some(kinds) = schema.get_mut("type")
        && let Some(several) = kinds.as_array_mut()
    {
        several.retain(|kind| kind != "null");
        if let [only] = several.as_slice() {
            *kinds = only.clone();
        }
    }
    if let Some(object) = schema.as_object_mut()
        && let Some(Value::Array(mut any)) = object.remove("anyOf")
    {
        any.retain(|one| one["type"] != "null");
        match <[Value; 1]>::try_from(any) {
            Ok([Value::Object(only)]) => object.extend(only),
            Ok(_) => {}
            Err(any) => {
                object.insert("anyOf".to_owned(), Value::Array(any));
            }
        }
    }
}
