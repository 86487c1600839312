//! Passing a signed-in person's request on to a service.
//!
//! Invariant: the service sees the person's token, the listed headers and a path made of our own text and whole UUIDs;
//! nothing else of what the browser sent.

use axum::extract::{RawPathParams, Request};
use axum::http::{HeaderMap, HeaderName, Method};
use axum::response::Response;
use service::extract;
use service::routes::Upload;
use uuid::Uuid;

use crate::contract::Contract;
use crate::error::Error;
use crate::perimeter::forward::{self, MOST_BODY};
use crate::perimeter::origin;
use crate::session::Activity;
use crate::state::App;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static(bff_api::IDEMPOTENCY_KEY);

/// One row of the table of what is passed on.
#[derive(Debug)]
pub struct Passed {
    /// The method, here and there.
    pub method: Method,
    /// The path here.
    pub path: &'static str,
    /// The application that answers; also the audience of the token.
    pub app: &'static str,
    /// The path there, with the same parameters.
    pub upstream: &'static str,
    /// Whether it must say which try of which command it is.
    pub needs_key: bool,
    /// What its body is and how large it may be, if that is no JSON of [`MOST_BODY`] bytes at most.
    pub upload: Option<Upload>,
}

impl Passed {
    /// The most bytes that its body may have.
    pub(super) fn most_body(&self) -> usize {
        self.upload.map_or(MOST_BODY, |upload| upload.most)
    }

    /// Refuses a body of a type that the service behind does not read.
    fn judge_kind(&self, headers: &HeaderMap) -> Result<(), Error> {
        let kinds = self.upload.map_or(&[extract::JSON][..], |it| it.kinds);
        if origin::has_body(headers) && !kinds.contains(&&*extract::media_type(headers)) {
            return Err(Error::Kind(kinds));
        }
        Ok(())
    }
}

/// Answers a request of this row.
pub async fn run(
    app: App,
    row: &Passed,
    contract: &Contract,
    params: &RawPathParams,
    request: Request,
) -> Result<Response, Error> {
    let (head, body) = request.into_parts();
    let session = app.session_of(&head.headers)?;
    if row.needs_key && !has_key(&head.headers) {
        return Err(Error::NoIdempotencyKey);
    }
    row.judge_kind(&head.headers)?;
    let path = forward::with_query(&fill(row.upstream, params)?, &head.uri)?;
    // Before the body: nobody's is kept here who is not signed in.
    let token = app.user_token(&session, row.app, Activity::Person).await?;
    let _room = app.limits.make_room(row.most_body())?;
    let body = forward::body_of(row.most_body(), &head.headers, body).await?;
    // Behind the token: who may call nothing there is told just that.
    contract
        .check(&head.headers, &head.uri, &body)
        .map_err(Error::Contract)?;
    let call = app
        .dapr
        .invoke(row.app, row.method.clone(), &path)
        .headers(forward::to_service(&head.headers));
    let reply = call.bearer(&token).body(body).send().await?;
    forward::from_service(reply)
}

/// One key of 1 to 255 visible characters.
pub(super) fn has_key(headers: &HeaderMap) -> bool {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return false;
    };
    (1..=255).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic)
}

/// Puts the parameters, which must be UUIDs, into the path there.
pub(super) fn fill(upstream: &str, params: &RawPathParams) -> Result<String, Error> {
    params
        .iter()
        .try_fold(upstream.to_owned(), |path, (name, value)| {
            let id = Uuid::try_parse(value).map_err(|_| Error::NotFound)?;
            Ok(path.replace(&format!("{{{name}}}"), &id.to_string()))
        })
}
