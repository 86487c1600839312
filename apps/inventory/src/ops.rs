//! What this service can do, one file per operation: its request, its handler, its core and its errors.

pub mod adjust;
pub mod availability;
pub mod change;
pub mod commit;
pub mod expire;
pub mod movements;
pub mod receive;
pub mod release;
pub mod reservation;
pub mod reserve;
pub mod stock;
pub mod take_back;
pub mod threshold;
pub mod waste;
