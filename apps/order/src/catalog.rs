//! Asking the catalog what an order costs and when a store is open: our own view of `POST /v1/quotes` and of
//! `GET /v1/stores/{store}/openings`.
//!
//! Invariant: a [`Quote`] has exactly the lines that were asked for, and its sums are right; prices come from nowhere
//! else. Whether an earlier quote still holds is for the catalog to say, which made it.

use axum::http::{Method, StatusCode};
use chrono_tz::Tz;
use dapr_kit::{Dapr, InvokeError, TokenError, Tokens};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::money::Money;
use service::problem::Problem;
use uuid::Uuid;

use crate::order::{ChosenOption, Discount, Line, StoreId, Tax};
use crate::pickup::Opening;
use crate::refusal::Refusal;

/// The catalog's app id, which is its audience too.
const CATALOG: &str = "catalog";
/// How many seconds a client should wait before ordering again while there are no prices.
const RETRY_AFTER: u64 = 2;

/// What is to be priced.
#[derive(Debug, Serialize)]
pub struct QuoteRequest<'a> {
    /// Where.
    pub store_id: StoreId,
    /// What.
    pub lines: &'a [WantedLine],
    /// The quote whose prices are to hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<&'a QuoteToken>,
}

/// A quote of the catalog's, in its own words: 1 to 65536 visible ASCII characters.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("minLength" = 1, "maxLength" = 65536, "pattern" = "^[!-~]+$"))]
pub struct QuoteToken(String);

impl TryFrom<String> for QuoteToken {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let usable =
            (1..=65536).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if usable {
            Ok(Self(text))
        } else {
            Err("a quote is 1 to 65536 visible ASCII characters")
        }
    }
}

/// One wanted line. Quantities are judged by the catalog, so any integer is let through to it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedLine {
    /// What of the catalog.
    pub variation_id: Uuid,
    /// How many.
    pub quantity: i64,
    /// What is chosen with it.
    #[serde(default)]
    pub option_ids: Vec<Uuid>,
}

