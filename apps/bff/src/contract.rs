//! What services say of the requests that they take: checked here before one of them is asked.
//!
//! Invariant: nothing is refused that the service would take, for it checks again by itself: a query's parameters that
//! the document does not name, a body that is no JSON by its label, and whatever the document can't say pass. A body
//! that passes does so byte by byte.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};

use axum::http::{HeaderMap, Method, StatusCode, Uri};
use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde::Deserialize;
use serde_json::Value;
use service::extract;
use service::problem::Problem;
use url::form_urlencoded;
use uuid::Uuid;

/// The document of all that is served at the public listener; `tests/api/openapi.rs` writes it.
pub const DOCUMENT: &str = include_str!("../openapi.json");

/// Faults named in one answer. A body of nothing but faults is not worth an answer of its own size.
const NAMED_FAULTS: usize = 50;

/// What requests must be like, by path and method. Of the document, most of which is about answers, nothing else is kept.
static CONTRACTS: LazyLock<HashMap<String, HashMap<String, Arc<Contract>>>> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the document is a constant: a wrong one must stop the start"
    )]
    let document: Described = serde_json::from_str(DOCUMENT).expect("the committed document");
    let read = |path: HashMap<String, Operation>| {
        let operations = path.into_iter();
        let contracts = operations.map(|(method, it)| (method, Arc::new(Contract::read(it))));
        contracts.collect()
    };
    let paths = document.paths.into_iter();
    paths.map(|(path, it)| (path, read(it))).collect()
});

/// What is read of the document.
#[derive(Deserialize)]
struct Described {
    paths: HashMap<String, HashMap<String, Operation>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    #[serde(default)]
    parameters: Vec<Place>,
    request_body: Option<RequestBody>,
}

#[derive(Deserialize)]
struct RequestBody {
    content: HashMap<String, MediaType>,
}

#[derive(Deserialize)]
struct MediaType {
    schema: Value,
}

#[derive(Deserialize)]
struct Place {
    name: String,
    #[serde(rename = "in")]
    within: String,
    schema: Value,
}

/// What the requests of one row must be like.
#[derive(Debug, Default)]
pub struct Contract {
    body: Option<Schema>,
    query: Vec<Parameter>,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    /// Its text means a number.
    is_number: bool,
    schema: Schema,
}

/// A schema, and what judges by it once somebody has asked: that takes 65 KB, there are two hundred, and most are seldom asked.
#[derive(Debug)]
struct Schema {
    described: Value,
    validator: OnceLock<Validator>,
}

impl Schema {
    fn new(described: Value) -> Self {
        Self {
            described,
            validator: OnceLock::new(),
        }
    }

    fn validator(&self) -> &Validator {
        self.validator.get_or_init(|| validator(&self.described))
    }
}

impl Contract {
    /// The contract of a row of the public listener. One of which the document says nothing takes anything: its test
    /// fails, and writes it.
    ///
    /// # Panics
    /// At start-up, if the document is none: a mistake in a constant.
    #[must_use]
    pub fn of(method: &Method, path: &str) -> Arc<Self> {
        let found = CONTRACTS
            .get(path)
            .and_then(|path| path.get(&method.as_str().to_ascii_lowercase()));
        found.cloned().unwrap_or_default()
    }

    fn read(operation: Operation) -> Self {
        let body = operation
            .request_body
            .and_then(|mut body| body.content.remove("application/json"));
        let parameters = operation.parameters.into_iter();
        let query = parameters.filter(|parameter| parameter.within == "query");
        let query = query.map(|parameter| Parameter {
            is_number: parameter.schema["type"] == "integer",
            schema: Schema::new(parameter.schema),
            name: parameter.name,
        });
        Self {
            body: body.map(|json| Schema::new(json.schema)),
            query: query.collect(),
        }
    }

    /// Looks at what a request says; the path's parameters are whole UUIDs already.
    pub fn check(&self, headers: &HeaderMap, uri: &Uri, body: &[u8]) -> Result<(), Problem> {
        self.check_query(uri.query().unwrap_or_default())?;
        match &self.body {
            Some(schema) if extract::is_json(headers) => check_body(schema.validator(), body),
            _ => Ok(()),
        }
    }

    fn check_query(&self, query: &str) -> Result<(), Problem> {
        for (name, text) in form_urlencoded::parse(query.as_bytes()) {
            let Some(parameter) = self.query.iter().find(|one| one.name == name) else {
                continue;
            };
            let number = text.parse::<i64>().ok().filter(|_| parameter.is_number);
            let value = number.map_or_else(|| Value::from(&*text), Value::from);
            if let Some(fault) = parameter.schema.validator().iter_errors(&value).next() {
                return Err(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid-query",
                    "The query can't be used",
                )
                .field(&format!("/{name}"), words(&fault)));
            }
        }
        Ok(())
    }
}

