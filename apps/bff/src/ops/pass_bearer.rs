//! Passing a registered client's request on to a service.
//!
//! Invariant: the service sees the client's own token, the listed headers and a path made of our own text and whole
//! UUIDs. A cookie says nothing here, so no browser's session is used by whoever makes it send a request.

use std::sync::LazyLock;

use axum::extract::{RawPathParams, Request};
use axum::response::Response;

use super::pass::{Passed, fill, has_key};
use crate::contract::Contract;
use crate::error::Error;
use crate::passed::{MENUS, PASSED};
use crate::perimeter::{brake, forward};
use crate::state::App;

/// What is passed on, by its path here: `/v1/…` where our own client has `/api/…`.
pub static TABLE: LazyLock<Vec<(String, &'static Passed)>> = LazyLock::new(|| {
    let rows = PASSED.iter().chain(&MENUS);
    rows.filter_map(|row| Some((format!("/v1{}", row.path.strip_prefix("/api")?), row)))
        .collect()
});

/// Answers a request of this row.
pub async fn run(
    app: App,
    row: &Passed,
    contract: &Contract,
    params: &RawPathParams,
    request: Request,
) -> Result<Response, Error> {
    let (head, body) = request.into_parts();
    let caller = app.bearers.caller(row.app, &head.headers).await;
    let caller = caller.map_err(Error::Bearer)?;
    let judged = app.limits.charge_client(&caller.client, app.clock.now());
    if !judged.verdict.allows() {
        return Ok(brake::refuse(judged));
    }
    if row.needs_key && !has_key(&head.headers) {
        return Err(Error::NoIdempotencyKey);
    }
    let path = forward::with_query(&fill(row.upstream, params)?, &head.uri)?;
    let _room = app.limits.make_room(row.most_body())?;
    let body = forward::body_of(row.most_body(), &head.headers, body).await?;
    contract
        .check(&head.headers, &head.uri, &body)
        .map_err(Error::Contract)?;
    let call = app
        .dapr
        .invoke(row.app, row.method.clone(), &path)
        .headers(forward::to_service(&head.headers));
    let reply = call.bearer(&caller.token).body(body).send().await?;
    let mut answer = forward::to_client(reply)?;
    brake::say(answer.headers_mut(), judged);
    Ok(answer)
}
