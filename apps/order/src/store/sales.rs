//! What was sold, as our own events told it, and its sums.
//!
//! Invariant: the rows are a function of the set of events alone: neither the order of their arrival nor how often each
//! arrived leaves a trace.

use chrono::NaiveDate;
use service::money::{Currency, Money};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::inbound::Told;
use crate::lifecycle::Checkout;
use crate::order::StoreId;
use crate::sales::{Day, DayTax, Fact, Figures, Given, Period, Product, RateSum, Sale};
use crate::store::{Result, timeline};
use crate::timeline::Entry;

/// Takes in what one event tells, unless something newer is known, and its document. Nobody needs them at once: an event
/// is told again until both are there.
pub async fn take(connection: &mut PgConnection, told: &Told) -> Result<()> {
    match &told.fact {
        Some(Fact::Sale(sale)) => sold(connection, &told.document, sale).await,
        Some(Fact::Return(given)) => {
            timeline::insert(connection, &told.document).await?;
            came_back(connection, given).await
        }
        None => timeline::insert(connection, &told.document).await,
    }
}

/// In one statement, because it is done several times for every order.
async fn sold(connection: &mut PgConnection, document: &Entry, sale: &Sale) -> Result<()> {
    sqlx::query!(
        "WITH document AS (
             INSERT INTO timeline (source, event_id, order_id, at, sequence, type, detail)
             VALUES ($14, $15, $1, $16, $17, $18, $19) ON CONFLICT DO NOTHING)
         INSERT INTO sales (order_id, version, store_id, business_day, checkout, currency, gross, discount, delivery,
                            tip, total, tax, lines)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (order_id) DO UPDATE
             SET version = excluded.version, store_id = excluded.store_id, business_day = excluded.business_day,
                 checkout = excluded.checkout, currency = excluded.currency, gross = excluded.gross,
                 discount = excluded.discount, delivery = excluded.delivery, tip = excluded.tip,
                 total = excluded.total, tax = excluded.tax, lines = excluded.lines
             WHERE sales.version < excluded.version",
        sale.order.0,
        sale.version,
        sale.store.0,
        sale.day,
        sale.checkout as Checkout,
        sale.currency.as_str(),
        sale.gross,
        sale.discount,
        sale.delivery,
        sale.tip,
        sale.total,
        Json(&sale.tax) as _,
        Json(&sale.lines) as _,
        document.source,
        document.event_id,
        document.at,
        document.sequence,
        document.kind,
        document.detail,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn came_back(connection: &mut PgConnection, given: &Given) -> Result<()> {
    sqlx::query!(
        "INSERT INTO sales_returns (return_id, order_id, store_id, business_day, currency, amount, tax, lines, delivery)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        given.id.0,
        given.order.0,
        given.store.0,
        given.day,
        given.currency.as_str(),
        given.amount,
        Json(&given.tax) as _,
        Json(&given.lines) as _,
        given.delivery,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets everything.
pub async fn clear(connection: &mut PgConnection) -> Result<()> {
    // Not TRUNCATE: whoever reads or adds meanwhile neither waits nor fails.
    sqlx::query!("WITH returned AS (DELETE FROM sales_returns) DELETE FROM sales")
        .execute(connection)
        .await?;
    Ok(())
}

/// A store's days, without their tax, in their order.
pub async fn days(
    connection: &mut PgConnection,
    store: StoreId,
    period: Period,
) -> Result<Vec<Day>> {
    let rows = sqlx::query!(
        r#"SELECT business_day AS "day!", currency AS "currency!", sum(orders)::bigint AS "orders!",
                  sum(gross)::bigint AS "gross!", sum(discount)::bigint AS "discount!",
                  sum(delivery)::bigint AS "delivery!", sum(tip)::bigint AS "tip!",
                  sum(total)::bigint AS "total!", sum(cancelled)::bigint AS "cancelled!",
                  sum(returns)::bigint AS "returns!", sum(returned)::bigint AS "returned!",
                  sum(returned_delivery)::bigint AS "returned_delivery!"
           FROM (SELECT business_day, currency, sold::int AS orders, sold::int * gross AS gross,
                        sold::int * discount AS discount, sold::int * delivery AS delivery, sold::int * tip AS tip,
                        sold::int * total AS total,
                        (checkout = 'cancelled')::int AS cancelled, 0 AS returns, 0 AS returned,
                        0 AS returned_delivery
                 FROM sales WHERE store_id = $1 AND business_day BETWEEN $2 AND $3
                   AND (sold OR checkout = 'cancelled')
                 UNION ALL
                 SELECT business_day, currency, 0, 0, 0, 0, 0, 0, 0, 1, amount, delivery
                 FROM sales_returns WHERE store_id = $1 AND business_day BETWEEN $2 AND $3) AS fact
           GROUP BY business_day, currency ORDER BY business_day, currency"#,
        store.0,
        period.from(),
        period.to(),
    )
    .fetch_all(connection)
    .await?;
    let days = rows.into_iter().map(|row| {
        let currency = currency(&row.currency)?;
        let money = |amount| Money::new(amount, currency);
        Ok(Day {
            day: row.day,
            figures: Figures {
                orders: row.orders,
                gross: money(row.gross),
                discount: money(row.discount),
                delivery: money(row.delivery),
                tip: money(row.tip),
                total: money(row.total),
                cancelled: row.cancelled,
                returns: row.returns,
                returned: money(row.returned),
                returned_delivery: money(row.returned_delivery),
                ..Figures::none(currency)
            },
        })
    });
    days.collect()
}

/// The tax of a store's days.
pub async fn taxes(
    connection: &mut PgConnection,
    store: StoreId,
    period: Period,
) -> Result<Vec<DayTax>> {
    let rows = sqlx::query!(
        r#"SELECT business_day AS "day!: NaiveDate", currency AS "currency!", returned AS "returned!",
                  rate_bp AS "rate_bp!", sum(gross)::bigint AS "gross!", sum(tax)::bigint AS "tax!"
           FROM (SELECT business_day, currency, false AS returned, rate.*
                 FROM sales, jsonb_to_recordset(sales.tax) AS rate (rate_bp int, gross bigint, tax bigint)
                 WHERE store_id = $1 AND business_day BETWEEN $2 AND $3 AND sold
                 UNION ALL
                 SELECT business_day, currency, true, rate.*
                 FROM sales_returns AS back, jsonb_to_recordset(back.tax) AS rate (rate_bp int, gross bigint, tax bigint)
                 WHERE store_id = $1 AND business_day BETWEEN $2 AND $3) AS fact
           GROUP BY business_day, currency, returned, rate_bp"#,
        store.0,
        period.from(),
        period.to(),
    )
    .fetch_all(connection)
    .await?;
    let taxes = rows.into_iter().map(|row| {
        Ok(DayTax {
            day: row.day,
            currency: currency(&row.currency)?,
            returned: row.returned,
            sum: RateSum {
                rate_bp: row.rate_bp,
                gross: row.gross,
                tax: row.tax,
            },
        })
    });
    taxes.collect()
}

/// What a store sold of each variation, what brought most first.
pub async fn products(
    connection: &mut PgConnection,
    store: StoreId,
    period: Period,
) -> Result<Vec<Product>> {
    // Ids are UUIDv7: the highest is that of the newest order.
    let rows = sqlx::query!(
        r#"SELECT variation_id AS "variation_id!", currency AS "currency!",
                  (array_agg(product ORDER BY order_id DESC))[1] AS "product!",
                  (array_agg(variation ORDER BY order_id DESC))[1] AS "variation!",
                  sum(quantity)::bigint AS "quantity!", sum(gross)::bigint AS "gross!",
                  sum(discount)::bigint AS "discount!", sum(back)::bigint AS "back!", sum(given)::bigint AS "given!"
           FROM (SELECT order_id, currency, line.*, 0 AS back, 0 AS given
                 FROM sales, jsonb_to_recordset(sales.lines) AS line (variation_id uuid, product text, variation text,
                                                                      quantity bigint, gross bigint, discount bigint)
                 WHERE store_id = $1 AND business_day BETWEEN $2 AND $3 AND sold
                 UNION ALL
                 SELECT order_id, currency, line.variation_id, line.product, line.variation, 0, 0, 0, line.quantity,
                        line.amount
                 FROM sales_returns AS came, jsonb_to_recordset(came.lines) AS line (variation_id uuid, product text,
                                                                                     variation text, quantity bigint,
                                                                                     amount bigint)
                 WHERE store_id = $1 AND business_day BETWEEN $2 AND $3) AS fact
           GROUP BY variation_id, currency
           ORDER BY sum(gross) - sum(discount) - sum(given) DESC, variation_id, currency"#,
        store.0,
        period.from(),
        period.to(),
    )
    .fetch_all(connection)
    .await?;
    let products = rows.into_iter().map(|row| {
        let currency = currency(&row.currency)?;
        let money = |amount| Money::new(amount, currency);
        Ok(Product {
            variation_id: row.variation_id,
            product: row.product,
            variation: row.variation,
            quantity: row.quantity,
            gross: money(row.gross),
            discount: money(row.discount),
            returned_quantity: row.back,
            returned: money(row.given),
        })
    });
    products.collect()
}

fn currency(code: &str) -> Result<Currency> {
    code.parse()
        .map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
