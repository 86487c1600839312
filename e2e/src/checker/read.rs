//! Reads the evidence: every table, topic, book and file that a decision needs.
//!
//! Invariant: it reads what is stored, as the operator of the machine; no service is asked anything, and nothing is written.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::evidence::{Booked, Event, Evidence, Searched};
use super::{Report, decide, secrets};
use crate::client::plain;
use crate::target::{Record, Target};
use crate::{history, patience};

/// The services that publish, each with an outbox and an inbox.
const PUBLISHERS: [&str; 5] = ["catalog", "order", "inventory", "payment", "shipping"];
/// Secrets that a service reads from its store, by name; not every service has each.
const STORED: [&str; 12] = [
    "client",
    "clients",
    "database",
    "demo",
    "federation",
    "merchant",
    "quotes",
    "session",
    "signing",
    "tls",
    "totp",
    "webhook",
];
/// What is in those secrets, by its field, and is none.
const PUBLIC: [&str; 11] = [
    "certificate",
    "client_id",
    "current_since",
    "database",
    "host",
    "issuer",
    "label",
    "port",
    "providers",
    "role",
    "username",
];
/// How the names of PostgreSQL's logs begin: of its run, of the one before, and of what it warned of in earlier ones.
const DATABASE_LOGS: &str = "postgres.";
/// What is shorter is a number or a date, or would be found anywhere.
const SHORTEST_SECRET: usize = 12;
/// How long, after the last fault was healed, until everything must have come to rest.
const REST: Duration = Duration::from_mins(1);

const ORDERS: &str =
    "SELECT id, store_id, slot, checkout, fulfilment, payment_method, payment_status, currency, total, version,
    orders.discount, tip, coalesce(fee, 0) AS fee, courier, line.lines, line.shares, rate.taxed, orders.xmin::text AS written_by
    FROM orders LEFT JOIN deliveries ON deliveries.order_id = orders.id
    CROSS JOIN LATERAL (SELECT coalesce(sum(line_total), 0)::bigint AS lines, coalesce(sum(discount), 0)::bigint AS shares
        FROM order_lines WHERE order_id = orders.id) AS line
    CROSS JOIN LATERAL (SELECT coalesce(sum((gross->'gross'->>'amount')::bigint), 0)::bigint AS taxed
        FROM jsonb_array_elements(tax) AS gross) AS rate
    ORDER BY id";
const CHECKOUTS: &str =
    "SELECT order_id, state, direction, step, EXISTS (SELECT FROM checkout_history AS line
    WHERE line.order_id = checkouts.order_id AND line.action = 'settle') AS by_hand FROM checkouts";
const HISTORY: &str =
    "SELECT order_id, version, (extract(epoch FROM at) * 1000000)::bigint AS at, actor, axis,
    from_status, to_status, encode(hash, 'hex') AS hash, xmin::text AS written_by
    FROM order_history ORDER BY order_id, version";
const SEALS: &str =
    "SELECT seal, (extract(epoch FROM at) * 1000000)::bigint AS at, orders, versions,
    encode(digest, 'hex') AS digest FROM history_seals ORDER BY seal";
const UNSEALED: &str = "SELECT order_id FROM unsealed_history";
const PAYMENTS: &str =
    "SELECT id, order_id, method, status, currency, amount, captured, refunded FROM payments";
const OPERATIONS: &str =
    "SELECT operations.id, payment_id, order_id, kind, provider_key, provider_id,
    operations.amount, state, operations.reason IS NOT NULL AS by_staff,
    EXISTS (SELECT FROM returns WHERE operation_id = operations.id) AS of_return
    FROM operations JOIN payments ON payments.id = payment_id ORDER BY operations.id";
const LEDGER: &str =
    "SELECT transaction_id, payment_id, account, amount, currency FROM ledger ORDER BY position";
const DEALT_WITH: &str =
    "SELECT reference FROM divergences WHERE mended_at IS NOT NULL OR settled_at IS NOT NULL";
const LEVELS: &str =
    "SELECT store_id, item_id, initial, received, restocked, adjusted, available, reserved, sold,
    wasted FROM levels ORDER BY store_id, item_id";
