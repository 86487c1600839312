//! The messages of proto/crema/order/v1/orders.proto that `service::grpc` has not: ids, pages and money are there.
//!
//! Invariant: a field has the number that the file says and the name that it has in JSON; the API tests read what is sent by
//! the file alone, and compare it with what HTTP answers.

use prost::Message;
use serde::Deserialize;
use service::grpc::Money;

#[derive(Clone, PartialEq, Message)]
pub struct ListTicketsRequest {
    #[prost(string, tag = "1")]
    pub store: String,
    #[prost(int64, optional, tag = "2")]
    pub limit: Option<i64>,
    #[prost(string, optional, tag = "3")]
    pub cursor: Option<String>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct Order {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub number: String,
    #[prost(string, tag = "3")]
    pub store_id: String,
    #[prost(string, tag = "4")]
    pub store_name: String,
    #[prost(string, tag = "5")]
    pub placed_at: String,
    #[prost(message, optional, tag = "6")]
    pub pickup: Option<Pickup>,
    #[prost(string, tag = "7")]
    pub checkout: String,
    #[prost(string, tag = "8")]
    pub fulfilment: String,
    #[prost(message, optional, tag = "9")]
    pub payment: Option<Payment>,
    #[prost(string, optional, tag = "10")]
    pub reason: Option<String>,
    #[prost(message, repeated, tag = "11")]
    pub lines: Vec<Line>,
    #[prost(message, optional, tag = "12")]
    pub discount: Option<Discount>,
    #[prost(message, optional, tag = "13")]
    pub tip: Option<Money>,
    #[prost(message, optional, tag = "14")]
    pub total: Option<Money>,
    #[prost(message, repeated, tag = "15")]
    pub tax: Vec<Tax>,
    #[prost(int64, tag = "16")]
    pub version: i64,
    #[prost(message, optional, tag = "17")]
    pub delivery: Option<Delivery>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct Delivery {
    #[prost(message, optional, tag = "1")]
    pub fee: Option<Money>,
    #[prost(int64, tag = "2")]
    pub minutes: i64,
    #[prost(string, tag = "3")]
    pub courier: String,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct Pickup {
    #[prost(string, tag = "1")]
    pub kind: String,
    #[prost(string, tag = "2")]
    pub due_at: String,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct Payment {
    #[prost(string, tag = "1")]
    pub method: String,
    #[prost(string, tag = "2")]
    pub status: String,
}

#[expect(clippy::struct_field_names, reason = "the names of the file")]
#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct Line {
    #[prost(string, tag = "1")]
    pub variation_id: String,
    #[prost(string, tag = "2")]
    pub product: String,
    #[prost(string, tag = "3")]
    pub variation: String,
    #[prost(message, repeated, tag = "4")]
    pub options: Vec<ChosenOption>,
    #[prost(int64, tag = "5")]
    pub quantity: i64,
    #[prost(message, optional, tag = "6")]
    pub unit_price: Option<Money>,
    #[prost(message, optional, tag = "7")]
    pub line_total: Option<Money>,
    #[prost(message, optional, tag = "8")]
    pub discount: Option<Money>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct ChosenOption {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub group: String,
    #[prost(string, tag = "3")]
    pub name: String,
    #[prost(message, optional, tag = "4")]
    pub price: Option<Money>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct Discount {
    #[prost(string, tag = "1")]
    pub code: String,
    #[prost(message, optional, tag = "2")]
    pub amount: Option<Money>,
}

#[expect(clippy::struct_field_names, reason = "the names of the file")]
#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct Tax {
    #[prost(int64, tag = "1")]
    pub rate_bp: i64,
    #[prost(message, optional, tag = "2")]
    pub gross: Option<Money>,
    #[prost(message, optional, tag = "3")]
    pub tax: Option<Money>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct Transition {
    #[prost(int64, tag = "1")]
    pub version: i64,
    #[prost(string, tag = "2")]
    pub at: String,
    #[prost(string, tag = "3")]
    pub actor: String,
    #[prost(string, tag = "4")]
    pub axis: String,
    #[prost(string, optional, tag = "5")]
    pub from: Option<String>,
    #[prost(string, tag = "6")]
    pub to: String,
}
