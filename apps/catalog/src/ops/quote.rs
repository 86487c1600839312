//! `POST /v1/quotes`: the price of an order that somebody is about to place.
//!
//! Invariant: a request has no field for money, and the menu is compared with the database before it prices anything.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::extract::Json;
use service::money::{Currency, Money};
use service::problem::Problem;

use crate::error::Error;
use crate::hours::Opening;
use crate::menu::{OptionId, StoreId, VariationId};
use crate::pricing::{self, Fault, Line, MAX_LINES, PricedLine, PricingError, QUANTITIES, Quote};
use crate::state::App;

/// Faults named in one answer. A body of nothing but faults is not worth an answer of its own size.
const NAMED_FAULTS: usize = 50;

/// What is to be priced.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    store_id: StoreId,
    lines: Vec<RequestLine>,
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
    total: Money,
    tax: Vec<ReplyTax>,
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
    tax_rate_bp: u16,
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
    let menu = &snapshot.menu;
    let quote = pricing::price(menu, &lines)?;
    let money = |amount| Money::new(amount, menu.store.currency);
    Ok(Reply {
        store_id: menu.store.id,
        store_name: menu.store.name.clone(),
        timezone: menu.store.timezone.clone(),
        currency: menu.store.currency,
        lines: quote
            .lines
            .iter()
            .map(|line| reply_line(line, money))
            .collect(),
        total: money(quote.total),
        tax: reply_tax(&quote, money),
        openings: snapshot.hours.openings(app.clock.now()),
    })
}

fn reply_line(line: &PricedLine<'_>, money: impl Fn(i64) -> Money) -> ReplyLine {
    ReplyLine {
        variation_id: line.variation.id,
        product: line.product.name.clone(),
        variation: line.variation.name.clone(),
        options: line
            .options
            .iter()
            .map(|(group, option)| ReplyOption {
                id: option.id,
                group: group.name.clone(),
                name: option.name.clone(),
                price: money(option.price),
            })
            .collect(),
        quantity: line.quantity,
        unit_price: money(line.unit_price),
        line_total: money(line.line_total),
        tax_rate_bp: line.product.tax_rate_bp,
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
            QuoteError::Other(error) => error.into(),
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
