//! All SQL of this service. Free functions on a connection; who needs a transaction opens it.
//!
//! Invariant: an order's row, its history and its version change together or not at all, because every function that
//! writes takes the caller's transaction.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use service::money::{Currency, Money};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::idempotency::{Fingerprint, Scope};
use crate::lifecycle::{Checkout, Fulfilment};
use crate::order::{
    ChosenOption, CustomerId, Line, Order, OrderId, OrderNumber, Payment, PaymentMethod,
    PaymentStatus, StoreId, Tax, Transition,
};

type Result<T> = std::result::Result<T, sqlx::Error>;

struct OrderRow {
    id: OrderId,
    customer: CustomerId,
    store_id: StoreId,
    store_name: String,
    business_day: NaiveDate,
    number: OrderNumber,
    placed_at: DateTime<Utc>,
    checkout: Checkout,
    fulfilment: Fulfilment,
    payment_method: PaymentMethod,
    payment_status: PaymentStatus,
    currency: String,
    total: i64,
    tax: Json<Vec<Tax>>,
    version: i64,
}

/// The next number of a store's day. Holds the day's row until the caller's transaction ends, so call it late in it.
pub async fn next_number(
    connection: &mut PgConnection,
    store: StoreId,
    day: NaiveDate,
) -> Result<OrderNumber> {
    sqlx::query_scalar!(
        r#"INSERT INTO daily_numbers AS given (store_id, business_day, last) VALUES ($1, $2, 1)
           ON CONFLICT (store_id, business_day) DO UPDATE SET last = given.last + 1
           RETURNING last AS "last: OrderNumber""#,
        store.0,
        day,
    )
    .fetch_one(connection)
    .await
}

/// Stores a new order with its lines and its transitions so far.
pub async fn insert(
    connection: &mut PgConnection,
    order: &Order,
    transitions: &[Transition],
) -> Result<()> {
    let lines = &order.lines;
    let variation_ids: Vec<_> = lines.iter().map(|line| line.variation_id).collect();
    let products: Vec<_> = lines.iter().map(|line| line.product.clone()).collect();
    let variations: Vec<_> = lines.iter().map(|line| line.variation.clone()).collect();
    let options: Vec<_> = lines.iter().map(|line| Json(&line.options)).collect();
    let quantities: Vec<_> = lines.iter().map(|line| line.quantity).collect();
    let unit_prices: Vec<_> = lines.iter().map(|line| line.unit_price.amount).collect();
    let line_totals: Vec<_> = lines.iter().map(|line| line.line_total.amount).collect();
    let tax_rates: Vec<_> = lines.iter().map(|line| line.tax_rate_bp).collect();
    sqlx::query!(
        "WITH new_order AS (
             INSERT INTO orders (id, customer, store_id, store_name, business_day, number, placed_at, checkout,
                                 fulfilment, payment_method, payment_status, currency, total, tax, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         )
         INSERT INTO order_lines (order_id, line, variation_id, product, variation, options, quantity, unit_price,
                                  line_total, tax_rate_bp)
         SELECT $1, line.ordinality, line.variation_id, line.product, line.variation, line.options, line.quantity,
                line.unit_price, line.line_total, line.tax_rate_bp
         FROM unnest($16::uuid[], $17::text[], $18::text[], $19::jsonb[], $20::int[], $21::bigint[], $22::bigint[],
                     $23::int[])
              WITH ORDINALITY AS line (variation_id, product, variation, options, quantity, unit_price, line_total,
                                       tax_rate_bp, ordinality)",
        order.id.0,
        order.customer.0,
        order.store_id.0,
        order.store_name,
        order.business_day,
        order.number.0,
        order.placed_at,
        order.checkout as Checkout,
        order.fulfilment as Fulfilment,
        order.payment.method as PaymentMethod,
        order.payment.status as PaymentStatus,
        order.total.currency.as_str(),
        order.total.amount,
        Json(&order.tax) as _,
        order.version,
        &variation_ids,
        &products,
        &variations,
        &options as &[Json<&Vec<ChosenOption>>],
        &quantities,
        &unit_prices,
        &line_totals,
        &tax_rates,
    )
    .execute(&mut *connection)
    .await?;
    record(connection, order.id, transitions).await
}

/// Stores where an order stands after these transitions. The caller has it locked by [`find_for_update`].
pub async fn update(
    connection: &mut PgConnection,
    order: &Order,
    transitions: &[Transition],
) -> Result<()> {
    sqlx::query!(
        "UPDATE orders SET checkout = $2, fulfilment = $3, payment_status = $4, version = $5 WHERE id = $1",
        order.id.0,
        order.checkout as Checkout,
        order.fulfilment as Fulfilment,
        order.payment.status as PaymentStatus,
        order.version,
    )
    .execute(&mut *connection)
    .await?;
    record(connection, order.id, transitions).await
}