const MOVEMENTS: &str =
    "SELECT store_id, item_id, order_id, return_id, kind, sum(quantity)::bigint AS quantity FROM movements
    GROUP BY store_id, item_id, order_id, return_id, kind";
const RESERVATIONS: &str = "SELECT order_id, store_id, status, items, quantities FROM reservations";
const SLOTS: &str = "SELECT store_id, starts_at, taken, capacity FROM pickup_slots";
const SHIPMENTS: &str = "SELECT order_id, status, fee FROM shipments";
const RETURNS: &str =
    "SELECT id, order_id, state, amount, fee, EXISTS (SELECT FROM return_history AS line
    WHERE line.return_id = returns.id AND line.action = 'settle') AS by_hand FROM returns ORDER BY id";
const RETURNED_LINES: &str = "SELECT return_id, line, back.quantity, amount, goods, variation_id,
    ARRAY(SELECT option->>'id' FROM jsonb_array_elements(options) AS option) AS option_ids
    FROM return_lines AS back JOIN order_lines USING (order_id, line) ORDER BY return_id, line";
const ORDER_LINES: &str =
    "SELECT order_id, line, quantity, line_total - discount AS cost, returned, refunded FROM order_lines
    WHERE returned <> 0 OR refunded <> 0 OR order_id IN (SELECT order_id FROM returns)";
const SOLD: &str = "SELECT order_id, version, store_id, checkout, currency, gross, discount, delivery, tip, total,
    (SELECT coalesce(sum((rate->>'gross')::bigint), 0)::bigint FROM jsonb_array_elements(tax) AS rate) AS taxed,
    (SELECT coalesce(sum((line->>'gross')::bigint), 0)::bigint FROM jsonb_array_elements(lines) AS line) AS lines
    FROM sales ORDER BY order_id";
const GIVEN_BACK: &str = "SELECT return_id, order_id, amount, delivery,
    (SELECT coalesce(sum((rate->>'gross')::bigint), 0)::bigint FROM jsonb_array_elements(tax) AS rate) AS taxed,
    (SELECT coalesce(sum((line->>'amount')::bigint), 0)::bigint FROM jsonb_array_elements(lines) AS line) AS lines
    FROM sales_returns ORDER BY return_id";
const REFUNDS: &str = "SELECT id, order_id, amount, cause FROM refunds ORDER BY id";
const RETURN_REFUNDS: &str =
    "SELECT returns.id AS return_id, order_id, operations.amount, state FROM returns
    JOIN operations ON operations.id = operation_id JOIN payments ON payments.id = payment_id";
const RECIPES: &str = "SELECT variation_id AS id, item_id, quantity FROM variation_recipes
    UNION ALL SELECT option_id, item_id, quantity FROM option_recipes";
/// Whoever asks another service does so outside of a transaction, so none is idle for long.
const LEFT_OPEN: &str = "SELECT datname, pid, state_change FROM pg_stat_activity
    WHERE state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - interval '10 s'";
const TIMELINE: &str = "SELECT 'order' AS app, source, event_id AS id FROM timeline";

async fn table<T: DeserializeOwned>(target: &Target, app: &str, query: &str) -> Result<Vec<T>> {
    let rows = target.rows(app, query).await?;
    rows.into_iter()
        .map(|row| serde_json::from_value(row).with_context(|| format!("{app}: {query}")))
        .collect()
}

/// Decides all invariants once everything has come to rest, or has had a minute for that.
pub async fn judge(target: &Target) -> Result<Report> {
    judge_within(target, REST).await
}

/// Decides all invariants once everything has come to rest, or has had that long: what is on its way to a consumer by
/// then counts as lost, what is undecided by then as stuck.
pub async fn judge_within(target: &Target, rest: Duration) -> Result<Report> {
    let start = Instant::now();
    let at_rest = patience::insist("coming to rest", rest, || at_rest(target)).await;
    // What goes on for ever is for the decisions to name; what can't be read is not.
    if let Err(error) = at_rest
        && error.downcast_ref::<Unrest>().is_none()
    {
        return Err(error);
    }
    loop {
        let report = decide(&read(target).await?);
        if report.is_sound() {
            return Ok(report);
        }
        if start.elapsed() >= rest {
            return Ok(report);
        }
    }
}

