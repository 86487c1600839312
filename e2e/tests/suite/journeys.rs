//! What the system is for, over plain HTTP: a coffee is chosen, ordered, watched, made and handed over.

use std::collections::HashSet;

use anyhow::{Context as _, Result, ensure};
use e2e::client::fresh;
use e2e::order::{STEPS, coffee, list};
use e2e::patience::until;
use e2e::{Client, Order, Part, Role};
use reqwest::StatusCode;
use reqwest::header::{ETAG, IF_NONE_MATCH, LOCATION};
use serde_json::{Value, json};

use crate::stack::{self, GENEROUS, browser, menu, menu_of, newcomer, stores, word};

#[tokio::test]
async fn customer_and_barista_see_every_step_as_it_happens() -> Result<()> {
    let stack = stack::shared().await?;
    let (customer, barista) = (
        newcomer(&stack).await?,
        browser(&stack, Role::Barista).await?,
    );
    let first = stores(&customer).await?.remove(0);
    let wish = coffee(&menu_of(&customer, &first).await?)?;
    let placed = customer.place(&wish, &fresh()).await?;
    let order = Order::read(&placed.expect(StatusCode::ACCEPTED)?.json()?)?;
    assert_eq!(
        (order.checkout.as_str(), order.fulfilment.as_str()),
        ("confirmed", "waiting")
    );
    assert_eq!(
        order.payment,
        json!({ "method": "counter", "status": "due" })
    );

    let mut page = customer
        .events(&format!("/api/orders/{}/events", order.id))
        .await?;
    let first = page.next(GENEROUS).await?;
    assert_eq!(
        (first.name.as_str(), &first.data["id"]),
        ("order", &json!(order.id))
    );
    let mut board = barista
        .events(&format!("/api/stores/{}/tickets/events", order.store_id))
        .await?;
    let first = board.next(GENEROUS).await?;
    assert_eq!(first.name, "tickets");
    let mut tickets = list(&first.data["items"]).iter();
    ensure!(
        tickets.any(|ticket| ticket["id"] == json!(order.id)),
        "the ticket is not on the board"
    );

    let mut version = order.version;
    for step in &STEPS[1..] {
        let moved = barista
            .advance(&order.id, version, step)
            .await?
            .expect(StatusCode::OK)?;
        let moved = Order::read(&moved.json()?)?;
        for stream in [&mut page, &mut board] {
            let wanted = |event: &e2e::ServerEvent| event.data["order_id"] == json!(order.id);
            let seen = stream
                .find(GENEROUS, wanted)
                .await
                .with_context(|| format!("at {step}"))?;
            // The very next thing that is told of this order: no step is left out, none comes twice or late.
            assert_eq!(seen.name, "change");
            assert_eq!(
                (&seen.data["fulfilment"], &seen.data["version"]),
                (&json!(step), &json!(version + 1))
            );
        }
        version = moved.version;
    }
    let settled = page.next(GENEROUS).await?;
    assert_eq!(
        (&settled.data["checkout"], &settled.data["version"]),
        (&json!("completed"), &json!(version))
    );

    let read = customer
        .get(&format!("/api/orders/{}", order.id))
        .await?
        .expect(StatusCode::OK)?;
    assert_eq!(read.header(ETAG), format!("\"{version}\""));
    let last = Order::read(&read.json()?)?;
    ensure!(
        last.is_over() && last.payment["status"] == "captured",
        "{last:?}"
    );
    let history = customer
        .get(&format!("/api/orders/{}/history", order.id))
        .await?;
    let history = history.expect(StatusCode::OK)?.json()?;
    let told: Vec<_> = list(&history["items"])
        .iter()
        .map(|row| (row["version"].clone(), word(row, "to")))
        .collect();
    let expected = [
        "pending",
        "confirmed",
        "preparation",
        "ready",
        "delivered",
        "completed",
    ];
    assert_eq!(
        told,
        (1..).map(Value::from).zip(expected).collect::<Vec<_>>()
    );
    Ok(())
}