async fn record(
    connection: &mut PgConnection,
    order: OrderId,
    transitions: &[Transition],
) -> Result<()> {
    let versions: Vec<_> = transitions.iter().map(|done| done.version).collect();
    let times: Vec<_> = transitions.iter().map(|done| done.at).collect();
    let actors: Vec<_> = transitions.iter().map(|done| done.actor.clone()).collect();
    let moves = transitions.iter().map(|done| done.moved.names());
    let axes: Vec<_> = moves.clone().map(|names| names.axis.to_owned()).collect();
    let froms: Vec<_> = moves
        .clone()
        .map(|names| names.from.map(str::to_owned))
        .collect();
    let tos: Vec<_> = moves.map(|names| names.to.to_owned()).collect();
    sqlx::query!(
        "INSERT INTO order_history (order_id, version, at, actor, axis, from_status, to_status)
         SELECT $1, * FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[])",
        order.0,
        &versions,
        &times,
        &actors,
        &axes,
        &froms as &[Option<String>],
        &tos,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// One order, if it exists.
pub async fn find(connection: &mut PgConnection, id: OrderId) -> Result<Option<Order>> {
    let row = sqlx::query_as!(
        OrderRow,
        r#"SELECT id AS "id: OrderId", customer AS "customer: CustomerId", store_id AS "store_id: StoreId", store_name,
                  business_day, number AS "number: OrderNumber", placed_at, checkout AS "checkout: Checkout",
                  fulfilment AS "fulfilment: Fulfilment", payment_method AS "payment_method: PaymentMethod",
                  payment_status AS "payment_status: PaymentStatus", currency, total, tax AS "tax: Json<Vec<Tax>>",
                  version
           FROM orders WHERE id = $1"#,
        id.0,
    )
    .fetch_optional(&mut *connection)
    .await?;
    Ok(with_lines(connection, row.into_iter().collect())
        .await?
        .pop())
}

/// One order, locked until the caller's transaction ends.
pub async fn find_for_update(connection: &mut PgConnection, id: OrderId) -> Result<Option<Order>> {
    sqlx::query!("SELECT id FROM orders WHERE id = $1 FOR UPDATE", id.0)
        .fetch_optional(&mut *connection)
        .await?;
    find(connection, id).await
}

/// A customer's orders placed before `before`, newest first.
pub async fn of_customer(
    connection: &mut PgConnection,
    customer: CustomerId,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Order>> {
    let rows = sqlx::query_as!(
        OrderRow,
        r#"SELECT id AS "id: OrderId", customer AS "customer: CustomerId", store_id AS "store_id: StoreId", store_name,
                  business_day, number AS "number: OrderNumber", placed_at, checkout AS "checkout: Checkout",
                  fulfilment AS "fulfilment: Fulfilment", payment_method AS "payment_method: PaymentMethod",
                  payment_status AS "payment_status: PaymentStatus", currency, total, tax AS "tax: Json<Vec<Tax>>",
                  version
           FROM orders WHERE customer = $1 AND id < coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
           ORDER BY id DESC LIMIT $3"#,
        customer.0,
        before,
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    with_lines(connection, rows).await
}

/// A store's orders that are confirmed and not handed over, placed after `after`, oldest first.
pub async fn open_at(
    connection: &mut PgConnection,
    store: StoreId,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Order>> {
    let rows = sqlx::query_as!(
        OrderRow,
        r#"SELECT id AS "id: OrderId", customer AS "customer: CustomerId", store_id AS "store_id: StoreId", store_name,
                  business_day, number AS "number: OrderNumber", placed_at, checkout AS "checkout: Checkout",
                  fulfilment AS "fulfilment: Fulfilment", payment_method AS "payment_method: PaymentMethod",
                  payment_status AS "payment_status: PaymentStatus", currency, total, tax AS "tax: Json<Vec<Tax>>",
                  version
           FROM orders
           WHERE store_id = $1 AND checkout = 'confirmed' AND fulfilment <> 'delivered'
             AND id > coalesce($2, '00000000-0000-0000-0000-000000000000'::uuid)
           ORDER BY id LIMIT $3"#,
        store.0,
        after,
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    with_lines(connection, rows).await
}

/// The orders of these rows, in the rows' order.
async fn with_lines(connection: &mut PgConnection, rows: Vec<OrderRow>) -> Result<Vec<Order>> {
    let ids: Vec<_> = rows.iter().map(|row| row.id.0).collect();
    let mut lines = sqlx::query!(
        r#"SELECT order_id AS "order_id: OrderId", variation_id, product, variation,
                  options AS "options: Json<Vec<ChosenOption>>", quantity, unit_price, line_total, tax_rate_bp
           FROM order_lines WHERE order_id = ANY($1) ORDER BY array_position($1, order_id), line"#,
        &ids,
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .peekable();
    rows.into_iter()
        .map(|row| {
            let currency: Currency = row
                .currency
                .parse()
                .map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            let money = |amount| Money { amount, currency };
            let mut own = Vec::new();
            while let Some(line) = lines.next_if(|line| line.order_id == row.id) {
                own.push(Line {
                    variation_id: line.variation_id,
                    product: line.product,
                    variation: line.variation,
                    options: line.options.0,
                    quantity: line.quantity,
                    unit_price: money(line.unit_price),
                    line_total: money(line.line_total),
                    tax_rate_bp: line.tax_rate_bp,
                });
            }
            Ok(Order {
                id: row.id,
                number: row.number,
                customer: row.customer,
                store_id: row.store_id,
                store_name: row.store_name,
                business_day: row.business_day,
                placed_at: row.placed_at,
                checkout: row.checkout,
                fulfilment: row.fulfilment,
                payment: Payment {
                    method: row.payment_method,
                    status: row.payment_status,
                },
                lines: own,
                total: money(row.total),
                tax: row.tax.0,
                version: row.version,
            })
        })
        .collect()
}

/// One row of an order's history.
#[derive(Debug, serde::Serialize)]
pub struct HistoryEntry {
    /// The order's version after it.
    pub version: i64,
    /// When.
    #[serde(with = "service::clock::rfc3339")]
    pub at: DateTime<Utc>,
    /// Who caused it: a token's subject.
    pub actor: String,
    /// Which axis it moved: `checkout` or `fulfilment`.
    pub axis: String,
    /// From which status; nothing for the order's beginning.
    pub from: Option<String>,
    /// To which status.
    pub to: String,
}

/// What happened to an order, oldest first.
pub async fn history(connection: &mut PgConnection, id: OrderId) -> Result<Vec<HistoryEntry>> {
    sqlx::query_as!(
        HistoryEntry,
        r#"SELECT version, at, actor, axis, from_status AS "from", to_status AS "to"
           FROM order_history WHERE order_id = $1 ORDER BY version"#,
        id.0,
    )
    .fetch_all(connection)
    .await
}

/// A stored answer, with the fingerprint of the command that it answered.
#[derive(Debug)]
pub struct Replay {
    /// Of the command.
    pub fingerprint: Vec<u8>,
    /// The answer's body.
    pub response: Value,
}

/// The answer stored under this key after `since`.
pub async fn replay(
    connection: &mut PgConnection,
    scope: &Scope,
    since: DateTime<Utc>,
) -> Result<Option<Replay>> {
    sqlx::query_as!(
        Replay,
        "SELECT fingerprint, response FROM replays
         WHERE subject = $1 AND route = $2 AND key = $3 AND stored_at > $4",
        scope.subject,
        scope.route,
        scope.key.as_str(),
        since,
    )
    .fetch_optional(connection)
    .await
}

/// Stores the answer to a command, unless its key has one from after `since`; says whether it did. Waits for another
/// transaction that is storing the same key.
pub async fn claim_replay(
    connection: &mut PgConnection,
    scope: &Scope,
    fingerprint: &Fingerprint,
    response: &Value,
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> Result<bool> {
    let claimed = sqlx::query!(
        "INSERT INTO replays AS stored (subject, route, key, fingerprint, response, stored_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (subject, route, key) DO UPDATE
         SET fingerprint = excluded.fingerprint, response = excluded.response, stored_at = excluded.stored_at
         WHERE stored.stored_at <= $7",
        scope.subject,
        scope.route,
        scope.key.as_str(),
        fingerprint.as_ref(),
        response,
        now,
        since,
    )
    .execute(connection)
    .await?;
    Ok(claimed.rows_affected() == 1)
}

/// Deletes the answers stored before `since`; says how many.
pub async fn forget_replays(connection: &mut PgConnection, since: DateTime<Utc>) -> Result<u64> {
    let deleted = sqlx::query!("DELETE FROM replays WHERE stored_at <= $1", since)
        .execute(connection)
        .await?;
    Ok(deleted.rows_affected())
}
