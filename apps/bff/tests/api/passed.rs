//! Every row of the table of what is passed on, one by one.

use axum::http::{Method, StatusCode};
use bff::passed::PASSED;
use serde_json::json;
use testkit::Received;

use crate::browser::{Answer, Browser};
use crate::contract;
use crate::identity::{PERSON, claims};
use crate::stage::Stage;

const ID: &str = "0190a000-0000-7000-8000-0000000000aa";
const ITEM: &str = "0190a000-0000-7000-8000-0000000000ee";
const CHANGE: &str = "0190a000-0000-7000-8000-0000000000cc";
const KEY: (&str, &str) = ("idempotency-key", "key-1");

/// What must be asked of whom, written out a second time: `method path > app path`, `!` where a key is needed, `*` where
/// a picture is sent.
const EXPECTED: &str = "
    POST! /api/orders > order /v1/orders
    POST /api/quotes > catalog /v1/quotes
    GET /api/orders > order /v1/orders
    GET /api/orders/{id} > order /v1/orders/{id}
    GET /api/orders/{id}/history > order /v1/orders/{id}/history
    GET /api/orders/{id}/timeline > order /v1/orders/{id}/timeline
    POST /api/orders/{id}/fulfilment > order /v1/orders/{id}/fulfilment
    POST /api/orders/{id}/cancellation > order /v1/orders/{id}/cancellation
    GET /api/stores/{id}/tickets > order /v1/stores/{id}/tickets
    GET /api/stores/{id}/hours > catalog /v1/stores/{id}/hours
    PUT /api/stores/{id}/hours > catalog /v1/stores/{id}/hours
    GET /api/stores/{id}/pickup > order /v1/stores/{id}/pickup
    PUT /api/stores/{id}/pickup > order /v1/stores/{id}/pickup
    POST /api/delivery-quotes > shipping /v1/quotes
    GET /api/orders/{id}/shipment > shipping /v1/shipments/{id}
    GET /api/stores/{id}/shipments > shipping /v1/stores/{id}/shipments
    GET /api/stores/{id}/zones > shipping /v1/stores/{id}/zones
    PUT /api/stores/{id}/zones > shipping /v1/stores/{id}/zones
    GET /api/checkouts > order /v1/checkouts
    GET /api/checkouts/{id} > order /v1/checkouts/{id}
    POST /api/checkouts/{id}/retry > order /v1/checkouts/{id}/retry
    POST /api/checkouts/{id}/settle > order /v1/checkouts/{id}/settle
    GET /api/orders/{id}/payment > payment /v1/payments/{id}
    GET /api/orders/{id}/transactions > payment /v1/payments/{id}/transactions
    POST! /api/orders/{id}/refunds > payment /v1/payments/{id}/refunds
    POST! /api/orders/{id}/returns > order /v1/orders/{id}/returns
    GET /api/orders/{id}/returns > order /v1/orders/{id}/returns
    GET /api/stores/{id}/returns > order /v1/stores/{id}/returns
    GET /api/returns > order /v1/returns
    GET /api/returns/{id} > order /v1/returns/{id}
    POST /api/returns/{id}/approval > order /v1/returns/{id}/approval
    POST /api/returns/{id}/rejection > order /v1/returns/{id}/rejection
    POST /api/returns/{id}/retry > order /v1/returns/{id}/retry
    POST /api/returns/{id}/settle > order /v1/returns/{id}/settle
    GET /api/orders/{id}/receipt > order /v1/orders/{id}/receipt
    GET /api/returns/{id}/receipt > order /v1/returns/{id}/receipt
    POST /api/reconciliations > payment /v1/reconciliations
    GET /api/reconciliations > payment /v1/reconciliations
    GET /api/reconciliations/{id} > payment /v1/reconciliations/{id}
    GET /api/divergences > payment /v1/divergences
    POST /api/divergences/{id}/settle > payment /v1/divergences/{id}/settle
    GET /api/stores/{id}/stock > inventory /v1/stores/{id}/stock
    GET /api/stores/{id}/stock/{item}/movements > inventory /v1/stores/{id}/stock/{item}/movements
    PUT /api/stores/{id}/stock/{item}/threshold > inventory /v1/stores/{id}/stock/{item}/threshold
    POST! /api/stores/{id}/receipts > inventory /v1/stores/{id}/receipts
    POST! /api/stores/{id}/waste > inventory /v1/stores/{id}/waste
    POST! /api/stores/{id}/adjustments > inventory /v1/stores/{id}/adjustments
    GET /api/categories > catalog /v1/categories
    POST /api/categories > catalog /v1/categories
    GET /api/categories/{id} > catalog /v1/categories/{id}
    PUT /api/categories/{id} > catalog /v1/categories/{id}
    DELETE /api/categories/{id} > catalog /v1/categories/{id}
    GET /api/products > catalog /v1/products
    POST /api/products > catalog /v1/products
    GET /api/products/{id} > catalog /v1/products/{id}
    PUT /api/products/{id} > catalog /v1/products/{id}
    DELETE /api/products/{id} > catalog /v1/products/{id}
    PUT* /api/products/{id}/image > catalog /v1/products/{id}/image
    DELETE /api/products/{id}/image > catalog /v1/products/{id}/image
    GET /api/discounts > catalog /v1/discounts
    POST /api/discounts > catalog /v1/discounts
    GET /api/discounts/{id} > catalog /v1/discounts/{id}
    PUT /api/discounts/{id} > catalog /v1/discounts/{id}
    DELETE /api/discounts/{id} > catalog /v1/discounts/{id}
    GET /api/option-groups > catalog /v1/option-groups
    POST /api/option-groups > catalog /v1/option-groups
    GET /api/option-groups/{id} > catalog /v1/option-groups/{id}
    PUT /api/option-groups/{id} > catalog /v1/option-groups/{id}
    DELETE /api/option-groups/{id} > catalog /v1/option-groups/{id}
    GET /api/stores/{id}/tax-rates > catalog /v1/stores/{id}/tax-rates
    PUT /api/stores/{id}/tax-rates > catalog /v1/stores/{id}/tax-rates
    GET /api/stores/{id}/prices > catalog /v1/stores/{id}/prices
    GET /api/stores/{id}/prices/{item} > catalog /v1/stores/{id}/prices/{item}
    PUT /api/stores/{id}/prices/{item} > catalog /v1/stores/{id}/prices/{item}
    DELETE /api/stores/{id}/prices/{item} > catalog /v1/stores/{id}/prices/{item}
    GET /api/stores/{id}/price-changes > catalog /v1/stores/{id}/price-changes
    POST /api/stores/{id}/price-changes > catalog /v1/stores/{id}/price-changes
    GET /api/stores/{id}/price-changes/{change} > catalog /v1/stores/{id}/price-changes/{change}
    DELETE /api/stores/{id}/price-changes/{change} > catalog /v1/stores/{id}/price-changes/{change}
    GET /api/users > identity /v1/users
    GET /api/users/{id} > identity /v1/users/{id}
    PUT /api/users/{id}/roles > identity /v1/users/{id}/roles
    POST /api/users/{id}/deactivate > identity /v1/users/{id}/deactivate
    POST /api/users/{id}/reactivate > identity /v1/users/{id}/reactivate
    GET /api/audit > identity /v1/audit
    GET /api/audit/verification > identity /v1/audit/verification
    GET /api/clients > identity /v1/clients
    POST /api/clients > identity /v1/clients
    GET /api/clients/{id} > identity /v1/clients/{id}
    PUT /api/clients/{id} > identity /v1/clients/{id}
    DELETE /api/clients/{id} > identity /v1/clients/{id}
    POST /api/clients/{id}/secret > identity /v1/clients/{id}/secret
    DELETE /api/clients/{id}/secret/previous > identity /v1/clients/{id}/secret/previous
    GET /api/stores/{id}/sales > order /v1/stores/{id}/sales
    DELETE /api/timeline > order /v1/timeline
    DELETE /api/sales > order /v1/sales
    GET /api/dead-letters/order > order /v1/dead-letters
    POST /api/dead-letters/order/{id}/redrive > order /v1/dead-letters/{id}/redrive
    GET /api/dead-letters/inventory > inventory /v1/dead-letters
    POST /api/dead-letters/inventory/{id}/redrive > inventory /v1/dead-letters/{id}/redrive
    GET /api/dead-letters/payment > payment /v1/dead-letters
    POST /api/dead-letters/payment/{id}/redrive > payment /v1/dead-letters/{id}/redrive
    GET /api/dead-letters/shipping > shipping /v1/dead-letters
    POST /api/dead-letters/shipping/{id}/redrive > shipping /v1/dead-letters/{id}/redrive
