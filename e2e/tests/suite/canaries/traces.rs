//! What services and sidecars tell a collector of traces: second processes of them that have one, asked what people ask.
//!
//! Invariant: the requests are those that leave canaries elsewhere; each has sent spans before they are looked at.

use anyhow::{Result, ensure};
use e2e::checker;
use e2e::client::{fresh, plain};
use e2e::collector::Collector;
use e2e::order::coffee;
use e2e::target::{Proof, Started, Target, Twin};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::plant::{Planted, record};
use super::{all_secrets, contains};
use crate::shop::{Desk, by_card};
use crate::stack::{self, menu};
use crate::undoing::signed;

/// The services that are told secrets.
const TOLD: [&str; 4] = ["bff", "identity", "order", "payment"];

/// A request to a second process of a service, as that service's sidecar makes it.
fn asked(
    target: &Target,
    app: &str,
    twin: &Twin,
    (method, path): (Method, &str),
) -> Result<RequestBuilder> {
    let token = target.listener(app)?.token;
    let request = plain(target)?.request(method, twin.listener().join(path)?);
    Ok(request
        .header("dapr-api-token", token)
        .header("x-forwarded-for", "198.51.100.9"))
}

#[tokio::test]
async fn nothing_of_it_is_in_a_trace() -> Result<()> {
    let stack = stack::alone().await?;
    let mut planted = Planted::by_a_newcomer(&stack).await?;
    let collector = Collector::open().await?;
    let mut twins = Vec::new();
    for app in TOLD {
        twins.push(stack.twin_traced(app, Some(collector.url())).await?);
    }
    let [bff, identity, order, payment] = &twins[..] else {
        anyhow::bail!("four twins");
    };
    let (post, get) = (Method::POST, Method::GET);

    // The second BFF shares the first one's sessions.
    let browser = &planted.browser;
    let at = |path: &str| bff.public().join(path);
    let card = format!("tok_{}", fresh());
    let wish = by_card(coffee(&menu(browser).await?)?, &card);
    let key = fresh();
    let answer = browser
        .post(
            at("/api/orders")?.as_str(),
            &wish,
            &[("idempotency-key", &key)],
        )
        .await?;
    ensure!(answer.status.is_success(), "{answer:?}");
    let (code, state) = (fresh(), fresh());
    let back = format!("/api/session/callback?code={code}&state={state}");
    browser.get(at(&back)?.as_str()).await?;
    let link = fresh();
    browser
        .get(at(&format!("/reset-password?token={link}"))?.as_str())
        .await?;

    let person = &planted.person;
    let form = [
        ("email", person.email.as_str()),
        ("password", &person.password),
    ];
    let origin = stack.public().origin().ascii_serialization();
    let signing = asked(&stack, "identity", identity, (post.clone(), "/sign-in"))?;
    let signed_in = signing.header("origin", origin).form(&form).send().await?;
    ensure!(!signed_in.status().is_server_error(), "{signed_in:?}");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &*link)];
    let refresh = asked(
        &stack,
        "identity",
        identity,
        (post.clone(), "/oauth2/token"),
    )?
    .basic_auth("bff", Some(&code))
    .form(&refresh);
    refresh.send().await?;
    let [at_bff, at_order] = &planted.tokens;
    let told = asked(
        &stack,
        "identity",
        identity,
        (get.clone(), "/oauth2/userinfo"),
    )?;
    told.bearer_auth(at_bff).send().await?;
    let orders = asked(&stack, "order", order, (get, "/v1/orders"))?;
    let orders = orders.bearer_auth(at_order).send().await?;
    ensure!(orders.status().is_success(), "{orders:?}");
    let message =
        json!({ "id": fresh(), "type": "void.succeeded", "data": { "reference": "none" } });
    let (body, secret) = (message.to_string(), Desk::of(&stack).await?.webhook_secret);
    let webhook = asked(&stack, "payment", payment, (post, "/v1/webhooks/provider"))?
        .header("content-type", "application/json")
        .header("acquirer-signature", signed(&secret, &body, 0)?)
        .body(body);
    let webhook = webhook.send().await?;
    ensure!(webhook.status().is_success(), "{webhook:?}");

    let spans = [
        "POST /api/orders",
        "GET /api/session/callback",
        "GET /reset-password",
        "POST /sign-in",
        "POST /oauth2/token",
        "GET /oauth2/userinfo",
        "GET /v1/orders",
        "POST /v1/webhooks/provider",
    ];
    contains("the spans of what was asked", &spans, || collector.text()).await?;
    for (name, text) in [
        ("the token of a card", card),
        ("a code", code),
        ("a state", state),
        ("a link", link),
    ] {
        planted.canaries.push(record(name, &text));
    }
    let leaks = checker::search(
        &[record("the traces", &collector.text())],
        &all_secrets(&stack, &planted).await?,
    );
    ensure!(leaks.is_empty(), "{leaks:?}");
    Ok(())
}

#[tokio::test]
async fn nothing_of_it_is_in_a_trace_of_a_sidecar() -> Result<()> {
    let stack = stack::alone().await?;
    let collector = Collector::open().await?;
    let shown = stack.sentry_token("bff")?;
    let mut sidecar = stack.second_sidecar_traced("bff", Proof::Token(&shown), collector.url())?;
    assert_eq!(sidecar.started().await?, Started::Serves);
    let (url, token) = sidecar.door();
    let [link, code, bearer, cookie, password] = [(); 5].map(|()| fresh());
    let invoke = |method: Method, path: &str| -> Result<RequestBuilder> {
        let url = url.join(&format!("/v1.0/invoke/identity/method{path}"))?;
        let request = plain(&stack)?.request(method, url);
        Ok(request.header("dapr-api-token", token))
    };
    // As the BFF sends it.
    let page = invoke(Method::GET, "/reset-password")?
        .header("x-crema-query", format!("token={link}"))
        .header("cookie", format!("__Host-crema-id={cookie}"));
    let page = page.send().await?;
    ensure!(page.status().is_success(), "{page:?}");
    ensure!(page.text().await?.contains(&link), "the query is lost");
    let form = [("grant_type", "authorization_code"), ("code", &*code)];
    let exchange = invoke(Method::POST, "/oauth2/token")?.basic_auth("bff", Some(&password));
    let exchange = exchange.form(&form).send().await?;
    ensure!(!exchange.status().is_server_error(), "{exchange:?}");
    let told = invoke(Method::GET, "/oauth2/userinfo")?.bearer_auth(&bearer);
    let told = told.send().await?;
    ensure!(!told.status().is_server_error(), "{told:?}");
    let spans = ["/reset-password", "/oauth2/token", "/oauth2/userinfo"];
    contains("the spans of what was asked", &spans, || collector.text()).await?;
    let canaries = [
        record("a link", &link),
        record("a code", &code),
        record("a token", &bearer),
        record("a cookie", &cookie),
        record("a client's secret", &password),
        record("the sidecar's own token", token),
    ];
    let leaks = checker::search(&[record("the traces", &collector.text())], &canaries);
    ensure!(leaks.is_empty(), "{leaks:?}");
    Ok(())
}
