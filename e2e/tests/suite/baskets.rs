//! Baskets outlive what they were filled in: the BFF, Redis, the sidecar's login, another tab's haste.
//!
//! Invariant: a browser here is one with cookies alone, and shows what the server keeps.

use anyhow::{Context as _, Result, ensure};
use e2e::order::{coffee, list};
use e2e::patience::until;
use e2e::{Client, Part, Target};
use reqwest::header::ETAG;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::healing::killed_and_back;
use crate::stack::{self, GENEROUS, menu, newcomer, whole, word};

const PATH: &str = "/api/basket";
const NEW: (&str, &str) = ("if-none-match", "*");

/// The coffee of the tests, so many times.
async fn wish(browser: &Client, quantity: u32) -> Result<Value> {
    let order = coffee(&menu(browser).await?)?;
    let mut basket = json!({ "store_id": order["store_id"], "lines": order["lines"] });
    basket["lines"][0]["quantity"] = json!(quantity);
    Ok(basket)
}

async fn change(
    browser: &Client,
    method: Method,
    (name, value): (&str, &str),
    basket: Option<&Value>,
) -> Result<e2e::client::Answer> {
    let (request, trace) = browser.request(&method, PATH)?;
    let mut request = request.header(name, value);
    if let Some(basket) = basket {
        request = request.json(basket);
    }
    browser.send((request, trace)).await
}

/// Writes a basket; its tag.
async fn fill(browser: &Client, on: (&str, &str), basket: &Value) -> Result<String> {
    let answer = change(browser, Method::PUT, on, Some(basket)).await?;
    ensure!(answer.status.is_success(), "{answer:?}");
    ensure!(answer.json()? == *basket, "{answer:?}");
    Ok(answer.header(ETAG).to_owned())
}

async fn shown(browser: &Client) -> Result<Value> {
    browser.get(PATH).await?.expect(StatusCode::OK)?.json()
}

/// Shown again after something was killed.
async fn shown_again(browser: &Client) -> Result<Value> {
    until("the basket", GENEROUS, || async {
        shown(browser).await.ok()
    })
    .await
}

#[tokio::test]
async fn a_basket_outlives_the_bff_its_sidecar_and_redis() -> Result<()> {
    let stack = stack::alone().await?;
    let visitor = Client::new(&stack)?;
    let two = wish(&visitor, 2).await?;
    let tag = fill(&visitor, NEW, &two).await?;
    for part in [Part::App("bff".to_owned()), Part::Sidecar("bff".to_owned())] {
        killed_and_back(&stack, &part).await?;
        whole(&stack).await?;
        ensure!(shown_again(&visitor).await? == two, "after {part}");
    }
    let redis = Part::Backing("redis");
    stack.lose(&redis).await?;
    stack.start(&redis).await?;
    whole(&stack).await?;
    ensure!(shown_again(&visitor).await? == two, "after Redis");

    // The same version, and it becomes the person's own.
    let three = wish(&visitor, 3).await?;
    fill(&visitor, ("if-match", &tag), &three).await?;
    let before = of_browsers(&stack).await?;
    let person = visitor.register().await?;
    ensure!(shown(&visitor).await? == three, "after signing in");
    ensure!(of_browsers(&stack).await? + 1 == before, "it was poured");

    // On another device, which brings one more.
    let phone = Client::new(&stack)?;
    fill(&phone, NEW, &wish(&phone, 1).await?).await?;
    phone.sign_in(&person).await?;
    let four = wish(&phone, 4).await?;
    ensure!(shown(&phone).await? == four, "{}", shown(&phone).await?);
    ensure!(shown(&visitor).await? == four, "on the first device");
    Ok(())
}

/// Baskets of browsers that nobody has signed in in; other tests leave some.
async fn of_browsers(target: &Target) -> Result<usize> {
    let query = "SELECT key FROM state WHERE key ~ '^bff[|][|]basket-[^o]'";
    Ok(target.rows("bff", query).await?.len())
}

