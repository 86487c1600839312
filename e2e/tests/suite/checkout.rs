//! The checkout: money and stock of one order, through every way that it can go, side by side.
//!
//! Invariant: each test orders for customers of its own; where it changes stock, the item is its own too.

use std::collections::HashSet;

use anyhow::{Context as _, Result, ensure};
use e2e::client::fresh;
use e2e::order::{STEPS, coffee, list};
use e2e::patience::until;
use e2e::{Order, Role};
use reqwest::StatusCode;
use serde_json::json;
use tokio::task::JoinSet;

use crate::shop::{
    End, PAID, Shelf, by_card, ends, look, order_by_card, outcome, place_at_once, times, wish_for,
};
use crate::stack::{self, GENEROUS, browser, menu, newcomer, order_one, word};

/// Each card of the provider's, and how an order that is paid with it ends; then how often money was held and taken.
const CARDS: [(&str, End, usize, usize); 14] = [
    ("tok_visa", PAID, 1, 1),
    ("tok_declined", DECLINED, 0, 0),
    ("tok_insufficient_funds", DECLINED, 0, 0),
    ("tok_expired_card", DECLINED, 0, 0),
    // Of somebody whom the provider has never heard of.
    ("tok_of_nobody", DECLINED, 0, 0),
    ("tok_capture_declined", DECLINED, 1, 0),
    ("tok_slow", PAID, 1, 1),
    ("tok_hang_authorise", PAID, 1, 1),
    ("tok_hang_capture", PAID, 1, 1),
    ("tok_lost_authorise", PAID, 1, 1),
    ("tok_lost_capture", PAID, 1, 1),
    ("tok_late_authorise", PAID, 1, 1),
    ("tok_error_capture", PAID, 1, 1),
    ("tok_duplicate_webhooks", PAID, 1, 1),
];
const DECLINED: End = ("cancelled", "void", Some("payment_declined"));

#[tokio::test]
async fn every_card_leads_to_its_end_and_is_charged_once_at_most() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let mut orders = JoinSet::new();
    for card in CARDS {
        let customer = customer.clone();
        orders.spawn(async move {
            let (token, end, ..) = card;
            let order = order_by_card(&customer, token).await?;
            ends(&customer, &order.id, end)
                .await
                .with_context(|| token.to_owned())
                .map(|order| (card, order))
        });
    }
    for ended in orders.join_all().await {
        let ((token, end, held, captured), order) = ended?;
        for (status, expected) in [("authorised", held), ("captured", captured)] {
            let told = times(&stack, &order.id, status)?;
            ensure!(
                told == expected,
                "{token}: the provider {status} {told} times"
            );
        }
        // A hold that is not taken is let go.
        let let_go = times(&stack, &order.id, "voided")?;
        ensure!(
            let_go == held - captured,
            "{token}, {end:?}: let go {let_go} times"
        );
    }
    Ok(())
}

#[tokio::test]
async fn an_order_paid_by_card_is_made_and_its_timeline_tells_all_of_it() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let barista = browser(&stack, Role::Barista).await?;
    let mut order = order_by_card(&customer, "tok_out_of_order_webhooks").await?;
    order = ends(&customer, &order.id, PAID).await?;
    ensure!(order.version == 2, "{order:?}");
    for step in &STEPS[1..] {
        let moved = barista.advance(&order.id, order.version, step).await?;
        order = Order::read(&moved.expect(StatusCode::OK)?.json()?)?;
    }
    ensure!(order.is_over(), "{order:?}");
    let path = format!("/api/orders/{}/timeline", order.id);
    let expected = [
        "inventory.reserved.v1",
        "payment.authorised.v1",
        "payment.processed.v1",
        "inventory.committed.v1",
    ];
    until("the whole timeline", GENEROUS, || async {
        let timeline = customer.get(&path).await.ok()?.json().ok()?;
        let lines = list(&timeline["items"]);
        let told: HashSet<_> = lines.iter().map(|line| word(line, "type")).collect();
        let own = lines.iter().filter(|line| line["source"] == "order");
        let sorted = lines.is_sorted_by_key(|line| word(line, "at"));
        (sorted && own.count() == 6 && expected.iter().all(|kind| told.contains(kind)))
            .then_some(())
    })
    .await?;
    let manager = browser(&stack, Role::Manager).await?;
    let path = format!("/api/orders/{}/payment", order.id);
    let payment = manager.get(&path).await?.expect(StatusCode::OK)?.json()?;
    ensure!(
        payment["status"] == "captured" && payment["captured"] == order.total,
        "{payment}"
    );
    let path = format!("/api/orders/{}/transactions", order.id);
    let transactions = manager.get(&path).await?.expect(StatusCode::OK)?;
    ensure!(
        !transactions.body.contains("tok_"),
        "a card's token in {path}"
    );
    Ok(())
}

