//! This service's document: of each route what its handler's arguments don't say.
//!
//! Invariant: a row of the table that is missing here makes no document, nor does one that is served no more.

use axum::http::Method;
use outbox::bulk;
use outbox::dead::routes as dead;
use serde_json::json;
use service::openapi::{Document, Mismatch};
use service::page::Page;

use crate::ops::checkout::CheckoutStory;
use crate::ops::pickup;
use crate::ops::returns::View;
use crate::ops::slots::Slots;
use crate::order::Order;
use crate::receipt::Receipt;
use crate::routes;
use crate::sales::Sales;
use crate::store::history::HistoryEntry;
use crate::store::queue::CheckoutView;
use crate::timeline::Line;

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const DELETE: Method = Method::DELETE;
const PUT: Method = Method::PUT;

/// The document, as `openapi.json` keeps it.
pub fn document() -> Result<serde_json::Value, Mismatch> {
    let mut it = Document::of(
        "order",
        "Orders, from placing to handing over, and the checkouts that bring them there.",
        routes::table().table(),
    );
    customers(&mut it);
    staff(&mut it);
    sales(&mut it);
    called(&mut it);
    slots(&mut it);
    returned(&mut it);
    receipts(&mut it);
    operators(&mut it);
    dead::describe(&mut it);
    bulk::describe(
        &mut it,
        "/events/order",
        "hearOrder",
        "Keeps what was told of orders, and counts what was sold.",
    );
    bulk::describe(
        &mut it,
        "/events/payment",
        "hearPayment",
        "Keeps what happened to an order's money.",
    );
    bulk::describe(
        &mut it,
        "/events/inventory",
        "hearInventory",
        "Keeps what happened to an order's stock.",
    );
    it.events(
        "/events/shipping",
        "hearShipping",
        "Keeps where an order's courier is, and what follows from it.",
    );
    it.events(
        "/events/account",
        "hearAccount",
        "Notes that an account was closed or opened.",
    );
    it.ended_sessions();
    it.finish()
}

fn customers(it: &mut Document) {
    it.row(
        POST,
        "/v1/orders",
        "placeOrder",
        "Orders at the catalog's prices.",
    )
    .keyed()
    .takes(
        "Prefer",
        "`wait=N` holds the answer back for up to N seconds (RFC 7240).",
        false,
        json!({}),
    )
    .json::<Order>(202, "The order as it stands.")
    .with("Location", "The order.")
    .refuses(403, "person-required")
    .refuses(409, "idempotency-key-in-flight")
    .refuses(422, "unknown-store")
    .refuses(422, "empty-order")
    .refuses(422, "too-many-lines")
    .refuses(422, "unknown-product")
    .refuses(422, "quantity-out-of-range")
    .refuses(422, "option-not-allowed")
    .refuses(422, "order-refused")
    .refuses(422, "store-closed")
    .refuses(422, "slot-not-offered")
    .refuses(409, "slot-full")
    .refuses(409, "quote-expired")
    .refuses(422, "quote-invalid")
    .refuses(422, "tip-refused")
    .refuses(422, "inconsistent-fields")
    .refuses(422, "currency-differs")
    .refuses(422, "address-invalid")
    .refuses(422, "address-out-of-reach")
    .refuses(409, "delivery-fee-changed");
    it.row(
        GET,
        "/v1/orders",
        "listOrders",
        "The caller's own orders, newest first.",
    )
    .json::<Page<Order>>(200, "A page.");
    it.row(GET, "/v1/orders/{id}", "getOrder", "One order.")
        .json::<Order>(200, "The order.")
        .versioned()
        .refuses(404, "order-not-found");
    it.row(
        GET,
        "/v1/orders/{id}/history",
        "getHistory",
        "An order's transitions, oldest first.",
    )
    .json::<Page<HistoryEntry>>(200, "All of them.")
    .refuses(404, "order-not-found");
    it.row(
        GET,
        "/v1/orders/{id}/timeline",
        "getTimeline",
        "All that happened to an order here and elsewhere.",
    )
    .json::<Page<Line>>(200, "All of it, oldest first.")
    .refuses(404, "order-not-found");
    it.row(
        POST,
        "/v1/orders/{id}/cancellation",
        "cancelOrder",
        "Asks for an order to be undone.",
    )
    .json::<Order>(202, "The order as it stands.")
    .versioned()
    .refuses(404, "order-not-found")
    .refuses(409, "cannot-cancel");
}

