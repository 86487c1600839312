//! Orders with their lines, and the numbers that people call out.
//!
//! Invariant: an order's row, its history and its version change together or not at all, because every function that
//! writes takes the caller's transaction and the transitions with it.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use service::money::{Currency, Money};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::checkout::{self, Direction};
use crate::delivery::{Courier, Delivery};
use crate::lifecycle::{Checkout, Fulfilment, Step};
use crate::order::{
    ChosenOption, CustomerId, Discount, Line, Order, OrderId, OrderNumber, Payment, PaymentMethod,
    PaymentStatus, Reason, StoreId, Tax, Transition,
};
use crate::pickup::Pickup;
use crate::store::checkouts::{Hold, NewSaga, PhaseRow, millis};
use crate::store::{Result, deliveries, history};

struct OrderRow {
    id: OrderId,
    customer: CustomerId,
    store_id: StoreId,
    store_name: String,
    business_day: NaiveDate,
    number: OrderNumber,
    placed_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
    slot: Option<DateTime<Utc>>,
    checkout: Checkout,
    fulfilment: Fulfilment,
    payment_method: PaymentMethod,
    payment_status: PaymentStatus,
    reason: Option<Reason>,
    currency: String,
    discount_code: Option<String>,
    discount: i64,
    tip: i64,
    total: i64,
    tax: Json<Vec<Tax>>,
    version: i64,
    delivery: Option<Json<DeliveryRow>>,
}

/// How an order is brought. A scalar of the order's query: what is seldom there is no join of every one.
#[derive(Deserialize)]
struct DeliveryRow {
    fee: i64,
    tax_rate_bp: i32,
    minutes: i32,
    courier: Courier,
}

impl DeliveryRow {
    fn in_currency(&self, currency: Currency) -> Delivery {
        Delivery {
            fee: Money::new(self.fee, currency),
            tax_rate_bp: self.tax_rate_bp,
            minutes: self.minutes,
            courier: self.courier,
        }
    }
}

/// Takes the next `count` numbers of a store's day; says the last one of them.
pub async fn take_numbers(
    connection: &mut PgConnection,
    store: StoreId,
    day: NaiveDate,
    count: i32,
) -> Result<i32> {
    sqlx::query_scalar!(
        "INSERT INTO daily_numbers AS given (store_id, business_day, last) VALUES ($1, $2, $3)
         ON CONFLICT (store_id, business_day) DO UPDATE SET last = given.last + $3
         RETURNING last",
        store.0,
        day,
        count,
    )
    .fetch_one(connection)
    .await
}

