//! The terms of a quote: what an order is priced at, until when, in a token that its holder can read and not change.
//!
//! Invariant: a token stands for one store and one list of lines, in that order; whoever asks for anything else with it is
//! told that it is not valid, and after its time nobody is priced by it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use service::money::Currency;

use crate::discount::Code;
use crate::menu::{OptionId, StoreId, VariationId};
use crate::pricing::{Line, LinePrices, PricedLine, Quote};
use crate::signer::{KeyError, Signer};

/// How long a quote is good for: long enough to pay by it, short enough that a price which was a mistake is soon gone.
pub const GOOD_FOR: TimeDelta = TimeDelta::minutes(10);

/// What was quoted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The end of it, in seconds since 1970.
    #[serde(rename = "exp")]
    expires: i64,
    /// The store's currency.
    #[serde(rename = "cur")]
    currency: Currency,
    /// What each line is priced at.
    #[serde(rename = "lines")]
    lines: Vec<LinePrices>,
    /// What is taken off.
    #[serde(rename = "off", default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Discounted>,
}

/// A code, and what it takes off each line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discounted {
    /// The code.
    pub code: Code,
    /// The lines' shares, in their order.
    pub shares: Vec<i64>,
}

/// A quote that nobody is priced by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGood {
    /// It is not ours, was changed, or is for another order.
    #[error("the quote is not valid for this order")]
    Invalid,
    /// Its time is over, or the store's currency is another by now.
    #[error("the quote has expired")]
    Expired,
}

impl Terms {
    /// The terms of an order that is priced now.
    #[must_use]
    pub fn of(
        quote: &Quote<'_>,
        code: Option<Code>,
        currency: Currency,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            expires: (now + GOOD_FOR).timestamp(),
            currency,
            lines: quote.lines.iter().map(PricedLine::prices).collect(),
            discount: code.map(|code| Discounted {
                code,
                shares: quote.lines.iter().map(|line| line.discount).collect(),
            }),
        }
    }

    /// The instant from which on nobody is priced by them.
    #[must_use]
    pub fn expire_at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.expires, 0).unwrap_or_default()
    }

    /// The token of these terms for these lines at this store.
    pub fn seal(
        &self,
        signer: &Signer,
        store: StoreId,
        lines: &[Line],
    ) -> Result<String, SealError> {
        Ok(signer.sign(&serde_json::to_vec(self)?, &about(store, lines)?)?)
    }

    /// The terms of a token, if it is good now for these lines at this store.
    pub fn open(
        token: &str,
        signer: &Signer,
        (store, lines): (StoreId, &[Line]),
        now: DateTime<Utc>,
    ) -> Result<Self, NotGood> {
        let about = about(store, lines).map_err(|_| NotGood::Invalid)?;
        let payload = signer.open(token, &about).map_err(|_| NotGood::Invalid)?;
        let terms: Self = serde_json::from_slice(&payload).map_err(|_| NotGood::Invalid)?;
        if now < terms.expire_at() {
            Ok(terms)
        } else {
            Err(NotGood::Expired)
        }
    }

    /// The order at these terms.
    pub fn price<'menu>(
        &self,
        quote: Quote<'menu>,
        currency: Currency,
    ) -> Result<Quote<'menu>, NotGood> {
        if self.currency != currency {
            return Err(NotGood::Expired);
        }
        let quote = quote.at(&self.lines);
        let quote = match &self.discount {
            Some(discount) => quote.and_then(|quote| quote.less(&discount.shares)),
            None => quote,
        };
        quote.ok_or(NotGood::Invalid)
    }
}

/// Terms that can't be made a token.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// There is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// They can't be written as JSON.
    #[error("terms can't be written")]
    Encode(#[from] serde_json::Error),
}

/// What a token is about. Options are a set: in whichever order they are named, it is the same order.
fn about(store: StoreId, lines: &[Line]) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct Wanted {
        variation: VariationId,
        quantity: i64,
        options: Vec<OptionId>,
    }
    let lines: Vec<_> = lines
        .iter()
        .map(|line| {
            let mut options = line.options.clone();
            options.sort_unstable_by_key(|option| option.0);
            Wanted {
                variation: line.variation,
                quantity: line.quantity,
                options,
            }
        })
        .collect();
    serde_json::to_vec(&(store, lines))
}
