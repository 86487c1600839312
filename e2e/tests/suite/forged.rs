//! Forgeries from inside: whoever gets onto the machine's network, or is one of the services, still can't be another.

use anyhow::{Result, ensure};
use e2e::client::plain;
use e2e::{Client, Role};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::stack::{self, GENEROUS, browser, newcomer, order_one, routes, word};

/// An event as order publishes it, of an order that was never brought to that step.
fn forged_event(order: &e2e::Order) -> Value {
    json!({
        "specversion": "1.0", "id": uuid::Uuid::max(), "source": "/order", "type": "order.fulfilment_changed.v1",
        "subject": order.id, "time": "2026-01-01T00:00:00.000Z", "datacontenttype": "application/json",
        "sequence": "99", "data": {
            "order_id": order.id, "store_id": order.store_id, "number": order.number, "checkout": "confirmed",
            "fulfilment": "ready", "version": 99, "total": order.total, "occurred_at": "2026-01-01T00:00:00.000Z",
        },
    })
}

async fn status(request: RequestBuilder) -> Result<StatusCode> {
    Ok(request.send().await?.status())
}

#[tokio::test]
async fn a_service_listens_to_its_own_sidecar_alone() -> Result<()> {
    let stack = stack::shared().await?;
    let http = plain(&stack)?;
    let apps = stack.apps();
    for app in &apps {
        let url = stack.listener(app)?.url;
        for row in routes(&stack, app).await? {
            let path = word(&row, "path")
                .replace("{id}", "1")
                .replace("{store}", "1");
            let call = || {
                Ok::<_, anyhow::Error>(
                    http.request(word(&row, "method").parse::<Method>()?, url.join(&path)?),
                )
            };
            ensure!(
                status(call()?).await? == StatusCode::UNAUTHORIZED,
                "{app} {path} answers without a token"
            );
            for other in apps.iter().filter(|other| *other != app) {
                for token in [
                    stack.listener(other)?.token,
                    stack.sidecar(other)?.token,
                    stack.sidecar(app)?.token,
                ] {
                    let forged = status(call()?.header("dapr-api-token", token)).await?;
                    ensure!(
                        forged == StatusCode::UNAUTHORIZED,
                        "{app} {path} takes a token of {other}: {forged}"
                    );
                }
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_sidecar_serves_its_own_service_alone() -> Result<()> {
    let stack = stack::shared().await?;
    let http = plain(&stack)?;
    let apps = stack.apps();
    for app in &apps {
        let url = stack.sidecar(app)?.url;
        let calls = [
            (Method::GET, "/v1.0/secrets/secretstore/client"),
            (Method::GET, "/v1.0/secrets/secretstore/bulk"),
            (Method::GET, "/v1.0/metadata"),
            (Method::GET, "/v1.0/state/statestore/any"),
            (Method::GET, "/v1.0/invoke/catalog/method/v1/stores"),
            (Method::POST, "/v1.0/publish/pubsub/order-events"),
            (Method::POST, "/v1.0/shutdown"),
        ];
        for (method, path) in calls {
            let call = || Ok::<_, anyhow::Error>(http.request(method.clone(), url.join(path)?));
            ensure!(
                status(call()?).await? == StatusCode::UNAUTHORIZED,
                "{app}'s sidecar: {path} without a token"
            );
            for other in apps.iter().filter(|other| *other != app) {
                let forged =
                    status(call()?.header("dapr-api-token", stack.sidecar(other)?.token)).await?;
                ensure!(
                    forged == StatusCode::UNAUTHORIZED,
                    "{app}'s sidecar: {path} with {other}'s token: {forged}"
                );
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn events_come_from_the_broker_alone() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let order = order_one(&customer).await?;
    let mut page = customer
        .events(&format!("/api/orders/{}/events", order.id))
        .await?;
    page.next(GENEROUS).await?;
    let (http, event) = (plain(&stack)?, forged_event(&order));

    let direct = http
        .post(stack.listener("bff")?.url.join("/events/order")?)
        .json(&event);
    ensure!(
        status(direct.header("dapr-api-token", "forged")).await? == StatusCode::UNAUTHORIZED,
        "a forged delivery"
    );
    for app in stack.apps() {
        let sidecar = stack.sidecar(app)?;
        let by = |path: &str| {
            Ok::<_, anyhow::Error>(
                http.post(sidecar.url.join(path)?)
                    .json(&event)
                    .header("dapr-api-token", &sidecar.token),
            )
        };
        if app != "bff" {
            let delivered = status(by("/v1.0/invoke/bff/method/events/order")?).await?;
            ensure!(
                delivered == StatusCode::FORBIDDEN,
                "{app} delivers an event by invocation: {delivered}"
            );
        }
        if app != "order" {
            for component in ["pubsub", "pubsub-live"] {
                let published =
                    status(by(&format!("/v1.0/publish/{component}/order-events"))?).await?;
                ensure!(
                    published.is_client_error(),
                    "{app} publishes order's events by {component}: {published}"
                );
            }
        }
    }

    // The next thing that the customer sees is the true step, not the forged one.
    let barista = browser(&stack, Role::Barista).await?;
    barista
        .advance(&order.id, order.version, "preparation")
        .await?
        .expect(StatusCode::OK)?;
    let next = page.next(GENEROUS).await?;
    assert_eq!(
        (&next.data["fulfilment"], &next.data["version"]),
        (&json!("preparation"), &json!(order.version + 1))
    );
    Ok(())
}

#[tokio::test]
async fn a_service_reads_its_own_secrets_alone() -> Result<()> {
    let stack = stack::shared().await?;
    let (http, mut seen) = (plain(&stack)?, Vec::new());
    for app in stack.apps() {
        let sidecar = stack.sidecar(app)?;
        for name in [
            "redis",
            "dapr",
            "client",
            "federation",
            "signing",
            "totp",
            "session",
            "merchant",
            "provider",
            "shipper",
            "courier",
            "webhook",
            "../order/client",
            "order%2Fclient",
        ] {
            let address = sidecar
                .url
                .join(&format!("/v1.0/secrets/secretstore/{name}"))?;
            let answer = http
                .get(address)
                .header("dapr-api-token", &sidecar.token)
                .send()
                .await?;
            if answer.status() == StatusCode::OK {
                seen.push((app, name));
            }
        }
    }
    seen.sort_unstable();
    assert_eq!(
        seen,
        [
            ("acquirer", "merchant"),
            ("bff", "client"),
            ("bff", "session"),
            ("carrier", "shipper"),
            ("identity", "federation"),
            ("identity", "signing"),
            ("identity", "totp"),
            ("order", "client"),
            ("payment", "webhook"),
        ]
    );
    Ok(())
}

#[tokio::test]
async fn a_forged_session_is_none() -> Result<()> {
    let stack = stack::shared().await?;
    let visitor = Client::new(&stack)?;
    for cookie in [
        "__Host-crema=AAAA",
        "__Host-crema=",
        "__Host-crema=a; __Host-crema=b",
    ] {
        let (request, trace) = visitor.request(&Method::GET, "/api/orders")?;
        let answer = visitor
            .send((request.header("cookie", cookie), trace))
            .await?;
        answer.expect(StatusCode::UNAUTHORIZED)?;
    }
    Ok(())
}