/// A priced order.
#[derive(Debug)]
pub struct Quote {
    /// The store's name.
    pub store_name: String,
    /// The store's time zone.
    pub zone: Tz,
    /// The lines, in the order they were asked for.
    pub lines: Vec<Line>,
    /// What is taken off them.
    pub discount: Option<Discount>,
    /// Their sum less the discount.
    pub total: Money,
    /// The tax contained in it, for each rate.
    pub tax: Vec<Tax>,
    /// When the store is open in the coming days.
    pub openings: Vec<Opening>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum QuoteError {
    /// The catalog refuses the order as it stands.
    #[error("the catalog refuses: {}", .0.kind)]
    Refused(Refusal),
    /// The quote's time is over.
    #[error("the catalog prices by the quote no more")]
    Expired(Refusal),
    /// The catalog can't be asked now.
    #[error("the catalog can't be asked")]
    Unreachable(#[from] InvokeError),
    /// The catalog answered that it can't serve now.
    #[error("the catalog answered {0}")]
    Unavailable(StatusCode),
    /// No token for the catalog.
    #[error("no token for the catalog")]
    Token(#[from] TokenError),
    /// The catalog's answer breaks the agreement.
    #[error("the catalog's answer is unusable: {0}")]
    Broken(String),
}

#[derive(Deserialize)]
struct QuoteReply {
    store_name: String,
    timezone: String,
    lines: Vec<PricedLine>,
    #[serde(default)]
    discount: Option<Discount>,
    total: Money,
    tax: Vec<Tax>,
    openings: Vec<Opening>,
}

#[derive(Deserialize)]
struct OpeningsReply {
    openings: Vec<Opening>,
}

#[derive(Deserialize)]
struct PricedLine {
    variation_id: Uuid,
    product: String,
    variation: String,
    options: Vec<ChosenOption>,
    quantity: i32,
    unit_price: Money,
    line_total: Money,
    /// A catalog of before knows of none.
    #[serde(default)]
    discount: Option<Money>,
    tax_rate_bp: i32,
}

/// Prices an order at the catalog.
pub async fn quote(
    dapr: &Dapr,
    tokens: &Tokens,
    request: &QuoteRequest<'_>,
) -> Result<Quote, QuoteError> {
    let token = tokens.for_self(CATALOG).await?;
    let reply = dapr
        .invoke(CATALOG, Method::POST, "/v1/quotes")
        .bearer(&token)
        .json(request)
        .send()
        .await?;
    match reply.status {
        StatusCode::OK => read(request, reply.json()?),
        StatusCode::UNPROCESSABLE_ENTITY => Err(QuoteError::Refused(reply.json()?)),
        StatusCode::CONFLICT if request.quote.is_some() => Err(QuoteError::Expired(reply.json()?)),
        status => Err(failed(status)),
    }
}

fn failed(status: StatusCode) -> QuoteError {
    // Its failure is not the customer's mistake, and a later try may well succeed.
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        QuoteError::Unavailable(status)
    } else {
        QuoteError::Broken(format!("status {status}"))
    }
}

/// When a store is open in the coming days; `None` if there is no such store.
pub async fn openings(
    dapr: &Dapr,
    tokens: &Tokens,
    store: StoreId,
) -> Result<Option<Vec<Opening>>, QuoteError> {
    let token = tokens.for_self(CATALOG).await?;
    let path = format!("/v1/stores/{}/openings", store.0);
    let reply = dapr
        .invoke(CATALOG, Method::GET, &path)
        .bearer(&token)
        .send()
        .await?;
    match reply.status {
        StatusCode::OK => Ok(Some(reply.json::<OpeningsReply>()?.openings)),
        StatusCode::NOT_FOUND => Ok(None),
        status => Err(failed(status)),
    }
}

fn read(request: &QuoteRequest<'_>, reply: QuoteReply) -> Result<Quote, QuoteError> {
    let zone = reply
        .timezone
        .parse()
        .map_err(|_| broken("an unknown time zone"))?;
    let same_lines = reply.lines.len() == request.lines.len()
        && reply.lines.iter().zip(request.lines).all(|(got, wanted)| {
            got.variation_id == wanted.variation_id && i64::from(got.quantity) == wanted.quantity
        });
    if !same_lines {
        return Err(broken("other lines than asked for"));
    }
    let lines: Vec<Line> = reply.lines.into_iter().map(Line::from).collect();
    let lines_are_right = lines.iter().all(|line| {
        line.quantity > 0
            && line.unit_price.checked_mul(i64::from(line.quantity)) == Ok(line.line_total)
            && (0..=line.line_total.amount).contains(&line.discount.amount)
    });
    let off = reply.discount.as_ref().map(|discount| discount.amount);
    let off = off.unwrap_or(Money::new(0, reply.total.currency));
    if !lines_are_right
        || sum(lines.iter().map(|line| line.discount)) != Some(off)
        || sum(lines.iter().map(|line| line.line_total)) != reply.total.checked_add(off).ok()
        || sum(reply.tax.iter().map(|tax| tax.gross)) != Some(reply.total)
    {
        return Err(broken("sums that do not add up"));
    }
    Ok(Quote {
        store_name: reply.store_name,
        zone,
        lines,
        discount: reply.discount,
        total: reply.total,
        tax: reply.tax,
        openings: reply.openings,
    })
}

fn sum(mut amounts: impl Iterator<Item = Money>) -> Option<Money> {
    let first = amounts.next()?;
    amounts.try_fold(first, |sum, amount| sum.checked_add(amount).ok())
}

fn broken(what: &str) -> QuoteError {
    QuoteError::Broken(what.to_owned())
}

impl From<PricedLine> for Line {
    fn from(line: PricedLine) -> Self {
        Self {
            variation_id: line.variation_id,
            product: line.product,
            variation: line.variation,
            options: line.options,
            quantity: line.quantity,
            unit_price: line.unit_price,
            line_total: line.line_total,
            discount: line
                .discount
                .unwrap_or(Money::new(0, line.line_total.currency)),
            tax_rate_bp: line.tax_rate_bp,
        }
    }
}

impl From<QuoteError> for Problem {
    fn from(error: QuoteError) -> Self {
        match error {
            // An order's body has a quote's members in the same places, so their pointers hold for it as they are.
            QuoteError::Refused(refusal) => refusal.told("", StatusCode::UNPROCESSABLE_ENTITY),
            QuoteError::Expired(refusal) => refusal.told("", StatusCode::CONFLICT),
            // Not an outage: the two services don't agree, and trying again won't help.
            QuoteError::Broken(_)
            | QuoteError::Unreachable(InvokeError::Malformed { .. })
            | QuoteError::Token(TokenError::Refused(_) | TokenError::Credentials(_)) => {
                Self::internal(&error)
            }
            QuoteError::Unreachable(_) | QuoteError::Unavailable(_) | QuoteError::Token(_) => {
                Self::unavailable(&error, RETRY_AFTER)
            }
        }
    }
}
