//! What the public listener answers itself, one file per operation.

pub mod api_document;
pub mod live_order;
pub mod live_tickets;
pub mod menu;
pub mod pass;
pub mod pass_bearer;
pub mod preflight;
pub mod search;
pub mod session_end;
pub mod session_read;
pub mod sign_in_finish;
pub mod sign_in_start;
pub mod slots;
pub mod to_identity;
pub mod webhook;