fn check_body(validator: &Validator, body: &[u8]) -> Result<(), Problem> {
    let value: Value = extract::parse(body)?;
    let mut faults = validator.iter_errors(&value).peekable();
    if faults.peek().is_none() {
        return Ok(());
    }
    let problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "invalid-body",
        "The body has the wrong shape",
    );
    Err(faults.take(NAMED_FAULTS).fold(problem, |problem, fault| {
        problem.field(&pointer(&fault), words(&fault))
    }))
}

/// Where a fault is. A field that should not be there is named itself.
fn pointer(fault: &ValidationError<'_>) -> String {
    let there = fault.instance_path().to_string();
    match fault.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => match unexpected.first() {
            Some(field) => format!("{there}/{}", field.replace('~', "~0").replace('/', "~1")),
            None => there,
        },
        _ => there,
    }
}

/// What is wrong, without a word of what was sent.
fn words(fault: &ValidationError<'_>) -> String {
    match fault.kind() {
        ValidationErrorKind::Required { property } => {
            format!("missing field `{}`", property.as_str().unwrap_or_default())
        }
        ValidationErrorKind::AdditionalProperties { .. } => "unknown field".to_owned(),
        _ => fault.masked().to_string(),
    }
}

fn validator(schema: &Value) -> Validator {
    let options = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true)
        // Services read an id in any of its forms.
        .with_format("uuid", |text: &str| Uuid::try_parse(text).is_ok());
    #[expect(
        clippy::expect_used,
        reason = "the document is a constant, and a test builds all of it"
    )]
    options
        .build(schema)
        .expect("the document's schemas are schemas")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use axum::http::header::CONTENT_TYPE;
    use serde_json::json;

    const STORE: &str = "0190a000-0000-7000-8000-0000000000aa";

    fn judged(method: &Method, path: &str, query: &str, body: &str) -> Result<(), Problem> {
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
        let uri = format!("/x?{query}").parse().expect("an address");
        Contract::of(method, path).check(&headers, &uri, body.as_bytes())
    }

    #[test]
    fn a_fault_is_named_by_its_pointer_and_without_what_was_sent() {
        let line = json!({ "variation_id": STORE, "quantity": "4711" });
        let body = json!({ "store_id": STORE, "lines": [line], "payment": { "method": "cash", "a/b": 1 } });
        let problem = judged(&Method::POST, "/api/orders", "", &body.to_string());
        let problem = problem.expect_err("a refusal");
        assert_eq!(
            (problem.status().as_u16(), problem.slug()),
            (422, "invalid-body")
        );
        let shown = format!("{problem:?}");
        for pointer in ["/lines/0/quantity", "/payment/method", "/payment/a~1b"] {
            assert!(shown.contains(&format!("{pointer:?}")), "{shown}");
        }
        assert!(
            !shown.contains("4711") && !shown.contains("cash"),
            "{shown}"
        );
    }

    #[test]
    fn all_schemas_of_the_document_are_schemas() {
        let contracts = CONTRACTS.values().flat_map(HashMap::values);
        let schemas = contracts.flat_map(|it| {
            let query = it.query.iter().map(|parameter| &parameter.schema);
            it.body.iter().chain(query)
        });
        let built = schemas.map(Schema::validator).count();
        assert!(built > 100, "{built} schemas");
    }

    #[test]
    fn what_the_service_reads_passes() {
        let orders = |query| judged(&Method::GET, "/v1/orders", query, "");
        for good in [
            "",
            "limit=100",
            "limit=%2B5",
            "cursor=0190a00000007000800000000000aaaa",
            "new=1",
        ] {
            assert!(orders(good).is_ok(), "{good}");
        }
        for bad in [
            "limit=0",
            "limit=101",
            "limit=",
            "limit=two",
            "cursor=x",
            "limit=5&limit=0",
        ] {
            let problem = orders(bad).expect_err(bad);
            assert_eq!(
                (problem.status().as_u16(), problem.slug()),
                (422, "invalid-query")
            );
        }
        let retry = judged(
            &Method::POST,
            "/api/checkouts/{id}/retry",
            "",
            "no JSON at all",
        );
        assert!(retry.is_ok(), "nobody reads that body");
        let malformed = judged(&Method::POST, "/api/orders", "", "{").expect_err("malformed");
        assert_eq!(malformed.slug(), "malformed-json");
    }
}
