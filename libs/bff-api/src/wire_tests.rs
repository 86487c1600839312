//! The JSON of each type, written out once: a rename that would break the other side fails here.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    Advance, AskDelivery, AskQuote, Delivery, DeliveryQuote, HistoryEntry, Menu, Order,
    OrderChange, Page, PlaceOrder, PlacePayment, Problem, Quote, Rejection, Return, Session, Slots,
    Store, Variation,
};

fn unchanged<T: Serialize + DeserializeOwned>(wire: &Value) {
    let typed: T = serde_json::from_value(wire.clone()).expect("the type reads the wire form");
    assert_eq!(&serde_json::to_value(typed).expect("the type writes"), wire);
}

fn order() -> Value {
    let eur = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    json!({
        "id": "0190a000-0000-7000-8000-0000000000aa", "number": "A-042",
        "store_id": "0190a000-0000-7000-8000-000000000001", "store_name": "Crema Rynek",
        "placed_at": "2026-01-02T03:04:05.678Z",
        "pickup": {"kind": "slot", "due_at": "2026-01-02T04:00:00Z"}, "checkout": "confirmed", "fulfilment": "waiting",
        "payment": {"method": "counter", "status": "due"}, "reason": null,
        "lines": [{
            "variation_id": "0190a000-0000-7000-8000-0000000000b1", "product": "Flat white", "variation": "Small",
            "options": [{"id": "0190a000-0000-7000-8000-0000000000c1", "group": "Milk", "name": "Oat", "price": eur(60)}],
            "quantity": 2, "unit_price": eur(410), "line_total": eur(820)
        }],
        "discount": {"code": "SPRING", "amount": eur(40)}, "tip": eur(40),
        "delivery": {"fee": eur(250), "minutes": 25, "courier": "booked"}, "total": eur(1070), "tax": [{"rate_bp": 800, "gross": eur(1030), "tax": eur(76)}], "version": 2
    })
}

#[test]
fn orders_and_their_commands() {
    unchanged::<Order>(&order());
    unchanged::<Page<Order>>(&json!({"items": [order()], "next": "abc"}));
    unchanged::<PlaceOrder>(&json!({
        "store_id": "0190a000-0000-7000-8000-000000000001",
        "lines": [{"variation_id": "0190a000-0000-7000-8000-0000000000b1", "quantity": 1, "option_ids": []}],
        "payment": {"method": "counter"}
    }));
    unchanged::<PlaceOrder>(&json!({
        "store_id": "0190a000-0000-7000-8000-000000000001", "lines": [], "payment": {"method": "counter"},
        "pickup": "2026-01-02T04:00:00Z"
    }));
    let eur = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    unchanged::<PlaceOrder>(&json!({
        "store_id": "0190a000-0000-7000-8000-000000000001", "lines": [], "payment": {"method": "counter"},
        "quote": "q1.e30.c2lnbmVk", "tip": eur(50)
    }));
    let address = json!({
        "name": "Ada", "street": "Rynek 1", "extra": "second floor", "postcode": "31-042", "city": "Kraków", "country": "PL",
        "phone": "+48 12 345 67 89", "note": "ring twice"
    });
    unchanged::<PlaceOrder>(&json!({
        "store_id": "0190a000-0000-7000-8000-000000000001", "lines": [],
        "payment": {"method": "card", "token": "tok_visa"}, "delivery": {"address": address, "fee": eur(250)}
    }));
    unchanged::<AskDelivery>(
        &json!({"store_id": "0190a000-0000-7000-8000-000000000001", "address": address}),
    );
    unchanged::<DeliveryQuote>(&json!({"fee": eur(250), "minutes": 25}));
    for courier in ["awaited", "booked", "dispatched", "delivered", "failed"] {
        unchanged::<Delivery>(&json!({"fee": eur(250), "minutes": 25, "courier": courier}));
    }
    unchanged::<AskQuote>(&json!({
        "store_id": "0190a000-0000-7000-8000-000000000001", "lines": [], "discount_code": "SPRING"
    }));
    unchanged::<Quote>(&json!({
        "discount": {"code": "SPRING", "amount": eur(82)}, "total": eur(738), "quote": "q1.e30.c2lnbmVk",
        "expires_at": "2026-01-02T04:00:00Z"
    }));
    unchanged::<Slots>(&json!({
        "open": false, "opens_at": "2026-01-02T04:00:00Z", "wait_minutes": 5, "slot_minutes": 10,
        "slots": [{"at": "2026-01-02T04:00:00Z", "left": 3}]
    }));
    unchanged::<PlacePayment>(&json!({"method": "card", "token": "tok_visa"}));
    unchanged::<Advance>(&json!({"status": "preparation"}));
    unchanged::<Page<HistoryEntry>>(&json!({"items": [{
        "version": 1, "at": "2026-01-02T03:04:05.678Z", "actor": "0190a000-0000-7000-8000-0000000000d1",
        "axis": "checkout", "from": null, "to": "pending"
    }], "next": null}));
    unchanged::<OrderChange>(&json!({
        "order_id": "0190a000-0000-7000-8000-0000000000aa", "number": "A-042",
        "checkout": "completed", "fulfilment": "delivered", "payment": {"method": "counter", "status": "captured"},
        "reason": null, "version": 6
    }));
    unchanged::<OrderChange>(&json!({
        "order_id": "0190a000-0000-7000-8000-0000000000aa", "number": "A-042",
        "checkout": "confirmed", "fulfilment": "waiting", "payment": {"method": "card", "status": "captured"},
        "reason": null, "courier": "booked", "version": 2
    }));
}

