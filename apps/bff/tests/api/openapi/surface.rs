//! How a service's words become ours: its names get its name, and what is refused here is added.

use axum::http::Method;
use bff::ops::pass::Passed;
use serde_json::{Map, Value, json};
use service::openapi;
use service::routes::Access;

use super::document_of;

const PROBLEM: &str = "urn:problem-type:crema:";

/// The surfaces on which services' rows appear.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// `/api`, for our own pages.
    Api,
    /// `/v1`, for registered clients.
    V1,
}

/// What proves who is asking.
pub fn schemes() -> Value {
    json!({
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-crema",
            "description": "The session of a browser that is signed in. What changes something needs `X-Crema-Request: 1` besides.",
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "at+jwt",
            "description": "An access token of a registered client for the service behind, with the named scope.",
        },
    })
}

/// What the committed document of `app` says of a route. Parameters' names may differ.
pub fn of_service(app: &str, method: &Method, path: &str) -> Value {
    let document = document_of(app);
    let paths = document["paths"].as_object().expect("paths");
    let place = |part: &str| part.starts_with('{');
    let same = |there: &str| {
        there.split('/').count() == path.split('/').count()
            && there
                .split('/')
                .zip(path.split('/'))
                .all(|(a, b)| a == b || place(a) && place(b))
    };
    let verb = method.as_str().to_ascii_lowercase();
    let (there, mut said) = paths
        .iter()
        .filter(|(there, said)| same(there) && said.get(&verb).is_some())
        .map(|(there, said)| (there, said[&verb].clone()))
        .next()
        .unwrap_or_else(|| panic!("{app} says nothing of {method} {path}"));
    let answers = said["responses"].as_object_mut().expect("answers");
    for answer in answers.values_mut() {
        *answer = openapi::resolve(&document, answer).clone();
    }
    let names: Vec<_> = there
        .split('/')
        .zip(path.split('/'))
        .filter(|(a, _)| place(a))
        .collect();
    let parameters = said.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        if let Some((_, ours)) = names.iter().find(|(theirs, _)| {
            parameter["in"] == "path" && parameter["name"] == theirs[1..theirs.len() - 1]
        }) {
            parameter["name"] = json!(ours[1..ours.len() - 1]);
        }
    }
    rename(app, &mut said);
    said["operationId"] = json!(format!(
        "{app}.{}",
        said["operationId"].as_str().expect("an id")
    ));
    forget(&mut said, "401", "not-our-sidecar");
    said
}

/// A service's schema under its name in our document.
pub fn name_of(app: &str, name: &str) -> String {
    if name == "Problem" {
        name.to_owned()
    } else {
        format!("{app}.{name}")
    }
}

/// Names what is referred to as our document does.
pub fn rename(app: &str, value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(there)) = object.get_mut("$ref") {
                let name = there.trim_start_matches("#/components/schemas/");
                *there = format!("#/components/schemas/{}", name_of(app, name));
            }
            object.values_mut().for_each(|value| rename(app, value));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| rename(app, value)),
        _ => {}
    }
}

/// Takes a type of problem out of an answer.
fn forget(said: &mut Value, status: &str, slug: &str) {
    let answers = said["responses"].as_object_mut().expect("answers");
    let Some(answer) = answers.get_mut(status) else {
        return;
    };
    let types = "/content/application~1problem+json/schema/properties/type/enum";
    if let Some(types) = answer.pointer_mut(types).and_then(Value::as_array_mut) {
        types.retain(|one| *one != format!("{PROBLEM}{slug}"));
        let empty = types.is_empty();
        let contents = answer["content"].as_object_mut().expect("contents");
        if empty {
            contents.remove("application/problem+json");
        }
        if contents.is_empty() {
            // What has words of its own is an answer without a body too.
            let words = answer["description"].as_str().expect("words");
            let own = words.split_once(" Or `").map(|(own, _)| json!(own));
            let answer = answer.as_object_mut().expect("an answer");
            answer.remove("content");
            match own {
                Some(own) => drop(answer.insert("description".to_owned(), own)),
                None => drop(answers.remove(status)),
            }
            return;
        }
        describe(answers.get_mut(status).expect("it"));
    }
}

