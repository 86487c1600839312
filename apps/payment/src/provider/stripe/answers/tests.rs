//! Every kind of answer that Stripe gives, and what it decides.

use serde_json::json;
use service::money::Money;
use uuid::Uuid;

use super::*;
use crate::operation::{OperationId, Progress};
use crate::payment::{OrderId, PaymentId};

const ORDER: Uuid = Uuid::from_u128(1);
const KEY: &str = "the key";

fn operation(kind: Kind) -> Operation {
    Operation {
        id: OperationId(Uuid::nil()),
        payment_id: PaymentId(Uuid::nil()),
        order_id: OrderId(ORDER),
        kind,
        number: 1,
        provider_key: Some(KEY.to_owned()),
        amount: Money {
            amount: 890,
            currency: "EUR".parse().expect("a currency"),
        },
        progress: Progress::Open,
        provider_id: None,
        code: None,
        actor: "order".to_owned(),
        reason: None,
        tries: 1,
        started_at: chrono::DateTime::UNIX_EPOCH,
        settled_at: None,
    }
}

fn subject(kind: Kind) -> Subject {
    match kind {
        Kind::Authorise => Subject::Card("pm_1".into()),
        _ => Subject::Earlier("pi_1".to_owned()),
    }
}

/// What an answer decides: `Ok` for a success, the code for a refusal.
fn decides(kind: Kind, status: u16, body: &Value) -> Option<Result<String, String>> {
    let status = StatusCode::from_u16(status).expect("a status");
    read(&operation(kind), &subject(kind), status, body.clone()).map(|outcome| match outcome {
        Outcome::Succeeded { provider_id } => Ok(provider_id),
        Outcome::Refused { code } => Err(code),
    })
}

fn intent(status: &str) -> Value {
    json!({
        "id": "pi_1", "object": "payment_intent", "status": status, "amount": 890, "currency": "eur",
        "amount_received": if status == "succeeded" { 890 } else { 0 }, "last_payment_error": null,
        "metadata": {"order": ORDER, "operation": KEY},
    })
}

fn refund(status: &str) -> Value {
    json!({
        "id": "re_1", "object": "refund", "status": status, "amount": 890, "currency": "eur",
        "payment_intent": "pi_1", "metadata": {"order": ORDER, "operation": KEY},
    })
}

fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    *body.pointer_mut(pointer).expect("a field") = value;
    body
}

#[test]
fn a_state_decides_what_it_is_the_end_of() {
    use Kind::{Authorise, Capture, Refund, Void};
    let done = |id: &str| Some(Ok(id.to_owned()));
    let refused = |code: &str| Some(Err(code.to_owned()));
    for (kind, status, decided) in [
        (Authorise, "requires_capture", done("pi_1")),
        (Authorise, "canceled", refused("canceled")),
        (Authorise, "processing", None),
        (Authorise, "requires_action", None),
        (Authorise, "requires_confirmation", None),
        (Authorise, "requires_payment_method", None),
        (Authorise, "something_new", None),
        (Capture, "succeeded", done("pi_1")),
        (Capture, "requires_capture", None),
        (Capture, "processing", None),
        (Capture, "canceled", refused("canceled")),
        (Void, "canceled", done("pi_1")),
        (Void, "requires_capture", None),
        (Void, "succeeded", refused("succeeded")),
    ] {
        assert_eq!(
            decides(kind, 200, &intent(status)),
            decided,
            "{kind:?} {status}"
        );
    }
    for (status, decided) in [
        ("succeeded", done("re_1")),
        ("pending", None),
        ("requires_action", None),
        ("failed", refused("failed")),
        ("canceled", refused("canceled")),
    ] {
        assert_eq!(decides(Refund, 200, &refund(status)), decided, "{status}");
    }
}

#[test]
fn only_an_object_of_the_very_operation_counts() {
    let of_intent = [
        ("/object", json!("refund")),
        ("/id", json!("../refunds/pi_1")),
        ("/amount", json!(891)),
        ("/amount", json!(null)),
        ("/currency", json!("usd")),
        ("/metadata/order", json!(Uuid::from_u128(2))),
        ("/metadata", json!({})),
    ];
    let more = ("/metadata/operation", json!("another"));
    for (pointer, value) in of_intent.iter().chain([&more]) {
        let body = with(intent("requires_capture"), pointer, value.clone());
        assert_eq!(decides(Kind::Authorise, 200, &body), None, "{pointer}");
    }
    let another = ("/id", json!("pi_2"));
    let less = ("/amount_received", json!(1));
    for (pointer, value) in of_intent.iter().chain([&another, &less]) {
        let body = with(intent("succeeded"), pointer, value.clone());
        assert_eq!(decides(Kind::Capture, 200, &body), None, "{pointer}");
    }
    for (pointer, value) in [
        ("/object", json!("charge")),
        ("/id", json!("")),
        ("/amount", json!(891)),
        ("/currency", json!("usd")),
        ("/payment_intent", json!("pi_2")),
        ("/payment_intent", json!(null)),
        ("/metadata/order", json!(Uuid::from_u128(2))),
        ("/metadata/operation", json!("another")),
        ("/metadata", json!({})),
    ] {
        let body = with(refund("succeeded"), pointer, value);
        assert_eq!(decides(Kind::Refund, 200, &body), None, "{pointer}");
    }
    for body in [
        json!(null),
        json!([]),
        json!({}),
        json!({"object": "payment_intent"}),
    ] {
        for kind in [Kind::Authorise, Kind::Capture, Kind::Void, Kind::Refund] {
            assert_eq!(decides(kind, 200, &body), None, "{body}");
        }
    }
}

