//! `POST /v1/orders`: a customer orders, at the catalog's prices, brought for shipping's fee if it is not fetched.
//!
//! Invariant: order, slot, lines, delivery, history, saga, event and the answer under the idempotency key are one transaction,
//! begun after catalog and shipping have answered: a crash at any moment leaves all of it or nothing. What was announced to
//! shipping for an order that is nothing after all, shipping forgets.

mod command;
mod error;

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize as _;
use serde_json::json;
use service::auth::Principal;
use service::database;
use service::extract::Json;
use service::failpoint;
use service::idempotency::{Fingerprint, Key, KeyError, Scope, horizon};
use service::money::Money;
use service::problem::Problem;
use sqlx::PgConnection;

use crate::catalog::{self, Quote, QuoteRequest};
use crate::checkout::Saga;
use crate::checkout::handle::{Held, Watch};
use crate::checkout::runner::LEASE;
use crate::delivery::Delivery;
use crate::error::Error;
use crate::events;
use crate::lifecycle::Checkout;
use crate::order::{CustomerId, Draft, Order, OrderId, PaymentMethod, business_day};
use crate::pickup::{self, Pickup};
use crate::prefer;
use crate::shipping::{self, Announcement};
use crate::state::App;
use crate::store;
use crate::store::checkouts::NewSaga;
use crate::totals::{self, Taxed, Totals};

pub use command::{CardToken, DeliveryChoice, DeliveryError, PaymentChoice, PlaceOrder, TipError};
pub use error::PlaceError;

/// The route, as idempotency keys are scoped by it.
const ROUTE: &str = "POST /v1/orders";
/// The longest time that an answer is held back for. Whoever invokes us gives up after ten seconds.
const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// How often a waiting answer looks at the database, where another process may have settled the order.
const LOOK: Duration = Duration::from_millis(500);
/// How often an order is tried again whose number turned out to be taken.
const MOST_NUMBERS: u32 = 3;
/// The constraint that keeps numbers unique.
const NUMBER_TAKEN: &str = "orders_store_id_business_day_number_key";

/// Answers 202 with the order and its Location, at once or, with `Prefer: wait=N`, when its checkout has ended. 400
/// without a key, 422 for an order that the catalog refuses, a store that is closed then, a door that is out of reach or a
/// key that stands for another command, 409 for a slot that is full, a quote that has expired, a fee that has changed and
/// while the first command under the key runs, 503 while there are no prices or nothing can be brought.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
    Json(command): Json<PlaceOrder>,
) -> Result<Response, Problem> {
    let key = Key::of(&headers)?;
    let wait =
        prefer::wait(&headers).map(|seconds| Duration::from_secs(seconds.into()).min(LONGEST_WAIT));
    let placed = place(&app, &principal, key, &command).await?;
    let order = match wait {
        Some(wait) => settled(&app, placed, wait).await?,
        None => placed.order,
    };
    let mut response = (StatusCode::ACCEPTED, axum::Json(&order)).into_response();
    let answer = response.headers_mut();
    if let Ok(location) = HeaderValue::try_from(format!("/v1/orders/{}", order.id.0)) {
        answer.insert(LOCATION, location);
    }
    if let Some(wait) = wait
        && let Ok(applied) = HeaderValue::try_from(format!("wait={}", wait.as_secs()))
    {
        answer.insert(prefer::APPLIED, applied);
    }
    Ok(response)
}

/// An order that was placed, by this command or by an earlier one under its key.
pub struct Placed {
    /// As it stands.
    pub order: Order,
    /// Sees the end of its checkout, if that happens here.
    pub watch: Watch,
}

/// The order once its checkout has ended or is in a person's hands, or as it stands after `wait`.
async fn settled(app: &App, mut placed: Placed, wait: Duration) -> Result<Order, PlaceError> {
    let end = Instant::now() + wait;
    let mut order = placed.order;
    while order.checkout == Checkout::Pending {
        let left = end.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left.min(LOOK), placed.watch.settled()).await {
            Ok(settled) => return Ok((*settled).clone()),
            Err(_) => order = find(app, order.id).await?,
        }
        if left.is_zero() {
            break;
        }
    }
    Ok(order)
}

async fn find(app: &App, id: OrderId) -> Result<Order, PlaceError> {
    let mut connection = app.db.acquire().await?;
    let found = store::orders::find(&mut connection, id).await?;
    Ok(found.ok_or(Error::OrderNotFound)?)
}

/// Orders once per key: later calls with the same command get the same order, as it stands then.
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
    if (command.payment.method == PaymentMethod::Card) != command.payment.token.is_some() {
        return Err(PlaceError::Token);
    }
    command.check_delivery()?;
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
        quote: command.quote.as_ref(),
    };
    let quote = catalog::quote(&app.dapr, &app.tokens, &request).await?;
    let tip = command.tip_in(quote.total.currency)?;
    let now = app.clock.now();
    let wait = app.waits.of(&app.db, command.store_id, now).await?;
    let pickup = pickup::choose(command.pickup, &quote.openings, now, wait)?;
    let id = OrderId(app.ids.next());
    // Last, when nothing else speaks against the order.
    let delivery = announce(app, id, customer, command, &quote).await?;
    let new = NewOrder {
        id,
        customer,
        scope,
        fingerprint,
        command,
        quote,
        delivery,
        tip,
        pickup,
    };
    let mut tries = 1;
    loop {
        match new.store(app).await {
            // Only a restored database gives numbers out again: the rest of the block may be taken too.
            Err(PlaceError::Any(Error::Database(sqlx::Error::Database(error))))
                if error.constraint() == Some(NUMBER_TAKEN) && tries < MOST_NUMBERS =>
            {
                app.numbers.discard(command.store_id);
                tries += 1;
            }
            outcome => return outcome,
        }
    }
}