";

struct Row {
    method: Method,
    path: String,
    app: &'static str,
    upstream: String,
    needs_key: bool,
    is_picture: bool,
}

fn rows() -> Vec<Row> {
    let with_ids = |path: &str| {
        let path = path.replace("{id}", ID).replace("{item}", ITEM);
        path.replace("{change}", CHANGE)
    };
    let lines = EXPECTED.trim().lines().map(str::trim);
    lines
        .map(|line| {
            let words: Vec<_> = line.split(' ').collect();
            let [method, path, ">", app, upstream] = words[..] else {
                panic!("{line}");
            };
            let bare = method.trim_end_matches(['!', '*']);
            Row {
                method: bare.parse().expect("a method"),
                path: with_ids(path),
                app,
                upstream: with_ids(upstream),
                needs_key: method.ends_with('!'),
                is_picture: method.ends_with('*'),
            }
        })
        .collect()
}

/// What a service was asked for; not what identity was, to give a token for it.
async fn asked_of(stage: &Stage, app: &str) -> Vec<Received> {
    let mut calls = stage.sidecar.received(app).await;
    calls.retain(|call| call.path_and_query.starts_with("/v1/"));
    calls
}

/// Sends a row what its service reads.
async fn command(
    browser: &mut Browser,
    row: &Row,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let method = row.method.clone();
    if row.is_picture {
        let headers = [headers, &[("content-type", "image/png")]].concat();
        return browser
            .upload(method, path, &headers, body.to_owned())
            .await;
    }
    browser.send(method, path, headers, body).await
}

