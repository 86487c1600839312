//! The requests to Stripe, held against Stripe's own description of its interface by `stripe-mock`, which Stripe keeps:
//! whatever the adapter sends is accepted there, and what it reads is in the answers.
//!
//! `STRIPE_MOCK_BIN` names the program; a run without it fails rather than pass untested.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use chrono::TimeDelta;
use payment::payment::Status;
use payment::provider::Provider as Spoken;
use serde_json::{Value, json};

use crate::provider::{self, Provider};
use crate::reconcile::reconciled;
use crate::world::{AMOUNT, OfPayment as _, World, morning};

/// The program, on ports that nobody else has; it ends when this is dropped.
struct Mock {
    program: Child,
    address: String,
}

impl Mock {
    fn start() -> Self {
        let program = std::env::var_os("STRIPE_MOCK_BIN")
            .expect("STRIPE_MOCK_BIN must name the program `stripe-mock`; ./run.sh test sets it");
        let mut program = Command::new(program)
            // The second, for HTTPS, would be opened to every interface.
            .args(["-http-addr", "127.0.0.1:", "-https-addr", "127.0.0.1:"])
            .arg("-strict-version-check")
            .stdout(Stdio::piped())
            .spawn()
            .expect("stripe-mock starts");
        let mut lines = BufReader::new(program.stdout.take().expect("its output")).lines();
        let address = lines.find_map(|line| {
            let line = line.expect("text");
            let address = line.strip_prefix("Listening for HTTP at address: ");
            address.map(|address| format!("http://{address}/v1"))
        });
        // It goes on writing, and would stand still if nobody read.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            program,
            address: address.expect("an address"),
        }
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.program.kill().expect("it runs");
        self.program.wait().expect("it has ended");
    }
}

/// What a sidecar would be, and a memory: it adds the API key, and puts an order's own values into the mock's answers,
/// which are always the same. A field that is not there can't be set.
#[derive(Clone)]
struct Between {
    mock: Arc<str>,
    http: reqwest::Client,
    /// How many of the next answers are lost.
    losing: Arc<Mutex<usize>>,
    order: Arc<Mutex<String>>,
    accepted: Arc<Mutex<Vec<String>>>,
}

impl Between {
    fn new(mock: &Mock) -> Self {
        let http = reqwest::Client::builder().no_proxy().build();
        Self {
            mock: mock.address.as_str().into(),
            http: http.expect("a client"),
            losing: Arc::default(),
            order: Arc::default(),
            accepted: Arc::default(),
        }
    }

    fn lose(&self, answers: usize) {
        *self.losing.lock().expect("a number") = answers;
    }

    /// What was asked since the last time, all of it accepted.
    fn accepted(&self) -> Vec<String> {
        std::mem::take(&mut self.accepted.lock().expect("a list"))
    }

