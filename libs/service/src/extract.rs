//! Request extractors whose refusals are problems: bodies, path parameters, queries.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// The media type of most bodies.
pub const JSON: &str = "application/json";

/// A JSON body. Malformed text is 400, text of the wrong shape is 422 with a JSON Pointer to the field.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(unsupported(&[JSON]));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| unread(&rejection))?;
        parse(&bytes).map(Self)
    }
}

/// Reads `bytes` as [`Json`] does.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let pointer = pointer(error.path());
        let error = error.into_inner();
        if error.is_data() {
            Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid-body",
                "The body has the wrong shape",
            )
            .field(&pointer, cause(&error))
        } else {
            malformed(&error)
        }
    })?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "malformed-json",
        "The body is no JSON",
    )
    .detail(error.to_string())
}

/// The error's own words, without the place in the text that the pointer already tells.
fn cause(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rfind(" at line ")
        .map_or(text.clone(), |end| text[..end].to_owned())
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .fold(String::new(), |pointer, segment| match segment {
            Segment::Seq { index } => format!("{pointer}/{index}"),
            Segment::Map { key } => {
                format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
            }
            Segment::Enum { .. } | Segment::Unknown => pointer,
        })
}

/// Whether the body is said to be JSON, whatever parameters the type has.
#[must_use]
pub fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers) == JSON
}

/// What the body is said to be, in small letters and without parameters; empty if nothing is said.
#[must_use]
pub fn media_type(headers: &HeaderMap) -> String {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim().to_ascii_lowercase()
}

/// The answer to a body of a media type that is not read here.
#[must_use]
pub fn unsupported(kinds: &[&str]) -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        "The body is of a type that is not read here",
    )
    .detail(format!("It must be {}.", kinds.join(" or ")))
}

fn unread(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        body_too_large()
    } else {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "unreadable-body",
            "The body could not be read",
        )
    }
}

/// The answer to a body of more bytes than are read here.
#[must_use]
pub fn body_too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body-too-large",
        "The body is too large",
    )
}

/// Path parameters. One that has not the form of an id names nothing: 404.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(_)) => Err(not_found()),
            Err(other) => Err(Problem::internal(&other)),
        }
    }
}

/// The query string. One of the wrong shape is 422.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|rejection: QueryRejection| {
                Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid-query",
                    "The query can't be used",
                )
                .detail(rejection.body_text())
            })
    }
}

/// The answer to a path that names nothing.
#[must_use]
pub fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[expect(dead_code, reason = "only its shape is of interest")]
        lines: Vec<Line>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        #[expect(dead_code, reason = "only its shape is of interest")]
        quantity: i64,
    }

    #[test]
    fn a_wrong_field_is_named_by_its_pointer() {
        for (body, pointer) in [
            (
                r#"{"lines":[{"quantity":1},{"quantity":"two"}]}"#,
                "/lines/1/quantity",
            ),
            (r#"{"lines":[{"quantity":1,"price":1}]}"#, "/lines/0/price"),
        ] {
            let problem = parse::<Order>(body.as_bytes()).expect_err("the wrong shape");
            assert_eq!(problem.status(), StatusCode::UNPROCESSABLE_ENTITY);
            let shown = format!("{problem:?}");
            assert!(shown.contains(&format!("{pointer:?}")), "{shown}");
        }
    }

    #[test]
    fn text_that_is_no_json_or_goes_on_behind_it_is_malformed() {
        for body in ["{", "", r#"{"lines":[]} {}"#, "\u{0}"] {
            let problem = parse::<Order>(body.as_bytes()).expect_err("malformed");
            assert_eq!(
                (problem.status(), problem.slug()),
                (StatusCode::BAD_REQUEST, "malformed-json")
            );
        }
    }
}
