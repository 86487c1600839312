//! `POST /v1/quotes`: the price of an order that somebody is about to place, and a token to place it at that price.
//!
//! Invariant: a request has no field for money, and the menu is compared with the database before it prices anything. With
//! a token an order is priced as when the token was made, or not at all; its time never grows.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::extract::Json;
use service::money::{Currency, Money};
use service::problem::Problem;

use crate::discount::{Code, NotGiven, spread};
use crate::error::Error;
use crate::hours::Opening;
use crate::menu::{OptionId, StoreId, VariationId};
use crate::pricing::{self, Fault, Line, MAX_LINES, PricedLine, PricingError, QUANTITIES, Quote};
use crate::state::App;
use crate::store;
use crate::terms::{NotGood, SealError, Terms};

/// Faults named in one answer. A body of nothing but faults is not worth an answer of its own size.
const NAMED_FAULTS: usize = 50;

/// What is to be priced.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    store_id: StoreId,
    lines: Vec<RequestLine>,
    /// An earlier answer's `quote`: these very lines are to be priced as they were then.
    #[serde(default)]
    quote: Option<String>,
    /// A code that takes something off. A quote has its own.
    #[serde(default)]
    discount_code: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RequestLine {
    variation_id: VariationId,
    quantity: i64,
    #[serde(default)]
    option_ids: Vec<OptionId>,
}

/// The priced order, with the names it needs for a receipt.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Quote")]
pub struct Reply {
    store_id: StoreId,
    store_name: String,
    timezone: String,
    currency: Currency,
    lines: Vec<ReplyLine>,
    /// What is taken off the lines, if a code was named.
    discount: Option<ReplyDiscount>,
    /// What there is to pay: the lines less the discount.
    total: Money,
    tax: Vec<ReplyTax>,
    /// Names these prices when the order is placed, until `expires_at`.
    quote: String,
    /// When nobody is priced by `quote` any more.
    #[serde(with = "service::clock::rfc3339")]
    #[schemars(with = "DateTime<Utc>")]
    expires_at: DateTime<Utc>,
    /// When the store is open today and on the seven days after it.
    openings: Vec<Opening>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "QuotedLine")]
struct ReplyLine {
    variation_id: VariationId,
    product: String,
    variation: String,
    options: Vec<ReplyOption>,
    quantity: i64,
    unit_price: Money,
    line_total: Money,
    /// Its share of the discount.
    discount: Money,
    tax_rate_bp: u16,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "QuotedDiscount")]
struct ReplyDiscount {
    /// The code, in capitals.
    code: String,
    amount: Money,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "QuotedOption")]
struct ReplyOption {
    id: OptionId,
    group: String,
    name: String,
    price: Money,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "QuotedTax")]
struct ReplyTax {
    rate_bp: u16,
    gross: Money,
    tax: Money,
}

