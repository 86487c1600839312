//! `POST /v1/orders`: a customer orders, at the catalog's prices.
//!
//! Invariant: order, lines, history, number, events and the answer under the idempotency key are one transaction, begun
//! after the catalog has answered: a crash at any moment leaves all of it or nothing.

use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::auth::Principal;
use service::extract::Json;
use service::problem::Problem;
use sqlx::PgConnection;

use crate::catalog::{self, QuoteError, QuoteRequest, WantedLine};
use crate::error::Error;
use crate::events;
use crate::idempotency::{Fingerprint, Key, KeyError, Scope, horizon};
use crate::lifecycle::{IllegalStep, Step};
use crate::order::{CustomerId, Draft, Order, OrderId, PaymentMethod, StoreId, business_day};
use crate::prefer;
use crate::state::App;
use crate::store;

/// The route, as idempotency keys are scoped by it.
const ROUTE: &str = "POST /v1/orders";
/// Who takes an order on when nothing but its payment at the counter is open: this service itself.
const OURSELVES: &str = "order";

/// The body. It has no place for a price.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    /// Where.
    pub store_id: StoreId,
    /// What.
    pub lines: Vec<WantedLine>,
    /// How it will be paid.
    pub payment: PaymentChoice,
}

/// How an order will be paid.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentChoice {
    /// The method.
    pub method: PaymentMethod,
}

/// Why nothing was ordered.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The caller is no person.
    #[error("only a person can order")]
    NoPerson,
    /// The idempotency key can't be used for this command.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There is no price.
    #[error(transparent)]
    Quote(#[from] QuoteError),
    /// The database failed.
    #[error(transparent)]
    Any(#[from] Error),
    /// The transition table and this operation disagree.
    #[error(transparent)]
    Step(#[from] IllegalStep),
    /// An order or event can't be written as JSON.
    #[error("an order can't be written")]
    Encode(#[from] serde_json::Error),
}

impl From<sqlx::Error> for PlaceError {
    fn from(error: sqlx::Error) -> Self {
        Self::Any(error.into())
    }
}

impl From<PlaceError> for Problem {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::NoPerson => Self::new(
                StatusCode::FORBIDDEN,
                "person-required",
                "Only a person can order",
            ),
            PlaceError::Key(error) => error.into(),
            PlaceError::Quote(error) => error.into(),
            PlaceError::Any(error) => error.into(),
            PlaceError::Step(_) | PlaceError::Encode(_) => Self::internal(&error),
        }
    }
}

/// Answers 202 with the order and its Location. 400 without a key, 422 for an order that the catalog refuses or a key
/// that stands for another one, 409 while the first command under the key runs, 503 while there are no prices.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
    Json(command): Json<PlaceOrder>,
) -> Result<Response, Problem> {
    let key = Key::of(&headers)?;
    let placed = place(&app, &principal, key, &command).await?;
    let mut response = (StatusCode::ACCEPTED, axum::Json(&placed.order)).into_response();
    let answer = response.headers_mut();
    if let Ok(location) = HeaderValue::try_from(format!("/v1/orders/{}", placed.id.0)) {
        answer.insert(LOCATION, location);
    }
    // An order to pay at the counter is settled by its own commit, so any time to wait is time enough.
    if let Some(seconds) = prefer::wait(&headers)
        && let Ok(applied) = HeaderValue::try_from(format!("wait={seconds}"))
    {
        answer.insert(prefer::APPLIED, applied);
    }
    Ok(response)
}

/// What was answered to a command, the first time or again.
#[derive(Debug)]
pub struct Placed {
    /// The order's id.
    pub id: OrderId,
    /// The order as it was when it was placed.
    pub order: Value,
}

impl Placed {
    fn again(order: Value) -> Result<Self, serde_json::Error> {
        let id = OrderId::deserialize(&order["id"])?;
        Ok(Self { id, order })
    }
}

/// Orders once per key: later calls with the same command get the same answer.
pub async fn place(
    app: &App,
    principal: &Principal,
    key: Key,
    command: &PlaceOrder,
) -> Result<Placed, PlaceError> {
    let customer = principal
        .user_id()
        .map(CustomerId)
        .ok_or(PlaceError::NoPerson)?;
    let scope = Scope {
        subject: principal.subject.clone(),
        route: ROUTE,
        key,
    };
    let fingerprint = Fingerprint::of(command)?;
    let _flight = app.in_flight.begin(&scope, fingerprint)?;
    let mut connection = app.db.acquire().await?;
    if let Some(placed) = placed_before(app, &mut connection, &scope, &fingerprint).await? {
        return Ok(placed);
    }
    // Asking the catalog may take seconds, and connections are few.
    drop(connection);

    let request = QuoteRequest {
        store_id: command.store_id,
        lines: &command.lines,
    };
    let quote = catalog::quote(&app.dapr, &app.tokens, &request).await?;
    let (id, now) = (OrderId(app.ids.next()), app.clock.now());
    let day = business_day(now, quote.zone);

    let mut transaction = app.db.begin().await?;
    let number = store::next_number(&mut transaction, command.store_id, day).await?;
    let draft = Draft {
        id,
        customer,
        store_id: command.store_id,
        store_name: quote.store_name,
        business_day: day,
        number,
        method: command.payment.method,
        lines: quote.lines,
        total: quote.total,
        tax: quote.tax,
    };
    let (order, placed) = Order::place(draft, &scope.subject, now)?;
    let (order, confirmed) = match command.payment.method {
        PaymentMethod::Counter => order.take(Step::Confirm, OURSELVES, now)?,
    };
    let transitions = [placed, confirmed];
    let answer = serde_json::to_value(&order)?;
    let first = store::claim_replay(
        &mut transaction,
        &scope,
        &fingerprint,
        &answer,
        now,
        horizon(now),
    );
    if !first.await? {
        // Another process was faster under the same key. Its transaction has ended, or the claim had waited.
        transaction.rollback().await?;
        let mut connection = app.db.acquire().await?;
        return placed_before(app, &mut connection, &scope, &fingerprint)
            .await?
            .ok_or(PlaceError::Key(KeyError::InFlight));
    }
    store::insert(&mut transaction, &order, &transitions).await?;
    outbox::append(
        &mut transaction,
        &events::of(&order, &transitions, &app.ids)?,
    )
    .await?;
    transaction.commit().await?;

    app.outbox.wake();
    metrics::counter!("crema_orders_placed_total").increment(1);
    tracing::info!(order.id = %id.0, store.id = %command.store_id.0, "an order was placed");
    Ok(Placed { id, order: answer })
}

async fn placed_before(
    app: &App,
    connection: &mut PgConnection,
    scope: &Scope,
    fingerprint: &Fingerprint,
) -> Result<Option<Placed>, PlaceError> {
    let since = horizon(app.clock.now());
    let Some(replay) = store::replay(connection, scope, since).await? else {
        return Ok(None);
    };
    Ok(Some(Placed::again(replay.answer_to(fingerprint)?)?))
}