fn staff(it: &mut Document) {
    it.row(
        GET,
        "/v1/stores/{store}/tickets",
        "listTickets",
        "What a store has to make, by when it is due.",
    )
    .json::<Page<Order>>(200, "A page.")
    .refuses(404, "store-not-found");
    it.row(
        POST,
        "/v1/orders/{id}/fulfilment",
        "fulfilOrder",
        "Brings an order one step further.",
    )
    .conditional()
    .json::<Order>(200, "The order after it.")
    .versioned()
    .refuses(404, "order-not-found")
    .refuses(409, "illegal-transition")
    .refuses(409, "courier-awaited")
    .refuses(409, "courier-delivers");
}

fn called(it: &mut Document) {
    let rows: [(_, _, _, (u16, &str)); 4] = [
        (
            "/crema.order.v1.Orders/GetOrder",
            "callGetOrder",
            "One order, by gRPC.",
            (404, "order-not-found"),
        ),
        (
            "/crema.order.v1.Orders/ListOrders",
            "callListOrders",
            "The caller's own orders, newest first, by gRPC.",
            (422, "invalid-query"),
        ),
        (
            "/crema.order.v1.Orders/GetHistory",
            "callGetHistory",
            "An order's transitions, oldest first, by gRPC.",
            (404, "order-not-found"),
        ),
        (
            "/crema.order.v1.Orders/ListTickets",
            "callListTickets",
            "What a store has to make, by when it is due, by gRPC.",
            (404, "store-not-found"),
        ),
    ];
    for (path, id, summary, (status, problem)) in rows {
        it.row(POST, path, id, summary)
            .called()
            .refuses(status, problem);
    }
}

fn sales(it: &mut Document) {
    it.row(
        GET,
        "/v1/stores/{store}/sales",
        "getSales",
        "What a store sold, day by day and product by product.",
    )
    .json::<Sales>(200, "The figures of the period.")
    .refuses(404, "store-not-found");
    it.row(
        DELETE,
        "/v1/sales",
        "clearSales",
        "Drops what was sold, to be built anew from the topic.",
    )
    .bare(204, "Dropped.");
}

fn slots(it: &mut Document) {
    it.row(
        GET,
        "/v1/stores/{store}/slots",
        "listSlots",
        "How long one waits at a store, and its slots.",
    )
    .json::<Slots>(200, "The slots of two days.")
    .refuses(404, "store-not-found");
    it.row(
        GET,
        "/v1/stores/{store}/pickup",
        "getPickup",
        "How many orders a store takes per slot.",
    )
    .json::<pickup::Body>(200, "The settings.")
    .versioned()
    .refuses(404, "store-not-found");
    it.row(
        PUT,
        "/v1/stores/{store}/pickup",
        "setPickup",
        "Says how many orders a store takes per slot.",
    )
    .conditional()
    .json::<pickup::Body>(200, "The settings after it.")
    .versioned()
    .refuses(404, "store-not-found");
}