#[tokio::test]
async fn of_two_tabs_at_once_one_writes_and_the_other_is_told() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let mut tag = fill(&customer, NEW, &wish(&customer, 1).await?).await?;
    for round in 2..8 {
        let (one, other) = (
            wish(&customer, round).await?,
            wish(&customer, round + 50).await?,
        );
        let on = ("if-match", tag.as_str());
        let (first, second) = tokio::try_join!(
            change(&customer, Method::PUT, on, Some(&one)),
            change(&customer, Method::PUT, on, Some(&other)),
        )?;
        let (won, lost) = match (first.status, second.status) {
            (StatusCode::OK, _) => (first, second),
            _ => (second, first),
        };
        ensure!(won.status == StatusCode::OK, "nobody won: {won:?}");
        ensure!(lost.status == StatusCode::PRECONDITION_FAILED, "{lost:?}");
        ensure!(won.header(ETAG) == lost.header(ETAG), "{won:?} {lost:?}");
        ensure!(shown(&customer).await? == won.json()?, "what won is there");
        won.header(ETAG).clone_into(&mut tag);
    }
    let late = change(&customer, Method::DELETE, ("if-match", "\"0\""), None).await?;
    late.expect(StatusCode::PRECONDITION_FAILED)?;
    let gone = change(&customer, Method::DELETE, ("if-match", &tag), None).await?;
    gone.expect(StatusCode::NO_CONTENT)?;
    ensure!(list(&shown(&customer).await?["lines"]).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_basket_that_nobody_touched_for_thirty_days_is_gone() -> Result<()> {
    let stack = stack::shared().await?;
    let visitor = Client::new(&stack)?;
    let one = wish(&visitor, 1).await?;
    let tag = fill(&visitor, NEW, &one).await?;
    // Of all that are there, the one of this version.
    let mine = format!("etag = '{}'", tag.trim_matches('"'));
    let month = "extract(epoch FROM expires_at - coalesce(updated_at, created_at)) AS seconds";
    let rows = format!("SELECT {month} FROM state WHERE {mine}");
    let rows = stack.rows("bff", &rows).await?;
    let seconds = rows.first().and_then(|row| row["seconds"].as_f64());
    let seconds = seconds.context("an expiry")?;
    ensure!((seconds - 30.0 * 86400.0).abs() < 60.0, "{seconds}");
    let past = format!("UPDATE state SET expires_at = now() - interval '1 second' WHERE {mine}");
    stack.execute("bff", &past).await?;
    let found = visitor.get(PATH).await?.expect(StatusCode::OK)?;
    ensure!(list(&found.json()?["lines"]).is_empty() && found.header(ETAG).is_empty());
    // The row is there until it is cleaned up, and is in nobody's way.
    let late = change(&visitor, Method::PUT, ("if-match", &tag), Some(&one)).await?;
    late.expect(StatusCode::PRECONDITION_FAILED)?;
    fill(&visitor, NEW, &one).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_kept_of_a_person_goes_with_the_account() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = Client::new(&stack)?;
    let person = customer.register().await?;
    fill(&customer, NEW, &wish(&customer, 1).await?).await?;
    let line = &wish(&customer, 1).await?["lines"][0];
    let favourite = json!({
        "name": "Usual",
        "store_id": wish(&customer, 1).await?["store_id"],
        "variation_id": line["variation_id"],
        "option_ids": line["option_ids"],
    });
    let (request, trace) = customer.request(&Method::PUT, "/api/favourites")?;
    let request = request.header(NEW.0, NEW.1);
    let request = request.json(&json!({ "items": [favourite] }));
    let written = customer.send((request, trace)).await?;
    written.expect(StatusCode::CREATED)?;

    let who = format!("SELECT id FROM people WHERE email = '{}'", person.email);
    let who = stack.rows("identity", &who).await?;
    let who = who.first().map(|row| word(row, "id")).context("a person")?;
    let kept = format!("SELECT key FROM state WHERE key LIKE '%{who}'");
    assert_eq!(stack.rows("bff", &kept).await?.len(), 2);

    let page = stack.public().join("/account/delete")?;
    let answer = customer.get(page.as_str()).await?;
    let fields = [("password", person.password.as_str())];
    let (_, answer) = customer.fill(&page, answer, &["password"], &fields).await?;
    answer.expect(StatusCode::OK)?;
    until("the end of what is kept", GENEROUS, || async {
        let rows = stack.rows("bff", &kept).await.ok()?;
        rows.is_empty().then_some(())
    })
    .await
}

#[tokio::test]
async fn without_postgresql_a_basket_is_told_to_come_again() -> Result<()> {
    let stack = stack::alone().await?;
    let visitor = Client::new(&stack)?;
    let one = wish(&visitor, 1).await?;
    let tag = fill(&visitor, NEW, &one).await?;
    let other = Client::new(&stack)?;
    let postgres = Part::Backing("postgres");
    stack.kill(&postgres).await?;
    let refused = async {
        let on = ("if-match", tag.as_str());
        let answers = [
            visitor.get(PATH).await?,
            change(&visitor, Method::PUT, on, Some(&one)).await?,
            change(&visitor, Method::DELETE, on, None).await?,
            change(&other, Method::PUT, NEW, Some(&one)).await?,
        ];
        for answer in answers {
            answer.expect(StatusCode::SERVICE_UNAVAILABLE)?;
        }
        anyhow::Ok(())
    };
    let refused = refused.await;
    stack.start(&postgres).await?;
    refused?;
    whole(&stack).await?;
    ensure!(shown_again(&visitor).await? == one, "nothing was lost");
    Ok(())
}
