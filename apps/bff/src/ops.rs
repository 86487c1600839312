//! What the public listener answers itself, one file per operation.

pub mod api_document;
pub mod basket_read;
pub mod basket_remove;
pub mod basket_write;
pub mod favourites_read;
pub mod favourites_write;
pub mod images;
pub mod live_order;
pub mod live_tickets;
pub mod menu;
pub mod pass;
pub mod pass_bearer;
pub mod preflight;
pub mod search;
pub mod session_end;
pub mod session_read;
mod shelved;
pub mod sign_in_finish;
pub mod sign_in_start;
pub mod slots;
pub mod to_identity;
pub mod webhook;
