//! What this service publishes on `payment-events`: wire types, versioned by name.
//!
//! Invariant: one event per version of a payment, its sequence that version; no token and no personal data in any of
//! them. A field is only ever added; anything else is a new version beside the old one (`events/*.json` are the golden
//! samples).

use chrono::{DateTime, Utc};
use serde::Serialize;
use service::ids::Ids;
use service::money::Money;

use crate::operation::{Cause, OperationId};
use crate::payment::{Method, OrderId, Payment, PaymentId, Status, Step, StoreId};

/// The CloudEvents source of everything published here.
const SOURCE: &str = "/payment";

/// The type of a payment's first event, when the provider is about to be asked.
pub const INITIATED: &str = "payment.initiated.v1";
/// The type of a payment's event when money became ours.
pub const PROCESSED: &str = "payment.processed.v1";

/// The data of every `payment.*.v1` event: where the payment stands after the step.
#[derive(Serialize)]
struct PaymentChanged<'a> {
    payment_id: PaymentId,
    order_id: OrderId,
    store_id: StoreId,
    method: Method,
    status: Status,
    amount: Money,
    captured: Money,
    refunded: Money,
    /// The provider's code of a decline.
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<Refund>,
    #[serde(with = "service::clock::rfc3339")]
    occurred_at: DateTime<Utc>,
}

/// What one refund gave back; only the event of a refund tells it. What staff said of it stays here.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Refund {
    /// Its id.
    pub refund_id: OperationId,
    /// How much it was.
    pub amount: Money,
    /// What it was for.
    pub cause: Cause,
}

/// The event's type for a step.
#[must_use]
pub fn kind(step: &Step) -> &'static str {
    match step {
        Step::Authorise => "payment.authorised.v1",
        Step::Decline(_) => "payment.failed.v1",
        Step::Capture(_) => PROCESSED,
        Step::Void => "payment.voided.v1",
        Step::Refund(_) => "payment.refund_processed.v1",
    }
}

/// The event of this type about `payment` as it stands, and about the refund that led there, ready for the outbox.
pub fn of(
    payment: &Payment,
    kind: &str,
    refund: Option<Refund>,
    ids: &Ids,
) -> Result<outbox::Event, serde_json::Error> {
    let data = PaymentChanged {
        payment_id: payment.id,
        order_id: payment.order_id,
        store_id: payment.store_id,
        method: payment.method,
        status: payment.status(),
        amount: payment.amount,
        captured: payment.captured(),
        refunded: payment.refunded(),
        reason: payment.reason(),
        refund,
        occurred_at: payment.updated_at,
    };
    Ok(outbox::Event {
        id: ids.next(),
        source: SOURCE.to_owned(),
        kind: kind.to_owned(),
        subject: payment.id.0.to_string(),
        sequence: payment.version,
        time: payment.updated_at,
        data: serde_json::to_value(data)?,
    })
}
