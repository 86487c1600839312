//! What was sold: facts out of our own events, and the report that is made of them. No IO.
//!
//! Invariant: a fact is a function of one event alone, and says whose it is and how new; so neither the order of arrival
//! nor a repetition changes what is reported.

use chrono::{Datelike as _, Days, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::money::{Currency, Money};
use uuid::Uuid;

use crate::lifecycle::Checkout;
use crate::order::{OrderId, StoreId, Tax};
use crate::returns::ReturnId;

/// The longest period of one report.
pub const MOST_DAYS: u64 = 92;

/// What one event tells of what was sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Where an order stands.
    Sale(Sale),
    /// What came back.
    Return(Given),
}

/// An order as one of its events tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// Which.
    pub order: OrderId,
    /// Its version then: of two, the higher one is right.
    pub version: i64,
    /// Where.
    pub store: StoreId,
    /// The store's calendar day on which it was placed.
    pub day: NaiveDate,
    /// Where it stood.
    pub checkout: Checkout,
    /// The currency of all its amounts.
    pub currency: Currency,
    /// The lines, before anything was taken off.
    pub gross: i64,
    /// What was taken off them.
    pub discount: i64,
    /// What it costs to have it brought.
    pub delivery: i64,
    /// What was given on top.
    pub tip: i64,
    /// What is paid.
    pub total: i64,
    /// The tax contained in it.
    pub tax: Vec<RateSum>,
    /// What was ordered.
    pub lines: Vec<SoldLine>,
}

/// A line of a sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SoldLine {
    /// What of the catalog.
    pub variation_id: Uuid,
    /// The product's name then.
    pub product: String,
    /// The variation's name then.
    pub variation: String,
    /// How many.
    pub quantity: i64,
    /// For all of them, before anything was taken off; minor units.
    pub gross: i64,
    /// Its share of what was taken off; minor units.
    pub discount: i64,
}

/// A return as its event tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Which.
    pub id: ReturnId,
    /// Of which order.
    pub order: OrderId,
    /// Where.
    pub store: StoreId,
    /// The store's calendar day on which it was given.
    pub day: NaiveDate,
    /// The currency of all its amounts.
    pub currency: Currency,
    /// What was given; minor units.
    pub amount: i64,
    /// What of it was given for having had it brought.
    pub delivery: i64,
    /// The tax contained in it.
    pub tax: Vec<RateSum>,
    /// What came back.
    pub lines: Vec<GivenLine>,
}

/// A line of a return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GivenLine {
    /// What of the catalog.
    pub variation_id: Uuid,
    /// The product's name then.
    pub product: String,
    /// The variation's name then.
    pub variation: String,
    /// How many; none if only a part of the price was given back.
    pub quantity: i64,
    /// What was given for it; minor units.
    pub amount: i64,
}

/// The tax for one rate, as bare minor units: the currency stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateSum {
    /// The rate, in hundredths of a per cent.
    pub rate_bp: i32,
    /// What it is contained in.
    pub gross: i64,
    /// How much it is.
    pub tax: i64,
}

impl From<&Tax> for RateSum {
    fn from(tax: &Tax) -> Self {
        Self {
            rate_bp: tax.rate_bp,
            gross: tax.gross.amount,
            tax: tax.tax.amount,
        }
    }
}

/// The days of a report, both included; by construction at least one and at most [`MOST_DAYS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    from: NaiveDate,
    to: NaiveDate,
}

/// Why there is no such period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// It ends before it begins.
    #[error("must not be before `from`")]
    Backwards,
    /// It is too long.
    #[error("must be at most 92 days, `from` among them")]
    Long,
    /// It has a day that is further away than a calendar is good for.
    #[error("must be of the years 1 to 9999")]
    Year,
}

impl Period {
    /// The days from `from` to `to`.
    pub fn new(from: NaiveDate, to: NaiveDate) -> Result<Self, PeriodError> {
        if [from, to]
            .iter()
            .any(|day| !(1..=9999).contains(&day.year()))
        {
            return Err(PeriodError::Year);
        }
        if to < from {
            return Err(PeriodError::Backwards);
        }
        if from + Days::new(MOST_DAYS) <= to {
            return Err(PeriodError::Long);
        }
        Ok(Self { from, to })
    }

    /// Its first day.
    #[must_use]
    pub fn from(self) -> NaiveDate {
        self.from
    }

    /// Its last day.
    #[must_use]
    pub fn to(self) -> NaiveDate {
        self.to
    }
}

/// What a store sold in a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Sales {
    /// Where.
    pub store_id: StoreId,
    /// The first day, on the store's own clock.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// All of it: one sum per currency, so none if nothing happened, and usually one.
    pub totals: Vec<Figures>,
    /// Day by day; a day without orders and returns is left out.
    pub days: Vec<Day>,
    /// Variation by variation, what brought most first.
    pub products: Vec<Product>,
}