/// Has shipping say how the order is brought, if it is to be.
async fn announce(
    app: &App,
    order: OrderId,
    customer: CustomerId,
    command: &PlaceOrder,
    quote: &Quote,
) -> Result<Option<Delivery>, PlaceError> {
    let Some(delivery) = &command.delivery else {
        return Ok(None);
    };
    let announcement = Announcement {
        order,
        store: command.store_id,
        customer,
        address: &delivery.address,
        fee: delivery.fee_in(quote.total.currency)?,
    };
    let announced = shipping::announce(&app.dapr, &app.tokens, &announcement).await?;
    failpoint::reach("order.announce.after_call");
    Ok(Some(announced))
}

/// All that a new order is made of.
struct NewOrder<'a> {
    id: OrderId,
    customer: CustomerId,
    scope: Scope,
    fingerprint: Fingerprint,
    command: &'a PlaceOrder,
    quote: Quote,
    delivery: Option<Delivery>,
    tip: Money,
    pickup: Pickup,
}

impl NewOrder<'_> {
    async fn draft(&self, app: &App) -> Result<Draft, PlaceError> {
        let (store_id, quote) = (self.command.store_id, &self.quote);
        // Numbers are called out on the day of the slot, among those of that day.
        let day = self.pickup.slot().unwrap_or_else(|| app.clock.now());
        let day = business_day(day, quote.zone);
        let fee = self.delivery.map(|delivery| Taxed {
            gross: delivery.fee,
            rate_bp: delivery.tax_rate_bp,
        });
        let Totals { total, tax } = totals::of(quote.total, quote.tax.clone(), fee, self.tip)?;
        Ok(Draft {
            id: self.id,
            customer: self.customer,
            store_id,
            store_name: quote.store_name.clone(),
            business_day: day,
            number: app.numbers.next(&app.db, store_id, day).await?,
            pickup: self.pickup,
            method: self.command.payment.method,
            lines: quote.lines.clone(),
            discount: quote.discount.clone(),
            delivery: self.delivery,
            tip: self.tip,
            total,
            tax,
        })
    }

    /// Stores it, and hands its saga to the runner with the hold already taken.
    async fn store(&self, app: &App) -> Result<Placed, PlaceError> {
        let id = self.id;
        let draft = self.draft(app).await?;
        let now = app.clock.now();
        let (order, placed) = Order::place(draft, &self.scope.subject, now)?;
        let transitions = [placed];
        let charged = order.payment.method == PaymentMethod::Card && order.total.amount > 0;
        let saga = Saga::begin(charged, now);
        let card = self.command.payment.token.as_ref();
        let card = card.map(CardToken::expose).filter(|_| charged);
        let since = Instant::now();

        let answer = json!({"id": id});
        let mut transaction = database::begin(&app.db).await?;
        let first = store::replays::claim(
            &mut transaction,
            &self.scope,
            &self.fingerprint,
            &answer,
            now,
            horizon(now),
        );
        if !first.await? {
            // Another process was faster under the same key. Its transaction has ended, or the claim had waited.
            transaction.rollback().await?;
            let mut connection = app.db.acquire().await?;
            return placed_before(app, &mut connection, &self.scope, &self.fingerprint)
                .await?
                .ok_or(PlaceError::Key(KeyError::InFlight));
        }
        if let Some(slot) = order.pickup.slot()
            && !store::pickup::take(&mut transaction, order.store_id, slot).await?
        {
            transaction.rollback().await?;
            return Err(PlaceError::SlotFull);
        }
        let new = NewSaga {
            saga: &saga,
            card_token: card,
            owner: app.checkouts.owner(),
            lease: LEASE,
        };
        let hold =
            store::orders::insert(&mut transaction, &order, self.quote.zone, &transitions, new)
                .await?;
        outbox::append(
            &mut transaction,
            &events::of(&order, &transitions, &app.ids)?,
        )
        .await?;
        failpoint::reach("order.place.before_commit");
        transaction.commit().await?;
        failpoint::reach("order.place.after_commit");

        app.outbox.wake();
        let watch = app.checkouts.watch(id.0);
        app.checkouts.hand_over(Held {
            hold,
            order: order.clone(),
            saga,
            card_token: card.map(str::to_owned),
            since,
            span: tracing::info_span!("checkout", order.id = %id.0),
        });
        metrics::counter!("crema_orders_placed_total").increment(1);
        tracing::info!(order.id = %id.0, store.id = %order.store_id.0, "an order was placed");
        Ok(Placed { order, watch })
    }
}

async fn placed_before(
    app: &App,
    connection: &mut PgConnection,
    scope: &Scope,
    fingerprint: &Fingerprint,
) -> Result<Option<Placed>, PlaceError> {
    let since = horizon(app.clock.now());
    let Some(replay) = store::replays::find(connection, scope, since).await? else {
        return Ok(None);
    };
    let id = OrderId::deserialize(&replay.answer_to(fingerprint)?["id"])?;
    // Watched before it is read: its checkout may end in between.
    let watch = app.checkouts.watch(id.0);
    let order = store::orders::find(connection, id)
        .await?
        .ok_or(Error::OrderNotFound)?;
    Ok(Some(Placed { order, watch }))
}
