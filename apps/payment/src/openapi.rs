//! This service's document: of each route what its handler's arguments don't say.
//!
//! Invariant: a row of the table that is missing here makes no document, nor does one that is served no more.

use axum::http::Method;
use outbox::dead::routes as dead;
use serde_json::json;
use service::openapi::{Document, Mismatch};
use service::page::Page;

use crate::ops::refund::Refunded;
use crate::ops::transactions::Transactions;
use crate::ops::webhook::Message;
use crate::payment::Payment;
use crate::routes;
use crate::store::divergences::Divergence;
use crate::store::reconciliations::Reconciliation;
use crate::undone::Undone;

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;

/// The document, as `openapi.json` keeps it.
pub fn document() -> Result<serde_json::Value, Mismatch> {
    let mut it = Document::of(
        "payment",
        "The money of orders: put aside, taken, set free, given back.",
        routes::table().table(),
    );
    checkouts(&mut it);
    returns(&mut it);
    managers(&mut it);
    operators(&mut it);
    it.row(
        POST,
        "/v1/webhooks/provider",
        "hearProvider",
        "Hears of an outcome from the payment provider.",
    )
    .takes(
        "Acquirer-Signature",
        "The acquirer's: over the time and the very bytes of the body.",
        false,
        json!({}),
    )
    .takes(
        "Stripe-Signature",
        "Stripe's, likewise. One of the two is there: that of the provider that is configured.",
        false,
        json!({}),
    )
    .body::<Message>()
    .bare(200, "Heard, whatever it changes.")
    .refuses(400, "malformed-json")
    .refuses(401, "webhook-signature")
    .refuses(422, "invalid-body")
    .refuses(503, "unavailable");
    dead::describe(&mut it);
    it.events(
        "/events/order",
        "hearOrder",
        "Books what was paid at the counter.",
    );
    it.ended_sessions();
    it.finish()
}

fn checkouts(it: &mut Document) {
    it.row(
        PUT,
        "/v1/payments/{order}",
        "authorise",
        "Has the provider put an order's money aside, once.",
    )
    .json::<Payment>(200, "The payment.")
    .refuses(402, "payment-declined")
    .refuses(409, "payment-over")
    .refuses(422, "amount-out-of-range")
    .refuses(422, "payment-differs")
    .refuses(422, "token-invalid")
    .refuses(503, "payment-unknown");
    it.row(
        POST,
        "/v1/payments/{order}/capture",
        "capture",
        "Takes what was put aside.",
    )
    .json::<Payment>(200, "The payment.")
    .refuses(402, "payment-declined")
    .refuses(404, "payment-not-found")
    .refuses(409, "payment-not-authorised")
    .refuses(409, "payment-over")
    .refuses(409, "provider-refused")
    .refuses(503, "payment-unknown");
    it.row(
        POST,
        "/v1/payments/{order}/void",
        "void",
        "Sets free what was put aside, if it was not taken.",
    )
    .json::<Undone>(200, "The payment, or what stands in its place.")
    .refuses(409, "payment-captured")
    .refuses(409, "provider-refused")
    .refuses(503, "payment-unknown");
    it.row(
        POST,
        "/v1/payments/{order}/refund",
        "undoCapture",
        "Gives back all that is ours of an order's payment.",
    )
    .json::<Undone>(200, "The payment, or what stands in its place.")
    .refuses(409, "payment-captured")
    .refuses(409, "provider-refused")
    .refuses(503, "payment-unknown");
}

fn returns(it: &mut Document) {
    it.row(
        PUT,
        "/v1/payments/{order}/returns/{return}",
        "refundReturn",
        "Gives back what a return of goods comes to, once.",
    )
    .json::<Refunded>(200, "The refund.")
    .refuses(404, "payment-not-found")
    .refuses(409, "provider-refused")
    .refuses(409, "refund-exceeds-capture")
    .refuses(422, "amount-out-of-range")
    .refuses(422, "currency-differs")
    .refuses(422, "return-differs")
    .refuses(503, "payment-unknown");
}

fn managers(it: &mut Document) {
    it.row(
        GET,
        "/v1/payments/{order}",
        "getPayment",
        "An order's payment.",
    )
    .json::<Payment>(200, "The payment.")
    .versioned()
    .refuses(404, "payment-not-found");
    it.row(
        GET,
        "/v1/payments/{order}/transactions",
        "listTransactions",
        "What happened to an order's money.",
    )
    .json::<Transactions>(200, "Operations and ledger entries, each oldest first.")
    .refuses(404, "payment-not-found");
    it.row(
        POST,
        "/v1/payments/{order}/refunds",
        "refund",
        "Gives some or all of the money back.",
    )
    .keyed()
    .json::<Refunded>(201, "The refund.")
    .refuses(404, "payment-not-found")
    .refuses(409, "idempotency-key-in-flight")
    .refuses(409, "provider-refused")
    .refuses(409, "refund-exceeds-capture")
    .refuses(422, "amount-out-of-range")
    .refuses(422, "currency-differs")
    .refuses(422, "reason-missing")
    .refuses(503, "payment-unknown");
}

fn operators(it: &mut Document) {
    it.row(
        POST,
        "/v1/reconciliations",
        "requestReconciliation",
        "Has our books of a period held against the provider's.",
    )
    .json::<Reconciliation>(202, "It will be made.")
    .with("Location", "Where to see what came of it.")
    .refuses(422, "period-unusable");
    it.row(
        GET,
        "/v1/reconciliations",
        "listReconciliations",
        "The reconciliations, newest first.",
    )
    .json::<Page<Reconciliation>>(200, "A page.");
    it.row(
        GET,
        "/v1/reconciliations/{id}",
        "getReconciliation",
        "What came of a reconciliation.",
    )
    .json::<Reconciliation>(200, "The reconciliation.")
    .refuses(404, "reconciliation-not-found");
    it.row(
        GET,
        "/v1/divergences",
        "listDivergences",
        "Where our books and the provider's differ, and what a person does about it, newest first.",
    )
    .json::<Page<Divergence>>(200, "A page.");
    it.row(
        POST,
        "/v1/divergences/{id}/settle",
        "settleDivergence",
        "Says how a divergence was dealt with.",
    )
    .json::<Divergence>(200, "The divergence.")
    .refuses(404, "divergence-not-found");
}
