//! Shipments, one per order for ever, and the leases of those that the carrier is to be asked about.
//!
//! Invariant: a lease only keeps two processes from asking the same thing at once; what holds if it fails is the key at
//! the carrier, and that each step is taken once, under the row's lock.

use chrono::{DateTime, Utc};
use service::idempotency::Fingerprint;
use service::money::Money;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::Result;
use crate::address::Address;
use crate::shipment::{CustomerId, OrderId, Reason, Shipment, Status, Terms};
use crate::zone::StoreId;

#[expect(
    clippy::struct_excessive_bools,
    reason = "the columns of a shipment, one to one"
)]
struct Row {
    order_id: OrderId,
    store_id: StoreId,
    customer_id: CustomerId,
    status: Status,
    version: i64,
    zone: String,
    fee: i64,
    currency: String,
    tax_rate_bp: i32,
    minutes: i32,
    address: Option<Json<Address>>,
    search_until: Option<DateTime<Utc>>,
    ready: bool,
    told_ready: bool,
    to_call_off: bool,
    booking: Option<String>,
    courier: Option<String>,
    expected_at: Option<DateTime<Utc>>,
    reason: Option<Reason>,
    updated_at: DateTime<Utc>,
    forget: bool,
}

impl TryFrom<Row> for Shipment {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self> {
        let currency = row
            .currency
            .parse()
            .map_err(|error: service::money::MoneyError| sqlx::Error::Decode(error.into()))?;
        Ok(Self {
            order_id: row.order_id,
            store_id: row.store_id,
            customer_id: row.customer_id,
            status: row.status,
            version: row.version,
            terms: Terms {
                zone: row.zone,
                fee: Money::new(row.fee, currency),
                tax_rate_bp: row.tax_rate_bp,
                minutes: row.minutes,
            },
            address: row.address.map(|address| address.0),
            search_until: row.search_until,
            ready: row.ready,
            told_ready: row.told_ready,
            to_call_off: row.to_call_off,
            booking: row.booking,
            courier: row.courier,
            expected_at: row.expected_at,
            reason: row.reason,
            updated_at: row.updated_at,
            forget: row.forget,
        })
    }
}

/// Stores a new shipment, unless its order has one; says whether it did. Waits for another transaction that is storing
/// one.
pub async fn insert(
    connection: &mut PgConnection,
    shipment: &Shipment,
    fingerprint: &Fingerprint,
) -> Result<bool> {
    let terms = &shipment.terms;
    let inserted = sqlx::query!(
        "INSERT INTO shipments (order_id, store_id, customer_id, status, version, fingerprint, zone, fee, currency,
                                tax_rate_bp, minutes, address, ready, told_ready, to_call_off, created_at, updated_at,
                                forget)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, false, false, false, $13, $13, false)
         ON CONFLICT (order_id) DO NOTHING",
        shipment.order_id.0,
        shipment.store_id.0,
        shipment.customer_id.0,
        shipment.status as Status,
        shipment.version,
        fingerprint.as_ref(),
        terms.zone,
        terms.fee.amount,
        terms.fee.currency.as_str(),
        terms.tax_rate_bp,
        terms.minutes,
        shipment.address.as_ref().map(Json) as _,
        shipment.updated_at,
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Of the announcement; nothing once the address is forgotten.
pub async fn fingerprint(connection: &mut PgConnection, order: OrderId) -> Result<Option<Vec<u8>>> {
    let found = sqlx::query_scalar!(
        "SELECT fingerprint FROM shipments WHERE order_id = $1",
        order.0
    )
    .fetch_optional(connection)
    .await?;
    Ok(found.flatten())
}

/// Those of these orders that there are, by their ids.
pub async fn read(connection: &mut PgConnection, orders: &[OrderId]) -> Result<Vec<Shipment>> {
    let orders: Vec<Uuid> = orders.iter().map(|order| order.0).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT order_id AS "order_id: OrderId", store_id AS "store_id: StoreId",
                  customer_id AS "customer_id: CustomerId", status AS "status: Status", version, zone, fee, currency,
                  tax_rate_bp, minutes, address AS "address: Json<Address>", search_until, ready, told_ready,
                  to_call_off, booking, courier, expected_at, reason AS "reason: Reason", updated_at, forget
           FROM shipments WHERE order_id = ANY($1) ORDER BY order_id"#,
        &orders,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Shipment::try_from).collect()
}

/// One, if there is one.
pub async fn find(connection: &mut PgConnection, order: OrderId) -> Result<Option<Shipment>> {
    Ok(read(connection, &[order]).await?.pop())
}

/// One, locked until the caller's transaction ends.
pub async fn lock(connection: &mut PgConnection, order: OrderId) -> Result<Option<Shipment>> {
    let locked = sqlx::query_scalar!(
        "SELECT order_id FROM shipments WHERE order_id = $1 FOR UPDATE",
        order.0
    )
    .fetch_optional(&mut *connection)
    .await?;
    if locked.is_none() {
        return Ok(None);
    }
    find(connection, order).await
}

