//! Secrets change while people sign in, order and pay: nobody is refused. Tokens of sidecars change by restarts: nothing
//! that was accepted is lost.
//!
//! Invariant: each test has the system for itself, and leaves it with the new secrets and with no old one that is good.

use anyhow::{Context as _, Result, ensure};
use e2e::order::coffee;
use e2e::patience::until;
use e2e::{Part, Role, Target};
use reqwest::StatusCode;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::faults::press_on;
use crate::shop::{ENDS, PAID, by_card, charged_if_confirmed, ends, look, order_by_card};
use crate::stack::{self, GENEROUS, browser, menu, newcomer, whole};
use crate::tokens::{Service, issued};

/// How many people are in the café.
const PEOPLE: usize = 3;
/// All that changes without a restart.
const KINDS: [&str; 5] = ["session", "quotes", "clients", "webhook", "database"];
/// Who has to hear of it: a service and its secret.
const HEARD: [(&str, &str); 12] = [
    ("bff", "session"),
    ("catalog", "quotes"),
    ("bff", "client"),
    ("order", "client"),
    ("identity", "clients"),
    ("acquirer", "merchant"),
    ("payment", "webhook"),
    ("identity", "database"),
    ("catalog", "database"),
    ("order", "database"),
    ("payment", "database"),
    ("shipping", "database"),
];

/// What runs, by its instances: another one after a restart.
fn instances(target: &Target) -> Vec<Option<String>> {
    let parts = target.apps().into_iter().flat_map(|app| {
        let app = app.to_owned();
        [Part::App(app.clone()), Part::Sidecar(app)]
    });
    parts.map(|part| target.instance(&part)).collect()
}

/// How often a service has said that this secret has a new value.
fn heard(target: &Target, (app, secret): (&str, &str)) -> Result<usize> {
    let log = target.logs(&Part::App(app.to_owned()))?;
    let of_it = format!("\"secret\":\"{secret}\"");
    let told = log
        .lines()
        .filter(|line| line.contains("the secret has a new value") && line.contains(&of_it));
    Ok(told.count())
}

/// How many messages of the card provider were refused.
fn refused(target: &Target) -> Result<usize> {
    let log = target.logs(&Part::App("acquirer".to_owned()))?;
    Ok(log.matches("the merchant answered 401").count())
}

/// Comes again and again with a session of before, orders by card, and asks for tokens as a service does; says how many
/// answers came. Each was right.
async fn guest(target: &'static Target, open: watch::Receiver<bool>) -> Result<usize> {
    let customer = newcomer(target).await?;
    let mut answers = 0;
    while *open.borrow() {
        let order = order_by_card(&customer, "tok_visa").await?;
        let mut looks = 0;
        let told = until("the outcome of an order", ENDS, || {
            looks += 1;
            async {
                let order = look(&customer, &order.id).await;
                (!matches!(&order, Ok(order) if order.checkout == "pending")).then_some(order)
            }
        });
        told.await??;
        ends(&customer, &order.id, PAID).await?;
        let orders = customer.get("/api/orders").await?;
        orders.expect(StatusCode::OK)?;
        let service = Service::of(target, "order").await?;
        service.own("payment").await?.context("a token")?;
        answers += looks + 6;
    }
    Ok(answers)
}

/// Signs in anew again and again; says how many answers came.
async fn barista(target: &'static Target, open: watch::Receiver<bool>) -> Result<usize> {
    let mut answers = 0;
    while *open.borrow() {
        let barista = browser(target, Role::Barista).await?;
        barista.get("/api/orders").await?.expect(StatusCode::OK)?;
        answers += 2;
    }
    Ok(answers)
}

