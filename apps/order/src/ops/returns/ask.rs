//! `POST /v1/orders/{id}/returns`: staff takes something of a completed order back, or gives a part of its price or the fee
//! for bringing it back.
//!
//! Invariant: the order's row is locked from looking at what is left of its lines to storing the return, so of two wishes
//! for the last piece one wins; return, lines, history and the answer under the idempotency key are one transaction.

use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use service::auth::Principal;
use service::database;
use service::extract::{Json, Path};
use service::failpoint;
use service::idempotency::{Fingerprint, Key, KeyError, Scope, horizon};
use service::money::Money;
use service::problem::Problem;

use crate::access::{self, MANAGE};
use crate::error::Error;
use crate::ops::returns::View;
use crate::ops::settle::Note;
use crate::order::OrderId;
use crate::returns::{Goods, MOST_LINES, Reason, Refused, Return, ReturnId, Wanted, What, Wish};
use crate::state::App;
use crate::store;

/// The route, as idempotency keys are scoped by it.
const ROUTE: &str = "POST /v1/orders/{id}/returns";
/// The constraints that keep what comes back within what was ordered, and the fee from being given back twice.
const WITHIN: [&str; 2] = ["no_more_back_than_went", "fee_given_once"];

/// The body. It has no place for what a piece is given for.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskReturn {
    /// What; none if it is of the fee alone.
    #[serde(default)]
    pub lines: WishedLines,
    /// Whether what it cost to have it brought is given back, all of it; once per order.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub delivery_fee: bool,
    /// Why.
    pub reason: Reason,
    /// What is to be said of it; it stays in the house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

/// The lines of a return: 50 at most.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "Vec<WishedLine>")]
#[schemars(extend("maxItems" = MOST_LINES))]
pub struct WishedLines(Vec<WishedLine>);

impl TryFrom<Vec<WishedLine>> for WishedLines {
    type Error = String;

    fn try_from(lines: Vec<WishedLine>) -> Result<Self, String> {
        if lines.len() <= MOST_LINES {
            Ok(Self(lines))
        } else {
            Err(format!("must be {MOST_LINES} at most"))
        }
    }
}

/// One line: so many pieces and where they are afterwards, or a part of the price while the goods stay.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WishedLine {
    /// The line's place in the order, from 1.
    pub line: i32,
    /// How many pieces; with `goods`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i32>,
    /// Where they are afterwards; with `quantity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goods: Option<Goods>,
    /// What of the line's price is given back; instead of both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
}

/// What makes a command the same as another.
#[derive(Serialize)]
struct Identity<'a> {
    order: OrderId,
    command: &'a AskReturn,
}

/// Why nothing is returned.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// A line says neither or both of how many and how much.
    #[error("a line is of pieces or of a part of the price")]
    Shape(usize),
    /// Neither lines nor the fee.
    #[error("nothing is to be returned")]
    Nothing,
    /// A reason that says nothing by itself.
    #[error("the reason needs a note")]
    NoteMissing,
    /// The order and its earlier returns don't allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// What is left of a line was taken by another version of this service at this moment.
    #[error("nothing is left of a line")]
    NothingLeft,
    /// The idempotency key can't be used for this command.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Not found, or the database failed.
    #[error(transparent)]
    Any(#[from] Error),
    /// A command or answer can't be written as JSON.
    #[error("a return can't be written")]
    Encode(#[from] serde_json::Error),
}

impl From<sqlx::Error> for AskError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(cause)
                if cause.constraint().is_some_and(|it| WITHIN.contains(&it)) =>
            {
                Self::NothingLeft
            }
            _ => Self::Any(error.into()),
        }
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        let inconsistent = |pointer: String, detail: &str| {
            Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "inconsistent-fields",
                "The fields contradict each other",
            )
            .field(&pointer, detail)
        };
        let exceeds = || {
            Self::new(
                StatusCode::CONFLICT,
                "return-exceeds-order",
                "More would come back than is left",
            )
        };
        match error {
            AskError::Shape(place) => inconsistent(
                format!("/lines/{place}"),
                "is of a quantity and its goods, or of an amount",
            ),
            AskError::Nothing => inconsistent(
                "/lines".to_owned(),
                "is empty, and the fee is not given back either",
            ),
            AskError::Refused(Refused::NoFee) => inconsistent(
                "/delivery_fee".to_owned(),
                "the order was fetched, or brought for nothing",
            ),
            AskError::Refused(Refused::FeeGiven) => {
                exceeds().field("/delivery_fee", "is given back already")
            }
            AskError::NoteMissing => inconsistent("/note".to_owned(), "is needed by this reason"),
            AskError::Refused(Refused::NotCompleted) => Self::new(
                StatusCode::CONFLICT,
                "not-returnable",
                "Only what was handed over and paid for is returned",
            )
            .detail("What nobody has begun to make is cancelled."),
            AskError::Refused(Refused::NoSuchLine(place)) => {
                inconsistent(format!("/lines/{place}/line"), "the order has no such line")
            }
            AskError::Refused(Refused::Twice(place)) => {
                inconsistent(format!("/lines/{place}/line"), "stands there already")
            }
            AskError::Refused(Refused::Currency(place)) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "currency-differs",
                "The order has another currency",
            )
            .field(
                &format!("/lines/{place}/amount/currency"),
                "is not the order's",
            ),
            AskError::Refused(Refused::Exceeds(place)) => {
                exceeds().field(&format!("/lines/{place}"), "is more than is left")
            }
            AskError::NothingLeft => exceeds(),
            AskError::Key(error) => error.into(),
            AskError::Any(error) => error.into(),
            AskError::Encode(_) => Self::internal(&error),
        }
    }
}

