//! Messages that several packages have alike. Each `.proto` file says them itself, so that a caller needs no other file.
//!
//! Invariant: a field has the number and the name that each of those files gives it.

use std::fmt::Debug;

use prost::Message;
use serde::Deserialize;

use crate::page::PageQuery;

/// Asks for the one thing of an id.
#[derive(Clone, PartialEq, Message)]
pub struct ById {
    /// Whatever the caller wrote.
    #[prost(string, tag = "1")]
    pub id: String,
}

/// Asks for one page of a list, and nothing else.
#[derive(Clone, PartialEq, Message)]
pub struct PageRequest {
    /// How many items.
    #[prost(int64, optional, tag = "1")]
    pub limit: Option<i64>,
    /// `next` of the page before.
    #[prost(string, optional, tag = "2")]
    pub cursor: Option<String>,
}

impl From<PageRequest> for PageQuery {
    fn from(PageRequest { limit, cursor }: PageRequest) -> Self {
        Self { limit, cursor }
    }
}

/// One page of a list, as [`Page`](crate::page::Page) is in JSON.
#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct Items<T: Message + Default + Debug> {
    /// What is on it.
    #[prost(message, repeated, tag = "1")]
    pub items: Vec<T>,
    /// Where to go on.
    #[prost(string, optional, tag = "2")]
    pub next: Option<String>,
}

/// An amount, as [`Money`](crate::money::Money) is in JSON.
#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct Money {
    /// In minor units.
    #[prost(int64, tag = "1")]
    pub amount: i64,
    /// By ISO 4217.
    #[prost(string, tag = "2")]
    pub currency: String,
}
