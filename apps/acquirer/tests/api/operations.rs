//! What each operation answers, what the bank refuses, and what the ledger says of both.

use axum::http::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::world::{API_KEY, World, amount, authorise, captures, euros, refunds, voids};

#[tokio::test]
async fn money_is_set_aside_taken_and_given_back() {
    let world = World::new().await;
    let authorised = world
        .post("/v1/authorisations", "a", authorise("tok_visa"))
        .await;
    assert_eq!(authorised.status, 201);
    let id = authorised.id();
    assert!(id.starts_with("au_"));
    assert_eq!(
        authorised.body,
        json!({
            "id": id, "kind": "authorisation", "reference": "order-tok_visa", "amount": euros(500),
            "status": "authorised",
        })
    );
    let captured = world.post(&captures(&id), "c", amount(500)).await;
    assert_eq!(captured.status, 201);
    assert!(captured.id().starts_with("ca_"));
    assert_eq!(
        captured.body,
        json!({
            "id": captured.id(), "kind": "capture", "authorisation": id, "reference": "order-tok_visa",
            "amount": euros(500), "status": "captured",
        })
    );
    let refunded = world.post(&refunds(&captured.id()), "r", amount(200)).await;
    assert_eq!(refunded.status, 201);
    assert!(refunded.id().starts_with("re_"));
    assert_eq!(
        refunded.body,
        json!({
            "id": refunded.id(), "kind": "refund", "capture": captured.id(), "reference": "order-tok_visa",
            "amount": euros(200), "status": "refunded",
        })
    );

    let operations = world.lines();
    let kept: Vec<_> = operations
        .iter()
        .map(|line| {
            (
                line.seq,
                line.key.0.as_str(),
                line.id.0.clone(),
                line.amount,
            )
        })
        .collect();
    let ids = [id, captured.id(), refunded.id()];
    let [a, c, r] = ids;
    // Lines in between tell of webhooks.
    let seqs: Vec<_> = kept.iter().map(|line| line.0).collect();
    assert!(seqs.is_sorted() && seqs[0] == 1, "{seqs:?}");
    let kept: Vec<_> = kept
        .into_iter()
        .map(|(_, key, id, amount)| (key, id, amount))
        .collect();
    assert_eq!(kept, [("a", a, 500), ("c", c, 500), ("r", r, 200)]);
}

#[tokio::test]
async fn the_ledger_says_what_the_checker_reads() {
    let world = World::new().await;
    world
        .post(
            "/v1/authorisations",
            "a",
            authorise("tok_insufficient_funds"),
        )
        .await;
    let ledger = world.ledger();
    let line: Value = serde_json::from_str(ledger.lines().next().expect("a line")).expect("JSON");
    let at = line["at"].as_str().expect("a time");
    assert!(
        at.ends_with('Z') && at.len() == "2026-01-31T08:05:00.000Z".len(),
        "{at}"
    );
    assert_eq!(
        line,
        json!({
            "at": at, "seq": 1, "key": "a", "kind": "authorisation", "id": line["id"],
            "reference": "order-tok_insufficient_funds", "amount": 500, "currency": "EUR",
            "status": "declined", "decline_code": "insufficient_funds",
            "token": "tok_insufficient_funds", "event": line["event"],
        })
    );
}

#[tokio::test]
async fn parts_are_taken_up_to_the_whole() {
    let world = World::new().await;
    let id = world.authorised("tok_visa").await;
    assert_eq!(
        world.post(&captures(&id), "c1", amount(300)).await.status,
        201
    );
    let over = world.post(&captures(&id), "c2", amount(201)).await;
    assert_eq!((over.status, over.error()), (409, "over_capture"));
    assert_eq!(
        world.post(&captures(&id), "c3", amount(200)).await.status,
        201
    );
    let over = world.post(&captures(&id), "c4", amount(1)).await;
    assert_eq!((over.status, over.error()), (409, "over_capture"));
}

#[tokio::test]
async fn no_more_is_given_back_than_was_taken() {
    let world = World::new().await;
    let (_, capture) = world.captured("tok_visa").await;
    assert_eq!(
        world
            .post(&refunds(&capture), "r1", amount(300))
            .await
            .status,
        201
    );
    let over = world.post(&refunds(&capture), "r2", amount(201)).await;
    assert_eq!((over.status, over.error()), (409, "over_refund"));
    assert_eq!(
        world
            .post(&refunds(&capture), "r3", amount(200))
            .await
            .status,
        201
    );
    let over = world.post(&refunds(&capture), "r4", amount(1)).await;
    assert_eq!((over.status, over.error()), (409, "over_refund"));
}

#[tokio::test]
async fn of_parallel_refunds_only_as_many_pass_as_there_is_money() {
    let world = World::new().await;
    let (_, capture) = world.captured("tok_visa").await;
    let path = refunds(&capture);
    let keys: Vec<_> = (0..10).map(|n| format!("r{n}")).collect();
    let rush = keys.iter().map(|key| world.post(&path, key, amount(200)));
    let answers = futures::future::join_all(rush).await;
    let passed = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(passed, 2);
}