fn returned(it: &mut Document) {
    it.row(
        POST,
        "/v1/orders/{id}/returns",
        "askReturn",
        "Takes something of a completed order back, or gives a part of its price back.",
    )
    .keyed()
    .json::<View>(202, "The return: on its way, or waiting for a manager.")
    .with("Location", "The return.")
    .refuses(404, "order-not-found")
    .refuses(409, "idempotency-key-in-flight")
    .refuses(409, "not-returnable")
    .refuses(409, "return-exceeds-order")
    .refuses(422, "currency-differs")
    .refuses(422, "inconsistent-fields");
    it.row(
        GET,
        "/v1/orders/{id}/returns",
        "listReturns",
        "What of an order came back.",
    )
    .json::<Page<View>>(200, "All of it, oldest first.")
    .refuses(404, "order-not-found");
    it.row(GET, "/v1/returns/{return}", "getReturn", "One return.")
        .json::<View>(200, "The return.")
        .refuses(404, "return-not-found");
    it.row(
        GET,
        "/v1/stores/{store}/returns",
        "listWaitingReturns",
        "The returns that wait for a manager of a store, oldest first.",
    )
    .json::<Page<View>>(200, "A page.")
    .refuses(404, "store-not-found");
    it.row(
        POST,
        "/v1/returns/{return}/approval",
        "approveReturn",
        "Lets a return go on that somebody else has asked for.",
    )
    .json::<View>(202, "The return, on its way.")
    .refuses(404, "return-not-found")
    .refuses(409, "not-waiting")
    .refuses(409, "own-return");
    it.row(
        POST,
        "/v1/returns/{return}/rejection",
        "rejectReturn",
        "Does not let a return go on.",
    )
    .json::<View>(200, "The return, which is over.")
    .refuses(404, "return-not-found")
    .refuses(409, "not-waiting")
    .refuses(409, "own-return");
}

fn receipts(it: &mut Document) {
    for (path, id, summary, unknown) in [
        (
            "/v1/orders/{id}/receipt",
            "getReceipt",
            "The receipt of an order that was paid.",
            "order-not-found",
        ),
        (
            "/v1/returns/{return}/receipt",
            "getCreditNote",
            "The credit note of a return that is done.",
            "return-not-found",
        ),
    ] {
        let means = "The document, or, if `Accept` prefers `text/plain`, the same to be printed.";
        it.row(GET, path, id, summary)
            .json::<Receipt>(200, means)
            .text(200, means, "text/plain")
            .with("Vary", "Always `accept`.")
            .refuses(404, unknown)
            .refuses(409, "no-receipt");
    }
}

fn operators(it: &mut Document) {
    it.row(
        GET,
        "/v1/checkouts",
        "listCheckouts",
        "The checkouts that wait for a person, the oldest order first.",
    )
    .json::<Page<CheckoutView>>(200, "A page.");
    it.row(
        GET,
        "/v1/checkouts/{order}",
        "getCheckout",
        "An order's checkout and what it did.",
    )
    .json::<CheckoutStory>(200, "The checkout.")
    .refuses(404, "order-not-found");
    it.row(
        POST,
        "/v1/checkouts/{order}/retry",
        "retryCheckout",
        "Sets a parked checkout going again.",
    )
    .json::<Order>(202, "The order as it stands.")
    .versioned()
    .refuses(404, "order-not-found")
    .refuses(409, "not-parked");
    it.row(
        POST,
        "/v1/checkouts/{order}/settle",
        "settleCheckout",
        "Ends a parked checkout that was undone by hand.",
    )
    .json::<Order>(200, "The order, cancelled.")
    .versioned()
    .refuses(404, "order-not-found")
    .refuses(409, "not-parked");
    it.row(
        GET,
        "/v1/returns",
        "listParkedReturns",
        "The returns that wait for a person to put them right, oldest first.",
    )
    .json::<Page<View>>(200, "A page.");
    it.row(
        POST,
        "/v1/returns/{return}/retry",
        "retryReturn",
        "Sets a parked return going again.",
    )
    .json::<View>(202, "The return as it stands.")
    .refuses(404, "return-not-found")
    .refuses(409, "not-parked");
    it.row(
        POST,
        "/v1/returns/{return}/settle",
        "settleReturn",
        "Calls the step done that a parked return stopped at.",
    )
    .json::<View>(200, "The return, which goes on.")
    .refuses(404, "return-not-found")
    .refuses(409, "not-parked");
    it.row(
        DELETE,
        "/v1/timeline",
        "clearTimeline",
        "Drops the timelines, to be built anew from the topics.",
    )
    .bare(204, "Dropped.");
}
