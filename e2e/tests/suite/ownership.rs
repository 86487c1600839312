//! Own and other's: who knows an id learns nothing by it. What belongs to someone else answers like what does not exist.
//!
//! Invariant: the routes with an id in them are those that the services serve, so a new one is tried without being named.

use anyhow::{Result, ensure};
use e2e::client::{fresh, plain};
use e2e::order::list;
use e2e::{Order, Role, Target};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::access::matrix::{MATRIX, Row};
use crate::access::whose::{Whose, whose};
use crate::stack::{self, GENEROUS, browser, newcomer, order_one, routes, word};
use crate::tokens::Person;

/// Calls a route about this order with a token, and gives the status and the problem's type.
async fn about(
    target: &Target,
    route: (&str, &str),
    order: &Order,
    token: &str,
) -> Result<(StatusCode, String)> {
    let (method, path) = route;
    let body = body_for(path);
    let path = path
        .replace("{id}", &order.id)
        .replace("{store}", &order.store_id);
    let sidecar = target.sidecar("bff")?;
    let mut request = plain(target)?
        .request(
            method.parse::<Method>()?,
            sidecar
                .url
                .join(&format!("/v1.0/invoke/order/method{path}"))?,
        )
        .header("dapr-api-token", &sidecar.token)
        .header("idempotency-key", fresh())
        .bearer_auth(token);
    if method == "POST" {
        let version = format!("\"{}\"", order.version);
        request = request.header("if-match", version).json(&body);
    }
    let answer = request.send().await?;
    let status = answer.status();
    let body: serde_json::Value =
        serde_json::from_slice(&answer.bytes().await?).unwrap_or_default();
    Ok((status, word(&body, "type").to_owned()))
}

#[tokio::test]
async fn an_order_is_its_customers_and_its_stores() -> Result<()> {
    let stack = stack::shared().await?;
    let (owner, stranger) = (newcomer(&stack).await?, newcomer(&stack).await?);
    let order = order_one(&owner).await?;
    let missing = Order {
        id: Uuid::nil().to_string(),
        ..order.clone()
    };
    // Somebody else; and one whose role may do everything, but who works at no store.
    let strangers = [
        Person::of(&stack, &stranger).await?.at("order").await?,
        Person::demo(&stack, Role::Admin).await?.at("order").await?,
    ];
    let mine = Person::of(&stack, &owner).await?.at("order").await?;
    let staff = Person::demo(&stack, Role::Barista)
        .await?
        .at("order")
        .await?;
    let rows = routes(&stack, "order").await?;
    let mut with_ids: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                word(row, "method"),
                word(row, "path"),
                word(&row["access"], "scope"),
            )
        })
        // What belongs to the operators, to everybody or to a store whatever is ordered there is none of this.
        .filter(|(_, path, scope)| {
            let others = ["order:operate", "order:slots", "order:manage"];
            path.contains('{') && !others.contains(scope)
        })
        .filter(|(_, path, _)| !path.starts_with("/events/"))
        // An order has none before it is handed over; `returns` tries them.
        .filter(|(_, path, _)| !path.contains("{return}"))
        .collect();
    // The cancellation last: by then the order is being made, so that it is refused for another reason.
    with_ids.sort_by_key(|(_, path, _)| path.ends_with("/cancellation"));
    ensure!(with_ids.len() >= 4, "{with_ids:?}");
    for (method, path, scope) in with_ids {
        let route = (method, path);
        for (index, token) in strangers.iter().enumerate() {
            let (status, kind) = about(&stack, route, &order, token).await?;
            // A customer has no business with the staff's routes, whatever the id.
            let customer_at_the_counter = index == 0 && scope == "order:fulfil";
            let expected = if customer_at_the_counter {
                StatusCode::FORBIDDEN
            } else {
                StatusCode::NOT_FOUND
            };
            ensure!(
                status == expected,
                "{method} {path}: {status} for stranger {index}"
            );
            if path.contains("{id}") {
                let nothing = about(&stack, route, &missing, token).await?;
                ensure!(
                    (status, kind) == nothing,
                    "{method} {path} tells an order of somebody else from none"
                );
            }
        }
        let own = if scope == "order:fulfil" {
            &staff
        } else {
            &mine
        };
        let (status, kind) = about(&stack, route, &order, own).await?;
        // It is neither paid nor handed over.
        let is_too_early = (method, path) == ("POST", "/v1/orders/{id}/returns")
            || path == "/v1/orders/{id}/receipt";
        let expected = if path.ends_with("/cancellation") || is_too_early {
            StatusCode::CONFLICT
        } else {
            StatusCode::OK
        };
        ensure!(
            status == expected,
            "{method} {path}: {status} {kind} for those whose it is"
        );
    }
    Ok(())
}

/// A body that the route reads without a complaint, so that only the resource can be at fault.
fn body_for(path: &str) -> Value {
    let price = json!({ "amount": 1, "currency": "EUR" });
    match path.rsplit('/').find(|part| !part.starts_with('{')) {
        Some("tax-rates") => json!({ "drink": 800, "food": 500, "goods": 2300 }),
        Some("prices") => json!({ "price": price }),
        Some("price-changes") => {
            json!({ "item_id": Uuid::nil(), "price": price, "takes_effect_at": "2026-01-01T00:00:00Z" })
        }
        Some("hours") => json!({ "weekly": [], "closures": [] }),
        Some("pickup") => json!({ "capacity": 8 }),
        Some("threshold") => json!({ "threshold": 0 }),
        Some("receipts" | "waste" | "adjustments") => {
            json!({ "item_id": Uuid::nil(), "quantity": 1, "reason": "counted" })
        }
        Some("returns") => {
            json!({ "lines": [{ "line": 1, "quantity": 1, "goods": "wasted" }], "reason": "late" })
        }
        Some("zones") => json!({ "zones": [{
            "name": "Centre", "prefixes": ["041"], "fee": price, "tax_rate_bp": 1900, "minutes": 25,
        }] }),
        Some("rejection") => json!({ "note": "it was drunk" }),
        Some("refunds") => {
            json!({ "amount": { "amount": 1, "currency": "EUR" }, "reason": "cold" })
        }
        _ => json!({ "status": "preparation" }),
    }
}