/// Why there is no quote.
#[derive(Debug, thiserror::Error)]
pub enum QuoteError {
    /// The order names a store that does not exist.
    #[error("the order names no store of ours")]
    UnknownStore,
    /// The order or the menu does not allow a price.
    #[error("the order has no price")]
    Pricing(#[from] PricingError),
    /// The earlier quote is none for this order, or none any more.
    #[error(transparent)]
    NotGood(#[from] NotGood),
    /// The code takes nothing off.
    #[error(transparent)]
    NotGiven(#[from] NotGiven),
    /// A quote has its code already.
    #[error("a quote and a code at once")]
    CodeBesideQuote,
    /// The new quote can't be signed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Something that is nobody's order's fault.
    #[error(transparent)]
    Other(Error),
}

/// Answers the quote.
pub async fn handler(
    State(app): State<App>,
    Json(request): Json<Request>,
) -> Result<Answer<Reply>, Problem> {
    Ok(Answer(quote(&app, request).await?))
}

async fn quote(app: &App, request: Request) -> Result<Reply, QuoteError> {
    let snapshot = app
        .menus
        .current(request.store_id)
        .await
        .map_err(|error| match error {
            Error::UnknownStore => QuoteError::UnknownStore,
            other => QuoteError::Other(other),
        })?;
    let lines: Vec<_> = request.lines.into_iter().map(Line::from).collect();
    let (menu, now) = (&snapshot.menu, app.clock.now());
    let (store, currency) = (menu.store.id, menu.store.currency);
    let quote = pricing::price(menu, &lines)?;
    let (quote, terms, token) = match (request.quote, request.discount_code) {
        (Some(_), Some(_)) => return Err(QuoteError::CodeBesideQuote),
        (Some(token), None) => {
            let terms = Terms::open(&token, &app.signer, (store, &lines), now)?;
            (terms.price(quote, currency)?, terms, token)
        }
        (None, code) => {
            // What can be no code is none of ours.
            let code = code.map(|code| Code::try_from(code).map_err(|_| NotGiven::Code));
            let code = code.transpose()?;
            let quote = match &code {
                Some(code) => discounted(app, quote, code, (store, currency), now).await?,
                None => quote,
            };
            let terms = Terms::of(&quote, code, currency, now);
            let token = terms.seal(&app.signer, store, &lines)?;
            (quote, terms, token)
        }
    };
    let money = |amount| Money::new(amount, currency);
    Ok(Reply {
        store_id: store,
        store_name: menu.store.name.clone(),
        timezone: menu.store.timezone.clone(),
        currency,
        lines: quote
            .lines
            .iter()
            .map(|line| reply_line(line, money))
            .collect(),
        discount: terms.discount.as_ref().map(|discount| ReplyDiscount {
            code: discount.code.as_str().to_owned(),
            amount: money(quote.discount),
        }),
        total: money(quote.total),
        tax: reply_tax(&quote, money),
        quote: token,
        expires_at: terms.expire_at(),
        openings: snapshot.hours.openings(now),
    })
}

/// The order with what its code takes off.
async fn discounted<'menu>(
    app: &App,
    quote: Quote<'menu>,
    code: &Code,
    at: (StoreId, Currency),
    now: DateTime<Utc>,
) -> Result<Quote<'menu>, QuoteError> {
    let other = |error: sqlx::Error| QuoteError::Other(error.into());
    let mut db = app.db.acquire().await.map_err(other)?;
    let found = store::discounts::of_code(&mut db, code)
        .await
        .map_err(other)?;
    let off = found.ok_or(NotGiven::Code)?.off(at, quote.total, now)?;
    let totals: Vec<_> = quote.lines.iter().map(|line| line.line_total).collect();
    let shares = spread(off, &totals).ok_or(PricingError::Overflow)?;
    Ok(quote.less(&shares).ok_or(PricingError::Overflow)?)
}

fn reply_line(line: &PricedLine<'_>, money: impl Fn(i64) -> Money) -> ReplyLine {
    ReplyLine {
        variation_id: line.variation.id,
        product: line.product.name.clone(),
        variation: line.variation.name.clone(),
        options: line
            .options
            .iter()
            .map(|(group, option, price)| ReplyOption {
                id: option.id,
                group: group.name.clone(),
                name: option.name.clone(),
                price: money(*price),
            })
            .collect(),
        quantity: line.quantity,
        unit_price: money(line.unit_price),
        line_total: money(line.line_total),
        discount: money(line.discount),
        tax_rate_bp: line.tax_rate_bp,
    }
}

fn reply_tax(quote: &Quote<'_>, money: impl Fn(i64) -> Money) -> Vec<ReplyTax> {
    quote
        .tax
        .iter()
        .map(|share| ReplyTax {
            rate_bp: share.rate_bp,
            gross: money(share.gross),
            tax: money(share.tax),
        })
        .collect()
}

impl From<RequestLine> for Line {
    fn from(line: RequestLine) -> Self {
        Self {
            variation: line.variation_id,
            quantity: line.quantity,
            options: line.option_ids,
        }
    }
}

impl From<QuoteError> for Problem {
    fn from(error: QuoteError) -> Self {
        match error {
            QuoteError::UnknownStore => refusal("unknown-store", "There is no such store")
                .field("/store_id", "No store of ours has this id."),
            QuoteError::Pricing(PricingError::Refused(faults)) => refused(&faults),
            QuoteError::Pricing(overflow @ PricingError::Overflow) => Problem::internal(&overflow),
            QuoteError::NotGood(NotGood::Invalid) => {
                refusal("quote-invalid", "The quote is not for this order")
                    .field("/quote", "Ask for a quote of these lines at this store.")
            }
            QuoteError::NotGood(NotGood::Expired) => Problem::new(
                StatusCode::CONFLICT,
                "quote-expired",
                "The quote has expired",
            )
            .field("/quote", "Ask for a new one: prices may have changed."),
            QuoteError::NotGiven(why) => not_given(why),
            QuoteError::CodeBesideQuote => {
                refusal("inconsistent-fields", "These fields can't be so together")
                    .field("/discount_code", "A quote has its own.")
            }
            QuoteError::Seal(_) => Problem::internal(&error),
            QuoteError::Other(error) => error.into(),
        }
    }
}

/// What a guesser learns is one bit: whether the code is good here and now.
fn not_given(why: NotGiven) -> Problem {
    let problem = refusal("discount-not-given", "The code takes nothing off");
    match why {
        NotGiven::Code => problem.field("/discount_code", "It is not good here and now."),
        NotGiven::Below(minimum) => {
            let (amount, currency) = (minimum.amount, minimum.currency);
            let detail =
                format!("It asks for an order of at least {amount} minor units of {currency}.");
            problem.field("/discount_code", detail)
        }
    }
}

/// The first fault gives the problem its type; every fault is named with its place.
fn refused(faults: &[Fault]) -> Problem {
    let problem = match faults.first() {
        None | Some(Fault::Empty) => refusal("empty-order", "An order needs at least one line"),
        Some(Fault::TooManyLines) => refusal("too-many-lines", "An order has too many lines"),
        Some(Fault::UnknownVariation { .. }) => {
            refusal("unknown-product", "The store does not sell this")
        }
        Some(Fault::Quantity { .. }) => {
            refusal("quantity-out-of-range", "A quantity is out of range")
        }
        Some(
            Fault::OptionNotOffered { .. }
            | Fault::OptionRepeated { .. }
            | Fault::OptionCount { .. },
        ) => refusal("option-not-allowed", "These options can't be chosen"),
    };
    faults
        .iter()
        .take(NAMED_FAULTS)
        .fold(problem, |problem, fault| {
            problem.field(&pointer(fault), detail(fault))
        })
}

fn refusal(slug: &'static str, title: &'static str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, slug, title)
}