#[tokio::test]
async fn one_trace_runs_from_the_browser_to_the_last_consumer() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = browser(&stack, Role::Customer).await?;
    let wish = coffee(&menu(&customer).await?)?;
    let placed = customer
        .place(&wish, &fresh())
        .await?
        .expect(StatusCode::ACCEPTED)?;
    for (app, line) in [
        ("bff", "\"/api/orders\""),
        ("order", "an order was placed"),
        ("order", "\"/v1/orders\""),
        ("catalog", "\"/v1/quotes\""),
        ("bff", "an event was consumed"),
    ] {
        let part = Part::App(app.to_owned());
        until(
            &format!("a line of {app} with {line} and the browser's trace"),
            GENEROUS,
            || async {
                let log = stack.logs(&part).ok()?;
                let of_trace = |text: &&str| text.contains(&placed.trace_id) && text.contains(line);
                let line: Value = serde_json::from_str(log.lines().find(of_trace)?).ok()?;
                (line["trace_id"] == json!(placed.trace_id) && line["service.name"] == json!(app))
                    .then_some(())
            },
        )
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_problem_names_the_trace_that_the_browser_began() -> Result<()> {
    let stack = stack::shared().await?;
    let answer = Client::new(&stack)?
        .get("/api/orders")
        .await?
        .expect(StatusCode::UNAUTHORIZED)?;
    assert_eq!(answer.json()?["trace_id"], json!(answer.trace_id));
    Ok(())
}

#[tokio::test]
async fn two_stores_have_a_real_menu() -> Result<()> {
    let stack = stack::shared().await?;
    let visitor = Client::new(&stack)?;
    let stores = visitor
        .get("/api/stores")
        .await?
        .expect(StatusCode::OK)?
        .json()?;
    assert_eq!(list(&stores["items"]).len(), 2);
    for store in list(&stores["items"]) {
        let menu = visitor
            .get(&format!("/api/stores/{}/menu", word(store, "id")))
            .await?
            .expect(StatusCode::OK)?;
        let body = menu.json()?;
        let categories = list(&body["categories"]);
        let products: Vec<_> = categories
            .iter()
            .flat_map(|category| list(&category["products"]))
            .collect();
        let variations = products
            .iter()
            .flat_map(|product| list(&product["variations"]));
        let priced = variations.filter(|variation| variation["price"]["amount"].as_i64() > Some(0));
        ensure!(
            categories.len() >= 3 && priced.count() >= 13,
            "{} has no real menu",
            store["name"]
        );
        let groups = products
            .iter()
            .flat_map(|product| list(&product["option_groups"]));
        let groups: HashSet<_> = groups
            .map(|group| word(group, "name").to_lowercase())
            .collect();
        for wanted in ["milk", "shot", "syrup"] {
            ensure!(
                groups.iter().any(|group| group.contains(wanted)),
                "no options of {wanted}: {groups:?}"
            );
        }

        let (request, trace) = visitor.request(
            &reqwest::Method::GET,
            &format!("/api/stores/{}/menu", word(store, "id")),
        )?;
        let again = visitor
            .send((request.header(IF_NONE_MATCH, menu.header(ETAG)), trace))
            .await?;
        assert_eq!(
            (again.status, again.body.as_str()),
            (StatusCode::NOT_MODIFIED, "")
        );
    }
    Ok(())
}

#[tokio::test]
async fn pressing_the_button_twice_orders_once() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let (wish, key) = (coffee(&menu(&customer).await?)?, fresh());
    let first = customer
        .place(&wish, &key)
        .await?
        .expect(StatusCode::ACCEPTED)?;
    let second = customer
        .place(&wish, &key)
        .await?
        .expect(StatusCode::ACCEPTED)?;
    assert_eq!(first.json()?, second.json()?);
    let id = Order::read(&first.json()?)?.id;
    assert_eq!(second.header(LOCATION), format!("/api/orders/{id}"));
    let mut other = wish.clone();
    other["lines"][0]["quantity"] = json!(2);
    let reused = customer
        .place(&other, &key)
        .await?
        .expect(StatusCode::UNPROCESSABLE_ENTITY)?;
    assert_eq!(
        reused.json()?["type"],
        "urn:problem-type:crema:idempotency-key-reused"
    );
    let all = customer
        .get("/api/orders")
        .await?
        .expect(StatusCode::OK)?
        .json()?;
    assert_eq!(list(&all["items"]).len(), 1);
    Ok(())
}

#[tokio::test]
async fn the_catalogs_prices_and_a_preference_to_wait_are_honoured() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = browser(&stack, Role::Customer).await?;
    let menu = menu(&customer).await?;
    let mut wish = coffee(&menu)?;
    wish["lines"][0]["quantity"] = json!(3);
    let answer = customer
        .place_waiting(&wish, &fresh(), Some("wait=5"))
        .await?
        .expect(StatusCode::ACCEPTED)?;
    assert_eq!(answer.header("preference-applied"), "wait=5");
    let order = Order::read(&answer.json()?)?;
    let products = list(&menu["categories"])
        .iter()
        .flat_map(|category| list(&category["products"]));
    let variations = products.flat_map(|product| list(&product["variations"]));
    let chosen = variations
        .into_iter()
        .find(|variation| variation["id"] == wish["lines"][0]["variation_id"]);
    let unit = chosen.context("the variation")?["price"]["amount"]
        .as_i64()
        .context("a price")?;
    // The drink as it comes by default: its options cost nothing.
    assert_eq!(order.total["amount"], json!(3 * unit));
    Ok(())
}

#[tokio::test]
async fn a_session_ends_when_its_owner_says_so() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let session = customer.session().await?;
    assert_eq!(
        (&session["signed_in"], &session["user"]["roles"]),
        (&json!(true), &json!(["customer"]))
    );
    customer.sign_out().await?.expect(StatusCode::NO_CONTENT)?;
    assert_eq!(customer.session().await?["signed_in"], json!(false));
    customer
        .get("/api/orders")
        .await?
        .expect(StatusCode::UNAUTHORIZED)?;
    Ok(())
}

#[tokio::test]
async fn no_token_is_in_anything_that_a_browser_gets() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = browser(&stack, Role::Customer).await?;
    for path in ["/", "/api/session", "/api/stores", "/api/orders"] {
        let answer = customer.get(path).await?.expect(StatusCode::OK)?;
        // Every JWT begins with `{"` in base64url.
        let headers = format!("{:?}", answer.headers);
        ensure!(
            !answer.body.contains("eyJ") && !headers.contains("eyJ"),
            "a token in {path}: {answer:?}"
        );
    }
    Ok(())
}
