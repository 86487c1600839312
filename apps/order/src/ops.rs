//! What this service can do, one file per operation: its request, its handler, its core and its errors.

pub mod cancel;
pub mod checkout;
pub mod checkouts;
pub mod fulfil;
pub mod get;
pub mod history;
pub mod list;
pub mod on_account;
pub mod on_inventory;
pub mod on_order;
pub mod on_payment;
pub mod on_shipping;
pub mod pickup;
pub mod pickup_set;
pub mod place;
pub mod receipts;
pub mod retry;
pub mod returns;
pub mod sales;
pub mod sales_clear;
pub mod settle;
pub mod slots;
pub mod tickets;
pub mod timeline;
pub mod timeline_clear;