#[tokio::test]
async fn secrets_change_under_load_without_a_restart_and_refuse_nobody() -> Result<()> {
    let stack = stack::alone().await?;
    let target = stack.target();
    let logins = "SELECT rolname FROM pg_roles WHERE rolcanlogin
        AND rolname ~ '^(identity|catalog|order|inventory|payment|shipping)_[ab]$' ORDER BY 1";
    let logins_before = stack.rows("order", logins).await?;
    let (running, refused_before) = (instances(&stack), refused(&stack)?);
    let old = Service::of(&stack, "order").await?;
    let mut heard_before = Vec::new();
    for secret in HEARD {
        heard_before.push(heard(&stack, secret)?);
    }

    let (open, _) = watch::channel(true);
    let mut people = JoinSet::new();
    for _ in 0..PEOPLE {
        people.spawn(guest(target, open.subscribe()));
    }
    people.spawn(barista(target, open.subscribe()));
    let rotated = stack.rotate(&KINDS).await;
    // And once more with what there is now.
    let after = async {
        let order = order_by_card(&newcomer(&stack).await?, "tok_visa").await?;
        ensure!(order.checkout == "confirmed", "{order:?}");
        Ok(())
    };
    let after = after.await;
    open.send_replace(false);
    let mut answers = 0;
    for ended in people.join_all().await {
        answers += ended.context("while secrets were rotated")?;
    }
    rotated?;
    after?;
    ensure!(answers > 100, "{answers} answers");

    for (secret, before) in HEARD.into_iter().zip(heard_before) {
        ensure!(heard(&stack, secret)? > before, "{secret:?}");
    }
    let logins_after = stack.rows("order", logins).await?;
    ensure!(
        logins_before.len() == 6 && logins_after.len() == 6,
        "{logins_before:?} {logins_after:?}"
    );
    ensure!(
        !logins_after
            .iter()
            .any(|login| logins_before.contains(login)),
        "{logins_after:?}"
    );
    ensure!(refused(&stack)? == refused_before, "a webhook was refused");
    ensure!(instances(&stack) == running, "something was restarted");
    // Whoever still has an old secret is nobody as soon as identity has looked at what it knows.
    let form = [
        ("grant_type", "client_credentials"),
        ("audience", "payment"),
    ];
    until("the end of the old secret", GENEROUS, || async {
        let (status, _) = old.token(&form).await.ok()?;
        (status == StatusCode::UNAUTHORIZED).then_some(())
    })
    .await?;
    issued(&Service::of(&stack, "order").await?.token(&form).await?)?;
    Ok(())
}

#[tokio::test]
async fn tokens_of_apps_and_sidecars_change_by_restarts_that_lose_no_accepted_order() -> Result<()>
{
    let stack = stack::alone().await?;
    let customer = newcomer(&stack).await?;
    let wish = by_card(coffee(&menu(&customer).await?)?, "tok_visa");
    let before: Vec<String> = tokens(&stack)?;
    // With the tokens goes the login of the database that the BFF's sidecar has.
    let login = "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname ~ '^bff_[ab]$'";
    let login_before = stack.rows("order", login).await?;
    let (open, _) = watch::channel(true);
    let mut queue = JoinSet::new();
    for _ in 0..PEOPLE {
        queue.spawn(press_on(customer.clone(), wish.clone(), open.subscribe()));
    }
    let rotated = stack.rotate(&["tokens"]).await;
    open.send_replace(false);
    let mut orders = Vec::new();
    for ended in queue.join_all().await {
        orders.extend(ended?);
    }
    rotated?;
    whole(&stack).await?;
    let after = tokens(&stack)?;
    ensure!(!after.iter().any(|token| before.contains(token)));
    let login_after = stack.rows("order", login).await?;
    ensure!(
        login_before.len() == 1 && login_after.len() == 1 && login_before != login_after,
        "{login_before:?} {login_after:?}"
    );
    customer.get("/api/basket").await?.expect(StatusCode::OK)?;
    ensure!(orders.len() >= PEOPLE, "{} orders", orders.len());
    for order in orders {
        charged_if_confirmed(&stack, &customer, &order).await?;
    }
    Ok(())
}

/// What is shown to every sidecar and to every app.
fn tokens(target: &Target) -> Result<Vec<String>> {
    let mut tokens = Vec::new();
    for app in target.apps() {
        tokens.push(target.sidecar(app)?.token);
        tokens.push(target.listener(app)?.token);
    }
    Ok(tokens)
}
