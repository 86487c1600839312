//! This service's document: of each route what its handler's arguments don't say.
//!
//! Invariant: a row of the table that is missing here makes no document, nor does one that is served no more.

use axum::http::Method;
use outbox::bulk;
use outbox::dead::routes as dead;
use service::openapi::{Document, Mismatch};
use service::page::Page;

use crate::ops::{announce, quote, read, under_way};
use crate::routes;
use crate::zone::Zones;

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;

/// The document, as `openapi.json` keeps it.
pub fn document() -> Result<serde_json::Value, Mismatch> {
    let mut it = Document::of(
        "shipping",
        "Where stores deliver and for what, and how far an order has come on its way.",
        routes::table().table(),
    );
    shipments(&mut it);
    zones(&mut it);
    dead::describe(&mut it);
    bulk::describe(
        &mut it,
        "/events/order",
        "hearOrder",
        "Books a confirmed order's courier, calls him in when it is ready, and withdraws a cancelled one's.",
    );
    it.events(
        "/events/account",
        "hearAccount",
        "Forgets where somebody lives whose account is removed.",
    );
    it.ended_sessions();
    it.finish()
}

fn shipments(it: &mut Document) {
    it.row(
        POST,
        "/v1/quotes",
        "quoteDelivery",
        "Whether an address is reached, for what fee, and how soon.",
    )
    .json::<quote::Reply>(200, "The terms.")
    .refuses(422, "address-invalid")
    .refuses(422, "address-out-of-reach");
    let path = "/v1/shipments/{order}";
    it.row(
        PUT,
        path,
        "announceShipment",
        "Announces that an order is to be delivered, once.",
    )
    .json::<announce::Reply>(201, "The terms.")
    .json::<announce::Reply>(200, "It was announced before.")
    .refuses(409, "delivery-fee-changed")
    .refuses(409, "shipment-exists")
    .refuses(422, "address-invalid")
    .refuses(422, "address-out-of-reach");
    it.row(
        GET,
        path,
        "getShipment",
        "How far an order has come on its way.",
    )
    .json::<read::View>(200, "The shipment.")
    .refuses(404, "shipment-not-found");
    it.row(
        GET,
        "/v1/stores/{store}/shipments",
        "listShipments",
        "What a store has under way.",
    )
    .json::<Page<under_way::Summary>>(200, "A page.")
    .refuses(404, "store-not-found");
}

fn zones(it: &mut Document) {
    let path = "/v1/stores/{store}/zones";
    it.row(
        GET,
        path,
        "getZones",
        "Where a store delivers, and for what.",
    )
    .json::<Zones>(200, "The zones.")
    .versioned()
    .refuses(404, "store-not-found");
    it.row(
        PUT,
        path,
        "setZones",
        "Says where a store delivers, and for what.",
    )
    .json::<Zones>(200, "The zones as they are now.")
    .versioned()
    .conditional()
    .refuses(404, "store-not-found")
    .refuses(422, "zones-invalid");
}