impl AskReturn {
    fn wanted(&self) -> Result<Vec<Wanted>, AskError> {
        if self.lines.0.is_empty() && !self.delivery_fee {
            return Err(AskError::Nothing);
        }
        let lines = self.lines.0.iter().enumerate();
        lines
            .map(|(place, wish)| {
                let what = match (wish.quantity, wish.goods, wish.amount) {
                    (Some(units), Some(goods), None) => What::Units(units, goods),
                    (None, None, Some(amount)) => What::Part(amount),
                    _ => return Err(AskError::Shape(place)),
                };
                let line = wish.line;
                Ok(Wanted { line, what })
            })
            .collect()
    }
}

/// Answers 202 with the return and its Location: it is on its way, or waits for a manager. 400 without a key, 404
/// `order-not-found`, 409 `not-returnable` or `return-exceeds-order`, 422 for lines that can't be.
pub async fn handler(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrderId>,
    headers: HeaderMap,
    Json(command): Json<AskReturn>,
) -> Result<Response, Problem> {
    let key = Key::of(&headers)?;
    let asked = ask(&app, &principal, id, key, &command).await?;
    let location = HeaderValue::try_from(format!("/v1/returns/{}", asked.id.0));
    let body = axum::Json(View::for_staff(asked));
    let mut response = (StatusCode::ACCEPTED, body).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Takes it back once per key: later calls with the same command get the same return, as it stands then.
pub async fn ask(
    app: &App,
    principal: &Principal,
    id: OrderId,
    key: Key,
    command: &AskReturn,
) -> Result<Return, AskError> {
    let lines = command.wanted()?;
    if command.reason == Reason::Other && command.note.is_none() {
        return Err(AskError::NoteMissing);
    }
    let scope = Scope {
        subject: principal.subject.clone(),
        route: ROUTE,
        key,
    };
    let fingerprint = Fingerprint::of(&Identity { order: id, command })?;
    let now = app.clock.now();
    let mut transaction = database::begin(&app.db).await?;
    let order = store::orders::find_for_update(&mut transaction, id)
        .await?
        .filter(|order| access::is_staff_of(principal, order.store_id))
        .ok_or(Error::OrderNotFound)?;
    if let Some(replay) = store::replays::find(&mut transaction, &scope, horizon(now)).await? {
        let id = ReturnId::deserialize(&replay.answer_to(&fingerprint)?["id"])?;
        let earlier = store::returns::find(&mut transaction, id).await?;
        return Ok(earlier.ok_or(Error::ReturnNotFound)?);
    }
    let earlier = store::returns::earlier(&mut transaction, id).await?;
    let wish = Wish {
        id: ReturnId(app.ids.next()),
        lines,
        fee: command.delivery_fee,
        reason: command.reason,
        note: command.note.as_ref().map(|note| note.text().to_owned()),
        asked_by: principal.subject.clone(),
    };
    let asked = Return::ask(&order, &earlier, wish, now)?;
    // All of the order's returns count, so that nobody takes a large one back in small parts.
    let above = earlier.amount + asked.amount.amount > app.returns.limit;
    let asked = if above && !principal.has_scope(MANAGE) {
        asked.waiting()
    } else {
        asked
    };
    let answer = json!({"id": asked.id});
    let claimed = store::replays::claim(
        &mut transaction,
        &scope,
        &fingerprint,
        &answer,
        now,
        horizon(now),
    );
    if !claimed.await? {
        // A return of another order took the key at this very moment.
        return Err(KeyError::InFlight.into());
    }
    store::returns::insert(&mut transaction, &asked).await?;
    failpoint::reach("order.return_ask.before_commit");
    transaction.commit().await?;
    failpoint::reach("order.return_ask.after_commit");
    app.returns.wake();
    metrics::counter!("crema_returns_asked_total", "waits" => if above { "perhaps" } else { "no" })
        .increment(1);
    tracing::info!(order.id = %id.0, return.id = %asked.id.0, state = ?asked.state, "a return was asked for");
    Ok(asked)
}
