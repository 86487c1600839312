//! What this service can do, one file per operation: its request, its handler, its core and its errors.

pub mod authorise;
pub mod capture;
pub mod dead_letter;
pub mod dead_letters;
pub mod get;
pub mod order_completed;
pub mod redrive;
pub mod refund;
pub mod transactions;
pub mod undo_capture;
pub mod void;
pub mod webhook;
