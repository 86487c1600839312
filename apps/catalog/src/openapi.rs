//! This service's document: of each route what its handler's arguments don't say.
//!
//! Invariant: a row of the table that is missing here makes no document, nor does one that is served no more.

use axum::http::Method;
use service::openapi::{Document, Mismatch};

use crate::menus::MenuBody;
use crate::ops::{quote, stores};
use crate::routes;

const GET: Method = Method::GET;
const POST: Method = Method::POST;

/// The document, as `openapi.json` keeps it.
pub fn document() -> Result<serde_json::Value, Mismatch> {
    let mut it = Document::of(
        "catalog",
        "Stores, their menus, and what an order costs.",
        routes::table().table(),
    );
    it.row(GET, "/v1/stores", "listStores", "All stores.")
        .json::<stores::Body<'static>>(200, "The stores.")
        .cached();
    it.row(
        GET,
        "/v1/stores/{store}/menu",
        "getMenu",
        "What a store sells.",
    )
    .json::<MenuBody<'static>>(200, "The menu.")
    .cached()
    .refuses(404, "store-not-found");
    it.row(
        POST,
        "/v1/quotes",
        "quote",
        "What an order costs, line by line.",
    )
    .json::<quote::Reply>(200, "The priced order.")
    .refuses(422, "unknown-store")
    .refuses(422, "empty-order")
    .refuses(422, "too-many-lines")
    .refuses(422, "unknown-product")
    .refuses(422, "quantity-out-of-range")
    .refuses(422, "option-not-allowed");
    it.ended_sessions();
    it.finish()
}
