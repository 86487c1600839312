//! The public listener and the sidecar's, as browsers and the sidecar use them, with services played by the tests.

mod alerts;
mod bearer;
mod breaker;
mod browser;
mod contract;
mod cors;
mod counts;
mod https;
mod identity;
mod limits;
mod live;
mod load;
mod menus;
mod openapi;
mod orders;
mod pages;
mod passed;
mod perimeter;
mod published;
mod sessions;
mod sign_in;
mod sold_out;
mod stage;
mod table;
mod webhooks;