#[tokio::test]
async fn placing_answers_at_once_and_waits_for_those_who_prefer_to() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let wish = by_card(coffee(&menu(&customer).await?)?, "tok_slow");
    let order = place_at_once(&customer, &wish).await?;
    ensure!(
        (order.checkout.as_str(), order.version) == ("pending", 1),
        "it was waited for: {order:?}"
    );
    ensure!(
        order.payment == json!({ "method": "card", "status": "due" }),
        "{order:?}"
    );
    ends(&customer, &order.id, PAID).await?;
    Ok(())
}

#[tokio::test]
async fn cards_that_are_none() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let good = coffee(&menu(&customer).await?)?;
    for payment in [
        json!({ "method": "card" }),
        json!({ "method": "card", "token": null }),
        json!({ "method": "card", "token": "" }),
        json!({ "method": "card", "token": "tok with blanks" }),
        json!({ "method": "card", "token": "t".repeat(256) }),
        json!({ "method": "card", "token": "tok_visa", "amount": 1 }),
        json!({ "method": "counter", "token": "tok_visa" }),
        json!({ "method": "cash" }),
    ] {
        let mut bad = good.clone();
        bad["payment"] = payment.clone();
        let answer = customer.place(&bad, &fresh()).await?;
        ensure!(
            answer.status == StatusCode::UNPROCESSABLE_ENTITY,
            "{payment} is answered {}: {}",
            answer.status,
            answer.body
        );
        // What was sent may be a card; it is not repeated.
        ensure!(!answer.body.contains("tok_visa"), "{}", answer.body);
    }
    let all = customer.get("/api/orders").await?.expect(StatusCode::OK)?;
    assert_eq!(all.json()?["items"], json!([]), "something was ordered");
    Ok(())
}

#[tokio::test]
async fn what_is_sold_out_is_not_charged_and_the_menu_says_so() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let shelf = Shelf::of(&stack, "banana bread").await?;
    shelf.count(0).await?;
    let wish = by_card(
        wish_for(&menu(&customer).await?, "Banana bread")?,
        "tok_visa",
    );
    let variation = wish["lines"][0]["variation_id"].clone();
    let sold_out = |expected: bool| {
        let (customer, variation) = (customer.clone(), variation.clone());
        async move {
            until(&format!("sold out: {expected}"), GENEROUS, || async {
                let menu = menu(&customer).await.ok()?;
                let mut variations = list(&menu["categories"])
                    .iter()
                    .flat_map(|category| list(&category["products"]))
                    .flat_map(|product| list(&product["variations"]));
                let own = variations.find(|row| row["id"] == variation)?;
                (own["sold_out"] == expected).then_some(())
            })
            .await
        }
    };
    sold_out(true).await?;
    let placed = customer.place(&wish, &fresh()).await?;
    let order = Order::read(&placed.expect(StatusCode::ACCEPTED)?.json()?)?;
    ends(
        &customer,
        &order.id,
        ("cancelled", "void", Some("sold_out")),
    )
    .await?;
    ensure!(
        times(&stack, &order.id, "authorised")? == 0,
        "it was charged"
    );
    shelf.count(2000).await?;
    sold_out(false).await
}

