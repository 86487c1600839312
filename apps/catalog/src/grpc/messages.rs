//! The messages of proto/crema/catalog/v1/catalog.proto that `service::grpc` has not: ids, pages and money are there.
//!
//! Invariant: a field has the number that the file says and the name that it has in JSON; the API tests read what is sent by
//! the file alone, and compare it with what HTTP answers.

use prost::Message;
use serde::Deserialize;
use service::grpc::Money;

#[derive(Clone, Copy, PartialEq, Message)]
pub struct ListStoresRequest {}

#[derive(Clone, PartialEq, Message)]
pub struct GetMenuRequest {
    #[prost(string, tag = "1")]
    pub store: String,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct Store {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub street: String,
    #[prost(string, tag = "4")]
    pub city: String,
    #[prost(string, tag = "5")]
    pub timezone: String,
    #[prost(string, tag = "6")]
    pub currency: String,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct Menu {
    #[prost(string, tag = "1")]
    pub store_id: String,
    #[prost(string, tag = "2")]
    pub currency: String,
    #[prost(message, repeated, tag = "3")]
    pub categories: Vec<Category>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct Category {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(message, repeated, tag = "3")]
    pub products: Vec<Product>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct Product {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub description: String,
    #[prost(string, tag = "4")]
    pub image: String,
    #[prost(string, repeated, tag = "5")]
    pub allergens: Vec<String>,
    #[prost(message, repeated, tag = "6")]
    pub variations: Vec<Variation>,
    #[prost(message, repeated, tag = "7")]
    pub option_groups: Vec<OptionGroup>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct Variation {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(message, optional, tag = "3")]
    pub price: Option<Money>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct OptionGroup {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(int64, tag = "3")]
    pub min: i64,
    #[prost(int64, tag = "4")]
    pub max: i64,
    #[prost(message, repeated, tag = "5")]
    pub options: Vec<MenuOption>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct MenuOption {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(message, optional, tag = "3")]
    pub price: Option<Money>,
    #[prost(bool, tag = "4")]
    pub default: bool,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct ManagedProduct {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub category_id: String,
    #[prost(string, tag = "3")]
    pub name: String,
    #[prost(string, tag = "4")]
    pub description: String,
    #[prost(string, tag = "5")]
    pub image: String,
    #[prost(string, repeated, tag = "6")]
    pub allergens: Vec<String>,
    #[prost(string, tag = "7")]
    pub tax_class: String,
    #[prost(int64, tag = "8")]
    pub position: i64,
    #[prost(string, repeated, tag = "9")]
    pub option_group_ids: Vec<String>,
    #[prost(message, repeated, tag = "10")]
    pub variations: Vec<ManagedVariation>,
    #[prost(int64, tag = "11")]
    pub version: i64,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
pub struct ManagedVariation {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub name: String,
}