/// What a store sold on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "SalesDay")]
pub struct Day {
    /// The day on which orders were placed, and returns given for, on the store's own clock.
    pub day: NaiveDate,
    /// How much.
    #[serde(flatten)]
    pub figures: Figures,
}

/// Sums of orders that are confirmed or completed, and of what came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "SalesFigures")]
pub struct Figures {
    /// How many orders were sold.
    pub orders: i64,
    /// What their lines cost, before anything was taken off.
    pub gross: Money,
    /// What was taken off them.
    pub discount: Money,
    /// What it cost to have them brought.
    pub delivery: Money,
    /// What was given on top.
    pub tip: Money,
    /// What is paid for them.
    pub total: Money,
    /// The tax contained in `total`, by rate.
    pub tax: Vec<Tax>,
    /// How many orders were cancelled. They count in nothing else.
    pub cancelled: i64,
    /// How many returns were given for.
    pub returns: i64,
    /// What was given for them. It is not taken off `total`.
    pub returned: Money,
    /// What of that was given for having had them brought.
    pub returned_delivery: Money,
    /// The tax contained in `returned`, by rate.
    pub returned_tax: Vec<Tax>,
}

/// What a store sold of a variation in a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "SalesProduct")]
pub struct Product {
    /// What of the catalog.
    pub variation_id: Uuid,
    /// The product's name, as it was sold last.
    pub product: String,
    /// The variation's name, likewise.
    pub variation: String,
    /// How many were sold.
    pub quantity: i64,
    /// What they cost, options included, before anything was taken off.
    pub gross: Money,
    /// Their shares of what was taken off.
    pub discount: Money,
    /// How many came back.
    pub returned_quantity: i64,
    /// What was given for it.
    pub returned: Money,
}

/// The tax of a day, of one rate: of what was sold, or of what came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTax {
    /// The day.
    pub day: NaiveDate,
    /// The currency.
    pub currency: Currency,
    /// Whether it is of what came back.
    pub returned: bool,
    /// How much.
    pub sum: RateSum,
}

/// The report of these days, their tax and these products, each in the order it is to have.
#[must_use]
pub fn report(
    store: StoreId,
    period: Period,
    mut days: Vec<Day>,
    taxes: &[DayTax],
    products: Vec<Product>,
) -> Sales {
    for tax in taxes {
        let mut own = days.iter_mut().filter(|day| day.day == tax.day);
        let own = own.find(|day| day.figures.gross.currency == tax.currency);
        if let Some(day) = own {
            day.figures.add_tax(tax.returned, tax.currency, tax.sum);
        }
    }
    let mut totals: Vec<Figures> = Vec::new();
    for Day { figures, .. } in &days {
        let currency = figures.gross.currency;
        match totals.iter_mut().find(|sum| sum.gross.currency == currency) {
            Some(sum) => sum.add(figures),
            None => totals.push(figures.clone()),
        }
    }
    Sales {
        store_id: store,
        from: period.from,
        to: period.to,
        totals,
        days,
        products,
    }
}

impl Figures {
    /// Of nothing.
    #[must_use]
    pub fn none(currency: Currency) -> Self {
        let none = Money::new(0, currency);
        Self {
            orders: 0,
            gross: none,
            discount: none,
            delivery: none,
            tip: none,
            total: none,
            tax: Vec::new(),
            cancelled: 0,
            returns: 0,
            returned: none,
            returned_delivery: none,
            returned_tax: Vec::new(),
        }
    }

    /// Adds figures of the same currency.
    fn add(&mut self, other: &Self) {
        self.orders += other.orders;
        self.cancelled += other.cancelled;
        self.returns += other.returns;
        for (sum, part) in [
            (&mut self.gross, other.gross),
            (&mut self.discount, other.discount),
            (&mut self.delivery, other.delivery),
            (&mut self.tip, other.tip),
            (&mut self.total, other.total),
            (&mut self.returned, other.returned),
            (&mut self.returned_delivery, other.returned_delivery),
        ] {
            sum.amount += part.amount;
        }
        for (returned, taxes) in [(false, &other.tax), (true, &other.returned_tax)] {
            for tax in taxes {
                self.add_tax(returned, tax.gross.currency, tax.into());
            }
        }
    }

    /// Adds to the tax of a rate; rates stay in their order.
    fn add_tax(&mut self, returned: bool, currency: Currency, sum: RateSum) {
        let taxes = if returned {
            &mut self.returned_tax
        } else {
            &mut self.tax
        };
        match taxes.binary_search_by_key(&sum.rate_bp, |tax| tax.rate_bp) {
            Ok(index) => {
                taxes[index].gross.amount += sum.gross;
                taxes[index].tax.amount += sum.tax;
            }
            Err(index) => taxes.insert(
                index,
                Tax {
                    rate_bp: sum.rate_bp,
                    gross: Money::new(sum.gross, currency),
                    tax: Money::new(sum.tax, currency),
                },
            ),
        }
    }
}

#[cfg(test)]
mod tests;