/// Adds types of problems to an operation.
pub fn refuse(said: &mut Value, status: u16, slugs: &[&str]) {
    let answer = said["responses"]
        .as_object_mut()
        .expect("answers")
        .entry(status.to_string())
        .or_insert_with(|| json!({}));
    let contents = answer
        .as_object_mut()
        .expect("an answer")
        .entry("content")
        .or_insert_with(|| json!({}));
    let contents = contents.as_object_mut().expect("contents");
    let problem = contents.entry("application/problem+json").or_insert_with(|| {
        json!({ "schema": { "$ref": "#/components/schemas/Problem", "properties": { "type": { "enum": [] } } } })
    });
    let types = problem["schema"]["properties"]["type"]["enum"]
        .as_array_mut()
        .expect("types");
    for slug in slugs {
        let one = json!(format!("{PROBLEM}{slug}"));
        if !types.contains(&one) {
            types.push(one);
        }
    }
    types.sort_by_key(Value::to_string);
    describe(answer);
}

/// Says the types of problems in words, behind what is said of an answer already.
fn describe(answer: &mut Value) {
    let types =
        &answer["content"]["application/problem+json"]["schema"]["properties"]["type"]["enum"];
    let types = types
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let named: Vec<_> = types
        .map(|one| format!("`{}`", &one[PROBLEM.len()..]))
        .collect();
    let named = named.join(", ");
    let before = answer["description"].as_str().unwrap_or_default();
    let before = before
        .split(" Or `")
        .next()
        .filter(|words| !words.starts_with('`'));
    answer["description"] = json!(match before {
        None | Some("") => named,
        Some(words) if named.is_empty() => words.to_owned(),
        Some(words) => format!("{words} Or {named}."),
    });
}

/// What every row here may be refused with.
pub fn always(said: &mut Value) {
    refuse(said, 429, &["too-many-requests", "too-many-at-once"]);
    refuse(said, 500, &["internal"]);
    refuse(said, 503, &["overloaded"]);
}

/// What is refused besides where a service is asked.
pub fn asked(said: &mut Value) {
    always(said);
    refuse(said, 408, &["body-too-slow"]);
    refuse(said, 413, &["body-too-large"]);
    refuse(said, 414, &["uri-too-long"]);
    refuse(said, 502, &["upstream-failed"]);
    refuse(said, 503, &["unavailable"]);
}

/// What is refused besides by the shield in front of our own pages' interface.
pub fn shielded(said: &mut Value, method: &Method) {
    refuse(said, 400, &["authorization-refused"]);
    refuse(said, 403, &["cross-site"]);
    if !method.is_safe() {
        refuse(said, 403, &["request-header-missing"]);
        refuse(said, 415, &["unsupported-media-type"]);
        let header = json!({
            "name": "X-Crema-Request",
            "in": "header",
            "required": true,
            "description": "What a page of another site can't send.",
            "schema": { "type": "string", "const": "1" },
        });
        let parameters = said
            .as_object_mut()
            .expect("an operation")
            .entry("parameters");
        parameters
            .or_insert_with(|| json!([]))
            .as_array_mut()
            .expect("parameters")
            .push(header);
    }
}

impl Surface {
    /// The surface of rows with this access.
    pub fn of(access: Access) -> Self {
        if access == Access::Session {
            Self::Api
        } else {
            Self::V1
        }
    }

    /// A service's row on this surface, and its id.
    pub fn pass(self, it: &Passed, path: &str, mut said: Value) -> (String, Value) {
        let scope = said["x-access"]["scope"].clone();
        asked(&mut said);
        if path.contains('{') {
            refuse(&mut said, 404, &["not-found"]);
        }
        if it.needs_key {
            refuse(&mut said, 400, &["idempotency-key-missing"]);
        }
        refuse(&mut said, 403, &["forbidden"]);
        let id = said["operationId"].as_str().expect("an id").to_owned();
        said["x-upstream"] = json!({ "app": it.app, "path": it.upstream });
        said["x-scope"] = scope.clone();
        match self {
            Self::Api => {
                shielded(&mut said, &it.method);
                refuse(&mut said, 401, &["not-signed-in", "session-ended"]);
                said["security"] = json!([{ "session": [] }]);
                said["x-access"] = json!("session");
                (id, said)
            }
            Self::V1 => {
                refuse(&mut said, 401, &["unauthenticated", "invalid-token"]);
                said["security"] = json!([{ "bearer": [scope] }]);
                said["x-access"] = json!("bearer");
                (format!("v1.{id}"), said)
            }
        }
    }
}

/// Identity's row under its own path.
pub fn publish(mut said: Value) -> (String, Value) {
    asked(&mut said);
    let id = said["operationId"].as_str().expect("an id").to_owned();
    said["security"] = json!([]);
    // Another provider is away: said to browsers as what it is to them.
    let answers: &mut Map<String, Value> = said["responses"].as_object_mut().expect("answers");
    answers.remove("424");
    refuse(&mut said, 404, &["not-found"]);
    (id, said)
}
