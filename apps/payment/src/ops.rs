//! What this service can do, one file per operation: its request, its handler, its core and its errors.

pub mod authorise;
pub mod capture;
pub mod divergences;
pub mod get;
pub mod order_completed;
pub mod reconciliations;
pub mod refund;
pub mod return_refund;
pub mod transactions;
pub mod undo_capture;
pub mod void;
pub mod webhook;