/// Stores a new order of a store in `zone` with its lines, its transitions so far and its saga; returns the first hold on the saga.
pub async fn insert(
    connection: &mut PgConnection,
    order: &Order,
    zone: Tz,
    transitions: &[Transition],
    new: NewSaga<'_>,
) -> Result<Hold> {
    let phase = PhaseRow::from(new.saga.phase);
    let lines = &order.lines;
    let variation_ids: Vec<_> = lines.iter().map(|line| line.variation_id).collect();
    let products: Vec<_> = lines.iter().map(|line| line.product.clone()).collect();
    let variations: Vec<_> = lines.iter().map(|line| line.variation.clone()).collect();
    let options: Vec<_> = lines.iter().map(|line| Json(&line.options)).collect();
    let quantities: Vec<_> = lines.iter().map(|line| line.quantity).collect();
    let unit_prices: Vec<_> = lines.iter().map(|line| line.unit_price.amount).collect();
    let line_totals: Vec<_> = lines.iter().map(|line| line.line_total.amount).collect();
    let tax_rates: Vec<_> = lines.iter().map(|line| line.tax_rate_bp).collect();
    let discounts: Vec<_> = lines.iter().map(|line| line.discount.amount).collect();
    sqlx::query!(
        "WITH new_order AS (
             INSERT INTO orders (id, customer, store_id, store_name, business_day, number, placed_at, checkout,
                                 fulfilment, payment_method, payment_status, currency, total, tax, version, due_at, slot,
                                 discount_code, discount, tip, zone)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $33, $34, $36, $37, $38, $39)
         ), new_saga AS (
             INSERT INTO checkouts (order_id, state, direction, step, charged, deadline, card_token, trace_parent,
                                    owner, fence, claimable_at)
             VALUES ($1, $24, $25, $26, $27, $28, $29, $30, $31, 1,
                     clock_timestamp() + $32::bigint * interval '1 millisecond')
         )
         INSERT INTO order_lines (order_id, line, variation_id, product, variation, options, quantity, unit_price,
                                  line_total, tax_rate_bp, discount)
         SELECT $1, line.ordinality, line.variation_id, line.product, line.variation, line.options, line.quantity,
                line.unit_price, line.line_total, line.tax_rate_bp, line.discount
         FROM unnest($16::uuid[], $17::text[], $18::text[], $19::jsonb[], $20::int[], $21::bigint[], $22::bigint[],
                     $23::int[], $35::bigint[])
              WITH ORDINALITY AS line (variation_id, product, variation, options, quantity, unit_price, line_total,
                                       tax_rate_bp, discount, ordinality)",
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
        phase.state,
        phase.direction as Direction,
        phase.step as checkout::Step,
        new.saga.charged,
        new.saga.deadline,
        new.card_token,
        dapr_kit::trace::current(),
        new.owner,
        millis(new.lease),
        order.pickup.due_at,
        order.pickup.slot(),
        &discounts,
        order.discount.as_ref().map(|discount| discount.code.as_str()),
        order.discount.as_ref().map_or(0, |discount| discount.amount.amount),
        order.tip.amount,
        zone.name(),
    )
    .execute(&mut *connection)
    .await?;
    if let Some(delivery) = &order.delivery {
        deliveries::insert(connection, order.id, delivery).await?;
    }
    history::record(connection, order.id, transitions).await?;
    Ok(Hold {
        order: order.id,
        fence: 1,
    })
}

/// Stores where an order stands after these transitions; `RowNotFound` if it has been through others meanwhile.
pub async fn update(
    connection: &mut PgConnection,
    order: &Order,
    transitions: &[Transition],
) -> Result<()> {
    let steps = i64::try_from(transitions.len()).unwrap_or(i64::MAX);
    let put_out = transitions.iter().find(|it| it.step == Step::PutOut);
    let updated = sqlx::query!(
        "UPDATE orders SET checkout = $2, fulfilment = $3, payment_status = $4, reason = $5, version = $6,
                           ready_at = coalesce($8, ready_at)
         WHERE id = $1 AND version = $6 - $7::bigint",
        order.id.0,
        order.checkout as Checkout,
        order.fulfilment as Fulfilment,
        order.payment.status as PaymentStatus,
        order.reason as Option<Reason>,
        order.version,
        steps,
        put_out.map(|it| it.at),
    )
    .execute(&mut *connection)
    .await?;
    if updated.rows_affected() == 0 {
        return Err(sqlx::Error::RowNotFound);
    }
    history::record(connection, order.id, transitions).await
}

/// The zone of the store that an order was placed at.
pub async fn zone(connection: &mut PgConnection, id: OrderId) -> Result<Tz> {
    sqlx::query_scalar!("SELECT zone FROM orders WHERE id = $1", id.0)
        .fetch_one(connection)
        .await?
        .parse()
        .map_err(|error: chrono_tz::ParseError| sqlx::Error::Decode(error.to_string().into()))
}

/// One order, if it exists.
pub async fn find(connection: &mut PgConnection, id: OrderId) -> Result<Option<Order>> {
    let row = sqlx::query_as!(
        OrderRow,
        r#"SELECT id AS "id: OrderId", customer AS "customer: CustomerId", store_id AS "store_id: StoreId", store_name,
                  business_day, number AS "number: OrderNumber", placed_at, due_at, slot, checkout AS "checkout: Checkout",
                  fulfilment AS "fulfilment: Fulfilment", payment_method AS "payment_method: PaymentMethod",
                  payment_status AS "payment_status: PaymentStatus", reason AS "reason: Reason", currency,
                  discount_code, discount, tip, total, tax AS "tax: Json<Vec<Tax>>", version,
                  (SELECT to_jsonb(delivery) FROM deliveries delivery WHERE order_id = id) AS "delivery: Json<DeliveryRow>"
           FROM orders WHERE id = $1"#,
        id.0,
    )
    .fetch_optional(&mut *connection)
    .await?;
    Ok(with_lines(connection, row.into_iter().collect())
        .await?
        .pop())
}