#[test]
fn an_error_is_a_refusal_only_if_it_says_so() {
    let declined = |decline_code: Value| json!({"type": "card_error", "code": "card_declined", "decline_code": decline_code});
    let refused = |code: &str| Some(Err(code.to_owned()));
    let invalid = |code: Value| json!({"type": "invalid_request_error", "code": code});
    let other = |kind: &str, code: &str| json!({"type": kind, "code": code});
    for (status, error, decided) in [
        (
            402,
            declined(json!("insufficient_funds")),
            refused("insufficient_funds"),
        ),
        (402, declined(json!(null)), refused("card_declined")),
        (
            402,
            other("card_error", "authentication_required"),
            refused("authentication_required"),
        ),
        (
            400,
            invalid(json!("amount_too_small")),
            refused("amount_too_small"),
        ),
        (400, invalid(json!(null)), refused("invalid_request_error")),
        (
            404,
            invalid(json!("resource_missing")),
            refused("resource_missing"),
        ),
        (404, invalid(json!(null)), None),
        (
            400,
            other("idempotency_error", "idempotency_key_in_use"),
            None,
        ),
        (400, other("api_error", "whatever"), None),
        (400, other("card_error", "card_declined"), None),
        (401, invalid(json!("api_key_expired")), None),
        (403, invalid(json!("more_permissions_required")), None),
        (409, invalid(json!("idempotency_key_in_use")), None),
        (409, invalid(json!("lock_timeout")), None),
        (429, invalid(json!("lock_timeout")), None),
        (429, invalid(json!("rate_limit")), None),
        (424, other("api_error", "external"), None),
        (500, other("api_error", "whatever"), None),
        (503, declined(json!("insufficient_funds")), None),
        (302, declined(json!("insufficient_funds")), None),
    ] {
        for kind in [Kind::Authorise, Kind::Capture, Kind::Void, Kind::Refund] {
            let body = json!({ "error": error });
            assert_eq!(
                decides(kind, status, &body),
                decided,
                "{kind:?} {status} {error}"
            );
        }
    }
    for body in [json!({}), json!({"error": "declined"}), json!(["error"])] {
        assert_eq!(decides(Kind::Authorise, 402, &body), None, "{body}");
    }
}

#[test]
fn an_error_about_another_intent_decides_nothing() {
    let declined = |intent: &Value| json!({"error": {"type": "card_error", "code": "card_declined", "payment_intent": intent}});
    let own = intent("requires_payment_method");
    assert_eq!(
        decides(Kind::Authorise, 402, &declined(&own)),
        Some(Err("card_declined".to_owned()))
    );
    let other = with(own, "/metadata/operation", json!("another"));
    assert_eq!(decides(Kind::Authorise, 402, &declined(&other)), None);
    let other = with(intent("requires_capture"), "/id", json!("pi_2"));
    assert_eq!(decides(Kind::Capture, 402, &declined(&other)), None);
}

#[test]
fn an_intent_that_is_in_no_state_for_it_tells_which_it_is_in() {
    let unexpected = |status: &str| {
        json!({"error": {
            "type": "invalid_request_error", "code": "payment_intent_unexpected_state",
            "payment_intent": intent(status),
        }})
    };
    for (kind, status, decided) in [
        // It was done before, and the answer lost for longer than a key is remembered.
        (Kind::Capture, "succeeded", Some(Ok("pi_1".to_owned()))),
        (Kind::Void, "canceled", Some(Ok("pi_1".to_owned()))),
        (Kind::Capture, "canceled", Some(Err("canceled".to_owned()))),
        (Kind::Void, "succeeded", Some(Err("succeeded".to_owned()))),
        (Kind::Capture, "processing", None),
    ] {
        assert_eq!(
            decides(kind, 400, &unexpected(status)),
            decided,
            "{kind:?} {status}"
        );
    }
}

#[test]
fn a_code_is_cut() {
    let error = json!({"type": "card_error", "decline_code": "ü".repeat(1000)});
    let code = decides(Kind::Authorise, 402, &json!({ "error": error }));
    assert_eq!(code, Some(Err("ü".repeat(64))));
}