#[tokio::test]
async fn the_last_piece_is_sold_once_to_a_hundred_buyers() -> Result<()> {
    let stack = stack::shared().await?;
    let shelf = Shelf::of(&stack, "almond croissant").await?;
    shelf.count(1).await?;
    let mut buyers = Vec::new();
    for _ in 0..4 {
        buyers.push(newcomer(&stack).await?);
    }
    let wish = by_card(
        wish_for(&menu(&buyers[0]).await?, "Almond croissant")?,
        "tok_visa",
    );
    let mut sales = JoinSet::new();
    for buyer in buyers.iter().cycle().take(100) {
        let (buyer, wish) = (buyer.clone(), wish.clone());
        sales.spawn(async move {
            // Tried again under one key, as long as the house is too full to answer.
            let key = fresh();
            let placed = until("a place in the queue", crate::shop::ENDS, || async {
                let answer = buyer.place(&wish, &key).await.ok()?;
                (answer.status == StatusCode::ACCEPTED).then_some(answer)
            })
            .await?;
            outcome(&buyer, &Order::read(&placed.json()?)?.id).await
        });
    }
    let mut sold = 0;
    for order in sales.join_all().await {
        let order = order?;
        let taken = times(&stack, &order.id, "captured")?;
        match (order.checkout.as_str(), order.reason.as_deref(), taken) {
            ("confirmed", None, 1) => sold += 1,
            ("cancelled", Some("sold_out"), 0) => {}
            _ => anyhow::bail!("charged {taken} times: {order:?}"),
        }
    }
    ensure!(sold == 1, "the last piece was sold {sold} times");
    let level = shelf.level().await?;
    ensure!(level["available"] == 0, "{level}");
    shelf.count(2000).await
}

#[tokio::test]
async fn pressing_the_button_fifty_times_at_once_orders_and_charges_once() -> Result<()> {
    let stack = stack::shared().await?;
    let customer = newcomer(&stack).await?;
    let wish = by_card(coffee(&menu(&customer).await?)?, "tok_visa");
    let key = fresh();
    let mut presses = JoinSet::new();
    for _ in 0..50 {
        let (customer, wish, key) = (customer.clone(), wish.clone(), key.clone());
        presses.spawn(async move { customer.place(&wish, &key).await });
    }
    let mut ids = HashSet::new();
    for answer in presses.join_all().await {
        let answer = answer?;
        match answer.status {
            StatusCode::ACCEPTED => {
                ids.insert(Order::read(&answer.json()?)?.id);
            }
            // Another press is being served.
            StatusCode::CONFLICT => {}
            status => anyhow::bail!("{status}: {}", answer.body),
        }
    }
    ensure!(ids.len() == 1, "one key made {ids:?}");
    let id = ids.into_iter().next().context("an order")?;
    ends(&customer, &id, PAID).await?;
    ensure!(
        times(&stack, &id, "captured")? == 1,
        "charged more than once"
    );
    let all = customer.get("/api/orders").await?.expect(StatusCode::OK)?;
    assert_eq!(list(&all.json()?["items"]).len(), 1);
    let mut other = wish.clone();
    other["payment"]["token"] = json!("tok_slow");
    let reused = customer.place(&other, &key).await?;
    let reused = reused.expect(StatusCode::UNPROCESSABLE_ENTITY)?;
    let kind = &reused.json()?["type"];
    assert_eq!(kind, "urn:problem-type:crema:idempotency-key-reused");
    Ok(())
}

#[tokio::test]
async fn dead_letters_and_the_manual_queue_are_for_operators_alone() -> Result<()> {
    let stack = stack::shared().await?;
    let admin = browser(&stack, Role::Admin).await?;
    let manager = browser(&stack, Role::Manager).await?;
    let order = order_one(&newcomer(&stack).await?).await?;
    for path in [
        "/api/dead-letters/order".to_owned(),
        "/api/dead-letters/inventory".to_owned(),
        "/api/dead-letters/payment".to_owned(),
        "/api/checkouts?state=manual".to_owned(),
        format!("/api/checkouts/{}", order.id),
    ] {
        let page = admin.get(&path).await?.expect(StatusCode::OK);
        page.with_context(|| path.clone())?;
        let refused = manager.get(&path).await?.expect(StatusCode::FORBIDDEN);
        refused.with_context(|| path.clone())?;
    }
    let read = look(&manager, &order.id).await?;
    assert_eq!(read.version, order.version);
    Ok(())
}