#[tokio::test]
async fn a_void_gives_up_what_was_not_taken() {
    let world = World::new().await;
    let id = world.authorised("tok_visa").await;
    let voided = world.post(&voids(&id), "v", json!({})).await;
    assert_eq!(voided.status, 201);
    assert!(voided.id().starts_with("vo_"));
    assert_eq!(
        (
            &voided.body["kind"],
            &voided.body["status"],
            &voided.body["authorisation"]
        ),
        (&json!("void"), &json!("voided"), &json!(id))
    );
    let after = world.post(&captures(&id), "c", amount(500)).await;
    assert_eq!((after.status, after.error()), (409, "already_voided"));
    let again = world.post(&voids(&id), "v2", json!({})).await;
    assert_eq!((again.status, again.error()), (409, "already_voided"));

    let (taken, _) = world.captured("tok_duplicate_webhooks").await;
    let late = world.post(&voids(&taken), "v3", json!({})).await;
    assert_eq!((late.status, late.error()), (409, "already_captured"));
}

#[tokio::test]
async fn other_currencies_are_refused() {
    let world = World::new().await;
    let (id, capture) = world.captured("tok_visa").await;
    let dollars = || json!({ "amount": { "amount": 1, "currency": "USD" } });
    let wrong = world.post(&captures(&id), "c", dollars()).await;
    assert_eq!((wrong.status, wrong.error()), (409, "wrong_currency"));
    let wrong = world.post(&refunds(&capture), "r", dollars()).await;
    assert_eq!((wrong.status, wrong.error()), (409, "wrong_currency"));
}

#[tokio::test]
async fn what_was_never_authorised_is_not_found() {
    let world = World::new().await;
    for (path, error) in [
        (captures("au_none"), "no_such_authorisation"),
        (voids("au_none"), "no_such_authorisation"),
        (refunds("ca_none"), "no_such_capture"),
    ] {
        let answer = world.post(&path, "k", amount(1)).await;
        assert_eq!((answer.status, answer.error()), (404, error), "{path}");
    }
    let declined = world
        .post("/v1/authorisations", "d", authorise("tok_declined"))
        .await;
    let answer = world.post(&captures(&declined.id()), "c", amount(1)).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn a_request_that_makes_no_sense_does_nothing() {
    let world = World::new().await;
    let good = || authorise("tok_visa");
    let with = |field: &str, value: Value| {
        let mut body = good();
        body[field] = value;
        body
    };
    let bad = [
        with("amount", euros(0)),
        with("amount", euros(-1)),
        with("amount", json!({ "amount": 1.5, "currency": "EUR" })),
        with("amount", json!({ "amount": 1, "currency": "eur" })),
        with("reference", json!("")),
        with("reference", json!("two words")),
        with("token", json!("x".repeat(256))),
        with("more", json!(1)),
        json!([]),
    ];
    for body in bad {
        let answer = world.post("/v1/authorisations", "k", body.clone()).await;
        assert_eq!(
            (answer.status, answer.error()),
            (422, "invalid_request"),
            "{body}"
        );
    }
    let huge = world
        .post(
            "/v1/authorisations",
            "k",
            with("token", json!("x".repeat(70_000))),
        )
        .await;
    assert_eq!((huge.status, huge.error()), (413, "too_large"));
    for key in [None, Some(""), Some("two words"), Some(&*"x".repeat(256))] {
        let answer = world
            .call(Method::POST, "/v1/authorisations", key, Some(good()))
            .await
            .expect("an answer");
        assert_eq!(
            (answer.status, answer.error()),
            (400, "idempotency_key"),
            "{key:?}"
        );
    }
    assert_eq!(world.ledger(), "");
}

/// A sidecar that repeats after a refused connection sends such requests.
#[tokio::test]
async fn a_request_that_breaks_off_does_nothing() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let world = World::new().await;
    let (authorisation, capture) = world.captured("tok_visa").await;
    let open = world.authorised("tok_lost_capture").await;
    let before = world.lines();
    let address = world.base.strip_prefix("http://").expect("an address");
    for path in [
        "/v1/authorisations",
        &captures(&authorisation),
        &refunds(&capture),
        &voids(&open),
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: provider\r\nAuthorization: Bearer {API_KEY}\r\n\
             Idempotency-Key: broken\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n"
        );
        let mut connection = TcpStream::connect(address).await.expect("a connection");
        connection.write_all(head.as_bytes()).await.expect("sent");
        connection.shutdown().await.expect("the end");
        let mut answer = Vec::new();
        // Whatever it says: the provider has dealt with it by the end.
        let _ = connection.read_to_end(&mut answer).await;
        let unknown = world.get("/v1/operations?key=broken").await;
        assert_eq!(unknown.status, 404, "{path}");
    }
    assert_eq!(world.lines(), before);
}

#[tokio::test]
async fn a_purchase_is_found_by_its_reference() {
    let world = World::new().await;
    let (authorisation, capture) = world.captured("tok_visa").await;
    world.authorised("tok_error_capture").await;
    let found = world.get("/v1/operations?reference=order-tok_visa").await;
    assert_eq!(found.status, 200);
    let items = found.body["items"].as_array().expect("items");
    let ids: Vec<_> = items.iter().map(|item| &item["response"]["id"]).collect();
    assert_eq!(ids, [&json!(authorisation), &json!(capture)]);
    assert_eq!(world.get("/v1/operations").await.status, 422);
    assert_eq!(
        world.get("/v1/operations?key=a&reference=b").await.status,
        422
    );
}
