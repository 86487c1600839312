//! Nobody without the API key does or learns anything.

use axum::http::Method;
use serde_json::json;

use crate::world::{API_KEY, World, authorise, soon};

const PATHS: [(&str, &str); 8] = [
    ("POST", "/v1/authorisations"),
    ("POST", "/v1/authorisations/au_1/captures"),
    ("POST", "/v1/authorisations/au_1/voids"),
    ("POST", "/v1/captures/ca_1/refunds"),
    ("GET", "/v1/operations?key=k"),
    ("GET", "/v1/transactions"),
    ("PUT", "/control/outage"),
    ("PUT", "/control/undo"),
];

#[tokio::test]
async fn a_wrong_key_is_refused_everywhere() {
    let world = World::new().await;
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let wrong = [
        None,
        Some(String::new()),
        Some(API_KEY.to_owned()),
        Some(format!("Bearer {API_KEY}x")),
        Some(format!("Bearer {}", &API_KEY[1..])),
        Some("Bearer ".to_owned()),
    ];
    for (method, path) in PATHS.into_iter().chain([("GET", "/nowhere")]) {
        for header in &wrong {
            let method: Method = method.parse().expect("a method");
            let mut request = client
                .request(method, format!("{}{path}", world.base))
                .header("idempotency-key", "k")
                .json(&authorise("tok_visa"));
            if let Some(header) = header {
                request = request.header("authorization", header);
            }
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), 401, "{path} {header:?}");
        }
    }
    assert_eq!(world.ledger(), "");
}

#[tokio::test]
async fn what_is_not_there_is_said_in_our_words() {
    let world = World::new().await;
    let nowhere = world.get("/nowhere").await;
    assert_eq!((nowhere.status, nowhere.error()), (404, "not_found"));
    let method = world.get("/v1/authorisations").await;
    assert_eq!((method.status, method.error()), (405, "method_not_allowed"));
}

#[tokio::test]
async fn an_outage_befalls_the_merchant_and_not_the_control() {
    let world = World::new().await;
    let key = "/v1/operations?key=none";
    world.control("outage", json!({ "mode": "down" })).await;
    let down = world.get(key).await;
    assert_eq!((down.status, down.error()), (503, "unavailable"));
    let refused = world
        .post("/v1/authorisations", "k", authorise("tok_visa"))
        .await;
    assert_eq!(refused.status, 503);
    assert_eq!(world.ledger(), "", "nothing was done");

    let none = world.control("outage", json!({ "mode": "none" })).await;
    assert_eq!((none.status, none.body), (200, json!({ "mode": "none" })));
    assert_eq!(world.get(key).await.status, 404);
    let wrong = world.control("outage", json!({ "mode": "maybe" })).await;
    assert_eq!(wrong.status, 422);
}

#[tokio::test]
async fn in_a_slow_outage_all_is_done_and_in_a_hanging_one_nothing() {
    use acquirer::pace::Wait;

    let world = World::new().await;
    world.control("outage", json!({ "mode": "slow" })).await;
    let call = world.post("/v1/authorisations", "slow", authorise("tok_visa"));
    let (answer, ()) = tokio::join!(call, async {
        soon(world.app.pace.reached(Wait::Slow)).await;
        assert_eq!(world.ledger(), "", "not yet");
        world.app.pace.open(Wait::Slow);
    });
    assert_eq!(answer.status, 201);

    world.control("outage", json!({ "mode": "hang" })).await;
    let body = authorise("tok_visa");
    let call = world.call(Method::POST, "/v1/authorisations", Some("hang"), Some(body));
    let (answer, ()) = tokio::join!(call, async {
        soon(world.app.pace.reached(Wait::Hang)).await;
        world.app.pace.open(Wait::Hang);
    });
    assert_eq!(answer, None);
    assert_eq!(world.lines().len(), 1);
}