/// Something that is still going on.
#[derive(Debug)]
struct Unrest(String);

impl fmt::Display for Unrest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unrest {}

/// Fails while a saga runs, an event waits, an operation is open or a confirmed order's stock is not sold.
async fn at_rest(target: &Target) -> Result<()> {
    for (app, what, query) in [
        (
            "order",
            "a running saga",
            "SELECT order_id FROM checkouts WHERE state = 'running'",
        ),
        (
            "order",
            "a running return",
            "SELECT id FROM returns WHERE state = 'running'",
        ),
        ("order", "an unsealed transition", UNSEALED),
        (
            "order",
            "an unpublished event",
            "SELECT id FROM outbox.events",
        ),
        (
            "inventory",
            "an unpublished event",
            "SELECT id FROM outbox.events",
        ),
        (
            "payment",
            "an unpublished event",
            "SELECT id FROM outbox.events",
        ),
        (
            "shipping",
            "an unpublished event",
            "SELECT id FROM outbox.events",
        ),
        (
            "payment",
            "an open operation",
            "SELECT id FROM operations WHERE state = 'open'",
        ),
    ] {
        if let Some(row) = target.rows(app, query).await?.first() {
            return Err(Unrest(format!("{app} has {what}: {row}")).into());
        }
    }
    let parked = "SELECT order_id FROM checkouts WHERE state = 'manual'";
    let parked = target.rows("order", parked).await?;
    let held = "SELECT order_id FROM reservations WHERE status = 'held'";
    let held = target.rows("inventory", held).await?;
    if let Some(row) = held.iter().find(|row| !parked.contains(row)) {
        return Err(Unrest(format!("stock is held: {row}")).into());
    }
    Ok(())
}

/// All evidence, as it is now.
pub async fn read(target: &Target) -> Result<Evidence> {
    let topics = target.topics()?;
    let messages = target.messages_of(&topics).await?;
    let mut evidence = Evidence {
        orders: table(target, "order", ORDERS).await?,
        checkouts: table(target, "order", CHECKOUTS).await?,
        history: table(target, "order", HISTORY).await?,
        seals: table(target, "order", SEALS).await?,
        payments: table(target, "payment", PAYMENTS).await?,
        operations: table(target, "payment", OPERATIONS).await?,
        ledger: table(target, "payment", LEDGER).await?,
        provider: books(target)?,
        dealt_with: table(target, "payment", DEALT_WITH).await?,
        levels: table(target, "inventory", LEVELS).await?,
        movements: table(target, "inventory", MOVEMENTS).await?,
        reservations: table(target, "inventory", RESERVATIONS).await?,
        shipments: table(target, "shipping", SHIPMENTS).await?,
        slots: table(target, "order", SLOTS).await?,
        returns: table(target, "order", RETURNS).await?,
        returned_lines: table(target, "order", RETURNED_LINES).await?,
        order_lines: table(target, "order", ORDER_LINES).await?,
        sold: table(target, "order", SOLD).await?,
        given_back: table(target, "order", GIVEN_BACK).await?,
        refunds: table(target, "order", REFUNDS).await?,
        return_refunds: table(target, "payment", RETURN_REFUNDS).await?,
        recipes: table(target, "inventory", RECIPES).await?,
        admissions: table(target, "order", TIMELINE).await?,
        events: events(&messages)?,
        asked: history::read(target.history())?,
        ..Evidence::default()
    };
    evidence.unsealed = target.rows("order", UNSEALED).await?.len();
    // It sees the sessions of all databases.
    let left_open = target.rows("order", LEFT_OPEN).await?;
    evidence.left_open = left_open.iter().map(Value::to_string).collect();
    for app in PUBLISHERS {
        let outbox = format!("SELECT '{app}' AS app, count(*) AS events FROM outbox.events");
        let inbox = format!("SELECT '{app}' AS app, source, id FROM inbox.messages");
        let dead = format!(
            "SELECT '{app}' AS app, source, event_id, redriven_at IS NOT NULL AS redriven FROM inbox.dead_letters"
        );
        evidence.outboxes.extend(table(target, app, &outbox).await?);
        evidence
            .admissions
            .extend(table(target, app, &inbox).await?);
        evidence
            .dead_letters
            .extend(table(target, app, &dead).await?);
    }
    read_logs(target, &messages, &mut evidence).await?;
    Ok(evidence)
}

