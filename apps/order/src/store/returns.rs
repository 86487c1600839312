//! Returns with their lines.
//!
//! Invariant: what came back of an order's lines and what is given for it stand in `order_lines` too, where a constraint
//! keeps them within the line; both change in one transaction.

use chrono::{DateTime, Utc};
use service::money::{Currency, Money};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::order::{ChosenOption, Line, OrderId, OrderNumber, StoreId, Tax};
use crate::returns::allot::Before;
use crate::returns::process::{Phase, Step};
use crate::returns::{Earlier, Goods, Reason, Return, ReturnId, ReturnLine, State};
use crate::store::Result;

struct ReturnRow {
    id: ReturnId,
    order_id: OrderId,
    order_number: OrderNumber,
    store_id: StoreId,
    number: i32,
    reason: Reason,
    note: Option<String>,
    amount: i64,
    fee: i64,
    currency: String,
    tax: Json<Vec<Tax>>,
    state: State,
    last_error: Option<String>,
    asked_by: String,
    asked_at: DateTime<Utc>,
    decided_by: Option<String>,
    decided_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

/// What there is of an order's returns. The caller has the order locked.
pub async fn earlier(connection: &mut PgConnection, order: OrderId) -> Result<Earlier> {
    let all = sqlx::query!(
        r#"SELECT amount, fee, tax AS "tax: Json<Vec<Tax>>", state AS "state: State" FROM returns
           WHERE order_id = $1"#,
        order.0,
    )
    .fetch_all(&mut *connection)
    .await?;
    let lines = sqlx::query!(
        r#"SELECT line, coalesce(sum(back.quantity), 0)::int AS "units!",
                  coalesce(sum(back.amount) FILTER (WHERE back.quantity > 0), 0)::bigint AS "for_units!",
                  coalesce(sum(back.amount) FILTER (WHERE back.quantity = 0), 0)::bigint AS "parts!"
           FROM order_lines
           LEFT JOIN (
               SELECT return_lines.order_id, return_lines.line, return_lines.quantity, return_lines.amount
               FROM return_lines JOIN returns ON returns.id = return_id
               WHERE returns.order_id = $1 AND returns.state <> 'rejected'
           ) AS back USING (order_id, line)
           WHERE order_id = $1 GROUP BY line ORDER BY line"#,
        order.0,
    )
    .fetch_all(connection)
    .await?;
    let lines = lines.into_iter().map(|row| Before {
        units: row.units,
        for_units: row.for_units,
        parts: row.parts,
    });
    let count = i32::try_from(all.len()).unwrap_or(i32::MAX);
    let kept = || all.iter().filter(|row| row.state != State::Rejected);
    Ok(Earlier {
        count,
        amount: kept().map(|row| row.amount).sum(),
        fee: kept().any(|row| row.fee > 0),
        lines: lines.collect(),
        tax: kept().flat_map(|row| row.tax.0.iter().cloned()).collect(),
    })
}

/// Stores a new return. A constraint of its order's lines keeps it from bringing back more than there was.
pub async fn insert(connection: &mut PgConnection, it: &Return) -> Result<()> {
    let process = it.process();
    let (state, step) = stored(process.phase);
    let state = match it.state {
        State::Waiting => State::Waiting,
        _ => state,
    };
    let lines = Columns::of(&it.lines);
    add_to_lines(connection, it, 1).await?;
    sqlx::query!(
        "WITH returned AS (
             INSERT INTO returns (id, order_id, store_id, number, reason, note, amount, tax, state, step, trace_parent,
                                  claimable_at, asked_by, asked_at, fee)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, clock_timestamp(), $12, $13, $18)
         ), told AS (
             INSERT INTO return_history (return_id, at, actor, action, outcome) VALUES ($1, $13, $12, 'ask', 'done')
         )
         INSERT INTO return_lines (return_id, order_id, line, quantity, amount, goods)
         SELECT $1, $2, * FROM unnest($14::int[], $15::int[], $16::bigint[], $17::text[])",
        it.id.0,
        it.order_id.0,
        it.store_id.0,
        it.number,
        it.reason as Reason,
        it.note,
        it.amount.amount,
        Json(&it.tax) as _,
        state as State,
        step as Step,
        dapr_kit::trace::current(),
        it.asked_by,
        it.asked_at,
        &lines.lines,
        &lines.quantities,
        &lines.amounts,
        &lines.goods as &[Goods],
        it.fee.map_or(0, |fee| fee.amount),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Counts a return's lines in, or with -1 out of, what of the order's lines came back.
pub(super) async fn add_to_lines(
    connection: &mut PgConnection,
    it: &Return,
    sign: i32,
) -> Result<()> {
    let lines = Columns::of(&it.lines);
    sqlx::query!(
        "UPDATE order_lines AS line
         SET returned = line.returned + $5 * back.quantity, refunded = line.refunded + $5 * back.amount
         FROM unnest($2::int[], $3::int[], $4::bigint[]) AS back (line, quantity, amount)
         WHERE line.order_id = $1 AND line.line = back.line",
        it.order_id.0,
        &lines.lines,
        &lines.quantities,
        &lines.amounts,
        sign,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// One return, if it exists.
pub async fn find(connection: &mut PgConnection, id: ReturnId) -> Result<Option<Return>> {
    let rows = sqlx::query_as!(
        ReturnRow,
        r#"SELECT returns.id AS "id: ReturnId", order_id AS "order_id: OrderId",
                  orders.number AS "order_number: OrderNumber", returns.store_id AS "store_id: StoreId", returns.number,
                  returns.reason AS "reason: Reason", note, amount, fee, currency, returns.tax AS "tax: Json<Vec<Tax>>",
                  state AS "state: State", last_error, asked_by, asked_at, decided_by, decided_at, ended_at
           FROM returns JOIN orders ON orders.id = order_id WHERE returns.id = $1"#,
        id.0,
    )
    .fetch_all(&mut *connection)
    .await?;
    Ok(with_lines(connection, rows).await?.pop())
}

/// The same, locked until the caller's transaction ends.
pub async fn find_for_update(
    connection: &mut PgConnection,
    id: ReturnId,
) -> Result<Option<Return>> {
    sqlx::query!("SELECT id FROM returns WHERE id = $1 FOR UPDATE", id.0)
        .fetch_optional(&mut *connection)
        .await?;
    find(connection, id).await
}

/// An order's returns, oldest first.
pub async fn of_order(connection: &mut PgConnection, order: OrderId) -> Result<Vec<Return>> {
    let rows = sqlx::query_as!(
        ReturnRow,
        r#"SELECT returns.id AS "id: ReturnId", order_id AS "order_id: OrderId",
                  orders.number AS "order_number: OrderNumber", returns.store_id AS "store_id: StoreId", returns.number,
                  returns.reason AS "reason: Reason", note, amount, fee, currency, returns.tax AS "tax: Json<Vec<Tax>>",
                  state AS "state: State", last_error, asked_by, asked_at, decided_by, decided_at, ended_at
           FROM returns JOIN orders ON orders.id = order_id WHERE order_id = $1 ORDER BY returns.number"#,
        order.0,
    )
    .fetch_all(&mut *connection)
    .await?;
    with_lines(connection, rows).await
}

/// At most `limit` returns that wait for a manager of a store, asked for after the return `after`, oldest first.
pub async fn waiting_at(
    connection: &mut PgConnection,
    store: StoreId,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Return>> {
    let rows = sqlx::query_as!(
        ReturnRow,
        r#"SELECT returns.id AS "id: ReturnId", order_id AS "order_id: OrderId",
                  orders.number AS "order_number: OrderNumber", returns.store_id AS "store_id: StoreId", returns.number,
                  returns.reason AS "reason: Reason", note, amount, fee, currency, returns.tax AS "tax: Json<Vec<Tax>>",
                  state AS "state: State", last_error, asked_by, asked_at, decided_by, decided_at, ended_at
           FROM returns JOIN orders ON orders.id = order_id
           WHERE returns.store_id = $1 AND state = 'waiting'
             AND returns.id > coalesce($2, '00000000-0000-0000-0000-000000000000'::uuid)
           ORDER BY returns.id LIMIT $3"#,
        store.0,
        after,
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    with_lines(connection, rows).await
}

/// At most `limit` returns that wait for an operator, asked for after the return `after`, oldest first.
pub async fn manual(
    connection: &mut PgConnection,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Return>> {
    let rows = sqlx::query_as!(
        ReturnRow,
        r#"SELECT returns.id AS "id: ReturnId", order_id AS "order_id: OrderId",
                  orders.number AS "order_number: OrderNumber", returns.store_id AS "store_id: StoreId", returns.number,
                  returns.reason AS "reason: Reason", note, amount, fee, currency, returns.tax AS "tax: Json<Vec<Tax>>",
                  state AS "state: State", last_error, asked_by, asked_at, decided_by, decided_at, ended_at
           FROM returns JOIN orders ON orders.id = order_id
           WHERE state = 'manual' AND returns.id > coalesce($1, '00000000-0000-0000-0000-000000000000'::uuid)
           ORDER BY returns.id LIMIT $2"#,
        after,
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    with_lines(connection, rows).await
}

/// A phase as it is stored.
pub(super) fn stored(phase: Phase) -> (State, Step) {
    match phase {
        Phase::Running(step) => (State::Running, step),
        Phase::Manual(step) => (State::Manual, step),
        Phase::Done => (State::Done, Step::Finish),
    }
}

/// Lines of a return, column by column.
struct Columns {
    lines: Vec<i32>,
    quantities: Vec<i32>,
    amounts: Vec<i64>,
    goods: Vec<Goods>,
}

impl Columns {
    fn of(lines: &[ReturnLine]) -> Self {
        Self {
            lines: lines.iter().map(|line| line.line).collect(),
            quantities: lines.iter().map(|line| line.quantity).collect(),
            amounts: lines.iter().map(|line| line.amount.amount).collect(),
            goods: lines.iter().map(|line| line.goods).collect(),
        }
    }
}

/// The returns of these rows, in the rows' order.
async fn with_lines(connection: &mut PgConnection, rows: Vec<ReturnRow>) -> Result<Vec<Return>> {
    let ids: Vec<_> = rows.iter().map(|row| row.id.0).collect();
    let mut lines = sqlx::query!(
        r#"SELECT return_id AS "return_id: ReturnId", line, back.quantity, amount, goods AS "goods: Goods", variation_id,
                  product, variation, options AS "options: Json<Vec<ChosenOption>>",
                  ordered.quantity AS ordered_quantity, unit_price, line_total, discount, tax_rate_bp
           FROM return_lines AS back JOIN order_lines AS ordered USING (order_id, line)
           WHERE return_id = ANY($1) ORDER BY array_position($1, return_id), line"#,
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
            while let Some(line) = lines.next_if(|line| line.return_id == row.id) {
                own.push(ReturnLine {
                    line: line.line,
                    quantity: line.quantity,
                    amount: money(line.amount),
                    goods: line.goods,
                    ordered: Line {
                        variation_id: line.variation_id,
                        product: line.product,
                        variation: line.variation,
                        options: line.options.0,
                        quantity: line.ordered_quantity,
                        unit_price: money(line.unit_price),
                        line_total: money(line.line_total),
                        discount: money(line.discount),
                        tax_rate_bp: line.tax_rate_bp,
                    },
                });
            }
            Ok(Return {
                id: row.id,
                order_id: row.order_id,
                order_number: row.order_number,
                store_id: row.store_id,
                number: row.number,
                reason: row.reason,
                note: row.note,
                lines: own,
                fee: Some(row.fee).filter(|fee| *fee > 0).map(money),
                amount: money(row.amount),
                tax: row.tax.0,
                state: row.state,
                last_error: row.last_error,
                asked_by: row.asked_by,
                asked_at: row.asked_at,
                decided_by: row.decided_by,
                decided_at: row.decided_at,
                ended_at: row.ended_at,
            })
        })
        .collect()
}