fn body_for(row: &Row) -> String {
    let unread = || {
        if row.method == Method::GET {
            ""
        } else {
            r#"{"a":1}"#
        }
        .to_owned()
    };
    contract::body_for(&row.method, &row.path).unwrap_or_else(unread)
}

#[tokio::test]
async fn every_row_reaches_its_service_as_the_person() {
    assert_eq!(rows().len(), PASSED.len(), "a row that nobody expects");
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    for row in rows() {
        let upstream = stage
            .sidecar
            .invoke(row.app, row.method.clone(), &row.upstream);
        upstream.respond(200, json!({"from": row.app})).await;
        let before = asked_of(&stage, row.app).await.len();
        let (path, body) = (format!("{}?limit=2", row.path), body_for(&row));
        let headers = [KEY, ("prefer", "wait=2"), ("x-user-id", "forged")];
        let answer = if row.method == Method::GET {
            browser.get(&path).await
        } else {
            command(&mut browser, &row, &path, &headers, &body).await
        };
        assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
        assert_eq!(answer.json(), json!({"from": row.app}), "{path}");
        let call = asked_of(&stage, row.app).await.remove(before);
        assert_eq!(
            (&call.method, call.path_and_query),
            (&row.method, format!("{}?limit=2", row.upstream))
        );
        let claims = claims(&call.headers);
        assert_eq!(
            (&claims["aud"], &claims["sub"]),
            (&json!(row.app), &json!(PERSON)),
            "{path}"
        );
        assert_eq!(call.body, body.as_bytes(), "{path}");
        assert!(!call.headers.contains_key("cookie"));
        assert!(!call.headers.contains_key("x-user-id"));
        if row.method != Method::GET {
            assert_eq!(call.headers["idempotency-key"], KEY.1, "{path}");
            assert_eq!(call.headers["prefer"], "wait=2", "{path}");
        }
    }
}

#[tokio::test]
async fn no_row_answers_whom_nobody_knows() {
    let stage = Stage::set().await;
    for row in rows() {
        let body = body_for(&row);
        let answer = stage
            .browser()
            .send(row.method, &row.path, &[KEY], &body)
            .await;
        assert_eq!(
            (answer.status, answer.problem()),
            (StatusCode::UNAUTHORIZED, "not-signed-in".into()),
            "{}",
            row.path
        );
    }
    for app in ["order", "inventory", "payment", "shipping"] {
        assert!(stage.sidecar.received(app).await.is_empty());
    }
}

#[tokio::test]
async fn what_must_not_happen_twice_needs_its_key() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    for row in rows().into_iter().filter(|row| row.method != Method::GET) {
        let before = asked_of(&stage, row.app).await.len();
        let upstream = stage
            .sidecar
            .invoke(row.app, row.method.clone(), &row.upstream);
        upstream.respond(200, json!({})).await;
        let body = body_for(&row);
        let answer = command(&mut browser, &row, &row.path, &[], &body).await;
        let asked = asked_of(&stage, row.app).await.len() - before;
        if row.needs_key {
            assert_eq!(
                (answer.status, answer.problem()),
                (StatusCode::BAD_REQUEST, "idempotency-key-missing".into()),
                "{}",
                row.path
            );
        } else {
            assert_eq!(answer.status, StatusCode::OK, "{}", row.path);
        }
        assert_eq!(asked, usize::from(!row.needs_key), "{}", row.path);
    }
}

#[tokio::test]
async fn another_sites_page_changes_nothing_by_any_row() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    for row in rows() {
        let cross = [KEY, ("sec-fetch-site", "cross-site")];
        let answer = browser
            .ask(row.method.clone(), &row.path, &cross, "".into())
            .await;
        assert_eq!(answer.problem(), "cross-site", "{}", row.path);
        if row.method != Method::GET {
            let bare = [KEY, ("sec-fetch-site", "same-origin")];
            let answer = browser.ask(row.method, &row.path, &bare, "".into()).await;
            assert_eq!(answer.problem(), "request-header-missing", "{}", row.path);
        }
    }
    for app in ["order", "inventory", "payment", "shipping"] {
        assert!(stage.sidecar.received(app).await.is_empty());
    }
}

#[tokio::test]
async fn an_id_is_a_whole_uuid_or_nothing() {
    let stage = Stage::set().await;
    let mut browser = stage.signed_in().await;
    for path in [
        "/api/checkouts/1",
        "/api/orders/..%2fcheckouts/timeline",
        &format!("/api/stores/{ID}/stock/oat%2fmilk/movements"),
        &format!("/api/stores/{ID}/stock/x/movements"),
        "/api/dead-letters/catalog",
        "/api/dead-letters",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (StatusCode::NOT_FOUND, "not-found".into()),
            "{path}"
        );
    }
    for app in ["order", "inventory", "payment", "shipping"] {
        assert!(stage.sidecar.received(app).await.is_empty());
    }
}
