//! This service's document: of each route what its handler's arguments don't say.
//!
//! Invariant: a row of the table that is missing here makes no document, nor does one that is served no more.

use axum::http::Method;
use outbox::dead::routes as dead;
use service::openapi::{Document, Mismatch};
use service::page::Page;

use crate::ops::availability::Availability;
use crate::reservation::Summary;
use crate::returned;
use crate::routes;
use crate::stock::Level;
use crate::store::levels::MovementEntry;

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;

/// The document, as `openapi.json` keeps it.
pub fn document() -> Result<serde_json::Value, Mismatch> {
    let mut it = Document::of(
        "inventory",
        "What stores have, what of it is held for orders, and what can't be made.",
        routes::table().table(),
    );
    reservations(&mut it);
    stock(&mut it);
    dead::describe(&mut it);
    it.events(
        "/events/order",
        "hearOrder",
        "Commits what a confirmed order holds, and gives back a cancelled one's.",
    );
    it.ended_sessions();
    it.finish()
}

fn reservations(it: &mut Document) {
    let path = "/v1/reservations/{order}";
    it.row(PUT, path, "reserve", "Holds what an order needs, once.")
        .json::<Summary>(200, "The reservation.")
        .refuses(409, "sold-out")
        .refuses(409, "reservation-over")
        .refuses(422, "reservation-differs");
    it.row(GET, path, "getReservation", "What an order holds.")
        .json::<Summary>(200, "The reservation.")
        .refuses(404, "reservation-not-found");
    it.row(
        POST,
        "/v1/reservations/{order}/release",
        "release",
        "Gives back what an order holds or has bought.",
    )
    .json::<Summary>(200, "The reservation, released.");
    it.row(
        PUT,
        "/v1/returns/{return}",
        "takeBack",
        "Books goods of an order that came back, once.",
    )
    .json::<returned::Summary>(200, "The return.")
    .refuses(404, "reservation-not-found")
    .refuses(409, "not-sold")
    .refuses(409, "return-exceeds-sale")
    .refuses(422, "return-differs");
    it.row(
        GET,
        "/v1/stores/{store}/availability",
        "getAvailability",
        "What a store can't make.",
    )
    .json::<Availability>(200, "What is sold out.")
    .cached()
    .refuses(404, "store-not-found");
}

fn stock(it: &mut Document) {
    it.row(
        GET,
        "/v1/stores/{store}/stock",
        "listStock",
        "What a store has, by item.",
    )
    .json::<Page<Level>>(200, "A page.")
    .refuses(404, "store-not-found");
    it.row(
        GET,
        "/v1/stores/{store}/stock/{item}/movements",
        "listMovements",
        "What changed a level, newest first.",
    )
    .json::<Page<MovementEntry>>(200, "A page.")
    .refuses(404, "store-not-found")
    .refuses(404, "item-not-found");
    it.row(
        PUT,
        "/v1/stores/{store}/stock/{item}/threshold",
        "setThreshold",
        "Says below what a level is low.",
    )
    .json::<Level>(200, "The level.")
    .refuses(404, "store-not-found")
    .refuses(404, "item-not-found");
    for (path, id, summary) in [
        (
            "/v1/stores/{store}/receipts",
            "receive",
            "Books a delivery.",
        ),
        (
            "/v1/stores/{store}/waste",
            "waste",
            "Books what was spilt, spoilt or broken.",
        ),
        (
            "/v1/stores/{store}/adjustments",
            "adjust",
            "Books what a count found.",
        ),
    ] {
        it.row(POST, path, id, summary)
            .keyed()
            .json::<Level>(200, "The level after it.")
            .refuses(404, "store-not-found")
            .refuses(404, "item-not-found")
            .refuses(409, "not-enough-stock");
    }
}