#[test]
fn how_an_order_was_paid_and_why_it_ended() {
    for (method, status, reason) in [
        ("counter", "due", "sold_out"),
        ("card", "void", "payment_declined"),
        ("card", "void", "payment_unavailable"),
        ("card", "void", "stock_unavailable"),
        ("card", "refunded", "by_customer"),
        ("card", "refunded", "by_staff"),
        ("card", "captured", "by_operator"),
        ("card", "refunded", "account_closed"),
        ("card", "refunded", "no_courier"),
    ] {
        let mut wire = order();
        wire["checkout"] = "cancelled".into();
        wire["payment"] = json!({"method": method, "status": status});
        wire["reason"] = reason.into();
        unchanged::<Order>(&wire);
    }
    let mut earlier = order();
    for field in ["reason", "pickup", "discount", "tip", "delivery"] {
        earlier.as_object_mut().expect("an object").remove(field);
    }
    let order: Order = serde_json::from_value(earlier).expect("an order of the version before");
    assert_eq!((order.reason, order.pickup), (None, None));
}

#[test]
fn what_came_back() {
    for state in ["waiting", "rejected", "running", "manual", "done"] {
        unchanged::<Page<Return>>(&json!({"items": [{
            "id": "0190a000-0000-7000-8000-0000000000a7", "number": "A-042-R1", "state": state, "reason": "wrong_item", "note": "Oat, not milk.",
            "lines": [{"product": "Flat white", "quantity": 1}], "amount": {"amount": 410, "currency": "EUR"}
        }], "next": null}));
    }
    for reason in [
        "wrong_item",
        "quality",
        "damaged",
        "late",
        "changed_mind",
        "other",
    ] {
        unchanged::<Return>(&json!({
            "id": "0190a000-0000-7000-8000-0000000000a7", "number": "A-042-R1", "state": "done", "reason": reason,
            "lines": [], "amount": {"amount": 0, "currency": "EUR"}
        }));
    }
    unchanged::<Rejection>(&json!({"note": "The bag was opened."}));
}

#[test]
fn stores_and_menu() {
    unchanged::<Page<Store>>(&json!({"items": [{
        "id": "0190a000-0000-7000-8000-000000000001", "name": "Crema Rynek", "street": "Rynek 1", "city": "Kraków",
        "timezone": "Europe/Warsaw", "currency": "EUR"
    }], "next": null}));
    unchanged::<Menu>(&json!({
        "store_id": "0190a000-0000-7000-8000-000000000001", "currency": "EUR",
        "categories": [{"id": "0190a000-0000-7000-8000-0000000000e1", "name": "Coffee", "products": [{
            "id": "0190a000-0000-7000-8000-0000000000f1", "name": "Flat white", "description": "Silky.",
            "image": "flat-white", "allergens": ["milk"],
            "photo": {"width": 480, "height": 320, "renditions": [{"width": 480, "hash": "0a1b"}]},
            "variations": [{"id": "0190a000-0000-7000-8000-0000000000b1", "name": "Small",
                "price": {"amount": 350, "currency": "EUR"}, "sold_out": false}],
            "option_groups": [{"id": "0190a000-0000-7000-8000-0000000000a1", "name": "Milk", "min": 1, "max": 1,
                "options": [{"id": "0190a000-0000-7000-8000-0000000000c1", "name": "Oat",
                    "price": {"amount": 60, "currency": "EUR"}, "default": false, "sold_out": true}]}]
        }]}]
    }));
    let catalogs = json!({"id": "0190a000-0000-7000-8000-0000000000b1", "name": "Small",
        "price": {"amount": 350, "currency": "EUR"}});
    let variation: Variation = serde_json::from_value(catalogs).expect("the catalog's own form");
    assert!(!variation.sold_out);
}

#[test]
fn session_and_problem() {
    unchanged::<Session>(&json!({"signed_in": false, "user": null}));
    unchanged::<Session>(&json!({"signed_in": true, "user": {
        "name": "Ada", "roles": ["barista"], "stores": ["0190a000-0000-7000-8000-000000000001"]
    }}));
    let wire = json!({"type": "urn:problem-type:crema:quantity-out-of-range", "title": "Quantity out of range",
        "status": 422, "detail": "1 to 99", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "errors": [{"pointer": "/lines/0/quantity", "detail": "1 to 99"}]});
    unchanged::<Problem>(&wire);
    let problem: Problem = serde_json::from_value(wire).expect("a problem");
    assert_eq!(problem.slug(), Some("quantity-out-of-range"));
}
