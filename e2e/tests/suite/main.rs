//! The running system, tried from outside as its users, its operators and its enemies would.
//!
//! Invariant: the tests know the system through `e2e::Target` alone, and each leaves it as usable as it was.

mod access;
mod accounts;
mod bad_input;
mod baskets;
mod bearers;
mod browser;
mod canaries;
mod checkout;
mod delivery;
mod documents;
mod faults;
mod federation;
mod foreign;
mod forged;
mod grpc;
mod healing;
mod identity;
mod journeys;
mod kill_points;
mod mail;
mod menu;
mod mutations;
mod ownership;
mod perimeter;
mod pickup;
mod quoted;
mod reconciliation;
mod redelivery;
mod replay;
mod resiliency;
mod returns;
mod rotation;
mod sealed;
mod shop;
mod sidecars;
mod soak;
mod stack;
mod tokens;
mod undoing;
