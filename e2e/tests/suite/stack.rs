//! The one running system that all tests share, and whose turn it is to use it.
//!
//! Invariant: a test that breaks something runs alone; all others run side by side.

use std::ops::Deref;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use e2e::client::{fresh, plain};
use e2e::order::{coffee, list};
use e2e::patience::until;
use e2e::{Client, Order, Part, Role, Target};
use reqwest::StatusCode;
use serde_json::Value;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What a step may take that takes a fraction of a second on a healthy machine: a limit, not an expectation.
pub const GENEROUS: Duration = Duration::from_secs(20);

/// Which comes back sealed when it was killed.
pub const VAULT: Part = Part::Backing("vault");

static TURN: RwLock<()> = RwLock::const_new(());
static TARGET: OnceLock<Result<Target, String>> = OnceLock::new();

/// The system, for as long as it is this test's turn.
pub struct Stack<G> {
    target: &'static Target,
    _turn: G,
}

impl<G> Stack<G> {
    /// The same for tasks of their own; whoever starts one ends it within this test.
    pub fn target(&self) -> &'static Target {
        self.target
    }
}

impl<G> Deref for Stack<G> {
    type Target = Target;

    fn deref(&self) -> &Target {
        self.target
    }
}

fn target() -> Result<&'static Target> {
    let target = TARGET.get_or_init(|| Target::local().map_err(|error| format!("{error:#}")));
    target.as_ref().map_err(|error| anyhow!(error.clone()))
}

/// For a test that harms nothing.
pub async fn shared() -> Result<Stack<RwLockReadGuard<'static, ()>>> {
    let turn = TURN.read().await;
    Ok(Stack {
        target: target()?,
        _turn: turn,
    })
}

/// For a test that breaks something: it has the system for itself, and a whole one to begin with.
pub async fn alone() -> Result<Stack<RwLockWriteGuard<'static, ()>>> {
    let turn = TURN.write().await;
    let target = target()?;
    whole(target).await?;
    Ok(Stack {
        target,
        _turn: turn,
    })
}

/// Returns when every service and every sidecar is ready.
pub async fn whole(target: &Target) -> Result<()> {
    for app in target.apps() {
        ready(target, app).await?;
        sidecar_ready(target, app).await?;
    }
    Ok(())
}

/// Returns when a service takes requests.
pub async fn ready(target: &Target, app: &str) -> Result<()> {
    answers(
        target,
        &format!("{app}'s readiness"),
        target.ops(app)?.join("/readyz")?,
    )
    .await
}

/// Returns when a sidecar takes requests.
pub async fn sidecar_ready(target: &Target, app: &str) -> Result<()> {
    let sidecar = target.sidecar(app)?.url.join("/v1.0/healthz/outbound")?;
    answers(
        target,
        &format!("the readiness of {app}'s sidecar"),
        sidecar,
    )
    .await
}

async fn answers(target: &Target, what: &str, address: reqwest::Url) -> Result<()> {
    let http = plain(target)?;
    until(what, GENEROUS * 2, || async {
        let answer = http
            .get(address.clone())
            .timeout(Duration::from_secs(2))
            .send()
            .await;
        answer
            .ok()
            .filter(|answer| answer.status().is_success())
            .map(|_| ())
    })
    .await
}

/// The rows of a service's table of routes.
pub async fn routes(target: &Target, app: &str) -> Result<Vec<Value>> {
    let address = target.ops(app)?.join("/routes")?;
    let body = plain(target)?
        .get(address)
        .send()
        .await?
        .error_for_status()?
        .bytes()
        .await?;
    serde_json::from_slice(&body).context("the table is no list")
}

/// A word of a row.
pub fn word<'r>(row: &'r Value, name: &str) -> &'r str {
    row[name].as_str().unwrap_or_default()
}

/// The menu of the store where tests leave tickets behind; at the first one the board stays clear.
pub async fn menu(client: &Client) -> Result<Value> {
    let stores = stores(client).await?;
    menu_of(client, stores.last().context("a store")?).await
}

/// The stores.
pub async fn stores(client: &Client) -> Result<Vec<Value>> {
    let stores = client.get("/api/stores").await?;
    let stores = stores.expect(StatusCode::OK)?.json()?;
    Ok(list(&stores["items"]).to_vec())
}

/// The menu of one store.
pub async fn menu_of(client: &Client, store: &Value) -> Result<Value> {
    let path = format!("/api/stores/{}/menu", word(store, "id"));
    client.get(&path).await?.expect(StatusCode::OK)?.json()
}

/// A browser with the demo person of this role.
pub async fn browser(target: &Target, role: Role) -> Result<Client> {
    Client::signed_in(target, target.sign_in(role)?).await
}

/// A browser with a customer who has just registered, and so has no orders.
pub async fn newcomer(target: &Target) -> Result<Client> {
    let client = Client::new(target)?;
    client.register().await?;
    Ok(client)
}

/// Orders one coffee, to be paid at the counter, and waits until the shop has taken it on.
pub async fn order_one(customer: &Client) -> Result<Order> {
    let wish = coffee(&menu(customer).await?)?;
    let answer = customer.place(&wish, &fresh()).await?;
    let order = Order::read(&answer.expect(StatusCode::ACCEPTED)?.json()?)?;
    ensure!(order.checkout == "confirmed", "not taken on: {order:?}");
    Ok(order)
}