/// Whether a route says that there is no such order, store or payment.
async fn is_hidden(target: &Target, row: &Row, order: &Order, token: &str) -> Result<bool> {
    let path = row
        .path
        .replace("{store}", &order.store_id)
        .replace("{item}", &Uuid::nil().to_string())
        .replace("{change}", &Uuid::nil().to_string())
        .replace("{order}", &order.id)
        .replace("{return}", &Uuid::nil().to_string())
        .replace("{id}", &order.id);
    let sidecar = target.sidecar("bff")?;
    let address = format!("/v1.0/invoke/{}/method{path}", row.app);
    let mut request = plain(target)?
        .request(row.method.parse::<Method>()?, sidecar.url.join(&address)?)
        .header("dapr-api-token", &sidecar.token)
        .header("idempotency-key", fresh())
        .header("if-match", "\"0\"")
        .bearer_auth(token);
    if row.method != "GET" {
        request = request.json(&body_for(&row.path));
    }
    let answer = request.send().await?;
    let status = answer.status();
    let problem: Value = serde_json::from_slice(&answer.bytes().await?).unwrap_or_default();
    let slug = word(&problem, "type")
        .rsplit(':')
        .next()
        .unwrap_or_default()
        .to_owned();
    let nothing = [
        "order-not-found",
        "store-not-found",
        "payment-not-found",
        "return-not-found",
        "shipment-not-found",
    ];
    let hidden = nothing.contains(&slug.as_str());
    ensure!(
        hidden == (status == StatusCode::NOT_FOUND)
            || ["item-not-found", "price-change-not-found"].contains(&slug.as_str()),
        "{} {path}: {status} {slug}",
        row.method
    );
    Ok(hidden)
}

/// Every route of every document that is about somebody's resource, asked by someone who has the scope for it.
#[tokio::test]
async fn whoever_has_the_scope_and_not_the_resource_is_told_that_there_is_none() -> Result<()> {
    let stack = stack::shared().await?;
    let owner = newcomer(&stack).await?;
    let order = order_one(&owner).await?;
    let owner = Person::of(&stack, &owner).await?;
    // The one's role may do everything at a store, but she works at none; the other works at this one.
    let (elsewhere, here) = (
        Person::demo(&stack, Role::Admin).await?,
        Person::demo(&stack, Role::Manager).await?,
    );
    let mut tried = 0;
    // Whose it is stands in the message of a call by gRPC: `grpc` tries them.
    for row in MATRIX.iter().filter(|row| !row.path.starts_with("/crema.")) {
        let whose = whose(row.app, &row.method, &row.path);
        let mine = match whose {
            Some(Whose::Customers) => owner.at(row.app).await?,
            Some(Whose::Stores) => here.at(row.app).await?,
            _ => continue,
        };
        let theirs = elsewhere.at(row.app).await?;
        ensure!(
            is_hidden(&stack, row, &order, &theirs).await?,
            "{} {} {} shows it",
            row.app,
            row.method,
            row.path
        );
        // What is paid at the counter has no payment, and nothing a return, before it is handed over. What is fetched has
        // no shipment; `delivery` tries one.
        ensure!(
            row.app == "payment"
                || row.path.contains("{return}")
                || row.path == "/v1/shipments/{order}"
                || !is_hidden(&stack, row, &order, &mine).await?,
            "{} {} {} hides it from those whose it is",
            row.app,
            row.method,
            row.path
        );
        tried += 1;
    }
    ensure!(tried > 12, "only {tried} routes are somebody's");
    Ok(())
}

#[tokio::test]
async fn a_customer_sees_own_orders_alone() -> Result<()> {
    let stack = stack::shared().await?;
    let (owner, stranger) = (newcomer(&stack).await?, newcomer(&stack).await?);
    let order = order_one(&owner).await?;
    let all = stranger
        .get("/api/orders")
        .await?
        .expect(StatusCode::OK)?
        .json()?;
    assert_eq!(all["items"], json!([]));
    let all = owner
        .get("/api/orders")
        .await?
        .expect(StatusCode::OK)?
        .json()?;
    assert_eq!(list(&all["items"]).len(), 1);
    for path in ["", "/history", "/timeline", "/events"] {
        let path = format!("/api/orders/{}{path}", order.id);
        stranger.get(&path).await?.expect(StatusCode::NOT_FOUND)?;
    }
    let mut page = owner
        .events(&format!("/api/orders/{}/events", order.id))
        .await?;
    assert_eq!(page.next(GENEROUS).await?.data["id"], json!(order.id));
    Ok(())
}

#[tokio::test]
async fn a_board_is_its_stores_staffs() -> Result<()> {
    let stack = stack::shared().await?;
    let (admin, barista) = (
        browser(&stack, Role::Admin).await?,
        browser(&stack, Role::Barista).await?,
    );
    let order = order_one(&barista).await?;
    for path in ["tickets", "tickets/events"] {
        let path = format!("/api/stores/{}/{path}", order.store_id);
        admin.get(&path).await?.expect(StatusCode::NOT_FOUND)?;
    }
    admin
        .advance(&order.id, order.version, "preparation")
        .await?
        .expect(StatusCode::NOT_FOUND)?;
    barista
        .advance(&order.id, order.version, "preparation")
        .await?
        .expect(StatusCode::OK)?;
    Ok(())
}
