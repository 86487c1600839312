//! Applications of other companies at `/v1`: for people who allow it, and for themselves.
//!
//! Invariant: an application knows what an operator told its maker, and what a person's browser brought back.

use anyhow::{Context as _, Result, ensure};
use e2e::client::{fresh, plain};
use e2e::order::{coffee, list};
use e2e::{Client, Role, Target};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::foreign::send;
use crate::stack::{self, GENEROUS, browser, menu, newcomer, order_one, word};
use crate::tokens::{EXCHANGE, PKCE, Service, exchange, issued};

const CALLBACK: &str = "https://beans.example/callback";

/// An application that an operator registers for these scopes and grants.
async fn registered<'t>(
    target: &'t Target,
    addresses: &[&str],
    scopes: &[&str],
    grants: &[&str],
) -> Result<Service<'t>> {
    let operator = browser(target, Role::Admin).await?;
    let said = json!({
        "name": "Beans & Co",
        "kind": "confidential",
        "redirect_uris": addresses,
        "post_logout_redirect_uris": [],
        "scopes": scopes,
        "grant_types": grants,
    });
    let answer = operator.post("/api/clients", &said, &[]).await?;
    let client = answer.expect(StatusCode::CREATED)?.json()?;
    let (id, secret) = (word(&client, "client_id"), word(&client, "client_secret"));
    Ok(Service::known(target, id, secret))
}

/// The access token that an application gets by sending a person here, who allows what it asks for.
async fn allowed(
    target: &Target,
    application: &Service<'_>,
    person: &Client,
    scope: &str,
) -> Result<String> {
    let query = [
        ("client_id", application.id()),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", scope),
        ("code_challenge", PKCE.1),
        ("code_challenge_method", "S256"),
    ];
    let mut address = target.public().join("/oauth2/authorize")?;
    address.query_pairs_mut().extend_pairs(query);
    let back: Url = send(person, address.as_str()).await?.parse()?;
    let code = back.query_pairs().find(|(name, _)| name == "code");
    let (_, code) = code.with_context(|| back.to_string())?;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", PKCE.0),
    ];
    issued(&application.token(&form).await?)
}

/// What `/v1` answers to an application with a token: no cookie, no header of our pages.
async fn ask(
    target: &Target,
    method: Method,
    path: &str,
    token: &str,
    order: Option<(&Value, &str)>,
) -> Result<(StatusCode, Value)> {
    let request = plain(target)?.request(method, target.public().join(path)?);
    let request = match order {
        Some((order, key)) => request.header("idempotency-key", key).json(order),
        None => request,
    };
    let answer = request.bearer_auth(token).timeout(GENEROUS).send().await?;
    let status = answer.status();
    Ok((status, serde_json::from_slice(&answer.bytes().await?)?))
}

#[tokio::test]
async fn an_application_orders_for_whoever_allowed_it() -> Result<()> {
    let stack = stack::shared().await?;
    let grants = ["authorization_code", EXCHANGE];
    let scopes = ["order:place", "order:read"];
    let beans = registered(&stack, &[CALLBACK], &scopes, &grants).await?;
    let (person, stranger) = (newcomer(&stack).await?, newcomer(&stack).await?);
    let theirs = order_one(&stranger).await?;
    let wish = coffee(&menu(&person).await?)?;

    let access = allowed(&stack, &beans, &person, "order:read order:place").await?;
    let (status, _) = ask(&stack, Method::GET, "/v1/orders", &access, None).await?;
    ensure!(
        status == StatusCode::UNAUTHORIZED,
        "a token for the application itself"
    );
    let token = issued(&exchange(&beans, &access, "order").await?)?;
    let key = fresh();
    let place = async |token: &str, key: &str| {
        ask(
            &stack,
            Method::POST,
            "/v1/orders",
            token,
            Some((&wish, key)),
        )
        .await
    };
    let (status, order) = place(&token, &key).await?;
    ensure!(status == StatusCode::ACCEPTED, "{status}: {order}");
    let again = place(&token, &key).await?;
    ensure!(
        word(&again.1, "id") == word(&order, "id"),
        "one key is one order: {again:?}"
    );
    let hers = person
        .get("/api/orders")
        .await?
        .expect(StatusCode::OK)?
        .json()?;
    let ids: Vec<_> = list(&hers["items"])
        .iter()
        .map(|it| word(it, "id"))
        .collect();
    ensure!(
        ids == [word(&order, "id")],
        "it is hers, and the only one: {hers}"
    );

    let path = format!("/v1/orders/{}", theirs.id);
    let (status, _) = ask(&stack, Method::GET, &path, &token, None).await?;
    ensure!(status == StatusCode::NOT_FOUND, "somebody else's: {status}");
    let path = format!("/v1/orders/{}/cancellation", word(&order, "id"));
    let (status, _) = ask(&stack, Method::POST, &path, &token, None).await?;
    ensure!(
        status == StatusCode::FORBIDDEN,
        "nobody allowed it to cancel: {status}"
    );
    let (status, _) = ask(&stack, Method::GET, "/v1/stores", &token, None).await?;
    ensure!(
        status == StatusCode::UNAUTHORIZED,
        "another service's: {status}"
    );

    let less = issued(
        &exchange(
            &beans,
            &allowed(&stack, &beans, &person, "order:read").await?,
            "order",
        )
        .await?,
    )?;
    let placed = place(&less, &fresh()).await?;
    ensure!(
        placed.0 == StatusCode::FORBIDDEN,
        "it asked for no more: {placed:?}"
    );
    Ok(())
}

#[tokio::test]
async fn an_application_reads_the_menus_for_itself() -> Result<()> {
    let stack = stack::shared().await?;
    let guide = registered(&stack, &[], &["catalog:read"], &["client_credentials"]).await?;
    let token = guide.own("catalog").await?.context("a token")?;
    let (status, stores) = ask(&stack, Method::GET, "/v1/stores", &token, None).await?;
    ensure!(status == StatusCode::OK, "{status}: {stores}");
    let store = list(&stores["items"]).first().context("a store")?;
    let path = format!("/v1/stores/{}/menu", word(store, "id"));
    let (status, menu) = ask(&stack, Method::GET, &path, &token, None).await?;
    ensure!(status == StatusCode::OK, "{status}: {menu}");
    coffee(&menu).context("a menu to order from")?;
    ensure!(guide.own("order").await?.is_none(), "nobody's orders");
    Ok(())
}