    async fn pass(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> (StatusCode, Value) {
        let request = self.http.request(method, format!("{}{path}", self.mock));
        let request = request.headers(headers).bearer_auth("sk_test_ofATest");
        let answer = request.body(body).send().await.expect("an answer");
        let status = answer.status();
        (status, answer.json().await.expect("JSON"))
    }
}

fn set(object: &mut Value, fields: &Value) {
    for (name, value) in fields.as_object().expect("fields") {
        let field = object.get_mut(name);
        *field.unwrap_or_else(|| panic!("Stripe has no `{name}`")) = value.clone();
    }
}

async fn between(
    State(between): State<Between>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path_and_query().expect("a path").as_str();
    let asked = format!("{method} {path}");
    assert!(headers.contains_key("idempotency-key") || method == Method::GET);
    for own in [header::HOST, header::CONTENT_LENGTH] {
        headers.remove(own);
    }
    let (status, mut answer) = between.pass(method, path, headers, body).await;
    assert_eq!(status, StatusCode::OK, "{asked}: {answer}");
    between.accepted.lock().expect("a list").push(asked);
    let left = between.losing.lock().expect("a number").checked_sub(1);
    if let Some(left) = left {
        between.lose(left);
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let order = between.order.lock().expect("an order").clone();
    let mut fields = json!({
        "id": "pi_1", "object": "payment_intent", "status": "requires_capture", "amount": AMOUNT,
        "amount_received": 0, "currency": "eur", "last_payment_error": null, "created": morning().timestamp(),
        "metadata": {"order": order, "operation": format!("{order}:authorise")},
    });
    if path.ends_with("/capture") {
        set(
            &mut fields,
            &json!({"status": "succeeded", "amount_received": AMOUNT}),
        );
    } else if path.ends_with("/cancel") {
        set(&mut fields, &json!({"status": "canceled"}));
    } else if path.starts_with("/refunds") {
        fields = json!({
            "id": "re_1", "object": "refund", "status": "succeeded", "amount": AMOUNT, "currency": "eur",
            "payment_intent": "pi_1", "created": morning().timestamp(),
            "metadata": {"order": order, "operation": format!("{order}:refund:1")},
        });
    }
    if path.contains("expand%5B%5D=data.payment_intent") {
        let mut intent = answer["data"][0]["payment_intent"].clone();
        assert_eq!(intent["object"], "payment_intent", "it is not expanded");
        set(
            &mut intent,
            &json!({"id": "pi_1", "metadata": {"order": order}}),
        );
        fields["payment_intent"] = intent;
    }
    let object = if answer["data"].is_array() {
        assert_eq!(answer["has_more"], false);
        &mut answer["data"][0]
    } else {
        &mut answer
    };
    set(object, &fields);
    Json(answer).into_response()
}

#[tokio::test]
async fn every_request_is_one_that_stripe_describes() {
    let mock = Mock::start();
    let between = Between::new(&mock);
    let router = Router::new()
        .fallback(self::between)
        .with_state(between.clone());
    let provider = Provider::that_speaks(Spoken::Stripe);
    let world = World::at(provider, provider::serve(router).await).await;
    let new_order = || {
        let order = world.new_order();
        *between.order.lock().expect("an order") = order.0.to_string();
        order
    };
    let order = new_order();
    between.lose(1);
    assert_eq!(world.authorise(order).await.payment().1, "authorised");
    let since = (morning() - TimeDelta::minutes(5)).timestamp();
    assert_eq!(
        between.accepted(),
        [
            "POST /payment_intents".to_owned(),
            format!("GET /payment_intents?limit=100&created%5Bgte%5D={since}"),
        ]
    );
    between.lose(2);
    assert_eq!(world.capture(order).await.problem().0, 503);
    assert_eq!(world.capture(order).await.payment().1, "captured");
    assert_eq!(
        between.accepted(),
        [
            "POST /payment_intents/pi_1/capture",
            "GET /payment_intents/pi_1",
            "GET /payment_intents/pi_1",
            "POST /payment_intents/pi_1/capture",
        ]
    );
    between.lose(1);
    assert_eq!(world.undo(order).await.payment().3, AMOUNT);
    assert_eq!(
        between.accepted(),
        [
            "POST /refunds",
            "GET /refunds?limit=100&payment_intent=pi_1"
        ]
    );

    let order = new_order();
    between.lose(2);
    assert_eq!(world.authorise(order).await.problem().0, 503);
    between.accepted();
    world.app.clock.advance(TimeDelta::hours(2));
    world.resolve().await;
    assert_eq!(world.payment(order).await.status(), Status::Authorised);
    assert_eq!(world.void(order).await.payment().1, "voided");
    let search = "GET /payment_intents/search?query=metadata%5B%27operation%27%5D%3A%27";
    assert_eq!(
        between.accepted(),
        [
            format!("{search}{}:authorise%27", order.0),
            "POST /payment_intents/pi_1/cancel".to_owned(),
        ]
    );
}

#[tokio::test]
async fn the_lists_are_ones_that_stripe_describes() {
    let mock = Mock::start();
    let between = Between::new(&mock);
    let router = Router::new()
        .fallback(self::between)
        .with_state(between.clone());
    let provider = Provider::that_speaks(Spoken::Stripe);
    let world = World::at(provider, provider::serve(router).await).await;
    let order = world.new_order();
    *between.order.lock().expect("an order") = order.0.to_string();
    assert_eq!(world.authorise(order).await.payment().1, "authorised");
    between.accepted();
    let made = reconciled(&world).await;
    let [from, to] = [-75, 70].map(|minutes| (morning() + TimeDelta::minutes(minutes)).timestamp());
    let created = format!("limit=100&created%5Bgte%5D={from}&created%5Blt%5D={to}");
    assert_eq!(
        between.accepted(),
        [
            format!("GET /payment_intents?{created}"),
            format!("GET /refunds?{created}&expand%5B%5D=data.payment_intent"),
        ]
    );
    // The intent is held on both sides; the mock's refund is of what nobody took, and is read all the same.
    assert_eq!(made["found"], json!([]));
    let refunded = json!({"amount": AMOUNT, "currency": "EUR"});
    assert_eq!(made["theirs"][0]["refunded"], refunded);
}

/// Otherwise the tests above would prove nothing.
#[tokio::test]
async fn what_stripe_does_not_describe_is_refused() {
    let mock = Mock::start();
    let between = Between::new(&mock);
    let form = "application/x-www-form-urlencoded";
    for (version, body, expected) in [
        ("2026-08-26.dahlia", "amount=890&currency=eur", 200),
        (
            "2026-08-26.dahlia",
            "amount=890&currency=eur&capture=manual",
            400,
        ),
        ("2026-08-26.dahlia", "amount=much&currency=eur", 400),
        ("2026-08-26.dahlia", "currency=eur", 400),
        ("2024-06-20", "amount=890&currency=eur", 400),
    ] {
        let headers = [("stripe-version", version), ("content-type", form)];
        let headers = headers.map(|(name, value)| {
            (
                name.parse().expect("a name"),
                value.parse().expect("a value"),
            )
        });
        let headers = HeaderMap::from_iter(headers);
        let asked = between.pass(Method::POST, "/payment_intents", headers, body.into());
        let (status, answer) = asked.await;
        assert_eq!(status, expected, "{version} {body}: {answer}");
    }
}