/// These orders, in no particular order.
pub async fn find_all(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Order>> {
    let rows = sqlx::query_as!(
        OrderRow,
        r#"SELECT id AS "id: OrderId", customer AS "customer: CustomerId", store_id AS "store_id: StoreId", store_name,
                  business_day, number AS "number: OrderNumber", placed_at, due_at, slot, checkout AS "checkout: Checkout",
                  fulfilment AS "fulfilment: Fulfilment", payment_method AS "payment_method: PaymentMethod",
                  payment_status AS "payment_status: PaymentStatus", reason AS "reason: Reason", currency,
                  discount_code, discount, tip, total,
                  tax AS "tax: Json<Vec<Tax>>", version,
                  (SELECT to_jsonb(delivery) FROM deliveries delivery WHERE order_id = id) AS "delivery: Json<DeliveryRow>"
           FROM orders WHERE id = ANY($1)"#,
        ids,
    )
    .fetch_all(&mut *connection)
    .await?;
    with_lines(connection, rows).await
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
                  business_day, number AS "number: OrderNumber", placed_at, due_at, slot, checkout AS "checkout: Checkout",
                  fulfilment AS "fulfilment: Fulfilment", payment_method AS "payment_method: PaymentMethod",
                  payment_status AS "payment_status: PaymentStatus", reason AS "reason: Reason", currency,
                  discount_code, discount, tip, total, tax AS "tax: Json<Vec<Tax>>", version,
                  (SELECT to_jsonb(delivery) FROM deliveries delivery WHERE order_id = id) AS "delivery: Json<DeliveryRow>"
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

/// A store's orders that are confirmed and not handed over, due after the order `after`, the first due first.
pub async fn open_at(
    connection: &mut PgConnection,
    store: StoreId,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Order>> {
    let rows = sqlx::query_as!(
        OrderRow,
        r#"SELECT id AS "id: OrderId", customer AS "customer: CustomerId", store_id AS "store_id: StoreId", store_name,
                  business_day, number AS "number: OrderNumber", placed_at, due_at, slot, checkout AS "checkout: Checkout",
                  fulfilment AS "fulfilment: Fulfilment", payment_method AS "payment_method: PaymentMethod",
                  payment_status AS "payment_status: PaymentStatus", reason AS "reason: Reason", currency,
                  discount_code, discount, tip, total, tax AS "tax: Json<Vec<Tax>>", version,
                  (SELECT to_jsonb(delivery) FROM deliveries delivery WHERE order_id = id) AS "delivery: Json<DeliveryRow>"
           FROM orders
           WHERE store_id = $1 AND checkout = 'confirmed' AND fulfilment <> 'delivered'
             AND ($2::uuid IS NULL OR (due_at, id) > (SELECT due_at, id FROM orders WHERE id = $2))
           ORDER BY due_at, id LIMIT $3"#,
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
                  options AS "options: Json<Vec<ChosenOption>>", quantity, unit_price, line_total, discount, tax_rate_bp
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
            let delivery = row.delivery.as_ref();
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
                    discount: money(line.discount),
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
                pickup: Pickup::stored(row.due_at, row.slot),
                checkout: row.checkout,
                fulfilment: row.fulfilment,
                payment: Payment {
                    method: row.payment_method,
                    status: row.payment_status,
                },
                reason: row.reason,
                lines: own,
                discount: row.discount_code.map(|code| Discount {
                    code,
                    amount: money(row.discount),
                }),
                delivery: delivery.map(|it| it.in_currency(currency)),
                tip: money(row.tip),
                total: money(row.total),
                tax: row.tax.0,
                version: row.version,
            })
        })
        .collect()
}