/// Stores what has become of one; it is due at once if there is something to ask the carrier.
pub async fn update(connection: &mut PgConnection, shipment: &Shipment) -> Result<()> {
    sqlx::query!(
        "UPDATE shipments
         SET status = $2, version = $3, address = $4, search_until = $5, ready = $6, told_ready = $7, to_call_off = $8,
             booking = $9, courier = $10, expected_at = $11, reason = $12, updated_at = $13, forget = $14,
             fingerprint = CASE WHEN $4::jsonb IS NOT NULL THEN fingerprint END,
             due_at = CASE WHEN $15 THEN clock_timestamp() END, tries = 0
         WHERE order_id = $1",
        shipment.order_id.0,
        shipment.status as Status,
        shipment.version,
        shipment.address.as_ref().map(Json) as _,
        shipment.search_until,
        shipment.ready,
        shipment.told_ready,
        shipment.to_call_off,
        shipment.booking,
        shipment.courier,
        shipment.expected_at,
        shipment.reason as Option<Reason>,
        shipment.updated_at,
        shipment.forget,
        shipment.task().is_some(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Leases what is due to the caller, the longest waiting first.
pub async fn lease_due(connection: &mut PgConnection, most: i64) -> Result<Vec<OrderId>> {
    sqlx::query_scalar!(
        r#"WITH due AS (
               SELECT order_id FROM shipments
               WHERE due_at <= clock_timestamp() AND leased_until <= clock_timestamp()
               ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
           )
           UPDATE shipments SET leased_until = clock_timestamp() + interval '10 s', tries = tries + 1
           FROM due WHERE shipments.order_id = due.order_id
           RETURNING shipments.order_id AS "order_id: OrderId""#,
        most,
    )
    .fetch_all(connection)
    .await
}

/// Gives a lease back. What is still due is so again after a pause, which grows to ten seconds.
pub async fn release(connection: &mut PgConnection, order: OrderId) -> Result<()> {
    sqlx::query!(
        "UPDATE shipments
         SET leased_until = '-infinity',
             due_at = CASE
                 -- Nothing to ask any more, or something new.
                 WHEN due_at IS NULL OR tries = 0 THEN due_at
                 ELSE clock_timestamp() + least(interval '10 s', interval '250 ms' * power(2, least(tries, 10)))
             END
         WHERE order_id = $1",
        order.0,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// At most `most` orders behind `after` whose shipments of a store are under way.
pub async fn under_way(
    connection: &mut PgConnection,
    store: StoreId,
    after: Option<Uuid>,
    most: i64,
) -> Result<Vec<OrderId>> {
    sqlx::query_scalar!(
        r#"SELECT order_id AS "order_id: OrderId" FROM shipments
           WHERE store_id = $1 AND status IN ('searching', 'booked', 'dispatched')
             AND ($2::uuid IS NULL OR order_id > $2)
           ORDER BY order_id LIMIT $3"#,
        store.0,
        after,
        most,
    )
    .fetch_all(connection)
    .await
}

/// Forgets where a person lives; of what is under way, as soon as it has ended. Says of how many shipments.
pub async fn forget_person(connection: &mut PgConnection, customer: CustomerId) -> Result<u64> {
    let forgotten = sqlx::query!(
        "WITH forgotten AS (
             UPDATE shipments
             SET forget = true,
                 address = CASE WHEN status IN ('searching', 'booked', 'dispatched') THEN address END,
                 fingerprint = CASE WHEN status IN ('searching', 'booked', 'dispatched') THEN fingerprint END,
                 courier = CASE WHEN status IN ('searching', 'booked', 'dispatched') THEN courier END
             WHERE customer_id = $1 AND address IS NOT NULL
               -- It was said before.
               AND NOT (forget AND status IN ('searching', 'booked', 'dispatched'))
             RETURNING order_id, address
         ), told AS (
             UPDATE tracking SET note = '' FROM forgotten
             WHERE tracking.order_id = forgotten.order_id AND forgotten.address IS NULL
         )
         SELECT order_id FROM forgotten",
        customer.0,
    )
    .fetch_all(connection)
    .await?;
    Ok(forgotten.len() as u64)
}

/// Forgets where people live: of what nobody confirmed since `announced`, and of what ended before `ended`. Says of how
/// many shipments.
pub async fn forget_old(
    connection: &mut PgConnection,
    announced: DateTime<Utc>,
    ended: DateTime<Utc>,
) -> Result<u64> {
    let forgotten = sqlx::query!(
        "WITH forgotten AS (
             UPDATE shipments SET address = NULL, fingerprint = NULL, courier = NULL
             WHERE address IS NOT NULL
               AND ((status = 'announced' AND updated_at <= $1)
                    OR (status IN ('delivered', 'failed', 'cancelled') AND updated_at <= $2))
             RETURNING order_id
         ), told AS (
             UPDATE tracking SET note = '' FROM forgotten WHERE tracking.order_id = forgotten.order_id
         )
         SELECT order_id FROM forgotten",
        announced,
        ended,
    )
    .fetch_all(connection)
    .await?;
    Ok(forgotten.len() as u64)
}

/// How many shipments stand in one status, and since when the oldest of them does.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// In which.
    pub status: Status,
    /// How many.
    pub count: i64,
    /// Since when at most.
    pub since: DateTime<Utc>,
}

/// Of the statuses that are under way.
pub async fn standing(connection: &mut PgConnection) -> Result<Vec<Standing>> {
    sqlx::query_as!(
        Standing,
        r#"SELECT status AS "status: Status", count(*) AS "count!", min(updated_at) AS "since!" FROM shipments
           WHERE status IN ('searching', 'booked', 'dispatched') GROUP BY status"#,
    )
    .fetch_all(connection)
    .await
}
