//! `GET /api/stores/{id}/search`: what of a store's menu has these words, as the catalog finds it.
//!
//! Invariant: the same for everybody, so it is asked for in our own name. Too many different questions are asked for an
//! answer to be worth keeping.

use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use service::extract::Path;
use uuid::Uuid;

use crate::contract::Contract;
use crate::error::Error;
use crate::perimeter::forward;
use crate::state::App;

/// The path here.
pub const PATH: &str = "/api/stores/{id}/search";

const CATALOG: &str = "catalog";

static CONTRACT: LazyLock<Arc<Contract>> = LazyLock::new(|| Contract::of(&Method::GET, PATH));

/// The catalog's answer.
pub async fn handle(
    State(app): State<App>,
    Path(store): Path<Uuid>,
    uri: Uri,
) -> Result<Response, Error> {
    CONTRACT
        .check(&HeaderMap::new(), &uri, &[])
        .map_err(Error::Contract)?;
    let path = forward::with_query(&format!("/v1/stores/{store}/search"), &uri)?;
    let token = app.tokens.for_self(CATALOG).await.map_err(Error::Token)?;
    let call = app.dapr.invoke(CATALOG, Method::GET, &path).bearer(&token);
    forward::from_service(call.send().await?)
}