fn pointer(fault: &Fault) -> String {
    match fault {
        Fault::Empty | Fault::TooManyLines => "/lines".to_owned(),
        Fault::UnknownVariation { line } => format!("/lines/{line}/variation_id"),
        Fault::Quantity { line } => format!("/lines/{line}/quantity"),
        Fault::OptionNotOffered { line, option } | Fault::OptionRepeated { line, option } => {
            format!("/lines/{line}/option_ids/{option}")
        }
        Fault::OptionCount { line, .. } => format!("/lines/{line}/option_ids"),
    }
}

fn detail(fault: &Fault) -> String {
    match fault {
        Fault::Empty => "Add at least one line.".to_owned(),
        Fault::TooManyLines => format!("At most {MAX_LINES} lines are taken at once."),
        Fault::UnknownVariation { .. } => "This store does not sell it.".to_owned(),
        Fault::Quantity { .. } => {
            let (least, most) = (QUANTITIES.start(), QUANTITIES.end());
            format!("Between {least} and {most} can be ordered.")
        }
        Fault::OptionNotOffered { .. } => "The product does not have this option.".to_owned(),
        Fault::OptionRepeated { .. } => "The option is chosen twice.".to_owned(),
        Fault::OptionCount {
            group, min, max, ..
        } if min == max => format!("{group}: choose exactly {min}."),
        Fault::OptionCount {
            group, min, max, ..
        } => format!("{group}: choose between {min} and {max}."),
    }
}
