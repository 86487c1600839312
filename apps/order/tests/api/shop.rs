//! Inventory, payment and shipping behind the sidecar: agreeable, but for the answers that a test puts in line; and what the
//! catalog says of a store.
//!
//! Invariant: a call without an answer in line is done; what was called is read from the sidecar, in its order.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::http::Method;
use serde_json::{Value, json};
use testkit::Sidecar;
use uuid::Uuid;
use wiremock::{Request, ResponseTemplate};

/// What is called, by what name, where.
const CALLS: [(&str, &str, Method, &str); 9] = [
    ("announce", "shipping", Method::PUT, "/v1/shipments/{id}"),
    ("reserve", "inventory", Method::PUT, "/v1/reservations/{id}"),
    (
        "release",
        "inventory",
        Method::POST,
        "/v1/reservations/{id}/release",
    ),
    ("authorise", "payment", Method::PUT, "/v1/payments/{id}"),
    (
        "capture",
        "payment",
        Method::POST,
        "/v1/payments/{id}/capture",
    ),
    ("void", "payment", Method::POST, "/v1/payments/{id}/void"),
    (
        "refund",
        "payment",
        Method::POST,
        "/v1/payments/{id}/refund",
    ),
    (
        "return_refund",
        "payment",
        Method::PUT,
        "/v1/payments/{id}/returns/{id}",
    ),
    ("return_stock", "inventory", Method::PUT, "/v1/returns/{id}"),
];

#[derive(Default)]
struct Script {
    next: HashMap<&'static str, VecDeque<ResponseTemplate>>,
    always: HashMap<&'static str, ResponseTemplate>,
    called: Vec<&'static str>,
}

/// The three services. Cheap to clone.
#[derive(Clone, Default)]
pub struct Shop(Arc<Mutex<Script>>);

impl Shop {
    pub async fn open(sidecar: &Sidecar) -> Self {
        let shop = Self::default();
        for (name, app, method, path) in CALLS {
            let script = Arc::clone(&shop.0);
            sidecar
                .invoke(app, method, path)
                .respond_with(move |request: &Request| {
                    let mut script = script.lock().expect("the script");
                    script.called.push(name);
                    let next = script.next.get_mut(name).and_then(VecDeque::pop_front);
                    next.or_else(|| script.always.get(name).cloned())
                        .unwrap_or_else(|| agreed(name, request))
                })
                .await;
        }
        shop
    }

    /// Puts answers to `call` in line.
    pub fn next(&self, call: &'static str, answers: impl IntoIterator<Item = ResponseTemplate>) {
        let mut script = self.0.lock().expect("the script");
        script.next.entry(call).or_default().extend(answers);
    }

    /// Answers `call` like this whenever nothing is in line.
    pub fn always(&self, call: &'static str, answer: ResponseTemplate) {
        self.0
            .lock()
            .expect("the script")
            .always
            .insert(call, answer);
    }

    /// Answers `call` agreeably again.
    pub fn mend(&self, call: &'static str) {
        self.0.lock().expect("the script").always.remove(call);
    }

    /// What was called so far.
    pub fn called(&self) -> Vec<&'static str> {
        self.0.lock().expect("the script").called.clone()
    }
}

/// What an agreeable service answers: shipping says what it brings for the fee that was shown.
fn agreed(call: &str, request: &Request) -> ResponseTemplate {
    if call != "announce" {
        return ResponseTemplate::new(200).set_body_json(json!({}));
    }
    let body: Value = serde_json::from_slice(&request.body).expect("an announcement");
    let order = request.url.path().rsplit('/').next();
    ResponseTemplate::new(201).set_body_json(json!({
        "order_id": order, "status": "announced", "zone": "Centre", "fee": body["fee"], "tax_rate_bp": 800,
        "minutes": 25,
    }))
}

/// A problem of ours.
pub fn problem(status: u16, slug: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({
        "type": format!("urn:problem-type:crema:{slug}"), "title": "No", "status": status, "detail": "Because.",
    }))
}

/// A store that never closes.
pub fn always() -> Value {
    json!([{"from": "2020-01-01T00:00:00.000Z", "until": "2040-01-01T00:00:00.000Z"}])
}

fn money(amount: i64) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

/// What the catalog answers: every line is flat whites with oat milk.
pub fn quote(request: &Value, price: i64, zone: &str, openings: &Value) -> Value {
    let mut total = 0;
    let lines: Vec<_> = request["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| {
            let quantity = line["quantity"].as_i64().expect("a quantity");
            total += quantity * price;
            json!({
                "variation_id": line["variation_id"], "product": "Flat white", "variation": "Large",
                "options": [{"id": Uuid::from_u128(9), "group": "Milk", "name": "Oat", "price": money(45)}],
                "quantity": quantity, "unit_price": money(price), "line_total": money(quantity * price),
                "tax_rate_bp": 800,
            })
        })
        .collect();
    json!({
        "store_id": request["store_id"], "store_name": "Crema Rynek", "timezone": zone, "currency": "EUR",
        "lines": lines, "total": money(total), "tax": [{"rate_bp": 800, "gross": money(total), "tax": money(33)}],
        "openings": openings,
    })
}
