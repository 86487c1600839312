//! Checkouts as operators see them: what waits for a person, and what became of it.
//!
//! Invariant: read only; a card's token never leaves its column.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use service::money::{Currency, Money};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::checkout::{Direction, Step};
use crate::order::{OrderId, OrderNumber, PaymentMethod, PaymentStatus, Reason, StoreId};
use crate::store::Result;

/// One checkout.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CheckoutView {
    /// Of which order.
    pub order_id: OrderId,
    /// What is called out.
    pub number: OrderNumber,
    /// Where.
    pub store_id: StoreId,
    /// The store's name.
    pub store_name: String,
    /// When the order was placed.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub placed_at: DateTime<Utc>,
    /// What the order costs.
    pub total: Money,
    /// How it is paid for.
    pub payment_method: PaymentMethod,
    /// What the order says of its payment.
    pub payment_status: PaymentStatus,
    /// `running`, `manual` or `settled`.
    pub state: String,
    /// Which way it goes, or went at last.
    pub direction: Direction,
    /// What is to be done or undone next.
    pub step: Step,
    /// How often that was tried.
    pub attempts: i32,
    /// Whether one of the tries may have had its effect.
    pub doubt: bool,
    /// Whether the money is known to have been taken.
    pub captured: bool,
    /// Why it goes back.
    pub reason: Option<Reason>,
    /// What the last try in vain met.
    pub last_error: Option<String>,
    /// After this it goes forward no more.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub deadline: DateTime<Utc>,
    /// Since when it has waited for a person.
    #[serde(serialize_with = "optional_instant")]
    pub parked_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(serialize_with = "optional_instant")]
    pub settled_at: Option<DateTime<Utc>>,
}

#[expect(clippy::ref_option, reason = "serde calls it with the field as it is")]
fn optional_instant<S: Serializer>(
    at: &Option<DateTime<Utc>>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    match at {
        Some(at) => service::clock::rfc3339::serialize(at, serializer),
        None => serializer.serialize_none(),
    }
}

struct ViewRow {
    order_id: OrderId,
    number: OrderNumber,
    store_id: StoreId,
    store_name: String,
    placed_at: DateTime<Utc>,
    total: i64,
    currency: String,
    payment_method: PaymentMethod,
    payment_status: PaymentStatus,
    state: String,
    direction: Direction,
    step: Step,
    attempts: i32,
    doubt: bool,
    captured: bool,
    reason: Option<Reason>,
    last_error: Option<String>,
    deadline: DateTime<Utc>,
    parked_at: Option<DateTime<Utc>>,
    settled_at: Option<DateTime<Utc>>,
}

impl TryFrom<ViewRow> for CheckoutView {
    type Error = sqlx::Error;

    fn try_from(row: ViewRow) -> Result<Self> {
        let currency: Currency = row
            .currency
            .parse()
            .map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        Ok(Self {
            order_id: row.order_id,
            number: row.number,
            store_id: row.store_id,
            store_name: row.store_name,
            placed_at: row.placed_at,
            total: Money {
                amount: row.total,
                currency,
            },
            payment_method: row.payment_method,
            payment_status: row.payment_status,
            state: row.state,
            direction: row.direction,
            step: row.step,
            attempts: row.attempts,
            doubt: row.doubt,
            captured: row.captured,
            reason: row.reason,
            last_error: row.last_error,
            deadline: row.deadline,
            parked_at: row.parked_at,
            settled_at: row.settled_at,
        })
    }
}

/// At most `limit` checkouts that wait for a person, of orders placed after the order `after`, oldest first.
pub async fn manual(
    connection: &mut PgConnection,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<CheckoutView>> {
    let rows = sqlx::query_as!(
        ViewRow,
        r#"SELECT saga.order_id AS "order_id: OrderId", orders.number AS "number: OrderNumber",
                  orders.store_id AS "store_id: StoreId", orders.store_name, orders.placed_at, orders.total,
                  orders.currency, orders.payment_method AS "payment_method: PaymentMethod",
                  orders.payment_status AS "payment_status: PaymentStatus", saga.state,
                  saga.direction AS "direction: Direction", saga.step AS "step: Step", saga.tries AS attempts,
                  saga.doubt, saga.captured, saga.reason AS "reason: Reason", saga.last_error, saga.deadline,
                  saga.parked_at, saga.settled_at
           FROM checkouts AS saga JOIN orders ON orders.id = saga.order_id
           WHERE saga.state = 'manual'
             AND saga.order_id > coalesce($1, '00000000-0000-0000-0000-000000000000'::uuid)
           ORDER BY saga.order_id LIMIT $2"#,
        after,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(CheckoutView::try_from).collect()
}

/// An order's checkout.
pub async fn find(connection: &mut PgConnection, order: OrderId) -> Result<Option<CheckoutView>> {
    let row = sqlx::query_as!(
        ViewRow,
        r#"SELECT saga.order_id AS "order_id: OrderId", orders.number AS "number: OrderNumber",
                  orders.store_id AS "store_id: StoreId", orders.store_name, orders.placed_at, orders.total,
                  orders.currency, orders.payment_method AS "payment_method: PaymentMethod",
                  orders.payment_status AS "payment_status: PaymentStatus", saga.state,
                  saga.direction AS "direction: Direction", saga.step AS "step: Step", saga.tries AS attempts,
                  saga.doubt, saga.captured, saga.reason AS "reason: Reason", saga.last_error, saga.deadline,
                  saga.parked_at, saga.settled_at
           FROM checkouts AS saga JOIN orders ON orders.id = saga.order_id
           WHERE saga.order_id = $1"#,
        order.0,
    )
    .fetch_optional(connection)
    .await?;
    row.map(CheckoutView::try_from).transpose()
}

/// What a checkout did, line by line.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Deed {
    /// When.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    pub at: DateTime<Utc>,
    /// What was done: a step's name, or a person's wish.
    pub action: String,
    /// How it ended.
    pub outcome: String,
    /// What there is to say about it.
    pub note: Option<String>,
}

/// What an order's checkout did, oldest first.
pub async fn deeds(connection: &mut PgConnection, order: OrderId) -> Result<Vec<Deed>> {
    sqlx::query_as!(
        Deed,
        "SELECT at, action, outcome, note FROM checkout_history WHERE order_id = $1 ORDER BY position",
        order.0,
    )
    .fetch_all(connection)
    .await
}