fn events(messages: &[Value]) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    for message in messages {
        // What no consumer could read is no event; a test may have put it there.
        if message["sequence"].is_null() {
            continue;
        }
        let event = serde_json::from_value(message.clone());
        events.push(event.with_context(|| format!("no event: {message}"))?);
    }
    Ok(events)
}

/// The lines of operations; the others tell of webhooks.
fn books(target: &Target) -> Result<Vec<Booked>> {
    let lines = target.books()?;
    let operations = lines.into_iter().filter(|line| line["webhook"].is_null());
    operations
        .filter(|line| line["kind"].is_string() && line["id"].is_string())
        .map(|line| {
            let text = line.to_string();
            serde_json::from_value(line).with_context(|| format!("the provider's books: {text}"))
        })
        .collect()
}

/// Reads the logs, and looks for secrets in them and in all else that is written down.
async fn read_logs(target: &Target, messages: &[Value], evidence: &mut Evidence) -> Result<()> {
    let known = known_secrets(target).await?;
    let (mut texts, columns) = (target.all_logs()?, target.columns().await?);
    let written = texts
        .iter()
        .filter(|log| log.name.starts_with(DATABASE_LOGS));
    let lines = written.flat_map(|log| log.text.lines());
    evidence.database_log = lines.map(str::to_owned).collect();
    evidence.searched = Searched {
        logs: texts.len(),
        messages: messages.len(),
        columns: columns.len(),
        secrets: known.len(),
    };
    let published: Vec<_> = messages.iter().map(Value::to_string).collect();
    texts.extend(columns);
    texts.push(record("the topics", published.join("\n")));
    texts.push(record("Redis", target.cached().await?));
    evidence.leaks = secrets::search(&texts, &known);
    Ok(())
}

/// All that the system has written down: logs, tables, caches, and topics, those of dead letters too, with headers and
/// keys.
pub async fn texts(target: &Target) -> Result<Vec<Record>> {
    let (mut texts, columns) = (target.all_logs()?, target.columns().await?);
    texts.extend(columns);
    texts.push(record("the topics", target.published().await?));
    texts.push(record("Redis", target.cached().await?));
    Ok(texts)
}

fn record(name: &str, text: String) -> Record {
    Record {
        name: name.to_owned(),
        text,
    }
}

/// Every secret of the system that can be had: those in files, and those that sidecars give out to their services.
pub async fn known_secrets(target: &Target) -> Result<Vec<Record>> {
    let mut known = target.secrets()?;
    let http = plain(target)?;
    for app in target.apps() {
        let sidecar = target.sidecar(app)?;
        for name in STORED {
            let address = sidecar
                .url
                .join(&format!("/v1.0/secrets/secretstore/{name}"))?;
            let request = http.get(address).header("dapr-api-token", &sidecar.token);
            let answer = request.send().await?;
            if !answer.status().is_success() {
                continue;
            }
            let body: Value = serde_json::from_slice(&answer.bytes().await?)?;
            for (key, value) in body.as_object().into_iter().flatten() {
                // Of `campus.issuer`, the issuer.
                let field = key.rsplit('.').next().unwrap_or(key);
                if PUBLIC.contains(&field) {
                    continue;
                }
                // Of a key in PEM, its lines; they are written with their breaks or without.
                let lines = value.as_str().unwrap_or_default().lines();
                let lines = lines.filter(|line| line.len() >= SHORTEST_SECRET);
                let lines = lines.filter(|line| !line.starts_with("-----"));
                known.extend(lines.map(|line| Record {
                    name: format!("{app}/{name}/{key}"),
                    text: line.to_owned(),
                }));
            }
        }
    }
    Ok(known)
}
